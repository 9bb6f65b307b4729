/**
 * The state of the validation algorithm (core specification, appendix "Validation Algorithm") on a persistent operand stack.
 *
 * Boundary: pushes, pops and control frames; the rules of the instructions are in `typing-*.ts`.
 *
 * Invariants:
 * 1. A push makes a node, a pop moves `top` to the node below; nodes are never changed or removed, so every row's whole stack
 *    stays readable from `typing.top[row]`.
 * 2. `base` is the node on which the innermost frame stands; `top === base` means that the frame has no operand left.
 * 3. `polymorphic`: the innermost frame is unreachable from here on, its stack gives any type. `dead`: so is the row,
 *    because of this frame or one around it.
 */
import { itemAt } from './item-at.ts';
import type { Code } from './code.ts';
import { OPCODES } from './opcode-table.ts';
import { BOTTOM_REF, isSubtype } from './subtype.ts';
import { typesText, typeText } from './type-text.ts';
import type { Typing, TypingContext } from './typing-record.ts';
import { BOTTOM, heapOf, isDefaultable, isRef, type ValType } from './types.ts';
import { invalid, malformed } from './wasm-error.ts';

/** A control frame. Reused: `Typer.frames` grows to the deepest nesting seen. */
export interface Frame {
  /** Row of the opener; -1: the function's body. */
  row: number;
  /** Node under the frame's parameters. */
  base: number;
  /** Top of the stack after the parameters. */
  entry: number;
  /** Whether the row before the opener was dead. */
  deadAtEntry: boolean;
  /** State of the frame around it, taken up again at the end. */
  outerPolymorphic: boolean;
  /** Whether a legacy catch or catch_all of this frame is open. */
  catching: boolean;
  /** Length of `initialized` at entry. */
  initializedAtEntry: number;
  isLoop: boolean;
  params: readonly ValType[];
  results: readonly ValType[];
}

const NO_TYPES: readonly ValType[] = [];

const newFrame = (): Frame => ({
  row: -1,
  base: -1,
  entry: -1,
  deadAtEntry: false,
  outerPolymorphic: false,
  catching: false,
  initializedAtEntry: 0,
  isLoop: false,
  params: NO_TYPES,
  results: NO_TYPES,
});

export class Typer {
  context!: TypingContext;
  code!: Code;
  typing!: Typing;
  locals!: Int32Array;
  localCount = 0;
  funcIndex: number | undefined;
  results: readonly ValType[] = NO_TYPES;

  top = -1;
  base = -1;
  polymorphic = false;
  dead = false;
  depth = 0;
  readonly frames: Frame[] = [];

  /** Whether locals of non-defaultable type exist and must be set before they are read. */
  tracksInit = false;
  isInitialized: Uint8Array = new Uint8Array(0);
  readonly initialized: number[] = [];

  #nodeType!: Int32Array;
  #nodeBelow!: Int32Array;
  #nodeHeight!: Int32Array;
  #nodeProducer!: Int32Array;
  #nodeResult!: Int32Array;
  #capacity = 0;
  #nodeCount = 0;
  readonly #popped: number[] = [];

  /** Begins a body. */
  open(typing: Typing): void {
    this.typing = typing;
    this.#nodeCount = 0;
    this.#useNodes();
    this.top = this.base = -1;
    this.polymorphic = this.dead = false;
    this.depth = 0;
    this.enter(-1, NO_TYPES, this.results, false);
  }

  /** Ends a body: what is left over goes into the typing. */
  close(): void {
    this.typing.nodeCount = this.#nodeCount;
  }

  /** Prepares the tracking of locals that have no default value. */
  trackInit(paramCount: number): void {
    this.initialized.length = 0;
    this.tracksInit = false;
    for (let index = paramCount; index < this.localCount; index++) {
      if (!isDefaultable(this.locals[index] ?? 0)) this.tracksInit = true;
    }
    if (!this.tracksInit) return;
    this.isInitialized = Uint8Array.from({ length: this.localCount }, (_, index) =>
      index < paramCount || isDefaultable(this.locals[index] ?? 0) ? 1 : 0,
    );
  }

  /** `MODULE_INVALID` at a row. */
  error(row: number, message: string): Error {
    return invalid(...this.#place(row, message));
  }

  /** `MODULE_MALFORMED` at a row: a rule of the binary format that needs to know the module. */
  malformed(row: number, message: string): Error {
    return malformed(...this.#place(row, message));
  }

  #place(row: number, message: string): [offset: number, message: string] {
    const { code } = this;
    const where = this.funcIndex === undefined ? '' : `function[${this.funcIndex}] `;
    const name = row < code.length ? itemAt(OPCODES, code.op[row] ?? 0).name : 'end';
    return [Math.max(0, code.at[row] ?? 0), `${where}${name}: ${message}`];
  }

  #useNodes(): void {
    this.#nodeType = this.typing.nodeType;
    this.#nodeBelow = this.typing.nodeBelow;
    this.#nodeHeight = this.typing.nodeHeight;
    this.#nodeProducer = this.typing.nodeProducer;
    this.#nodeResult = this.typing.nodeResult;
    this.#capacity = this.#nodeType.length;
  }

  #growNodes(): void {
    const { typing } = this;
    const grown = (from: Int32Array): Int32Array => {
      const to = new Int32Array(this.#capacity * 2 + 16);
      to.set(from);
      return to;
    };
    typing.nodeType = grown(typing.nodeType);
    typing.nodeBelow = grown(typing.nodeBelow);
    typing.nodeHeight = grown(typing.nodeHeight);
    typing.nodeProducer = grown(typing.nodeProducer);
    typing.nodeResult = grown(typing.nodeResult);
    this.#useNodes();
  }

  push(type: ValType, row: number, result = 0): void {
    const node = this.#nodeCount;
    if (node === this.#capacity) this.#growNodes();
    const below = this.top;
    this.#nodeType[node] = type;
    this.#nodeBelow[node] = below;
    this.#nodeHeight[node] = below < 0 ? 0 : (this.#nodeHeight[below] ?? 0) + 1;
    this.#nodeProducer[node] = row;
    this.#nodeResult[node] = result;
    this.#nodeCount = node + 1;
    this.top = node;
  }

  pushAll(types: readonly ValType[], row: number): void {
    for (let index = 0; index < types.length; index++) this.push(types[index] ?? 0, row, index);
  }

  /** Pops a value of any type. */
  popAny(row: number): ValType {
    const { top } = this;
    if (top === this.base) {
      if (this.polymorphic) return BOTTOM;
      throw this.error(row, 'expected a value, the operand stack is empty');
    }
    this.top = this.#nodeBelow[top] ?? 0;
    return this.#nodeType[top] ?? 0;
  }

  /** Pops a value that must match `expected`. */
  pop(expected: ValType, row: number): void {
    const { top } = this;
    if (top !== this.base && this.#nodeType[top] === expected) this.top = this.#nodeBelow[top] ?? 0;
    else this.#popSlowly(expected, row);
  }

  #popSlowly(expected: ValType, row: number): void {
    if (this.top === this.base && !this.polymorphic) {
      throw this.error(row, `expected ${typeText(expected)}, the operand stack is empty`);
    }
    const found = this.popAny(row);
    if (!isSubtype(this.context, found, expected)) {
      throw this.error(row, `expected ${typeText(expected)}, found ${typeText(found)}`);
    }
  }

  popAll(types: readonly ValType[], row: number): void {
    for (let index = types.length - 1; index >= 0; index--) this.pop(types[index] ?? 0, row);
  }

  /** Pops a reference of any type. */
  popRef(row: number): ValType {
    const found = this.popAny(row);
    if (found === BOTTOM) return BOTTOM_REF;
    if (!isRef(found)) throw this.error(row, `expected a reference, found ${typeText(found)}`);
    return found;
  }

  /** Pops an index or address: i64 for a 64-bit table or memory. */
  popAddress(is64: boolean, row: number): void {
    this.pop(is64 ? 0x7e : 0x7f, row);
  }

  /** Checks the values on top against `types` and gives them these types; those that have them keep their nodes. */
  retype(types: readonly ValType[], row: number): void {
    const { length } = types;
    let node = this.top;
    let index = length - 1;
    for (; index >= 0 && node !== this.base && this.#nodeType[node] === types[index]; index--) {
      node = this.#nodeBelow[node] ?? 0;
    }
    if (index < 0) return;
    const popped = this.#popped;
    for (index = length - 1; index >= 0; index--) {
      popped[index] = this.top === this.base ? -1 : this.top;
      this.pop(types[index] ?? 0, row);
    }
    for (index = 0; index < length; index++) {
      const kept = popped[index] ?? 0;
      if (kept >= 0 && this.#nodeType[kept] === types[index] && this.#nodeBelow[kept] === this.top) this.top = kept;
      else this.push(types[index] ?? 0, row, index);
    }
  }

  /** Number of values on the stack. */
  height(): number {
    return this.top < 0 ? 0 : (this.#nodeHeight[this.top] ?? 0) + 1;
  }

  /** The rest of the innermost frame is unreachable. */
  becomeUnreachable(): void {
    this.top = this.base;
    this.polymorphic = true;
    this.dead = true;
  }

  /** Opens a frame whose parameters have been taken off the stack or, if `keeps`, are still on it. */
  enter(row: number, params: readonly ValType[], results: readonly ValType[], isLoop: boolean): void {
    const frame = (this.frames[this.depth] ??= newFrame());
    let base = this.top;
    if (row >= 0) {
      if (isLoop) {
        this.popAll(params, row);
        base = this.top;
        this.pushAll(params, row);
      } else {
        this.retype(params, row);
        base = this.top;
        for (let index = 0; index < params.length; index++) base = this.#nodeBelow[base] ?? 0;
      }
      this.typing.blockHeight[row] = base < 0 ? 0 : (this.#nodeHeight[base] ?? 0) + 1;
    }
    frame.row = row;
    frame.base = base;
    frame.entry = this.top;
    frame.deadAtEntry = this.dead;
    frame.outerPolymorphic = this.polymorphic;
    frame.catching = false;
    frame.initializedAtEntry = this.initialized.length;
    frame.isLoop = isLoop;
    frame.params = params;
    frame.results = results;
    this.depth++;
    this.base = base;
    this.polymorphic = false;
  }

  /** The innermost frame. */
  frame(): Frame {
    return itemAt(this.frames, this.depth - 1);
  }

  /** Checks that the innermost frame has exactly its results on the stack and takes them off. */
  closeArm(row: number): void {
    const { results } = this.frame();
    this.popAll(results, row);
    if (this.top !== this.base) {
      throw this.error(row, `expected ${typesText(results)} at the end of the block, found more values below`);
    }
  }

  /** Starts another clause of the innermost frame with `top` as its stack. */
  startArm(top: number): void {
    const frame = this.frame();
    this.top = top;
    this.polymorphic = false;
    this.dead = frame.deadAtEntry;
    this.forgetInitialized(frame.initializedAtEntry);
  }

  /** Leaves the innermost frame, whose results were taken off, and pushes them as values that `row` produced. */
  leave(row: number): void {
    const frame = this.frame();
    this.depth--;
    this.top = frame.base;
    this.forgetInitialized(frame.initializedAtEntry);
    this.dead = frame.deadAtEntry;
    this.polymorphic = frame.outerPolymorphic;
    if (this.depth === 0) return;
    this.base = this.frame().base;
    this.pushAll(frame.results, row);
  }

  /** The frame that a label names. */
  labelFrame(label: number, row: number): Frame {
    if (label >= this.depth) throw this.error(row, `label ${label} does not exist, ${this.depth} are in scope`);
    return itemAt(this.frames, this.depth - 1 - label);
  }

  /** Types that a branch to the label takes. */
  labelTypes(label: number, row: number): readonly ValType[] {
    const frame = this.labelFrame(label, row);
    return frame.isLoop ? frame.params : frame.results;
  }

  setInitialized(local: number): void {
    if (this.isInitialized[local] !== 0) return;
    this.isInitialized[local] = 1;
    this.initialized.push(local);
  }

  forgetInitialized(length: number): void {
    if (this.initialized.length === length) return;
    for (const local of this.initialized.splice(length)) this.isInitialized[local] = 0;
  }

  /** Checks that a value type in code names only types that exist. */
  checkType(type: ValType, row: number): void {
    if (isRef(type)) this.checkHeap(heapOf(type), row);
  }

  checkHeap(heap: number, row: number): void {
    this.checkIndex(heap, this.context.types.length, 'type', row);
  }

  checkIndex(index: number, count: number, what: string, row: number): void {
    if (index >= count) throw this.error(row, `${what} ${index} does not exist, there are ${count}`);
  }
}
