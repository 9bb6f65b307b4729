/** Validity of constant expressions (core specification 3.4.13). */
import { itemAt } from './item-at.ts';
import { Code } from './code.ts';
import { decodeExpr } from './code-decode.ts';
import type { ConstExpr, Module } from './module.ts';
import { OP, OPCODES, type OpName } from './opcode-table.ts';
import { type Typing, type TypingContext, newTyping } from './typing-record.ts';
import { typeFunction } from './typing.ts';
import type { ValType } from './types.ts';
import { invalid } from './wasm-error.ts';

/** Instructions that a constant expression may hold. */
const CONSTANT_NAMES: readonly OpName[] = [
  'i32.const',
  'i64.const',
  'f32.const',
  'f64.const',
  'v128.const',
  'i32.add',
  'i32.sub',
  'i32.mul',
  'i64.add',
  'i64.sub',
  'i64.mul',
  'global.get',
  'ref.null',
  'ref.func',
  'ref.i31',
  'struct.new',
  'struct.new_default',
  'array.new',
  'array.new_default',
  'array.new_fixed',
  'any.convert_extern',
  'extern.convert_any',
  'end',
];

const IS_CONSTANT = new Uint8Array(OPCODES.length);
for (const name of CONSTANT_NAMES) IS_CONSTANT[OP[name]] = 1;

const OP_GLOBAL_GET = OP['global.get'];
const NO_LOCALS = new Int32Array(0);

/** Checks constant expressions of one module; its buffers serve all of them. */
export class ConstChecker {
  readonly #module: Module;
  readonly #context: TypingContext;
  readonly #code: Code;
  readonly #typing: Typing = newTyping(16);

  constructor(module: Module, context: TypingContext) {
    this.#module = module;
    // An expression outside of bodies declares what it names.
    this.#context = { ...context, declaredFuncs: () => true };
    this.#code = new Code(module.bytes, 16);
  }

  /** Checks that the expression is constant, gives a `type`, and reads only the first `globalCount` globals. */
  check(expr: ConstExpr, type: ValType, globalCount: number): void {
    const code = decodeExpr(this.#module, expr, this.#code);
    for (let row = 0; row < code.length; row++) {
      const op = code.op[row] ?? 0;
      if (IS_CONSTANT[op] === 0) throw invalid(code.at[row] ?? 0, `${itemAt(OPCODES, op).name} is not constant`);
      if (op === OP_GLOBAL_GET) this.#checkGlobal(code.a[row] ?? 0, globalCount, code.at[row] ?? 0);
    }
    typeFunction(this.#context, code, NO_LOCALS, 0, 0, [type], {}, this.#typing);
  }

  #checkGlobal(index: number, globalCount: number, offset: number): void {
    if (index >= globalCount) {
      throw invalid(offset, `global ${index} does not exist here, there are ${globalCount}`);
    }
    if (itemAt(this.#module.globals, index).type.mutable) throw invalid(offset, `global ${index} must be immutable`);
  }
}
