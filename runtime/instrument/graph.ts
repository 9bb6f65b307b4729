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

/** Finds the strongly connected components of a graph, or of a part of it, as often as need be: its buffers are reused. */
export class Components {
  readonly #graph: Graph;
  readonly #index: Int32Array;
  readonly #low: Int32Array;
  readonly #next: Int32Array;
  readonly #onStack: Uint8Array;
  readonly #stack: number[] = [];
  readonly #work: number[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#index = new Int32Array(graph.nodes);
    this.#low = new Int32Array(graph.nodes);
    this.#next = new Int32Array(graph.nodes);
    this.#onStack = new Uint8Array(graph.nodes);
  }

  /** All nodes. */
  get all(): Int32Array {
    return Int32Array.from({ length: this.#graph.nodes }, (_, node) => node);
  }

  /**
   * Tarjan's components, callees before callers; iterative, since call chains are long.
   * @param roots The nodes in question.
   * @param follow Whether an edge to a node counts: only to one of `roots`.
   * @param found Called with each component; the array is the callee's own.
   */
  find(roots: ArrayLike<number>, follow: (node: number) => boolean, found: (members: number[]) => void): void {
    for (let at = 0; at < roots.length; at++) this.#index[roots[at] ?? 0] = -1;
    this.#counter = 0;
    for (let at = 0; at < roots.length; at++) {
      const root = roots[at] ?? 0;
      if (this.#index[root] === -1) this.#visit(root, follow, found);
    }
  }

  #counter = 0;

  #visit(root: number, follow: (node: number) => boolean, found: (members: number[]) => void): void {
    const { start, to } = this.#graph;
    const index = this.#index;
    const low = this.#low;
    const work = this.#work;
    work.push(root);
    while (work.length > 0) {
      const node = work[work.length - 1] ?? 0;
      if (index[node] === -1) this.#enter(node);
      const edge = this.#next[node] ?? 0;
      if (edge < (start[node + 1] ?? 0)) {
        this.#next[node] = edge + 1;
        const callee = to[edge] ?? 0;
        if (!follow(callee)) continue;
        if (index[callee] === -1) work.push(callee);
        else if (this.#onStack[callee] === 1) low[node] = Math.min(low[node] ?? 0, index[callee] ?? 0);
        continue;
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (low[node] === index[node]) found(this.#leave(node));
    }
  }

  #enter(node: number): void {
    this.#index[node] = this.#low[node] = this.#counter++;
    this.#next[node] = this.#graph.start[node] ?? 0;
    this.#stack.push(node);
    this.#onStack[node] = 1;
  }

  /** Takes a component off the stack. */
  #leave(root: number): number[] {
    const members: number[] = [];
    for (;;) {
      const member = this.#stack.pop() ?? root;
      this.#onStack[member] = 0;
      members.push(member);
      if (member === root) return members;
    }
  }
}
