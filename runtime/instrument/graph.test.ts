import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutCycles, type Graph, stronglyConnected } from './graph.ts';

function graphOf(nodes: number, pairs: readonly (readonly [number, number])[]): Graph {
  const start = new Int32Array(nodes + 1);
  const to: number[] = [];
  for (let node = 0; node < nodes; node++) {
    start[node] = to.length;
    for (const [from, target] of pairs) if (from === node) to.push(target);
  }
  start[nodes] = to.length;
  return { nodes, start, to: Int32Array.from(to) };
}

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((nodes) =>
    fc
      .array(fc.tuple(fc.nat(nodes - 1), fc.nat(nodes - 1)), { maxLength: 40 })
      .map((pairs) => ({ nodes, pairs, graph: graphOf(nodes, pairs) })),
  );

it('without the marked nodes no cycle is left', () => {
  fc.assert(
    fc.property(graphs, fc.array(fc.nat(11)), ({ nodes, pairs, graph }, marked) => {
      const marks = new Uint8Array(nodes);
      for (const node of marked) if (node < nodes) marks[node] = 1;
      cutCycles(graph, marks);
      const rest = pairs.filter(([from, to]) => marks[from] === 0 && marks[to] === 0);
      for (const component of stronglyConnected(graphOf(nodes, rest))) expect(component.length).toBe(1);
      expect(rest.filter(([from, to]) => from === to)).toEqual([]);
    }),
  );
});

it('components are the sets of nodes that reach each other, callees first', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, pairs, graph }) => {
      const reach = Array.from({ length: nodes }, (_, node) => new Set([node]));
      for (let round = 0; round < nodes; round++) {
        for (const [from, to] of pairs) for (const node of reach[to] ?? []) reach[from]?.add(node);
      }
      const seen = new Set<number>();
      for (const component of stronglyConnected(graph)) {
        const [first = 0] = component;
        const together = [...(reach[first] ?? [])].filter((node) => reach[node]?.has(first));
        expect([...component].sort((x, y) => x - y)).toEqual(together.sort((x, y) => x - y));
        for (const node of component) seen.add(node);
        for (const node of component) for (const below of reach[node] ?? []) expect(seen.has(below)).toBe(true);
      }
      expect(seen.size).toBe(nodes);
    }),
  );
});
