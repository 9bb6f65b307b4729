import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Components, type Graph } from './graph.ts';
import { graphs } from './testing/graphs.ts';

function componentsOf(graph: Graph): number[][] {
  const list: number[][] = [];
  const components = new Components(graph);
  components.find(
    components.all,
    () => true,
    (members) => void list.push(members),
  );
  return list;
}

it('components are the sets of nodes that reach each other, callees first', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, pairs, graph }) => {
      const reach = Array.from({ length: nodes }, (_, node) => new Set([node]));
      for (let round = 0; round < nodes; round++) {
        for (const [from, to] of pairs) for (const node of reach[to] ?? []) reach[from]?.add(node);
      }
      const seen = new Set<number>();
      for (const component of componentsOf(graph)) {
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
