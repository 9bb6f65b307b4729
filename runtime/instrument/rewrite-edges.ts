/**
 * What the rewriter puts around a body and between its instructions: entry, exit, charges, polls, saves.
 *
 * Boundary: writes through a Rewriter; knows no instruction of the guest.
 */
import {
  BLOCK_KIND,
  heapOf,
  I32,
  isNullable,
  isRef,
  OP,
  V128,
  F32,
  F64,
  I64,
  type ValType,
  writeBlockType,
} from '../wasm/index.ts';
import { MAX_SIGNATURE_VALUES, UNWIND } from './abi.ts';
import { savedType } from './plan.ts';
import type { Rewriter } from './rewriter.ts';

const ADD = 0x6a;
const SUB = 0x6b;
const OR = 0x72;
const LT_S = 0x48;
const GE_S = 0x4e;
const EQ = 0x46;
const BLOCK = 0x02;
const TRY = 0x06;
const CATCH = 0x07;
const RETHROW = 0x09;
const THROW = 0x08;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
const RETURN = 0x0f;
const CALL = 0x10;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const SET = 0x21;
const TEE = 0x22;

/** Whether anything has to be done where the function is left in the ordinary way. */
const hasExitWork = (r: Rewriter): boolean => r.localFuel || r.keepsDepth || r.depthWeight > 0;

const opensWrapper = (r: Rewriter): boolean => r.savesAtEnd || hasExitWork(r);

/** Charges for the entry (or loads a continuation's frame), and opens the construct that takes the place of the function's label. */
export function writePrologue(r: Rewriter): void {
  const { plan, target, extras } = r;
  r.start?.writeLoads(r);
  if (r.start === undefined && plan.program.facts.charges[plan.func] === 1) {
    r.opRaw(GLOBAL_GET, target.fuelGlobal);
    r.const32(plan.entryCharge);
    r.out.byte(SUB);
    if (r.localFuel) r.setLocal(extras.fuel);
    else if (plan.hasEntrySite) {
      r.opRaw(TEE, extras.fuel);
      r.opRaw(GLOBAL_SET, target.fuelGlobal);
    } else r.opRaw(GLOBAL_SET, target.fuelGlobal);
  } else if (r.localFuel) reloadFuel(r);
  takeDepth(r);
  openWrapper(r);
  if (r.start === undefined && plan.hasEntrySite) {
    // Both are negative when there is none left, so one test serves for both.
    r.getLocal(extras.fuel);
    r.getLocal(extras.depth);
    r.out.byte(OR);
    r.const32(0);
    r.out.byte(LT_S);
    r.unlikelyIf();
    writePoll(r, 'enter', plan.siteId[0] ?? 0, plan.entryCharge, 1);
    r.out.byte(END);
  }
}

function openWrapper(r: Rewriter): void {
  if (!opensWrapper(r)) return;
  const { results } = r.plan;
  if (r.savesAtEnd && r.plan.program.mode === 'flag') {
    r.out.byte(BLOCK);
    writeBlockType(r.out, BLOCK_KIND.empty, 0);
  } else if (r.savesAtEnd && r.target.handlers === 'table') {
    r.out.byte(BLOCK);
    r.blockType(results);
    r.out.byte(BLOCK);
    writeBlockType(r.out, BLOCK_KIND.empty, 0);
    r.op(OP.try_table);
    r.blockType(results);
    r.out.u32(1);
    r.out.byte(0); // catch
    r.out.u32(r.target.stopTag);
    r.out.u32(0);
    return;
  } else if (r.savesAtEnd) {
    r.out.byte(TRY);
    r.blockType(results);
    return;
  }
  r.out.byte(BLOCK);
  r.blockType(results);
}

/** Label, counted from inside the body, that a stop of the flag mode branches to. */
const unwindLabel = (r: Rewriter): number => r.outerLabel(1);
/** Label of the block behind which a stop is saved, where handlers are `try_table`. */
export const handlerLabel = (r: Rewriter): number => r.outerLabel(1);

/** Closes the wrapper, saves the frame of a stop, does the work of an ordinary exit. */
export function writeEpilogue(r: Rewriter): void {
  const { target, plan } = r;
  if (!opensWrapper(r)) {
    r.out.byte(END);
    return;
  }
  if (!r.savesAtEnd) {
    r.out.byte(END);
    leave(r);
  } else if (plan.program.mode === 'flag') {
    r.out.byte(END);
    leave(r);
    r.out.byte(RETURN);
    r.out.byte(END);
    writeSave(r, undefined);
    for (const type of plan.results) writeDefault(r, type);
  } else if (target.handlers === 'table') {
    r.out.byte(END);
    r.opRaw(BR, 1);
    r.out.byte(END);
    writeSave(r, undefined);
    r.opRaw(THROW, target.stopTag);
    r.out.byte(END);
    leave(r);
  } else {
    r.opRaw(CATCH, target.stopTag);
    writeSave(r, undefined);
    r.opRaw(RETHROW, 0);
    r.out.byte(END);
    leave(r);
  }
  r.out.byte(END);
}

/** Work before the function is left in the ordinary way, or by a tail call, whose callee takes this activation's place. */
export function leave(r: Rewriter): void {
  flushFuel(r);
  giveBackDepth(r);
}

/** At an activation's begin: takes its weight off the depth that is left. */
function takeDepth(r: Rewriter): void {
  const { depthWeight, keepsDepth, extras, target } = r;
  if (depthWeight === 0 && !keepsDepth) return;
  r.opRaw(GLOBAL_GET, target.depthGlobal);
  if (depthWeight > 0) {
    r.const32(depthWeight);
    r.out.byte(SUB);
  }
  if (depthWeight === 0) return r.setLocal(extras.depth);
  r.opRaw(TEE, extras.depth);
  r.opRaw(GLOBAL_SET, target.depthGlobal);
}

/** At an activation's end. */
function giveBackDepth(r: Rewriter): void {
  const { depthWeight, keepsDepth, extras, target } = r;
  if (depthWeight === 0 && !keepsDepth) return;
  r.getLocal(extras.depth);
  if (depthWeight > 0) {
    r.const32(depthWeight);
    r.out.byte(ADD);
  }
  r.opRaw(GLOBAL_SET, target.depthGlobal);
}

/** Before a call that can lead to recursion, in a function with handlers: tells it what depth is left. */
export function handDownDepth(r: Rewriter): void {
  if (!r.keepsDepth) return;
  r.getLocal(r.extras.depth);
  r.opRaw(GLOBAL_SET, r.target.depthGlobal);
}

/** Sets what nobody will read any more to a constant; see kills.ts. */
export function forget(r: Rewriter, row: number): void {
  const locals = r.plan.kills.get(row);
  if (locals === undefined) return;
  for (const type of [I32, I64]) {
    const alike = locals.filter((local) => r.plan.typeOf(local) === type);
    alike.forEach((local, at) => {
      if (at === 0) writeDefault(r, type);
      r.opRaw(at === alike.length - 1 ? SET : TEE, r.local(local));
    });
  }
}

export function flushFuel(r: Rewriter): void {
  if (!r.localFuel) return;
  r.getLocal(r.extras.fuel);
  r.opRaw(GLOBAL_SET, r.target.fuelGlobal);
}

export function reloadFuel(r: Rewriter): void {
  if (!r.localFuel) return;
  r.opRaw(GLOBAL_GET, r.target.fuelGlobal);
  r.setLocal(r.extras.fuel);
}

/** After a call that may change the fuel: takes it up, and in flag mode leaves if the callee did. */
export function afterCall(r: Rewriter, isSite: boolean): void {
  if (r.plan.program.mode === 'throw' || !isSite) {
    reloadFuel(r);
    return;
  }
  r.opRaw(GLOBAL_GET, r.target.fuelGlobal);
  if (r.localFuel) r.opRaw(TEE, r.extras.fuel);
  r.const32(UNWIND);
  r.out.byte(EQ);
  r.unlikelyBranchIf(unwindLabel(r));
}

const firstSite = ({ plan }: Rewriter): number => plan.program.facts.siteBase[plan.func] ?? 0;

/** Notes which site a stop would be at, counted from the function's first: small numbers are short. */
export function noteSite(r: Rewriter, id: number): void {
  if (r.extras.site < 0) return;
  r.const32(id - firstSite(r));
  r.setLocal(r.extras.site);
}

/** Charges at a loop header; The loop's parameters are in slots meanwhile. */
export function writeLoopCheck(r: Rewriter, id: number, charge: number): void {
  const { target, extras } = r;
  getFuel(r);
  r.const32(charge);
  r.out.byte(SUB);
  r.opRaw(TEE, extras.fuel);
  if (!r.localFuel) {
    r.opRaw(GLOBAL_SET, target.fuelGlobal);
    r.getLocal(extras.fuel);
  }
  r.const32(0);
  r.out.byte(LT_S);
  r.unlikelyIf();
  writePoll(r, 'poll', id, charge, 2); // inside the loop and the if
  r.out.byte(END);
}

/** Charges, and branches to a label if that much was left; otherwise takes the charge back. */
export function writeChargeTest(r: Rewriter, charge: number, label: number): void {
  const { extras } = r;
  getFuel(r);
  r.const32(charge);
  r.out.byte(SUB);
  r.opRaw(TEE, extras.fuel);
  if (!r.localFuel) {
    r.opRaw(GLOBAL_SET, r.target.fuelGlobal);
    r.getLocal(extras.fuel);
  }
  r.const32(0);
  r.out.byte(GE_S);
  r.hints.push(r.out.length, 1);
  r.opRaw(BR_IF, label);
  r.getLocal(extras.fuel);
  r.const32(charge);
  r.out.byte(ADD);
  if (r.localFuel) r.setLocal(extras.fuel);
  else r.opRaw(GLOBAL_SET, r.target.fuelGlobal);
}

function getFuel(r: Rewriter): void {
  if (r.localFuel) r.getLocal(r.extras.fuel);
  else r.opRaw(GLOBAL_GET, r.target.fuelGlobal);
}

/** The cold path of a charge: asks the host, which refills or stops. `depth`: constructs opened since the body's nesting. */
function writePoll(r: Rewriter, asks: 'poll' | 'enter', id: number, charge: number, depth: number): void {
  const { target, extras } = r;
  noteSite(r, id);
  r.getLocal(extras.fuel);
  r.const32(charge);
  const throwing = r.plan.program.mode === 'throw';
  r.opRaw(CALL, target.helper(throwing && !r.savesInPlace ? asks : `${asks}Flag`));
  if (throwing && !r.savesInPlace) r.setLocal(extras.fuel);
  else {
    r.opRaw(TEE, extras.fuel);
    r.const32(UNWIND);
    r.out.byte(EQ);
    if (r.savesInPlace) {
      r.unlikelyIf();
      writeSave(r, id);
      r.opRaw(THROW, target.stopTag);
      r.out.byte(END);
    } else r.unlikelyBranchIf(unwindLabel(r) + depth);
  }
  if (r.localFuel) return;
  r.getLocal(extras.fuel);
  r.opRaw(GLOBAL_SET, target.fuelGlobal);
}

/** Numbers of values that end in an i32 are multiples of this. */
const SAVED_TOGETHER = 4;

/** Appends this frame's record to the save memory. `id`: the site; undefined: what the site local says, or the only one. */
function writeSave(r: Rewriter, id: number | undefined): void {
  const { plan, target } = r;
  const { layout } = plan;
  if (id === undefined && r.extras.site >= 0) {
    r.getLocal(r.extras.site);
    r.const32(firstSite(r));
    r.out.byte(ADD);
  } else r.const32(id ?? plan.siteId[0] ?? 0);
  for (let from = 0; from === 0 || from < layout.length; from += MAX_SIGNATURE_VALUES) {
    const part = layout.slice(from, from + MAX_SIGNATURE_VALUES);
    for (const local of part) r.getLocal(r.local(local));
    const types = part.map((local) => savedType(plan.program, plan.typeOf(local)));
    // Layouts end with their i32: rounded up, so that fewer functions save more layouts.
    while (types[types.length - 1] === I32 && types.length % SAVED_TOGETHER !== 0) {
      r.const32(0);
      types.push(I32);
    }
    r.opRaw(CALL, target.helper(`${from === 0 ? 'save' : 'more'}:${types.join(',')}`));
  }
}

/** A value for a result that nobody will look at. */
function writeDefault(r: Rewriter, type: ValType): void {
  switch (type) {
    case I32:
      return r.const32(0);
    case I64:
      r.out.byte(0x42);
      return r.out.byte(0);
    case F32:
      r.out.byte(0x43);
      return r.out.bytes(new Uint8Array(4));
    case F64:
      r.out.byte(0x44);
      return r.out.bytes(new Uint8Array(8));
    case V128:
      r.op(OP['v128.const']);
      return r.out.bytes(new Uint8Array(16));
    default:
      if (!isRef(type)) return;
      r.op(OP['ref.null']);
      r.out.s32(heapOf(type));
      if (!isNullable(type)) r.op(OP['ref.as_non_null']); // never reached: such modules are rewritten in throw mode
  }
}
