/** Estimates of the stack that activations take: what may not be on it is better taken for it. */
import { F32, I32, V128, type ValType } from '../wasm/index.ts';
import type { FunctionPlan } from './plan.ts';

const FRAME_BYTES = 80;
/** JavaScriptCore's smallest frames are larger than V8's; its stack is, too, but not by as much. */
const FRAME_BYTES_MIN = 128;

/**
 * What an activation takes of the engine's stack, as V8's baseline compiler lays frames out: a place for each parameter where it is passed
 * and where it is kept, one for each local, one for each value on its way to the function that saves the frame.
 */
export function stackBytes(plan: FunctionPlan): number {
  const values = plan.localCount + plan.slots.length;
  let bytes = FRAME_BYTES;
  for (let local = 0; local < values; local++) {
    bytes += stackBytesOf(plan.typeOf(local)) * (local < plan.paramCount ? 2 : 1);
  }
  for (const local of plan.layout) bytes += stackBytesOf(plan.typeOf(local));
  return Math.max(FRAME_BYTES_MIN, bytes);
}

function stackBytesOf(type: ValType): number {
  if (type === I32 || type === F32) return 4;
  return type === V128 ? 16 : 8;
}

/** Where values have no types yet each counts as one of 64 bits; larger bodies keep more of them between instructions. */
const VALUE_BYTES = 8;
const ROWS_PER_BYTE = 8;

/** A quicker estimate for a function that does not count by itself. */
export const roughStackBytes = (locals: number, rows: number): number =>
  Math.max(FRAME_BYTES_MIN, FRAME_BYTES + locals * VALUE_BYTES + Math.ceil(rows / ROWS_PER_BYTE));
