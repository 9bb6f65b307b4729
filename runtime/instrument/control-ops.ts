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

/** What an instruction is to a pass over the flow of control and of locals. */
export const FLOW = {
  plain: 0,
  end: 1,
  call: 2,
  block: 3,
  loop: 4,
  if: 5,
  else: 6,
  br: 7,
  brIf: 8,
  brTable: 9,
  leave: 10,
  tailCall: 11,
  throw: 12,
  try: 13,
  tryTable: 14,
  catch: 15,
  delegate: 16,
  localGet: 17,
  localSet: 18,
} as const;

const FLOW_NAMES: Readonly<Record<keyof typeof FLOW, readonly string[]>> = {
  plain: [],
  end: ['end'],
  call: ['call', 'call_indirect', 'call_ref'],
  block: ['block'],
  loop: ['loop'],
  if: ['if'],
  else: ['else'],
  br: ['br'],
  brIf: ['br_if', 'br_on_null', 'br_on_non_null', 'br_on_cast', 'br_on_cast_fail'],
  brTable: ['br_table'],
  leave: ['return', 'unreachable'],
  tailCall: ['return_call', 'return_call_indirect', 'return_call_ref'],
  throw: ['throw', 'throw_ref', 'rethrow'],
  try: ['try'],
  tryTable: ['try_table'],
  catch: ['catch', 'catch_all'],
  delegate: ['delegate'],
  localGet: ['local.get'],
  localSet: ['local.set', 'local.tee'],
};

/**
 * By row of the opcode table. Hot passes `switch` over it with the numbers written out: engines make a table of jumps of these, and a
 * chain of tests of what is named.
 */
export const FLOWS = new Uint8Array(OPCODES.length);
for (const [name, ops] of Object.entries(FLOW_NAMES)) {
  const flow = FLOW[name as keyof typeof FLOW]; // the keys of FLOW_NAMES
  OPCODES.forEach((row, op) => {
    if (ops.includes(row.name)) FLOWS[op] = flow;
  });
}
