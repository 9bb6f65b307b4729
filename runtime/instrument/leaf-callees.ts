/**
 * Plain functions that a continuation takes along, so that the engine can inline them there as it does in the original module: a call of
 * another instance cannot be inlined.
 *
 * Boundary: chooses; the choice depends on the code alone.
 */
import { type Code, OP } from '../wasm/index.ts';
import { FunctionPlan } from './plan.ts';
import type { Program } from './program.ts';

/** A function with a larger body is called where it is. */
const BODY_BYTES_MAX = 512;
/** Bytes that one continuation takes along in all. */
const TOTAL_BYTES_MAX = 4096;

/** The plans of the functions to copy: plain ones that the code calls, and those that they call, small ones alone. */
export function leafCallees(program: Program, code: Code): FunctionPlan[] {
  const { module, facts } = program;
  const chosen = new Map<number, FunctionPlan>();
  let room = TOTAL_BYTES_MAX;
  const work: Code[] = [code];
  for (let from = work.pop(); from !== undefined; from = work.pop()) {
    for (let row = 0; row < from.length; row++) {
      const callee = from.a[row] ?? 0;
      if (from.op[row] !== OP.call || facts.mayYield[callee] !== 0 || chosen.has(callee)) continue;
      const body = module.funcs[callee]?.body;
      const sizeBytes = body === undefined ? Number.POSITIVE_INFINITY : body.end - body.start;
      if (sizeBytes > Math.min(BODY_BYTES_MAX, room)) continue;
      room -= sizeBytes;
      const plan = new FunctionPlan(program).analyse(callee);
      chosen.set(callee, plan);
      work.push(plan.code);
    }
  }
  return [...chosen.values()];
}
