/** Where a function with loops keeps its fuel. */
import { type Code, OP } from '../wasm/index.ts';
import { isSiteOp } from './call-graph.ts';
import type { Program } from './program.ts';

/** Functions with more calls per loop that may change the fuel keep it in the global. */
const CALLS_PER_LOOP_MAX = 1;

/** Keeping fuel in a local saves memory accesses in loops, and costs an access and bytes around each call that may change it. */
export function prefersLocalFuel(program: Program, code: Code): boolean {
  let loops = 0;
  let calls = 0;
  for (let row = 0; row < code.length; row++) {
    const op = code.op[row] ?? 0;
    if (op === OP.loop) loops++;
    else if (isSiteOp(op) && program.usesFuelCall(code, row)) calls++;
  }
  return calls <= loops * CALLS_PER_LOOP_MAX;
}
