import { assert } from '../errors/index.ts';
import {
  type Code,
  contextOf,
  EXTERNREF,
  type FuncType,
  funcTypeAt,
  HEAP,
  type Module,
  OP,
  type SubType,
  type TypingContext,
  type ValType,
} from '../wasm/index.ts';
import { analyseCalls, type FunctionFacts } from './call-graph.ts';
import type { UnwindMode } from './abi.ts';

/** A tag that a handler of the module can catch by name, with the types of its payload. */
export interface CatchableTag {
  /** Index in the module; the number of tags: the engine's tag of what a host function threw. */
  readonly index: number;
  readonly params: readonly ValType[];
}

/** A module together with what the instrumenter found out about all of it. */
export class Program {
  readonly module: Module;
  readonly mode: UnwindMode;
  readonly facts: FunctionFacts;
  readonly context: TypingContext;

  constructor(
    module: Module,
    mode: UnwindMode,
    facts: FunctionFacts = analyseCalls(module),
    context: TypingContext = contextOf(module),
  ) {
    this.module = module;
    this.mode = mode;
    this.facts = facts;
    this.context = context;
  }

  typeAt(typeIndex: number): FuncType {
    const type = funcTypeAt(this.context.types, typeIndex);
    assert(type !== undefined, `type ${typeIndex} is not a function type`);
    return type;
  }

  funcType(func: number): FuncType {
    return this.typeAt(this.context.funcs[func]?.typeIndex ?? -1);
  }

  bodyStart(func: number): number {
    return this.module.funcs[func]?.body?.start ?? 0;
  }

  /** The type of a call instruction's callee. */
  calleeType(code: Code, row: number): FuncType {
    const index = code.a[row] ?? 0;
    const op = code.op[row];
    return op === OP.call || op === OP.return_call ? this.funcType(index) : this.typeAt(index);
  }

  /** Values that a call instruction takes from the operand stack, the table index or reference included. */
  operandCount(code: Code, row: number): number {
    const op = code.op[row];
    const extra = op === OP.call || op === OP.return_call ? 0 : 1;
    return this.calleeType(code, row).params.length + extra;
  }

  /** Whether a call instruction may reach a safepoint. */
  mayYieldCall(code: Code, row: number): boolean {
    const { mayYield, typeYields } = this.facts;
    const callee = code.a[row] ?? 0;
    return (code.op[row] === OP.call ? mayYield[callee] : typeYields[this.#canonical(callee)]) !== 0;
  }

  /** Whether a call instruction may change the fuel that is left. */
  usesFuelCall(code: Code, row: number): boolean {
    const { usesFuel, typeUsesFuel } = this.facts;
    const callee = code.a[row] ?? 0;
    return (code.op[row] === OP.call ? usesFuel[callee] : typeUsesFuel[this.#canonical(callee)]) !== 0;
  }

  #canonical(type: number): number {
    return this.module.types[type]?.canonical ?? type;
  }

  get foreignTag(): number {
    return this.module.tags.length;
  }

  /** Tags that a handler can tell exceptions by: those of the module, then the engine's tag of host exceptions. */
  catchableTags(): readonly CatchableTag[] {
    const own = this.module.tags.map((tag, index) => ({ index, params: this.typeAt(tag.type.typeIndex).params }));
    return [...own, { index: this.foreignTag, params: [EXTERNREF] }];
  }

  /** The abstract heap type on top of a defined type's hierarchy. */
  heapTop(typeIndex: number): number {
    return this.context.types[typeIndex]?.composite.kind === 'func' ? HEAP.func : HEAP.any;
  }
}

/**
 * Types and functions that exist in continuations alone: the functions stand for the next inner frame and for loop headers.
 *
 * Their indices follow those of the module.
 */
export class ContinuationTypes {
  readonly #program: Program;
  readonly #types: SubType[];
  readonly #funcs: { readonly typeIndex: number }[];

  constructor(program: Program) {
    this.#program = program;
    this.#types = [...program.module.types];
    this.#funcs = [...program.module.funcs];
  }

  /** Index of a function type that no module type is used for. */
  type(params: readonly ValType[], results: readonly ValType[]): number {
    const canonical = this.#types.length;
    const composite = { kind: 'func', params, results } as const;
    return this.#types.push({ composite, final: true, supers: [], recGroup: canonical, canonical }) - 1;
  }

  /** A function that gives what the callee in progress will give. */
  resume(callee: FuncType): number {
    return this.tail([], callee.results);
  }

  /** A function that goes on at a loop header. */
  tail(params: readonly ValType[], results: readonly ValType[]): number {
    return this.#funcs.push({ typeIndex: this.type(params, results) }) - 1;
  }

  /** The program with these types and functions, and with the engine's tag of host exceptions. */
  program(): Program {
    const { module, mode, facts, context } = this.#program;
    const foreign = { type: { typeIndex: this.type([EXTERNREF], []) } };
    return new Program(module, mode, facts, {
      ...context,
      types: this.#types,
      funcs: this.#funcs,
      tags: [...context.tags, foreign],
    });
  }
}
