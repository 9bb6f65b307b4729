/** What the rewriter has to do with each instruction, derived from the opcode table. */
import { OPCODES } from '../wasm/index.ts';
import { isSizedOp } from './call-graph.ts';

/** As bits. */
export const ACTION = {
  raw: 0,
  special: 1,
  local: 2,
  label: 4,
  opens: 8,
  ends: 16,
  closes: 32,
  hintable: 64,
} as const;

/** Instructions that are rewritten wherever they stand. */
const SPECIAL_NAMES: ReadonlySet<string> = new Set([
  ...['loop', 'return', 'call', 'call_indirect', 'call_ref', 'return_call', 'return_call_indirect', 'return_call_ref'],
  ...[
    'throw',
    'rethrow',
    'throw_ref',
    'catch',
    'catch_all',
    'delegate',
    'try_table',
    'ref.func',
    'global.get',
    'global.set',
  ],
  ...['memory.grow', 'table.grow', 'data.drop', 'elem.drop', 'memory.init', 'table.init'],
  ...['array.new_data', 'array.new_elem', 'array.init_data', 'array.init_elem'],
]);

/** By row of the opcode table. */
export const ACTIONS = new Uint8Array(Math.max(1024, OPCODES.length));
OPCODES.forEach((row, index) => {
  let action: number = ACTION.raw;
  if (row.name.startsWith('local.')) action |= ACTION.local;
  if (row.immediates.some((kind) => kind === 'labelidx' || kind === 'br_table')) action |= ACTION.label;
  if (['br_table', 'rethrow', 'delegate'].includes(row.name)) action |= ACTION.label;
  if (['block', 'loop', 'if', 'try', 'try_table'].includes(row.name)) action |= ACTION.opens;
  if (['end', 'delegate'].includes(row.name)) action |= ACTION.ends;
  if (['end', 'delegate', 'else', 'catch', 'catch_all'].includes(row.name)) action |= ACTION.closes;
  if (['if', 'br_if'].includes(row.name)) action |= ACTION.hintable;
  if (SPECIAL_NAMES.has(row.name) || isSizedOp(index)) action |= ACTION.special;
  ACTIONS[index] = action;
});
