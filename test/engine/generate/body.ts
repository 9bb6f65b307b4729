/**
 * Generates the body of a function: valid, terminating, with something on the operand stack most of the time.
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
  BLOCK_KIND,
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
import {
  defaultOf,
  GLOBAL,
  GLOBAL_TYPES,
  HOST_FUNCS,
  PLAIN_TYPES,
  TABLE_SLOTS,
  TYPES,
  type TypeSection,
} from './shapes.ts';

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

export class BodyGenerator {
  readonly code: Instr[] = [];
  readonly locals: ValType[] = [];
  readonly #scope: Scope;
  readonly #tape: Tape;
  readonly #type: FuncType;
  readonly #labels: Label[] = [];
  #budget: number;
  #depth = 0;

  constructor(scope: Scope, type: FuncType, budget: number) {
    this.#scope = scope;
    this.#tape = scope.tape;
    this.#type = type;
    this.#budget = budget;
    for (let count = this.#tape.below(5); count > 0; count--) this.locals.push(this.#tape.pick(TYPES));
    this.#labels.push({ types: type.results, catches: false });
  }

  generate(): void {
    this.#step();
    this.#statements();
    if (this.#tape.below(6) === 5 && this.#tailCall()) return;
    this.#pushAll(this.#type.results);
  }

  #emit(...instr: Instr): void {
    this.code.push(instr);
  }

  #chance(oneIn: number): boolean {
    return this.#tape.below(oneIn) === oneIn - 1;
  }

  #small(): boolean {
    return this.#budget <= 0 || this.#depth > DEPTH_MAX;
  }

  /** Takes a step, or returns. */
  #step(): void {
    this.#emit('global.get', GLOBAL.steps);
    this.#emit('i32.eqz');
    this.#emit('if');
    for (const type of this.#type.results) this.#emit(...defaultOf(type));
    this.#emit('return');
    this.#emit('end');
    this.#emit('global.get', GLOBAL.steps);
    this.#emit('i32.const', 1);
    this.#emit('i32.sub');
    this.#emit('global.set', GLOBAL.steps);
  }

  #allLocals(): readonly ValType[] {
    return [...this.#type.params, ...this.locals];
  }

  #localOf(type: ValType): number | undefined {
    const fitting = this.#allLocals().flatMap((own, index) => (own === type ? [index] : []));
    return fitting.length === 0 ? undefined : this.#tape.pick(fitting);
  }

  #globalOf(type: ValType): number | undefined {
    const index = GLOBAL_TYPES.indexOf(type, GLOBAL.first);
    return index < 0 ? undefined : index;
  }

  #pushAll(types: readonly ValType[]): void {
    for (const type of types) this.push(type);
  }

  /** Takes a value off the stack. */
  #take(type: ValType): void {
    const local = this.#localOf(type);
    const global = this.#globalOf(type);
    if (local !== undefined && !this.#chance(3)) this.#emit('local.set', local);
    else if (global !== undefined && !this.#chance(3)) this.#emit('global.set', global);
    else this.#emit('drop');
  }

  #takeAll(types: readonly ValType[]): void {
    for (const type of [...types].reverse()) this.#take(type);
  }

  // --- values ---

  push(type: ValType): void {
    this.#budget--;
    if (this.#small()) return this.#pushLeaf(type);
    this.#depth++;
    switch (this.#tape.below(10)) {
      case 0:
      case 1:
        this.#pushLeaf(type);
        break;
      case 2:
      case 3:
        this.#pushOperation(type);
        break;
      case 4:
      case 5:
        this.#pushCall(type);
        break;
      case 6:
        this.#construct([], [type]);
        break;
      case 7:
        this.#pushSelect(type);
        break;
      case 8:
        this.#pushBranchIf(type);
        break;
      default: {
        const params = this.#typeList(2);
        this.#pushAll(params);
        this.#construct(params, [type]);
      }
    }
    this.#depth--;
  }

  #pushLeaf(type: ValType): void {
    const local = this.#localOf(type);
    const global = this.#globalOf(type);
    const choice = this.#tape.below(4);
    if (choice === 1 && local !== undefined) this.#emit('local.get', local);
    else if (choice === 2 && global !== undefined) this.#emit('global.get', global);
    else this.#pushConstant(type);
  }

  #pushConstant(type: ValType): void {
    const value = this.#tape.below(100) - 20;
    switch (type) {
      case I32:
        return this.#emit('i32.const', value);
      case I64:
        return this.#emit('i64.const', value * 70_001);
      case F32:
        return this.#emit('f32.const', value < 0 ? 0x7fa00001 : 0x40000000 + value * 4096);
      case F64:
        return this.#emit('f64.const', value, value < 0 ? 0x7ff40000 : 0x40000000 + value * 512);
      case V128:
        return this.#emit('v128.const', value, value * 77);
      case FUNCREF:
        if (value < 0) return this.#emit('ref.null', HEAP.func);
        return this.#emit('ref.func', HOST_FUNCS.length + (value % (this.#scope.funcs.length - HOST_FUNCS.length)));
      default:
        return this.#emit(...defaultOf(type));
    }
  }

  #pushOperation(type: ValType): void {
    const choice = this.#tape.below(6);
    switch (type) {
      case I32:
        return this.#pushI32(choice);
      case I64:
        if (choice === 0) return this.#unary(I32, 'i64.extend_i32_s');
        if (choice === 1) return this.#unary(F64, 'i64.reinterpret_f64');
        if (choice === 2) return this.#load('i64.load');
        return this.#binary(I64, choice === 3 ? 'i64.sub' : choice === 4 ? 'i64.mul' : 'i64.xor');
      case F32:
        if (choice < 2) return this.#unary(I32, 'f32.convert_i32_s');
        if (choice === 2) return this.#load('f32.load');
        return this.#unary(F32, choice === 3 ? 'f32.neg' : 'f32.abs');
      case F64:
        if (choice < 2) return this.#unary(I32, 'f64.convert_i32_s');
        if (choice === 2) return this.#load('f64.load');
        return this.#binary(F64, 'f64.copysign');
      case V128:
        if (choice === 0) return this.#unary(I64, 'i64x2.splat');
        if (choice === 1) return this.#unary(I32, 'i32x4.splat');
        if (choice === 2) return this.#load('v128.load');
        return this.#binary(V128, choice === 3 ? 'i32x4.add' : 'v128.xor');
      case FUNCREF:
        return this.#unary(I32, 'i32.const', 7, 'i32.and', 'table.get');
      default:
        return this.#pushLeaf(type);
    }
  }

  #pushI32(choice: number): void {
    switch (this.#tape.below(3) === 0 ? choice : 6 + choice) {
      case 0:
        return this.#unary(I64, 'i32.wrap_i64');
      case 1:
        return this.#binary(I64, 'i64.lt_s');
      case 2:
        return this.#load('i32.load');
      case 3:
        return this.#unary(FUNCREF, 'ref.is_null');
      case 4:
        return this.#emit('memory.size', 0);
      case 5:
        this.push(V128);
        return this.#emit('i32x4.extract_lane', 1);
      case 6:
      case 7:
        return this.#binary(I32, 'i32.add');
      case 8:
        return this.#binary(I32, 'i32.sub');
      case 9:
        this.#emit('i32.const', this.#tape.below(3));
        return this.#emit('memory.grow', 0);
      case 10:
        this.push(FUNCREF);
        this.#emit('i32.const', this.#tape.below(3));
        return this.#emit('table.grow', 0);
      default:
        if (this.#chance(8)) return this.#binary(I32, 'i32.div_s');
        return this.#binary(I32, 'i32.xor');
    }
  }

  #unary(type: ValType, ...names: (Instr[0] | number)[]): void {
    this.push(type);
    if (names[0] === 'i32.const') {
      this.#emit('i32.const', Number(names[1]));
      this.#emit('i32.and');
      this.#emit('table.get', 0);
      return;
    }
    this.#emit(names[0] as Instr[0]); // a name
  }

  #binary(type: ValType, name: Instr[0]): void {
    this.push(type);
    this.push(type);
    this.#emit(name);
  }

  /** An address within the first page, mostly. */
  #address(): void {
    this.push(I32);
    this.#emit('i32.const', this.#chance(40) ? 0x3ffff : 0xff0);
    this.#emit('i32.and');
  }

  #load(name: Instr[0]): void {
    this.#address();
    this.#emit(name, 0, this.#tape.below(32));
  }

  #pushSelect(type: ValType): void {
    this.push(type);
    this.push(type);
    this.push(I32);
    if (type === FUNCREF || type === EXTERNREF || this.#chance(3)) this.#emit('select t', type);
    else this.#emit('select');
  }

  /** A branch that may be taken with values, and the wanted value after it. */
  #pushBranchIf(type: ValType): void {
    const depth = this.#tape.below(this.#labels.length);
    const { types } = this.#label(depth);
    this.#pushAll(types);
    this.push(I32);
    this.#emit('br_if', depth);
    const last = types[types.length - 1];
    if (last !== type) {
      this.#takeAll(types);
      return this.push(type);
    }
    if (types.length > 1) {
      this.#emit('i32.const', 0); // something to spare the value from the ones below it
      this.#emit('drop');
    }
    const rest = types.slice(0, -1);
    if (rest.length === 0) return;
    this.#take(type);
    this.#takeAll(rest);
    this.push(type);
  }

  #label(depth: number): Label {
    return this.#labels[this.#labels.length - 1 - depth] ?? { types: this.#type.results, catches: false };
  }

  #typeList(max: number): ValType[] {
    return Array.from({ length: this.#tape.below(max + 1) }, () => this.#tape.pick(TYPES));
  }

  // --- calls ---

  /** A function that gives the type, or any function whose other results are taken. */
  #pushCall(type: ValType): void {
    const { funcs } = this.#scope;
    const index = this.#tape.below(funcs.length);
    const callee = funcs[index];
    if (callee === undefined) return this.#pushLeaf(type);
    this.#call(index, callee);
    if (callee.results.length === 1 && callee.results[0] === type) return;
    this.#takeAll(callee.results);
    const local = this.#localOf(type);
    if (local === undefined) this.#pushLeaf(type);
    else this.#emit('local.get', local);
  }

  #call(index: number, callee: FuncType): void {
    this.#pushAll(callee.params);
    const slot = index - HOST_FUNCS.length;
    if (slot < 0 || slot >= TABLE_SLOTS - 1 || this.#chance(2)) return this.#emit('call', index);
    this.#emit('i32.const', this.#chance(30) ? this.#tape.below(TABLE_SLOTS + 2) : slot);
    this.#emit('call_indirect', this.#scope.types.index(callee.params, callee.results), 0);
  }

  #tailCall(): boolean {
    const { funcs, types } = this.#scope;
    const wanted = types.index(this.#type.params, this.#type.results);
    const fitting = funcs.flatMap(({ results }, index) =>
      types.index([], results) === types.index([], this.#type.results) ? [index] : [],
    );
    const index = this.#tape.pick(fitting);
    const callee = index === undefined ? undefined : funcs[index];
    if (index === undefined || callee === undefined) return false;
    this.#pushAll(callee.params);
    const slot = index - HOST_FUNCS.length;
    if (slot >= 0 && slot < TABLE_SLOTS - 1 && this.#chance(2)) {
      this.#emit('i32.const', slot);
      this.#emit('return_call_indirect', types.index(callee.params, callee.results), 0);
    } else this.#emit('return_call', index);
    return wanted >= 0;
  }

  // --- statements ---

  #statements(): void {
    for (let count = this.#tape.below(4); count > 0 && !this.#small(); count--) this.#statement();
  }

  #statement(): void {
    this.#budget--;
    this.#depth++;
    switch (this.#tape.below(12)) {
      case 0:
        this.#emit('nop');
        break;
      case 1:
      case 2: {
        const type = this.#tape.pick(TYPES);
        this.push(type);
        this.#take(type);
        break;
      }
      case 3:
        this.#store();
        break;
      case 4: {
        const index = this.#tape.below(this.#scope.funcs.length);
        const callee = this.#scope.funcs[index];
        if (callee === undefined) break;
        this.#call(index, callee);
        this.#takeAll(callee.results);
        break;
      }
      case 5:
        this.#branchTable();
        break;
      case 6:
        this.#leaveSometimes();
        break;
      case 7:
        this.#bulk();
        break;
      default: {
        const params = this.#typeList(2);
        const results = this.#typeList(2);
        this.#pushAll(params);
        this.#construct(params, results);
        this.#takeAll(results);
      }
    }
    this.#depth--;
  }

  #store(): void {
    const [name, type] = this.#tape.pick([
      ['i32.store', I32],
      ['i64.store', I64],
      ['f32.store', F32],
      ['f64.store', F64],
      ['v128.store', V128],
      ['i32.store8', I32],
    ] as const);
    this.#address();
    this.push(type);
    this.#emit(name, 0);
  }

  #bulk(): void {
    const three = (mask: number): void => {
      for (let count = 0; count < 3; count++) {
        this.push(I32);
        this.#emit('i32.const', mask);
        this.#emit('i32.and');
      }
    };
    switch (this.#tape.below(8)) {
      case 0:
        three(0xfff);
        return this.#emit('memory.fill', 0);
      case 1:
        three(0xfff);
        return this.#emit('memory.copy', 0, 0);
      case 2:
        three(this.#chance(3) ? 3 : 1);
        return this.#emit('memory.init', 1, 0);
      case 3:
        return this.#emit('data.drop', 1);
      case 4:
        this.push(I32);
        this.#emit('i32.const', 7);
        this.#emit('i32.and');
        this.push(FUNCREF);
        return this.#emit('table.set', 0);
      case 5:
        three(1);
        return this.#emit('table.copy', 0, 0);
      case 6:
        three(1);
        return this.#emit('table.init', 1, 0);
      default:
        return this.#emit('elem.drop', 1);
    }
  }

  /** Out of several constructs at once: to labels that take the same as the chosen one. */
  #branchTable(): void {
    const target = this.#tape.below(this.#labels.length);
    const { types } = this.#label(target);
    const { types: section } = this.#scope;
    const own = section.index([], types);
    const fitting = this.#labels.flatMap((label, at) =>
      section.index([], label.types) === own ? [this.#labels.length - 1 - at] : [],
    );
    this.#emit('block');
    this.#labels.push({ types: [], catches: false });
    this.push(I32);
    this.#emit('br_if', 0);
    this.#pushAll(types);
    this.push(I32);
    const labels = Array.from({ length: this.#tape.below(4) }, () => this.#tape.pick(fitting) + 1);
    this.#emit('br_table', ...labels, target + 1);
    this.#labels.pop();
    this.#emit('end');
  }

  /** Branch, return, throw, rethrow, trap or tail call behind a condition; code that cannot be reached follows now and then. */
  #leaveSometimes(): void {
    this.push(I32);
    this.#emit('if');
    this.#labels.push({ types: [], catches: false });
    switch (this.#tape.below(7)) {
      case 0:
      case 1: {
        const depth = this.#tape.below(this.#labels.length);
        this.#pushAll(this.#label(depth).types);
        this.#emit('br', depth);
        break;
      }
      case 2:
        this.#pushAll(this.#type.results);
        this.#emit('return');
        break;
      case 3:
      case 4:
        this.#throw();
        break;
      case 5:
        this.#tailCall();
        break;
      default:
        if (this.#chance(10)) this.#emit('unreachable');
    }
    if (this.#chance(4)) {
      this.#pushAll([I32, I64]);
      this.#emit('drop');
      this.#emit('drop');
    }
    this.#labels.pop();
    this.#emit('end');
  }

  #throw(): void {
    const { tags, handlers } = this.#scope;
    if (handlers === 'none') return;
    const holding = this.#labels.flatMap(({ catches }, at) => (catches ? [this.#labels.length - 1 - at] : []));
    if (holding.length > 0 && this.#chance(2)) return this.#emit('rethrow', this.#tape.pick(holding));
    const tag = this.#tape.below(tags.length);
    this.#pushAll(tags[tag]?.params ?? []);
    this.#emit('throw', tag);
  }

  // --- constructs ---

  /** A block, loop, if or try whose parameters are on the stack. */
  #construct(params: readonly ValType[], results: readonly ValType[]): void {
    const kinds = ['block', 'loop', 'loop', 'if', 'if', 'try', 'try'] as const;
    const kind = this.#tape.pick(kinds);
    if (kind === 'try' && this.#scope.handlers === 'legacy') return this.#legacyTry(params, results);
    if (kind === 'try' && this.#scope.handlers === 'table') return this.#tryTable(params, results);
    if (kind === 'if') {
      this.push(I32);
      this.#open('if', params, results);
      this.#inside(params, results, results);
      this.#emit('else');
      this.#inside(params, results, results);
    } else if (kind === 'loop') {
      this.#open('loop', params, results);
      this.#step();
      this.#inside(params, params, results, true);
    } else {
      this.#open('block', params, results);
      this.#inside(params, results, results);
    }
    this.#emit('end');
  }

  #open(name: Instr[0], params: readonly ValType[], results: readonly ValType[], ...more: number[]): void {
    const [only] = results;
    if (params.length === 0 && results.length === 0) this.#emit(name, BLOCK_KIND.empty, 0, ...more);
    else if (params.length === 0 && results.length === 1 && only !== undefined && !this.#chance(4)) {
      this.#emit(name, BLOCK_KIND.value, only, ...more);
    } else this.#emit(name, BLOCK_KIND.typeIndex, this.#scope.types.index(params, results), ...more);
  }

  /** The inside of a construct: parameters are taken, or stay below what follows where they begin the results. */
  #inside(
    params: readonly ValType[],
    labelTypes: readonly ValType[],
    results: readonly ValType[],
    loops = false,
    catches = false,
  ): void {
    this.#labels.push({ types: labelTypes, catches });
    const stay = params.length <= results.length && params.every((type, at) => type === results[at]) && this.#chance(2);
    if (!stay) this.#takeAll(params);
    this.#statements();
    if (loops && !this.#chance(3)) {
      // Around again, while the condition holds.
      if (stay) this.#emit('nop');
      this.#emit('block');
      this.#labels.push({ types: [], catches: false });
      this.push(I32);
      this.#emit('i32.const', 3);
      this.#emit('i32.and');
      this.#emit('i32.eqz');
      this.#emit('br_if', 0);
      this.#pushAll(labelTypes);
      this.#emit('br', 1);
      this.#labels.pop();
      this.#emit('end');
    }
    this.#pushAll(stay ? results.slice(params.length) : results);
    this.#labels.pop();
  }

  #legacyTry(params: readonly ValType[], results: readonly ValType[]): void {
    const { tags } = this.#scope;
    this.#open('try', params, results);
    this.#inside(params, results, results);
    if (this.#chance(4)) {
      this.#emit('delegate', this.#tape.below(this.#labels.length));
      return;
    }
    tags.forEach(({ params: payload }, tag) => {
      if (this.#chance(3)) return;
      this.#emit('catch', tag);
      this.#inside(payload, results, results, false, true);
    });
    if (!this.#chance(3)) {
      this.#emit('catch_all');
      this.#inside([], results, results, false, true);
    }
    this.#emit('end');
  }

  /** `try_table` in a block per clause; each takes the payload and gives the results. */
  #tryTable(params: readonly ValType[], results: readonly ValType[]): void {
    const { tags, types } = this.#scope;
    const caught = tags.map((_, tag) => tag).filter(() => !this.#chance(3));
    const all = this.#chance(2);
    const clauses: number[] = [];
    caught.forEach((tag, depth) => clauses.push(0, tag, depth));
    if (all) clauses.push(2, -1, caught.length);
    const payloads = caught.map((tag) => tags[tag]?.params ?? []);
    if (all) payloads.push([]);
    this.#emit('block', BLOCK_KIND.typeIndex, types.index(params, results));
    this.#labels.push({ types: results, catches: false });
    for (const payload of [...payloads].reverse()) {
      this.#emit('block', BLOCK_KIND.typeIndex, types.index(params, payload));
      this.#labels.push({ types: payload, catches: false });
    }
    this.#open('try_table', params, results, ...clauses);
    this.#inside(params, results, results);
    this.#emit('end');
    this.#emit('br', payloads.length);
    payloads.forEach((payload, depth) => {
      this.#labels.pop();
      this.#emit('end');
      this.#takeAll(payload);
      if (this.#chance(2)) this.#statement();
      this.#pushAll(results);
      this.#emit('br', payloads.length - 1 - depth);
    });
    this.#labels.pop();
    this.#emit('end');
  }
}

export { PLAIN_TYPES };
