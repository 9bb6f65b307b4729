/**
 * Small loops: written so that the engine's optimiser sees a loop without calls.
 *
 * Boundary: writes through a Rewriter. Charges and safepoints are those of the plain loop.
 */
import { blockParamTypes, blockResultTypes, OP, type ValType } from '../wasm/index.ts';
import { ACTION, ACTIONS } from './actions.ts';
import type { FunctionPlan } from './plan.ts';
import { writeCharge, writeFuelTest, writeLoopCheck } from './rewrite-edges.ts';
import type { Rewriter } from './rewriter.ts';

/** Loops of at most so many instructions get an inner loop without safepoints; of half as many, one that is unrolled. */
const UNROLLED_ROWS_MAX = 24;

const BLOCK = 0x02;
const LOOP = 0x03;
const END = 0x0b;
const BR = 0x0c;

/** Turns of a loop that are charged for at once: none unless it is small and has nothing in it where the worker could be stopped. */
export function turnsAtOnce(plan: FunctionPlan, loop: number): number {
  const { code, program, siteOfRow } = plan;
  const end = code.match[loop] ?? loop;
  const rows = end - loop - 1;
  if (rows > UNROLLED_ROWS_MAX || (siteOfRow[loop] ?? -1) < 0) return 0;
  if (blockParamTypes(program.context, code, loop).length > 0) return 0;
  for (let row = loop + 1; row < end; row++) {
    if (((ACTIONS[code.op[row] ?? 0] ?? 0) & ACTION.special) !== 0 && code.op[row] !== OP.return) return 0;
  }
  return rows <= UNROLLED_ROWS_MAX / 2 ? 2 : 1;
}

/**
 * Writes a small loop twice: as an inner loop without safepoints, which goes round as long as there is fuel for all turns that one pass
 * of it takes, and as a single turn with a check, after which the inner loop is tried again. So charges, and where a worker can
 * be stopped, are those of the plain loop, and the engine's optimiser sees a loop without calls:
 *
 *     (block $exit (loop $again
 *       (block $short (loop $fast
 *         (br_if $short (fuel < turns * charge))
 *         (block $next  charge  body with $next for the loop  (br $exit))  …  charge  body with $fast for it  (br $exit)))
 *       check  body with $again for it))
 */
export function writeUnrolled(r: Rewriter, loop: number, turns: number): void {
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
  open(BLOCK, []);
  open(LOOP, []);
  writeFuelTest(r, turns * charge, 1);
  r.extraLabels += 3; // all but $fast, which stands for the loop itself
  const level = nest.push(loop) - 1;
  for (let turn = 1; turn <= turns; turn++) {
    const isLast = turn === turns;
    if (!isLast) {
      open(BLOCK, []);
      r.extraLabels++;
    }
    writeCharge(r, charge);
    nestExtras[level] = r.extraLabels;
    r.rows(loop + 1, end);
    r.flush();
    if (leaves) r.opRaw(BR, isLast ? 3 : 4);
    out.byte(END);
    if (!isLast) r.extraLabels--;
  }
  out.byte(END);
  nest.pop();
  r.extraLabels -= 2;
  writeLoopCheck(r, plan.siteId[plan.siteOfRow[loop] ?? -1] ?? 0, charge);
  nest.push(loop);
  nestExtras[level] = r.extraLabels;
  r.rows(loop + 1, end);
  r.flush();
  nest.pop();
  nestExtras.pop();
  out.byte(END);
  out.byte(END);
  r.extraLabels--;
}
