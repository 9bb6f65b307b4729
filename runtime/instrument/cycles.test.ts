import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findCycles, type Nodes } from './cycles.ts';
import { Components } from './graph.ts';
import { graphOf, graphs } from './testing/graphs.ts';

const nodesOf = (count: number, functions: number): Nodes => ({
  functions,
  rows: new Int32Array(count).fill(10),
  frameBytes: new Int32Array(count).fill(1500),
});

it('without the functions that are cut no cycle is left, and every other node comes after those that it leads to', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, pairs, graph }) => {
      const { cut, order } = findCycles(graph, nodesOf(nodes, nodes));
      expect([...order].sort((x, y) => x - y)).toEqual([...Array(nodes).keys()]);
      for (const [from, to] of pairs) {
        if (cut[to] === 0) expect(order.indexOf(to)).toBeLessThan(order.indexOf(from));
      }
    }),
  );
});

it('only what lies on a cycle is cut', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, graph }) => {
      const { cut } = findCycles(graph, nodesOf(nodes, nodes));
      const components = new Components(graph);
      components.find(
        components.all,
        () => true,
        (members) => {
          const [first = 0] = members;
          const isAlone =
            members.length === 1 && !graph.to.slice(graph.start[first], graph.start[first + 1]).includes(first);
          if (isAlone) expect(cut[first]).toBe(0);
        },
      );
    }),
  );
});

it('nodes of types are never cut', () => {
  // 0 → 1 → type 2 → 0
  const graph = graphOf(3, [
    [0, 1],
    [1, 2],
    [2, 0],
  ]);
  const { cut } = findCycles(graph, nodesOf(3, 2));
  expect(cut[2]).toBe(0);
  expect((cut[0] ?? 0) + (cut[1] ?? 0)).toBe(1);
});

it('frames between two functions that count add up, and one more counts when there are too many', () => {
  const length = 8;
  const ring = graphOf(
    length,
    Array.from({ length }, (_, node) => [node, (node + 1) % length] as const),
  );
  const { cut, counts, chainBytes } = findCycles(ring, nodesOf(length, length));
  expect(cut.reduce((sum, one) => sum + one)).toBe(1);
  const first = cut.indexOf(1);
  const along = Array.from({ length }, (_, step) => (first + step) % length);
  // 1500 and 3000 bytes lie below 4000, a third frame does not.
  expect(along.map((node) => counts[node])).toEqual([1, 0, 0, 1, 0, 0, 1, 0]);
  expect(along.map((node) => (counts[node] === 1 ? chainBytes[node] : 0))).toEqual([1500, 0, 0, 3000, 0, 0, 3000, 0]);
});
