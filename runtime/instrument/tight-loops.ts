/**
 * Loops without calls: written so that the engine's optimiser sees a loop without calls.
 *
 * Boundary: writes through a Rewriter. Charges and safepoints are those of the plain loop.
 */
import { blockParamTypes, blockResultTypes, OP, type ValType } from '../wasm/index.ts';
import { ACTION, ACTIONS } from './actions.ts';
import type { FunctionPlan } from './plan.ts';
import { forget, writeChargeTest, writeLoopCheck } from './rewrite-edges.ts';
import type { Rewriter } from './rewriter.ts';

/** Loops of at most so many instructions are written in this way; in larger ones a check does not weigh. */
const TIGHT_ROWS_MAX = 24;

const BLOCK = 0x02;
const LOOP = 0x03;
const END = 0x0b;
const BR = 0x0c;

/** Whether a loop is small and has nothing in it where the worker could be stopped. */
export function isTightLoop(plan: FunctionPlan, loop: number): boolean {
  const { code, program, siteOfRow } = plan;
  const end = code.match[loop] ?? loop;
  if (end - loop - 1 > TIGHT_ROWS_MAX || (siteOfRow[loop] ?? -1) < 0) return false;
  if (blockParamTypes(program.context, code, loop).length > 0) return false;
  for (let row = loop + 1; row < end; row++) {
    if (((ACTIONS[code.op[row] ?? 0] ?? 0) & ACTION.special) !== 0 && code.op[row] !== OP.return) return false;
  }
  return true;
}

/**
 * Writes a tight loop as two: the outer one has the check, the inner one goes round as long as there is fuel for another turn. So the
 * engine's optimiser sees an inner loop without calls, which it may unroll:
 *
 *     (block $exit (loop $again  check
 *       (loop $turn
 *         (block $next  body with $next for the loop  (br $exit))
 *         charge  (br_if $turn (fuel >= 0))  take the charge back  (br $again))))
 */
export function writeTightLoop(r: Rewriter, loop: number): void {
  const { plan, nest, nestExtras, out } = r;
  const { code } = plan;
  const end = code.match[loop] ?? loop;
  const leaves = (plan.types.top[end] ?? -2) !== -2;
  const charge = plan.charges[loop] ?? 1;
  const results = blockResultTypes(plan.program.context, code, loop);
  const open = (opcode: number, types: readonly ValType[]): void => {
    out.byte(opcode);
    r.blockType(types);
  };
  r.flush();
  open(BLOCK, results);
  open(LOOP, results);
  r.extraLabels += 1; // $exit; the check counts the loop itself
  forget(r, loop);
  writeLoopCheck(r, plan.siteId[plan.siteOfRow[loop] ?? -1] ?? 0, charge);
  open(LOOP, results);
  open(BLOCK, []);
  r.extraLabels += 2;
  nest.push(loop);
  nestExtras.push(r.extraLabels); // a branch to the loop goes to $next
  r.rows(loop + 1, end);
  r.flush();
  if (leaves) r.opRaw(BR, 3);
  out.byte(END);
  writeChargeTest(r, charge, 0);
  r.opRaw(BR, 1);
  out.byte(END);
  out.byte(END);
  out.byte(END);
  nest.pop();
  nestExtras.pop();
  r.extraLabels -= 3;
}
