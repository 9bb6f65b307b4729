/** Directed graphs as arrays, and what the call graph is asked. */

/** Edges by source: those of node n are `to[start[n]]` … `to[start[n + 1] - 1]`. */
export interface Graph {
  readonly nodes: number;
  readonly start: Int32Array;
  readonly to: Int32Array;
}

export function hasEdge({ start, to }: Graph, from: number, node: number): boolean {
  for (let edge = start[from] ?? 0; edge < (start[from + 1] ?? 0); edge++) if (to[edge] === node) return true;
  return false;
}

/** Whether a node has an edge to one that is marked. */
export function leadsToMarked({ start, to }: Graph, from: number, marks: Uint8Array): boolean {
  for (let edge = start[from] ?? 0; edge < (start[from + 1] ?? 0); edge++) if (marks[to[edge] ?? 0] === 1) return true;
  return false;
}

/** Tarjan's strongly connected components, callees before callers; iterative, since call chains are long. */
export function* stronglyConnected({ nodes, start, to }: Graph): Generator<number[]> {
  const index = new Int32Array(nodes).fill(-1);
  const low = new Int32Array(nodes);
  const onStack = new Uint8Array(nodes);
  const next = new Int32Array(nodes);
  const stack: number[] = [];
  const work: number[] = [];
  let counter = 0;
  for (let root = 0; root < nodes; root++) {
    if (index[root] !== -1) continue;
    work.push(root);
    while (work.length > 0) {
      const node = work[work.length - 1] ?? 0;
      if (index[node] === -1) {
        index[node] = low[node] = counter++;
        next[node] = start[node] ?? 0;
        stack.push(node);
        onStack[node] = 1;
      }
      const edge = next[node] ?? 0;
      if (edge < (start[node + 1] ?? 0)) {
        next[node] = edge + 1;
        const callee = to[edge] ?? 0;
        if (index[callee] === -1) work.push(callee);
        else if (onStack[callee] === 1) low[node] = Math.min(low[node] ?? 0, index[callee] ?? 0);
        continue;
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (low[node] === index[node]) {
        const component: number[] = [];
        for (;;) {
          const member = stack.pop() ?? 0;
          onStack[member] = 0;
          component.push(member);
          if (member === node) break;
        }
        yield component;
      }
    }
  }
}

/**
 * Marks nodes so that every cycle has one that is marked: walks the nodes depth first without those that are marked already, and
 * marks where an edge leads back to a node of the way to it.
 */
export function cutCycles({ nodes, start, to }: Graph, marks: Uint8Array): void {
  const UNSEEN = 0;
  const ON_WAY = 1;
  const DONE = 2;
  const state = new Uint8Array(nodes);
  const next = new Int32Array(nodes);
  const work: number[] = [];
  for (let root = 0; root < nodes; root++) {
    if (state[root] !== UNSEEN || marks[root] === 1) continue;
    work.push(root);
    while (work.length > 0) {
      const node = work[work.length - 1] ?? 0;
      if (state[node] === UNSEEN) {
        state[node] = ON_WAY;
        next[node] = start[node] ?? 0;
      }
      const edge = next[node] ?? 0;
      if (edge >= (start[node + 1] ?? 0)) {
        state[node] = DONE;
        work.pop();
        continue;
      }
      next[node] = edge + 1;
      const callee = to[edge] ?? 0;
      if (marks[callee] === 1) continue;
      if (state[callee] === ON_WAY) marks[callee] = 1;
      else if (state[callee] === UNSEEN) work.push(callee);
    }
  }
}
