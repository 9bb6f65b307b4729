/**
 * Chooses the functions that every cycle of the call graph passes: they alone check at their entry whether the worker is to stop, and
 * they alone count against the limit of the stack, each for all that can lie between it and the one before.
 *
 * Boundary: a graph in, arrays by node out. The choice depends on the graph alone.
 *
 * Invariants:
 * 1. Without the functions that are cut no cycle is left.
 * 2. A component is taken apart by cutting those of its functions that most ways lead through, a few at a time, until nothing of it is
 *    cyclic; so the work grows with the size of the graph times the logarithm of what is cut.
 * 3. What lies between two functions that count is at most CHAIN_MAX_BYTES and one frame.
 */
import { assert } from '../errors/index.ts';
import { Components, type Graph, hasEdge } from './graph.ts';

/** An estimate of what the activations between two functions that count take at most; beyond it another one counts. */
const CHAIN_MAX_BYTES = 4000;

/** At each step a component loses one of so many functions, and at least one. */
const SHARE_CUT = 64;

export interface Cycles {
  /** 1: the function is cut. */
  readonly cut: Uint8Array;
  /** All nodes, callees before callers where the callee is not cut. */
  readonly order: readonly number[];
  /** 1: the function counts against the limit of the stack; those that are cut do, and a few others. */
  readonly counts: Uint8Array;
  /** Of a function that counts: bytes of stack between it and the one that counts before it, at most, as an estimate. */
  readonly chainBytes: Int32Array;
}

/** What is known of a node. Nodes from `functions` on stand for types: they are never cut and take no stack. */
export interface Nodes {
  readonly functions: number;
  /** Size of the body; larger ones are rather cut. */
  readonly rows: Int32Array;
  readonly frameBytes: Int32Array;
}

export function findCycles(graph: Graph, nodes: Nodes): Cycles {
  const components = new Components(graph);
  const cut = new Uint8Array(graph.nodes);
  /** The cyclic component that a node belongs to; -1: none. */
  const component = new Int32Array(graph.nodes).fill(-1);
  const chooser = new Chooser(graph, nodes, component);
  const pending: number[][] = [];
  let count = 0;
  const note = (members: number[]): void => {
    const [first = 0] = members;
    const cyclic = members.length > 1 || hasEdge(graph, first, first);
    const id = cyclic ? count++ : -1;
    for (const node of members) component[node] = id;
    if (cyclic) pending.push(members);
  };
  const { all } = components;
  components.find(all, () => true, note);
  const first = Int32Array.from(component);
  for (let members = pending.pop(); members !== undefined; members = pending.pop()) {
    const id = component[members[0] ?? 0] ?? -1;
    for (const node of chooser.choose(members)) {
      cut[node] = 1;
      component[node] = -1;
    }
    const rest = members.filter((node) => component[node] === id);
    components.find(rest, (node) => component[node] === id, note);
  }
  const order: number[] = [];
  components.find(
    all,
    (node) => cut[node] === 0,
    (members) => {
      assert(members.length === 1, 'a cycle was not cut');
      order.push(...members);
    },
  );
  return { cut, order, ...countedFunctions(graph, nodes, first, cut, order) };
}

/** Picks the functions of a component that are cut next; its arrays by node are used again for every component. */
class Chooser {
  readonly #graph: Graph;
  readonly #nodes: Nodes;
  readonly #component: Int32Array;
  /** Edges from the component to a node; 0 between two components. */
  readonly #into: Int32Array;
  readonly #out: Int32Array;
  readonly #score: Float64Array;

  constructor(graph: Graph, nodes: Nodes, component: Int32Array) {
    this.#graph = graph;
    this.#nodes = nodes;
    this.#component = component;
    this.#into = new Int32Array(graph.nodes);
    this.#out = new Int32Array(graph.nodes);
    this.#score = new Float64Array(graph.nodes);
  }

  choose(members: readonly number[]): number[] {
    const loops = this.#countEdges(members);
    const into = this.#into;
    const out = this.#out;
    const score = this.#score;
    const { functions, rows } = this.#nodes;
    const candidates: number[] = [];
    for (const node of members) {
      if (node < functions) {
        score[node] = (into[node] ?? 0) * (out[node] ?? 0) * Math.sqrt(rows[node] ?? 0);
        candidates.push(node);
      }
      into[node] = 0;
    }
    if (loops.length > 0) return loops; // nothing else cuts these
    const count = Math.max(1, Math.floor(candidates.length / SHARE_CUT));
    if (count === 1) return [best(candidates, score)];
    candidates.sort((x, y) => (score[y] ?? 0) - (score[x] ?? 0) || x - y);
    return candidates.slice(0, count);
  }

  /** Counts the edges inside the component; gives the functions that call themselves. */
  #countEdges(members: readonly number[]): number[] {
    const { start, to } = this.#graph;
    const component = this.#component;
    const into = this.#into;
    const id = component[members[0] ?? 0] ?? -1;
    const loops: number[] = [];
    for (const node of members) {
      let leaving = 0;
      let callsItself = false;
      for (let edge = start[node] ?? 0, end = start[node + 1] ?? 0; edge < end; edge++) {
        const target = to[edge] ?? 0;
        if (component[target] !== id) continue;
        leaving++;
        into[target] = (into[target] ?? 0) + 1;
        callsItself ||= target === node;
      }
      this.#out[node] = leaving;
      if (callsItself) loops.push(node);
    }
    return loops;
  }
}

/** The node of the highest score; the lowest of them. */
function best(candidates: readonly number[], score: Float64Array): number {
  let found = candidates[0] ?? 0;
  for (const node of candidates) {
    const gain = (score[node] ?? 0) - (score[found] ?? 0);
    if (gain > 0 || (gain === 0 && node < found)) found = node;
  }
  return found;
}

/** Walks from callers to callees and adds up frames until one counts. Only what lies on a cycle can be on a stack again and again. */
function countedFunctions(
  graph: Graph,
  { functions, frameBytes }: Nodes,
  component: Int32Array,
  cut: Uint8Array,
  order: readonly number[],
): Pick<Cycles, 'counts' | 'chainBytes'> {
  const { start, to } = graph;
  const counts = Uint8Array.from(cut);
  const chainBytes = new Int32Array(graph.nodes);
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at] ?? 0;
    const id = component[node] ?? -1;
    if (id < 0) continue;
    const own = node < functions ? (frameBytes[node] ?? 0) : 0;
    const before = cut[node] === 1 ? 0 : (chainBytes[node] ?? 0);
    if (own > 0 && before + own > CHAIN_MAX_BYTES) counts[node] = 1;
    const after = counts[node] === 1 ? 0 : before + own;
    for (let edge = start[node] ?? 0; edge < (start[node + 1] ?? 0); edge++) {
      const target = to[edge] ?? 0;
      if (component[target] === id) chainBytes[target] = Math.max(chainBytes[target] ?? 0, after);
    }
  }
  return { counts, chainBytes };
}
