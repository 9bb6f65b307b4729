/** Small graphs for tests. */
import fc from 'fast-check';
import type { Graph } from '../graph.ts';

export function graphOf(nodes: number, pairs: readonly (readonly [number, number])[]): Graph {
  const start = new Int32Array(nodes + 1);
  const to: number[] = [];
  for (let node = 0; node < nodes; node++) {
    start[node] = to.length;
    for (const [from, target] of pairs) if (from === node) to.push(target);
  }
  start[nodes] = to.length;
  return { nodes, start, to: Int32Array.from(to) };
}

export const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((nodes) =>
    fc
      .array(fc.tuple(fc.nat(nodes - 1), fc.nat(nodes - 1)), { maxLength: 40 })
      .map((pairs) => ({ nodes, pairs, graph: graphOf(nodes, pairs) })),
  );
