/**
 * Rewrites one function so that it is metered and can be stopped.
 *
 *     (func $f (param i32) (result i32)          (func $f (param i32) (result i32) (local $site i32) (local $fuel i32)
 *       (loop $l                                   (local.set $fuel (i32.sub (global.get $F) (i32.const entry charge)))
 *         …                                        (try (result i32)
 *         (call $g (local.get 0))        =>          (loop $l
 *         (br_if $l …))                                (local.tee $fuel (i32.sub (local.get $fuel) (i32.const charge)))
 *       …)                                             (if (i32.lt_s … (i32.const 0))             ;; hinted as unlikely
 *                                                        (local.set $site …) (local.set $fuel (call $poll …)))
 *                                                      …
 *                                                      (local.set $site …) (global.set $F (local.get $fuel))
 *                                                      (call $g (local.get 0))
 *                                                      (local.set $fuel (global.get $F))
 *                                                      (br_if $l …))
 *                                                    …
 *                                                    (catch $stop (call $save (local.get $site) layout…) (rethrow 0)))
 *                                                  (global.set $F (local.get $fuel)))
 *
 * Where stops are a flag (`mode: 'flag'`) there is no `try`: a call is followed by a test of $F for UNWIND and a branch to the end of
 * the function, which saves the frame and returns zeros.
 *
 * Boundary: reads a plan, writes the body's bytes; everything outside the function is behind `Target`.
 *
 * Invariants:
 * 1. Locals in the output: the guest's (moved by `localShift` in a continuation with parameters), then `extras`, then slots.
 * 2. A function without loops charges the global; one with loops and without `try` keeps fuel in a local, which it writes back
 *    before everything that may leave it or read the global: calls, returns, throws. One with `try` charges the global: its handlers
 *    could not know the local.
 * 3. The depth that is left is in a global: a function on a cycle of the call graph takes its weight off at its entry and puts it back
 *    where it ends. A guest exception passes by that, so a function with handlers keeps the depth in a local, sets the global before
 *    each call that can lead to such a cycle and at its end.
 * 4. Unwrapped label depths stay as they are: the added construct around the body takes the place of the function's own label. Where the
 *    rewriter opens a construct inside the body, `extraLabels` makes up for it.
 * 5. Code that cannot be reached is not written.
 */
import {
  blockResultTypes,
  ByteWriter,
  type Code,
  I32,
  OP,
  OPCODES,
  writeBlockType,
  writeLocals,
} from '../wasm/index.ts';
import type { ValType } from '../wasm/index.ts';
import { BLOCK_KIND, isDefaultable, isNullable, isRef, heapOf, refNull } from '../wasm/index.ts';
import { ACTION, ACTIONS } from './actions.ts';
import { BytePool } from './byte-pool.ts';
import { isSizedOp } from './call-graph.ts';
import type { FunctionPlan } from './plan.ts';
import { writeEpilogue, writePrologue } from './rewrite-edges.ts';
import { rewriteInstr } from './rewrite-instr.ts';
import type { Target } from './target.ts';
import { isTightLoop, writeTightLoop } from './tight-loops.ts';

/** A function's bytes with the places whose branch is unlikely. */
export interface RewrittenBody {
  /** Locals and code, without the size. */
  readonly bytes: Uint8Array;
  /** Pairs: offset in `bytes` of an `if` or `br_if`; 0 unlikely, 1 likely. */
  readonly hints: readonly number[];
}

/** How a continuation begins; undefined for an original function. */
export interface ContinuationStart {
  /** Number of parameters: the output's guest locals are moved by this. */
  readonly params: number;
  /** Writes what comes before the body: loads or copies its locals. */
  readonly writeLoads: (rewriter: Rewriter) => void;
}

interface Extras {
  site: number;
  fuel: number;
  depth: number;
  temp: number;
  record: number;
}

export class Rewriter {
  readonly out = new ByteWriter(4096);
  readonly #head = new ByteWriter(256);
  readonly #pool = new BytePool();
  readonly #declared: ValType[] = [];
  hints: number[] = [];
  plan!: FunctionPlan;
  target!: Target;
  /** Guest hints of this function by original body offset. */
  guestHints: ReadonlyMap<number, number> | undefined;
  originRow: Int32Array | undefined;
  start: ContinuationStart | undefined;
  extras: Extras = { site: -1, fuel: -1, depth: -1, temp: -1, record: -1 };
  #extraCount = 0;

  /** Leaves its frame through a handler (throw mode) or a tail (flag mode) that saves it. */
  savesAtEnd = false;
  /** Throw mode, loops only: saves its frame where it polls. */
  savesInPlace = false;
  /** Holds the depth that it may use in a local: one with handlers could not know what the global was before a call that threw. */
  keepsDepth = false;
  localFuel = false;
  /** Depth that an activation takes while it lasts. */
  depthWeight = 0;

  /** Rows of the open constructs, and how many added labels were open when each was opened. */
  readonly nest: number[] = [];
  readonly nestExtras: number[] = [];
  extraLabels = 0;

  #runStart = 0;
  #runEnd = -1;

  /** Rewrites the planned function into bytes. */
  rewrite(
    plan: FunctionPlan,
    target: Target,
    options: {
      readonly start?: ContinuationStart;
      readonly originRow?: Int32Array;
      readonly guestHints?: ReadonlyMap<number, number>;
    } = {},
  ): RewrittenBody {
    this.plan = plan;
    this.target = target;
    this.start = options.start;
    this.originRow = options.originRow;
    this.guestHints = options.guestHints;
    this.hints = [];
    this.out.length = 0;
    this.nest.length = this.nestExtras.length = 0;
    this.extraLabels = 0;
    this.#runStart = this.#runEnd = -1;
    this.#choose();
    writePrologue(this);
    this.#body(plan.code);
    this.flush();
    writeEpilogue(this);
    return this.#assemble();
  }

  #choose(): void {
    const { plan } = this;
    const throwing = plan.program.mode === 'throw';
    const callSites = plan.hasCallSites || plan.hasEntrySite;
    // A stop that is thrown in place would meet the function's own handlers.
    this.savesAtEnd = callSites || (plan.hasLoops && (!throwing || plan.hasTry));
    this.savesInPlace = plan.hasLoops && !this.savesAtEnd;
    this.keepsDepth = plan.hasTry && plan.program.facts.reachesDepth[plan.func] === 1;
    this.localFuel = plan.prefersLocalFuel && !plan.hasTry;
    this.depthWeight = plan.program.facts.countsDepth[plan.func] === 1 ? plan.stackBytes : 0;
    let next = plan.localCount + this.localShift;
    const first = next;
    this.extras = { site: -1, fuel: -1, depth: -1, temp: -1, record: -1 };
    if (this.savesAtEnd && plan.siteCount > 1) this.extras.site = next++;
    if (plan.hasLoops || plan.hasEntrySite) this.extras.fuel = next++;
    if (this.keepsDepth || this.depthWeight > 0) this.extras.depth = next++;
    if (hasSizedOps(plan.code)) this.extras.temp = next++;
    if (this.start !== undefined) this.extras.record = next++;
    this.#extraCount = next - first;
  }

  get localShift(): number {
    return this.start?.params ?? 0;
  }

  /** Index in the output of a guest local or slot. */
  local(index: number): number {
    const shift = index < this.plan.localCount ? 0 : this.#extraCount;
    return index + shift + this.localShift;
  }

  /** Row of the original function that a row stands for; -1: none. */
  origin(row: number): number {
    return this.originRow === undefined ? row : (this.originRow[row] ?? -1);
  }

  // --- writing ---

  /** Writes the pending run of unchanged bytes. */
  flush(): void {
    if (this.#runEnd > this.#runStart) this.out.range(this.plan.code.bytes, this.#runStart, this.#runEnd);
    this.#runStart = this.#runEnd = -1;
  }

  op(row: number): void {
    const { prefix, code } = OPCODES[row] ?? { prefix: 0, code: 0 };
    if (prefix === 0) this.out.byte(code);
    else {
      this.out.byte(prefix);
      this.out.u32(code);
    }
  }

  /** A one-byte opcode with an index. */
  opRaw(opcode: number, index: number): void {
    this.out.byte(opcode);
    this.out.u32(index);
  }

  const32(value: number): void {
    this.out.byte(0x41);
    this.out.s32(value);
  }

  getLocal(index: number): void {
    this.out.byte(0x20);
    this.out.u32(index);
  }

  setLocal(index: number): void {
    this.out.byte(0x21);
    this.out.u32(index);
  }

  /** Pushes a guest local or slot with its own type, although it is declared nullable. */
  getGuest(index: number): void {
    this.getLocal(this.local(index));
    if (this.#isLoosened(index)) this.op(OP['ref.as_non_null']);
  }

  /** Opens an `if` without parameters and results whose condition is on the stack, hinted as unlikely. */
  unlikelyIf(): void {
    this.hints.push(this.out.length, 0);
    this.out.byte(0x04);
    this.out.byte(0x40);
  }

  unlikelyBranchIf(depth: number): void {
    this.hints.push(this.out.length, 0);
    this.out.byte(0x0d);
    this.out.u32(depth);
  }

  blockType(results: readonly ValType[]): void {
    const [first] = results;
    if (first === undefined) writeBlockType(this.out, BLOCK_KIND.empty, 0);
    else if (results.length === 1) writeBlockType(this.out, BLOCK_KIND.value, first);
    else writeBlockType(this.out, BLOCK_KIND.typeIndex, this.target.funcType([], results));
  }

  /** Label depth in the output for a label depth of the code at the current place. */
  label(depth: number): number {
    if (this.extraLabels === 0) return depth;
    const position = this.nest.length - 1 - depth;
    return depth + this.extraLabels - (position < 0 ? 0 : (this.nestExtras[position] ?? 0));
  }

  /** Depth of the added constructs around the body, counted from the current place; 0 is the innermost of them. */
  outerLabel(added: number): number {
    return this.nest.length + this.extraLabels + added;
  }

  // --- the body ---

  #body(code: Code): void {
    this.rows(0, code.length - 1); // the last one is the body's own end
  }

  /** Writes the rows of a range; it must hold whole constructs. */
  rows(from: number, to: number): void {
    const { plan, nest } = this;
    const { op, at, end, match } = plan.code;
    const { top } = plan.types;
    const { rowSpills } = plan;
    const remapLocals = this.localShift > 0 || hasLoosenedLocals(plan);
    const hinted = this.guestHints !== undefined;
    const actions = ACTIONS;
    for (let row = from; row < to; row++) {
      const code_ = op[row] ?? 0;
      const action = actions[code_] ?? ACTION.raw;
      if ((top[row] ?? -2) === -2 && (action & ACTION.closes) === 0) {
        if ((action & ACTION.opens) !== 0) row = match[row] ?? row;
        continue;
      }
      if (code_ === OP.loop) {
        if (isTightLoop(plan, row)) {
          writeTightLoop(this, row);
          row = match[row] ?? row;
          if (rowSpills[row] === 1) this.#spill(row);
          continue;
        }
      }
      const start = at[row] ?? -1;
      let special = start < 0 || (action & ACTION.special) !== 0;
      if (!special && action !== ACTION.raw) {
        special =
          ((action & ACTION.local) !== 0 && remapLocals) ||
          ((action & ACTION.label) !== 0 && this.extraLabels > 0) ||
          ((action & ACTION.hintable) !== 0 && hinted);
      }
      if (special) {
        this.flush();
        rewriteInstr(this, row, code_);
      } else if (start === this.#runEnd) this.#runEnd = end[row] ?? start;
      else {
        this.flush();
        this.#runStart = start;
        this.#runEnd = end[row] ?? start;
      }
      if ((action & ACTION.opens) !== 0) {
        nest.push(row);
        this.nestExtras.push(this.extraLabels);
        if (code_ === OP.try) this.afterTry(row);
      } else if ((action & ACTION.ends) !== 0) {
        nest.pop();
        this.nestExtras.pop();
      }
      if (rowSpills[row] === 1 && code_ !== OP.loop) this.#spill(row);
      else if (code_ === OP.else) {
        const opener = nest[nest.length - 1] ?? row; // its parameters, if it gave them other types
        if (rowSpills[opener] === 1) this.#spill(opener, row);
      }
    }
  }

  /** Hook for `try`, once it is on the nest. */
  afterTry(row: number): void {
    if (!this.needsInnerTry(row)) return;
    this.flush();
    rewriteInnerTry(this, row);
  }

  /** Whether a legacy `try` needs a second one inside that notes what its catch_all will catch. */
  needsInnerTry(row: number): boolean {
    const { plan } = this;
    if (!plan.captures.has(this.origin(row))) return false;
    const { code } = plan;
    for (let clause = code.next[row] ?? -1; clause >= 0; clause = code.next[clause] ?? -1) {
      if (code.op[clause] === OP.catch_all) return true;
    }
    return false;
  }

  /** Keeps values that the row produced in their slots; they stay on the stack. @param at The row that was written last. */
  #spill(row: number, at = row): void {
    this.flush();
    const { plan } = this;
    const { top, nodeBelow, nodeProducer } = plan.types;
    const last = top[at + 1] ?? -1;
    const below = nodeBelow[last] ?? -1;
    if (below < 0 || nodeProducer[below] !== row) return this.#keep(plan.localCount + (plan.nodeSlot[last] ?? 0));
    const nodes: number[] = [];
    let lowest = 0;
    for (let node = last; node >= 0 && nodeProducer[node] === row; node = nodeBelow[node] ?? -1) {
      nodes.push(node);
      if ((plan.nodeSlot[node] ?? -1) >= 0) lowest = nodes.length;
    }
    if (lowest === 1) return this.#keep(plan.localCount + (plan.nodeSlot[last] ?? 0));
    const slots = nodes.slice(0, lowest).map((node) => plan.localCount + plan.slotOfNode(node));
    for (const slot of slots) this.setLocal(this.local(slot));
    for (const slot of slots.reverse()) this.getGuest(slot);
  }

  /** Copies the value on top of the stack into its slot. */
  #keep(slot: number): void {
    this.out.byte(0x22); // local.tee
    this.out.u32(this.local(slot));
    if (this.#isLoosened(slot)) this.op(OP['ref.as_non_null']);
  }

  #isLoosened(index: number): boolean {
    return index >= (this.start === undefined ? this.plan.paramCount : 0) && !isDefaultable(this.plan.typeOf(index));
  }

  #assemble(): RewrittenBody {
    const { plan } = this;
    const head = this.#head;
    head.length = 0;
    const declared = this.#declared;
    let count = 0;
    const from = this.start === undefined ? plan.paramCount : 0;
    for (let local = from; local < plan.localCount; local++) declared[count++] = loosen(plan.typeOf(local));
    for (let extra = 0; extra < this.#extraCount; extra++) declared[count++] = I32;
    const values = plan.localCount + plan.slots.length;
    for (let slot = plan.localCount; slot < values; slot++) declared[count++] = loosen(plan.typeOf(slot));
    writeLocals(head, declared, 0, count);
    const size = head.length;
    const { hints } = this;
    for (let index = 0; index < hints.length; index += 2) hints[index] = (hints[index] ?? 0) + size;
    return { bytes: this.#pool.join(head.view(), this.out.view()), hints };
  }
}

/** The type that a local is declared with: a local that a handler reads must have a default value. */
export const loosen = (type: ValType): ValType => (isRef(type) && !isNullable(type) ? refNull(heapOf(type)) : type);

function hasLoosenedLocals(plan: FunctionPlan): boolean {
  for (let local = 0; local < plan.localCount; local++) if (!isDefaultable(plan.typeOf(local))) return true;
  return false;
}

function hasSizedOps(code: Code): boolean {
  for (let row = 0; row < code.length; row++) if (isSizedOp(code.op[row] ?? 0)) return true;
  return false;
}

/** The inner `try` of a capturing construct; see `rewriteInstr` for its clauses. */
function rewriteInnerTry(rewriter: Rewriter, row: number): void {
  const { code } = rewriter.plan;
  rewriter.out.byte(0x06);
  if ((code.at[row] ?? -1) < 0) rewriter.blockType(blockResultTypes(rewriter.plan.program.context, code, row));
  else writeBlockType(rewriter.out, code.blockKind[row] ?? 0, code.a[row] ?? 0);
  rewriter.extraLabels++;
}
