/**
 * Where a function forgets values that nobody will read: before the sites at which they are dead.
 *
 *     (local.set $a …)  (call $g (local.get $a))          (local.set $a …)  (call $g (local.get $a))
 *     (call $h)                                     =>    (local.set $a (i32.const 0))
 *                                                         (call $h)
 *
 * A frame is saved by code that reads every local of the layout, whichever site it is left at; so each of them would have to be kept
 * over every call. What is set to a constant before a call needs no place: on an engine's optimiser the assignment costs nothing, and
 * the value that it replaces ends with its last use.
 *
 * Boundary: reads a plan with its liveness; gives lists of locals and slots by site.
 *
 * Invariants:
 * 1. Only what is dead at a site is forgotten there.
 * 2. A local is *held* from its assignment on until it is forgotten. What is held is tracked forwards over structured control, from above: a
 *    loop may hold all that is assigned in it. What is not held needs no forgetting.
 */
import { type Code, OP } from '../wasm/index.ts';
import { BitTable } from './bits.ts';
import { FLOW, FLOWS } from './control-ops.ts';
import type { FunctionPlan } from './plan.ts';

const HELD = 0;
const LIVE = 1;
const FIRST = 2;
/** Sets per open construct: held at its end; held at its else arm, or assigned in the loop. */
const AT_END = 0;
const SECOND = 1;
const SETS_PER_LEVEL = 2;

/** `top` of a row that cannot be reached. */
const UNREACHED = -2;

/** What is live at the site of a row, added to a set. */
export type AddLive = (row: number, bits: BitTable, set: number) => void;

export class KillFinder {
  readonly #bits = new BitTable();
  readonly #assigned = new BitTable();
  /** Set of a loop in `#assigned`, by row. */
  #loopSet = new Int32Array(256);
  readonly #open: number[] = [];
  #plan!: FunctionPlan;
  #width = 0;

  /**
   * @param width Locals and slots of the function.
   * @param addLive Adds what is live at a row's site.
   * @returns For rows of sites: what is forgotten there, locals and slots by index.
   */
  find(plan: FunctionPlan, width: number, addLive: AddLive): Map<number, number[]> {
    const kills = new Map<number, number[]>();
    this.#plan = plan;
    this.#width = width;
    const { code } = plan;
    this.#findAssigned(code);
    this.#bits.reset(width, FIRST + SETS_PER_LEVEL * (deepest(code) + 1));
    const begins = plan.origin === undefined ? Array(plan.paramCount).keys() : plan.layout;
    for (const local of begins) this.#bits.add(HELD, local);
    this.#open.length = 0;
    const { data } = this.#bits; // HELD is the first set: its words have the numbers of the words
    const { op: ops, a, length } = code;
    const { siteOfRow, rowSpills } = plan;
    const { top } = plan.types;
    const flows = FLOWS;
    for (let row = 0; row < length - 1; row++) {
      const op = ops[row] ?? 0;
      const flow = flows[op] ?? 0;
      if (top[row] === UNREACHED && flow !== FLOW.end && flow !== FLOW.else) {
        if (isOpener(flow)) row = code.match[row] ?? row;
        continue;
      }
      if (flow === FLOW.localSet) {
        const local = a[row] ?? 0;
        data[local >>> 5] = (data[local >>> 5] ?? 0) | (1 << (local & 31));
      } else if (flow !== FLOW.plain && flow !== FLOW.localGet) {
        if (flow !== FLOW.call) this.#step(code, row, flow);
        if (top[row] !== UNREACHED && (siteOfRow[row] ?? -1) >= 0) this.#forget(row, kills, addLive);
      }
      if (rowSpills[row] === 1) this.#addSlots(row, this.#bits, HELD);
    }
    return kills;
  }

  /** The locals and slots that each loop assigns. */
  #findAssigned(code: Code): void {
    const { op: ops, a, match, length } = code;
    let loops = 0;
    if (this.#loopSet.length < length) this.#loopSet = new Int32Array(length * 2);
    const loopSet = this.#loopSet;
    const flows = FLOWS;
    for (let row = 0; row < length; row++) if (flows[ops[row] ?? 0] === FLOW.loop) loopSet[row] = loops++;
    if (loops === 0) return;
    const assigned = this.#assigned;
    assigned.reset(this.#width, loops);
    const { rowSpills } = this.#plan;
    const outer: number[] = []; // the sets of the loops around the innermost one
    let set = -1;
    for (let row = 0; row < length; row++) {
      const flow = flows[ops[row] ?? 0] ?? 0;
      if (flow === FLOW.loop) {
        outer.push(set);
        set = loopSet[row] ?? 0;
      }
      if (set < 0) continue;
      if (flow === FLOW.localSet) assigned.add(set, a[row] ?? 0);
      if (rowSpills[row] === 1) this.#addSlots(row, assigned, set);
      if (flow === FLOW.end && ops[match[row] ?? -1] === OP.loop) {
        const inner = set;
        set = outer.pop() ?? -1;
        if (set >= 0) assigned.merge(set, inner);
      }
    }
  }

  /** Adds the slots that a row's values are kept in. */
  #addSlots(row: number, bits: BitTable, set: number): void {
    const { types, nodeSlot, localCount } = this.#plan;
    const { top, nodeBelow, nodeProducer } = types;
    for (let node = top[row + 1] ?? -1; node >= 0 && nodeProducer[node] === row; node = nodeBelow[node] ?? -1) {
      const slot = nodeSlot[node] ?? -1;
      if (slot >= 0) bits.add(set, localCount + slot);
    }
  }

  #level(depth: number, which: number): number {
    return FIRST + SETS_PER_LEVEL * depth + which;
  }

  /** What is held after a control instruction. */
  #step(code: Code, row: number, flow: number): void {
    const bits = this.#bits;
    const open = this.#open;
    switch (flow) {
      case FLOW.block:
      case FLOW.if:
      case FLOW.loop:
        open.push(row);
        bits.clear(this.#level(open.length - 1, AT_END));
        if (flow === FLOW.if) bits.copy(this.#level(open.length - 1, SECOND), HELD);
        if (flow === FLOW.loop) this.#mergeAssigned(row);
        return;
      case FLOW.else:
        bits.merge(this.#level(open.length - 1, AT_END), HELD);
        bits.copy(HELD, this.#level(open.length - 1, SECOND));
        bits.clear(this.#level(open.length - 1, SECOND));
        return;
      case FLOW.end: {
        const depth = open.length - 1;
        const opener = open.pop() ?? -1;
        bits.merge(HELD, this.#level(depth, AT_END));
        if (code.op[opener] === OP.if) bits.merge(HELD, this.#level(depth, SECOND));
        return;
      }
      case FLOW.br:
        this.#branch(code.a[row] ?? 0);
        return bits.clear(HELD);
      case FLOW.brIf:
        return this.#branch(code.a[row] ?? 0);
      case FLOW.brTable: {
        const at = code.a[row] ?? 0;
        const count = (code.aux[at] ?? 0) + 1;
        for (let entry = 1; entry <= count; entry++) this.#branch(code.aux[at + entry] ?? 0);
        return bits.clear(HELD);
      }
      case FLOW.leave:
      case FLOW.tailCall:
        return bits.clear(HELD);
      default:
    }
  }

  #branch(label: number): void {
    const depth = this.#open.length - 1 - label;
    if (depth < 0) return;
    // A loop holds at its header whatever is assigned in it.
    if (this.#plan.code.op[this.#open[depth] ?? -1] !== OP.loop) this.#bits.merge(this.#level(depth, AT_END), HELD);
  }

  #mergeAssigned(loop: number): void {
    const from = this.#loopSet[loop] ?? 0;
    const { words, data } = this.#assigned;
    const held = this.#bits.data;
    for (let word = 0; word < words; word++) held[word] = (held[word] ?? 0) | (data[from * words + word] ?? 0);
  }

  #forget(row: number, kills: Map<number, number[]>, addLive: AddLive): void {
    const bits = this.#bits;
    bits.clear(LIVE);
    addLive(row, bits, LIVE);
    const { words, data } = bits;
    let found: number[] | undefined;
    for (let word = 0; word < words; word++) {
      let rest = (data[word] ?? 0) & ~(data[LIVE * words + word] ?? 0);
      for (; rest !== 0; rest &= rest - 1) {
        const local = word * 32 + 31 - Math.clz32(rest & -rest);
        if (this.#plan.canForget(local)) (found ??= []).push(local);
      }
    }
    if (found === undefined) return;
    for (const local of found) bits.remove(HELD, local);
    kills.set(row, found);
  }
}

const isOpener = (flow: number): boolean => flow === FLOW.block || flow === FLOW.if || flow === FLOW.loop;

function deepest(code: Code): number {
  let depth = 0;
  let most = 0;
  const { op, length } = code;
  const flows = FLOWS;
  for (let row = 0; row < length; row++) {
    const flow = flows[op[row] ?? 0] ?? 0;
    if (isOpener(flow)) most = Math.max(most, ++depth);
    else if (flow === FLOW.end) depth--;
  }
  return most;
}
