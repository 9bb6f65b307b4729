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
import type { FunctionPlan } from './plan.ts';

const HELD = 0;
const LIVE = 1;
const FIRST = 2;
/** Sets per open construct: held at its end; held at its else arm, or assigned in the loop. */
const AT_END = 0;
const SECOND = 1;
const SETS_PER_LEVEL = 2;

const LOCAL_SET = OP['local.set'];
const LOCAL_TEE = OP['local.tee'];

/** What is live at the site of a row, added to a set. */
export type AddLive = (row: number, bits: BitTable, set: number) => void;

export class KillFinder {
  readonly #bits = new BitTable();
  readonly #assigned = new BitTable();
  readonly #loopSet = new Map<number, number>();
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
    for (let row = 0; row < code.length - 1; row++) {
      const isReached = (plan.types.top[row] ?? -2) !== -2;
      const op = code.op[row] ?? 0;
      if (!isReached && op !== OP.end && op !== OP.else) {
        if (isOpener(op)) row = code.match[row] ?? row;
        continue;
      }
      this.#step(code, row, op);
      if (isReached && (plan.siteOfRow[row] ?? -1) >= 0) this.#forget(row, op, kills, addLive);
      if (op === LOCAL_SET || op === LOCAL_TEE) this.#bits.add(HELD, code.a[row] ?? 0);
      if (plan.rowSpills[row] === 1) this.#eachSlot(row, (slot) => this.#bits.add(HELD, slot));
    }
    return kills;
  }

  /** The locals and slots that each loop assigns. */
  #findAssigned(code: Code): void {
    const plan = this.#plan;
    let loops = 0;
    this.#loopSet.clear();
    for (let row = 0; row < code.length; row++) if (code.op[row] === OP.loop) this.#loopSet.set(row, loops++);
    if (loops === 0) return;
    this.#assigned.reset(this.#width, loops);
    const open: number[] = [];
    for (let row = 0; row < code.length; row++) {
      const op = code.op[row] ?? 0;
      if (op === OP.loop) open.push(row);
      const set = open.length === 0 ? -1 : (this.#loopSet.get(open[open.length - 1] ?? -1) ?? -1);
      if (set >= 0) {
        if (op === LOCAL_SET || op === LOCAL_TEE) this.#assigned.add(set, code.a[row] ?? 0);
        if (plan.rowSpills[row] === 1) this.#eachSlot(row, (slot) => this.#assigned.add(set, slot));
      }
      if (op === OP.end && code.op[code.match[row] ?? -1] === OP.loop) {
        open.pop();
        const outer = this.#loopSet.get(open[open.length - 1] ?? -1);
        if (outer !== undefined) this.#assigned.merge(outer, set);
      }
    }
  }

  /** The slots that a row's values are kept in. */
  #eachSlot(row: number, visit: (slot: number) => void): void {
    const { types, nodeSlot, localCount } = this.#plan;
    const { top, nodeBelow, nodeProducer } = types;
    for (let node = top[row + 1] ?? -1; node >= 0 && nodeProducer[node] === row; node = nodeBelow[node] ?? -1) {
      const slot = nodeSlot[node] ?? -1;
      if (slot >= 0) visit(localCount + slot);
    }
  }

  #level(depth: number, which: number): number {
    return FIRST + SETS_PER_LEVEL * depth + which;
  }

  /** What is held after a control instruction. */
  #step(code: Code, row: number, op: number): void {
    const bits = this.#bits;
    const open = this.#open;
    switch (op) {
      case OP.block:
      case OP.if:
      case OP.loop:
        open.push(row);
        bits.clear(this.#level(open.length - 1, AT_END));
        if (op === OP.if) bits.copy(this.#level(open.length - 1, SECOND), HELD);
        if (op === OP.loop) this.#mergeAssigned(row);
        return;
      case OP.else:
        bits.merge(this.#level(open.length - 1, AT_END), HELD);
        bits.copy(HELD, this.#level(open.length - 1, SECOND));
        bits.clear(this.#level(open.length - 1, SECOND));
        return;
      case OP.end: {
        const depth = open.length - 1;
        const opener = open.pop() ?? -1;
        bits.merge(HELD, this.#level(depth, AT_END));
        if (code.op[opener] === OP.if) bits.merge(HELD, this.#level(depth, SECOND));
        return;
      }
      case OP.br:
        this.#branch(code.a[row] ?? 0);
        return bits.clear(HELD);
      case OP.br_if:
      case OP.br_on_null:
      case OP.br_on_non_null:
      case OP.br_on_cast:
      case OP.br_on_cast_fail:
        return this.#branch(code.a[row] ?? 0);
      case OP.br_table: {
        const at = code.a[row] ?? 0;
        const count = (code.aux[at] ?? 0) + 1;
        for (let entry = 1; entry <= count; entry++) this.#branch(code.aux[at + entry] ?? 0);
        return bits.clear(HELD);
      }
      case OP.return:
      case OP.unreachable:
      case OP.return_call:
      case OP.return_call_indirect:
      case OP.return_call_ref:
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
    const from = this.#loopSet.get(loop) ?? 0;
    const { words, data } = this.#assigned;
    for (let word = 0; word < words; word++) {
      this.#bits.data[HELD * words + word] =
        (this.#bits.data[HELD * words + word] ?? 0) | (data[from * words + word] ?? 0);
    }
  }

  #forget(row: number, op: number, kills: Map<number, number[]>, addLive: AddLive): void {
    const bits = this.#bits;
    bits.clear(LIVE);
    addLive(row, bits, LIVE);
    const found: number[] = [];
    for (const local of bits.members(HELD)) {
      if (bits.has(LIVE, local) || !this.#plan.canForget(local)) continue;
      found.push(local);
      bits.remove(HELD, local);
    }
    if (found.length > 0) kills.set(row, found);
  }
}

const isOpener = (op: number): boolean => op === OP.block || op === OP.if || op === OP.loop;

function deepest(code: Code): number {
  let depth = 0;
  let most = 0;
  for (let row = 0; row < code.length; row++) {
    const op = code.op[row] ?? 0;
    if (isOpener(op)) most = Math.max(most, ++depth);
    else if (op === OP.end) depth--;
  }
  return most;
}
