/** Kinds of control instructions, by row of the opcode table. */
import { OP, OPCODES } from '../wasm/index.ts';

export const OPENERS: ReadonlySet<number> = new Set([OP.block, OP.loop, OP.if, OP.try, OP.try_table]);

/** Instructions after which nothing of the same arm is reached. */
export const NEVER_RETURNS: ReadonlySet<number> = new Set([
  OP.br,
  OP.br_table,
  OP.return,
  OP.unreachable,
  OP.throw,
  OP.throw_ref,
  OP.rethrow,
  OP.return_call,
  OP.return_call_indirect,
  OP.return_call_ref,
]);

/** 1: opens, closes, branches, calls or leaves: all but the plain instructions that most of any code consists of. */
export const CONTROL: Uint8Array = Uint8Array.from(OPCODES, ({ name, immediates }) =>
  immediates.some((kind) => kind === 'labelidx' || kind === 'br_table' || kind === 'blocktype') ||
  /^(return|call|throw|rethrow|unreachable$|end$|else$|catch|delegate$)/.test(name)
    ? 1
    : 0,
);
