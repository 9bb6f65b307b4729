/**
 * The static fuel cost of a function's regions.
 *
 * Fuel is charged at function entry and at every loop header, by the expected cost of the code from there to the next charge
 * point. A *region* is the function, or the body of one loop without the loops inside it. Within a region the code is acyclic, so
 * one backward pass gives the expected cost: an instruction adds its own cost; where control splits (if, br_if, br_table) the
 * mean of the ways counts, rounded down; leaving the region (a back-edge, a branch out of the loop, a return) counts nothing. A
 * loop inside a region counts as what follows it: the mean over the places where it can leave to.
 *
 * Invariants:
 * 1. The result depends on the function and on which functions it calls alone: equal on every engine, in every mode.
 * 2. Every charge is at least 1 and at most MAX_CHARGE.
 * 3. Exceptional edges are not counted; a handler is paid for by the region that its construct lies in as if never entered.
 */
import { type Code, OP, OPCODES } from '../wasm/index.ts';
import { CONTROL, FLOWS, NEVER_RETURNS } from './control-ops.ts';
import type { FunctionFacts } from './call-graph.ts';

export const MAX_CHARGE = 1_000_000;

const FREE = ['block', 'loop', 'else', 'end', 'nop', 'drop', 'catch', 'catch_all', 'delegate', 'try', 'try_table'];
const DEAR: Readonly<Record<string, number>> = {
  call: 2,
  call_indirect: 4,
  call_ref: 3,
  throw: 100,
  rethrow: 100,
  throw_ref: 100,
  'memory.grow': 100,
  'table.grow': 100,
};

/** Fuel of one execution of an instruction, by row of the opcode table. */
export const INSTRUCTION_FUEL: Uint8Array = Uint8Array.from(OPCODES, (row) =>
  FREE.includes(row.name) ? 0 : (DEAR[row.name] ?? 1),
);

const TABLES = [FLOWS, CONTROL, INSTRUCTION_FUEL] as const;

const clamp = (cost: number): number => Math.min(MAX_CHARGE, Math.max(1, cost));

interface Region {
  /** Row of the loop; -1: the function. */
  readonly loop: number;
  /** Expected cost of what follows the loop's `end` in the region around it. */
  readonly after: number;
  /** Constructs outside the region that the region branches to; -1: the function's own label. */
  readonly exits: number[];
}

/** Costs at labels and of else arms by the construct's row; reused, since every one is set before it is read. */
let labelCosts = new Int32Array(256);
let elseCosts = new Int32Array(256);

/**
 * Computes the charges of one function.
 *
 * @param charges receives, for every `loop` row, what its header charges.
 * @returns what the function's entry charges.
 */
export function computeCharges(code: Code, facts: FunctionFacts, charges: Int32Array): number {
  const openers: number[] = [];
  const openerRegion: number[] = [];
  if (labelCosts.length < code.length) {
    labelCosts = new Int32Array(code.length * 2);
    elseCosts = new Int32Array(code.length * 2);
  }
  const labelCost = labelCosts;
  const elseCost = elseCosts;
  const regions: Region[] = [{ loop: -1, after: 0, exits: [] }];
  let cost = 0;

  const costOf = (depth: number): number => {
    const position = openers.length - 1 - depth;
    const region = regions.length - 1;
    const target = position < 0 ? -1 : (openers[position] ?? -1);
    const inside = position >= 0 && (openerRegion[position] ?? 0) === region;
    if (inside) return code.op[target] === OP.loop ? 0 : (labelCost[target] ?? 0);
    if (region > 0 && target !== regions[region]?.loop) regions[region]?.exits.push(position);
    return 0;
  };

  const [flows, control, fuel] = TABLES; // engines read what is imported anew each time
  const { op: ops } = code;
  for (let row = code.length - 1; row >= 0; row--) {
    const op = ops[row] ?? 0;
    if (control[op] === 0) {
      cost += fuel[op] ?? 1;
      continue;
    }
    switch (flows[op]) {
      case 1 /* end */: {
        const opener = code.match[row] ?? -1;
        if (opener < 0) break;
        if (code.op[opener] === OP.loop) {
          // The loop's own label belongs to the region inside, so that a branch to it is a back-edge.
          regions.push({ loop: opener, after: cost, exits: [] });
          openers.push(opener);
          openerRegion.push(regions.length - 1);
          cost = 0;
        } else {
          openers.push(opener);
          openerRegion.push(regions.length - 1);
          labelCost[opener] = cost;
        }
        break;
      }
      case 16 /* delegate */: {
        const opener = code.match[row] ?? -1;
        openers.push(opener);
        openerRegion.push(regions.length - 1);
        labelCost[opener] = cost;
        break;
      }
      case 4 /* loop */: {
        charges[row] = clamp(cost);
        const region = regions.pop();
        openers.pop();
        openerRegion.pop();
        if (region !== undefined) cost = costAfterLoop(code, region, openers, openerRegion, regions, labelCost, row);
        break;
      }
      case 3 /* block */:
      case 13 /* try */:
      case 14 /* try_table */:
        openers.pop();
        openerRegion.pop();
        break;
      case 6 /* else */:
        elseCost[code.match[row] ?? 0] = cost;
        cost = labelCost[code.match[row] ?? 0] ?? 0;
        break;
      case 15 /* catch */:
        cost = labelCost[code.match[row] ?? 0] ?? 0;
        break;
      case 5 /* if */: {
        const hasElse = code.op[code.next[row] ?? 0] === OP.else;
        const skipped = (hasElse ? elseCost : labelCost)[row] ?? 0;
        openers.pop();
        openerRegion.pop();
        cost = 1 + Math.floor((cost + skipped) / 2);
        break;
      }
      case 7 /* br */:
        cost = 1 + costOf(code.a[row] ?? 0);
        break;
      case 8 /* br_if and the like */:
        cost = 1 + Math.floor((cost + costOf(code.a[row] ?? 0)) / 2);
        break;
      case 9 /* br_table */: {
        const at = code.a[row] ?? 0;
        const count = (code.aux[at] ?? 0) + 1;
        let sum = 0;
        for (let entry = 1; entry <= count; entry++) sum += costOf(code.aux[at + entry] ?? 0);
        cost = 1 + Math.floor(sum / count);
        break;
      }
      case 10 /* return, unreachable */:
      case 12 /* throws */:
        cost = INSTRUCTION_FUEL[op] ?? 1;
        break;
      case 11 /* tail calls */:
        cost = op === OP.return_call ? 2 + (facts.paidCost[code.a[row] ?? 0] ?? 0) : 4;
        break;
      default: // calls
        cost += op === OP.call ? 2 + (facts.paidCost[code.a[row] ?? 0] ?? 0) : (fuel[op] ?? 1);
    }
  }
  return clamp(cost);
}

/** Expected cost of what follows a loop: the mean over its ways out, as the region around it sees them. */
function costAfterLoop(
  code: Code,
  region: Region,
  openers: readonly number[],
  openerRegion: readonly number[],
  regions: readonly Region[],
  labelCost: Int32Array,
  loop: number,
): number {
  const outer = regions.length - 1;
  let sum = 0;
  let ways = 0;
  for (const position of new Set(region.exits)) {
    ways++;
    const target = position < 0 ? -1 : (openers[position] ?? -1);
    const inside = position >= 0 && openerRegion[position] === outer;
    if (inside) sum += code.op[target] === OP.loop ? 0 : (labelCost[target] ?? 0);
    else if (outer > 0 && target !== regions[outer]?.loop) regions[outer]?.exits.push(position);
  }
  const lastRow = (code.match[loop] ?? 0) - 1;
  const fallsThrough = !NEVER_RETURNS.has(code.op[lastRow] ?? 0);
  if (fallsThrough || ways === 0) {
    sum += region.after;
    ways++;
  }
  return Math.floor(sum / ways);
}
