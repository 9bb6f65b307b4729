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
    for (const node of chosen(graph, nodes, members, component)) {
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

/** The functions of a component that are cut next. */
function chosen(graph: Graph, { functions, rows }: Nodes, members: readonly number[], component: Int32Array): number[] {
  const { start, to } = graph;
  const id = component[members[0] ?? 0] ?? -1;
  const into = new Map<number, number>();
  const out = new Map<number, number>();
  const loops: number[] = [];
  for (const node of members) {
    let leaving = 0;
    for (let edge = start[node] ?? 0; edge < (start[node + 1] ?? 0); edge++) {
      const target = to[edge] ?? 0;
      if (component[target] !== id) continue;
      leaving++;
      into.set(target, (into.get(target) ?? 0) + 1);
      if (target === node) loops.push(node);
    }
    out.set(node, leaving);
  }
  if (loops.length > 0) return [...new Set(loops)]; // nothing else cuts these
  const candidates = members.filter((node) => node < functions);
  const scores = new Map(
    candidates.map((node) => [node, (into.get(node) ?? 0) * (out.get(node) ?? 0) * Math.sqrt(rows[node] ?? 0)]),
  );
  candidates.sort((x, y) => (scores.get(y) ?? 0) - (scores.get(x) ?? 0) || x - y);
  return candidates.slice(0, Math.max(1, Math.floor(candidates.length / SHARE_CUT)));
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
