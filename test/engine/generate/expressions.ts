/**
 * Generates expressions: valid, terminating code that leaves one value, with something on the operand stack most of the time.
 *
 * Boundary: choices come from a tape of numbers; when it is used up every choice is 0, which is always the smallest one.
 *
 * Invariants:
 * 1. Every function entry and loop header takes one from global `steps` and returns when there is none left; so that branches, calls
 *    and tail calls may go anywhere.
 * 2. `push(type)` adds code that leaves exactly one value; `statement()` code that leaves none. Both may end in code that cannot be
 *    reached: only what a statement list ends in.
 * 3. Float arithmetic stays away from NaNs, whose bits engines may choose; NaN constants are only moved.
 */
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  HEAP,
  I32,
  I64,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import type { Instr } from '../../../runtime/wasm/testing/assemble.ts';
import type { Tape } from '../../../runtime/wasm/testing/differential.ts';
import { defaultOf, GLOBAL, GLOBAL_TYPES, HOST_FUNCS, TABLE_SLOTS, TYPES, type TypeSection } from './shapes.ts';

/** Which encoding of exceptions a module uses. */
export type Handlers = 'none' | 'legacy' | 'table';

export interface Scope {
  readonly tape: Tape;
  readonly types: TypeSection;
  /** By function index, host functions first. */
  readonly funcs: readonly FuncType[];
  readonly tags: readonly FuncType[];
  readonly handlers: Handlers;
}

interface Label {
  /** Types that a branch to it takes. */
  readonly types: readonly ValType[];
  /** A legacy handler, which `rethrow` may name. */
  catches: boolean;
}

const DEPTH_MAX = 4;

/** Code that leaves values. */
export abstract class ExpressionGenerator {
  readonly code: Instr[] = [];
  readonly locals: ValType[] = [];
  protected readonly scope: Scope;
  protected readonly tape: Tape;
  protected readonly type: FuncType;
  protected readonly labels: Label[] = [];
  protected budget: number;
  protected depth = 0;

  constructor(scope: Scope, type: FuncType, budget: number) {
    this.scope = scope;
    this.tape = scope.tape;
    this.type = type;
    this.budget = budget;
    for (let count = this.tape.below(5); count > 0; count--) this.locals.push(this.tape.pick(TYPES));
    this.labels.push({ types: type.results, catches: false });
  }

  protected emit(...instr: Instr): void {
    this.code.push(instr);
  }

  protected chance(oneIn: number): boolean {
    return this.tape.below(oneIn) === oneIn - 1;
  }

  protected small(): boolean {
    return this.budget <= 0 || this.depth > DEPTH_MAX;
  }

  /** Takes a step, or returns. */
  protected step(): void {
    this.emit('global.get', GLOBAL.steps);
    this.emit('i32.eqz');
    this.emit('if');
    for (const type of this.type.results) this.emit(...defaultOf(type));
    this.emit('return');
    this.emit('end');
    this.emit('global.get', GLOBAL.steps);
    this.emit('i32.const', 1);
    this.emit('i32.sub');
    this.emit('global.set', GLOBAL.steps);
  }

  protected allLocals(): readonly ValType[] {
    return [...this.type.params, ...this.locals];
  }

  protected localOf(type: ValType): number | undefined {
    const fitting = this.allLocals().flatMap((own, index) => (own === type ? [index] : []));
    return fitting.length === 0 ? undefined : this.tape.pick(fitting);
  }

  protected globalOf(type: ValType): number | undefined {
    const index = GLOBAL_TYPES.indexOf(type, GLOBAL.first);
    return index < 0 ? undefined : index;
  }

  protected pushAll(types: readonly ValType[]): void {
    for (const type of types) this.push(type);
  }

  /** Takes a value off the stack. */
  protected take(type: ValType): void {
    const local = this.localOf(type);
    const global = this.globalOf(type);
    if (local !== undefined && !this.chance(3)) this.emit('local.set', local);
    else if (global !== undefined && !this.chance(3)) this.emit('global.set', global);
    else this.emit('drop');
  }

  protected takeAll(types: readonly ValType[]): void {
    for (const type of [...types].reverse()) this.take(type);
  }

  // --- values ---

  push(type: ValType): void {
    this.budget--;
    if (this.small()) return this.pushLeaf(type);
    this.depth++;
    switch (this.tape.below(10)) {
      case 0:
      case 1:
        this.pushLeaf(type);
        break;
      case 2:
      case 3:
        this.pushOperation(type);
        break;
      case 4:
      case 5:
        this.pushCall(type);
        break;
      case 6:
        this.construct([], [type]);
        break;
      case 7:
        this.pushSelect(type);
        break;
      case 8:
        this.pushBranchIf(type);
        break;
      default: {
        const params = this.typeList(2);
        this.pushAll(params);
        this.construct(params, [type]);
      }
    }
    this.depth--;
  }

  protected pushLeaf(type: ValType): void {
    const local = this.localOf(type);
    const global = this.globalOf(type);
    const choice = this.tape.below(4);
    if (choice === 1 && local !== undefined) this.emit('local.get', local);
    else if (choice === 2 && global !== undefined) this.emit('global.get', global);
    else this.pushConstant(type);
  }

  protected pushConstant(type: ValType): void {
    const value = this.tape.below(100) - 20;
    switch (type) {
      case I32:
        return this.emit('i32.const', value);
      case I64:
        return this.emit('i64.const', value * 70_001);
      case F32:
        return this.emit('f32.const', value < 0 ? 0x7fa00001 : 0x40000000 + value * 4096);
      case F64:
        return this.emit('f64.const', value, value < 0 ? 0x7ff40000 : 0x40000000 + value * 512);
      case V128:
        return this.emit('v128.const', value, value * 77);
      case FUNCREF:
        if (value < 0) return this.emit('ref.null', HEAP.func);
        return this.emit('ref.func', HOST_FUNCS.length + (value % (this.scope.funcs.length - HOST_FUNCS.length)));
      default:
        return this.emit(...defaultOf(type));
    }
  }

  protected pushOperation(type: ValType): void {
    const choice = this.tape.below(6);
    switch (type) {
      case I32:
        return this.pushI32(choice);
      case I64:
        if (choice === 0) return this.unary(I32, 'i64.extend_i32_s');
        if (choice === 1) return this.unary(F64, 'i64.reinterpret_f64');
        if (choice === 2) return this.load('i64.load');
        return this.binary(I64, choice === 3 ? 'i64.sub' : choice === 4 ? 'i64.mul' : 'i64.xor');
      case F32:
        if (choice < 2) return this.unary(I32, 'f32.convert_i32_s');
        if (choice === 2) return this.load('f32.load');
        return this.unary(F32, choice === 3 ? 'f32.neg' : 'f32.abs');
      case F64:
        if (choice < 2) return this.unary(I32, 'f64.convert_i32_s');
        if (choice === 2) return this.load('f64.load');
        return this.binary(F64, 'f64.copysign');
      case V128:
        if (choice === 0) return this.unary(I64, 'i64x2.splat');
        if (choice === 1) return this.unary(I32, 'i32x4.splat');
        if (choice === 2) return this.load('v128.load');
        return this.binary(V128, choice === 3 ? 'i32x4.add' : 'v128.xor');
      case FUNCREF:
        return this.unary(I32, 'i32.const', 7, 'i32.and', 'table.get');
      default:
        return this.pushLeaf(type);
    }
  }

  protected pushI32(choice: number): void {
    switch (this.tape.below(3) === 0 ? choice : 6 + choice) {
      case 0:
        return this.unary(I64, 'i32.wrap_i64');
      case 1:
        return this.binary(I64, 'i64.lt_s');
      case 2:
        return this.load('i32.load');
      case 3:
        return this.unary(FUNCREF, 'ref.is_null');
      case 4:
        return this.emit('memory.size', 0);
      case 5:
        this.push(V128);
        return this.emit('i32x4.extract_lane', 1);
      case 6:
      case 7:
        return this.binary(I32, 'i32.add');
      case 8:
        return this.binary(I32, 'i32.sub');
      case 9:
        this.emit('i32.const', this.tape.below(3));
        return this.emit('memory.grow', 0);
      case 10:
        this.push(FUNCREF);
        this.emit('i32.const', this.tape.below(3));
        return this.emit('table.grow', 0);
      default:
        if (this.chance(8)) return this.binary(I32, 'i32.div_s');
        return this.binary(I32, 'i32.xor');
    }
  }

  protected unary(type: ValType, ...names: (Instr[0] | number)[]): void {
    this.push(type);
    if (names[0] === 'i32.const') {
      this.emit('i32.const', Number(names[1]));
      this.emit('i32.and');
      this.emit('table.get', 0);
      return;
    }
    this.emit(names[0] as Instr[0]); // a name
  }

  protected binary(type: ValType, name: Instr[0]): void {
    this.push(type);
    this.push(type);
    this.emit(name);
  }

  /** An address within the first page, mostly. */
  protected address(): void {
    this.push(I32);
    this.emit('i32.const', this.chance(40) ? 0x3ffff : 0xff0);
    this.emit('i32.and');
  }

  protected load(name: Instr[0]): void {
    this.address();
    this.emit(name, 0, this.tape.below(32));
  }

  protected pushSelect(type: ValType): void {
    this.push(type);
    this.push(type);
    this.push(I32);
    if (type === FUNCREF || type === EXTERNREF || this.chance(3)) this.emit('select t', type);
    else this.emit('select');
  }

  /** A branch that may be taken with values, and the wanted value after it. */
  protected pushBranchIf(type: ValType): void {
    const depth = this.tape.below(this.labels.length);
    const { types } = this.label(depth);
    this.pushAll(types);
    this.push(I32);
    this.emit('br_if', depth);
    const last = types[types.length - 1];
    if (last !== type) {
      this.takeAll(types);
      return this.push(type);
    }
    if (types.length > 1) {
      this.emit('i32.const', 0); // something to spare the value from the ones below it
      this.emit('drop');
    }
    const rest = types.slice(0, -1);
    if (rest.length === 0) return;
    this.take(type);
    this.takeAll(rest);
    this.push(type);
  }

  protected label(depth: number): Label {
    return this.labels[this.labels.length - 1 - depth] ?? { types: this.type.results, catches: false };
  }

  protected typeList(max: number): ValType[] {
    return Array.from({ length: this.tape.below(max + 1) }, () => this.tape.pick(TYPES));
  }

  // --- calls ---

  /** A function that gives the type, or any function whose other results are taken. */
  protected pushCall(type: ValType): void {
    const { funcs } = this.scope;
    const index = this.tape.below(funcs.length);
    const callee = funcs[index];
    if (callee === undefined) return this.pushLeaf(type);
    this.call(index, callee);
    if (callee.results.length === 1 && callee.results[0] === type) return;
    this.takeAll(callee.results);
    const local = this.localOf(type);
    if (local === undefined) this.pushLeaf(type);
    else this.emit('local.get', local);
  }

  protected call(index: number, callee: FuncType): void {
    this.pushAll(callee.params);
    const slot = index - HOST_FUNCS.length;
    if (slot < 0 || slot >= TABLE_SLOTS - 1 || this.chance(2)) return this.emit('call', index);
    this.emit('i32.const', this.chance(30) ? this.tape.below(TABLE_SLOTS + 2) : slot);
    this.emit('call_indirect', this.scope.types.index(callee.params, callee.results), 0);
  }

  protected tailCall(): boolean {
    const { funcs, types } = this.scope;
    const wanted = types.index(this.type.params, this.type.results);
    const fitting = funcs.flatMap(({ results }, index) =>
      types.index([], results) === types.index([], this.type.results) ? [index] : [],
    );
    const index = this.tape.pick(fitting);
    const callee = index === undefined ? undefined : funcs[index];
    if (index === undefined || callee === undefined) return false;
    this.pushAll(callee.params);
    const slot = index - HOST_FUNCS.length;
    if (slot >= 0 && slot < TABLE_SLOTS - 1 && this.chance(2)) {
      this.emit('i32.const', slot);
      this.emit('return_call_indirect', types.index(callee.params, callee.results), 0);
    } else this.emit('return_call', index);
    return wanted >= 0;
  }

  // --- statements ---

  protected abstract statements(): void;
  protected abstract construct(params: readonly ValType[], results: readonly ValType[]): void;
}
