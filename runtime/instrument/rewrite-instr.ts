/**
 * The instructions that the rewriter does not copy as they are, a function each.
 *
 * Boundary: writes through a Rewriter. An instruction gets here because it can reach a safepoint, leaves the function, names an
 * index that has moved, or is subject to a limit.
 */
import { blockParamTypes, blockResultTypes, encodeInstr, I32, OP, OPCODES, writeBlockType } from '../wasm/index.ts';
import { BULK_FREE_BYTES } from './abi.ts';
import { isSizedOp } from './call-graph.ts';
import {
  afterCall,
  flushFuel,
  handlerLabel,
  forget,
  handDownDepth,
  leave,
  noteSite,
  writeLoopCheck,
} from './rewrite-edges.ts';
import type { Rewriter } from './rewriter.ts';

const GT_U = 0x4b;
const END = 0x0b;
const CALL = 0x10;
const TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;

type Rule = (r: Rewriter, row: number) => void;

/** Writes one instruction of the code, changed as need be. */
export function rewriteInstr(r: Rewriter, row: number, op: number): void {
  const rule = RULE_OF_OP[op];
  if (rule !== undefined) rule(r, row);
  else if (isSizedOp(op)) writeSized(r, row);
  else writeRelabelled(r, row);
}

/** An instruction whose immediates are right but for labels: from its bytes if it has any that hold, else from the immediates. */
function writeRelabelled(r: Rewriter, row: number): void {
  const { code } = r.plan;
  const op = code.op[row] ?? 0;
  hint(r, row);
  switch (op) {
    case OP.br:
    case OP.br_if:
    case OP.br_on_null:
    case OP.br_on_non_null:
      r.op(op);
      return r.out.u32(r.label(code.a[row] ?? 0));
    case OP.br_table: {
      const at = code.a[row] ?? 0;
      const count = code.aux[at] ?? 0;
      r.opRaw(0x0e, count);
      for (let entry = 1; entry <= count + 1; entry++) r.out.u32(r.label(code.aux[at + entry] ?? 0));
      return;
    }
    case OP.br_on_cast:
    case OP.br_on_cast_fail: {
      const at = code.b[row] ?? 0;
      r.op(op);
      r.out.byte(code.aux[at] ?? 0);
      r.out.u32(r.label(code.a[row] ?? 0));
      r.out.s32(code.aux[at + 1] ?? 0);
      r.out.s32(code.aux[at + 2] ?? 0);
      return;
    }
    case OP.block:
    case OP.if:
    case OP.try:
      r.op(op);
      return writeOpenerType(r, row);
    default:
      encodeInstr(r.out, code, row);
  }
}

/** The block type of a construct; one that exists in a continuation alone has no index in the module. */
function writeOpenerType(r: Rewriter, row: number): void {
  const { code, program } = r.plan;
  if ((code.at[row] ?? -1) < 0) r.blockType(blockResultTypes(program.context, code, row));
  else writeBlockType(r.out, code.blockKind[row] ?? 0, code.a[row] ?? 0);
}

/** Carries over what the guest's own branch hints say. */
function hint(r: Rewriter, row: number): void {
  const origin = r.origin(row);
  if (r.guestHints === undefined || origin < 0) return;
  const { code, func, program } = r.plan;
  const value = r.guestHints.get((code.at[row] ?? 0) - program.bodyStart(func));
  if (value !== undefined) r.hints.push(r.out.length, value);
}

function writeLocalOp(r: Rewriter, row: number): void {
  const { code } = r.plan;
  const index = code.a[row] ?? 0;
  switch (code.op[row]) {
    case OP['local.get']:
      return r.getGuest(index);
    case OP['local.set']:
      return r.setLocal(r.local(index));
    default:
      r.setLocal(r.local(index));
      r.getGuest(index);
  }
}

function writeLoop(r: Rewriter, row: number): void {
  const { plan } = r;
  const { code } = plan;
  r.op(OP.loop);
  writeBlockType(r.out, code.blockKind[row] ?? 0, code.a[row] ?? 0);
  const site = plan.siteOfRow[row] ?? -1;
  if (site < 0) return;
  const count = blockParamTypes(plan.program.context, code, row).length;
  const params: number[] = [];
  const { top, nodeBelow } = plan.types;
  for (let node = top[row + 1] ?? -1; params.length < count; node = nodeBelow[node] ?? -1) {
    params.push(plan.localCount + plan.slotOfNode(node));
  }
  for (const slot of params) r.setLocal(r.local(slot));
  forget(r, row);
  writeLoopCheck(r, plan.siteId[site] ?? 0, plan.charges[row] ?? 1);
  for (const slot of params.reverse()) r.getGuest(slot);
}

function writeCall(r: Rewriter, row: number): void {
  const { plan } = r;
  const { code } = plan;
  const site = plan.siteOfRow[row] ?? -1;
  const usesFuel = plan.program.usesFuelCall(code, row);
  forget(r, row);
  if (site >= 0) noteSite(r, plan.siteId[site] ?? 0);
  if (usesFuel) flushFuel(r);
  const callee = code.op[row] === OP.call ? (code.a[row] ?? 0) : -1;
  const resumed = callee >= plan.program.module.funcs.length;
  if (callee < 0 || resumed || plan.program.facts.reachesDepth[callee] === 1) handDownDepth(r);
  if (resumed) writeResume(r, row);
  else writeCallOp(r, row);
  if (usesFuel) afterCall(r, site >= 0);
}

/** Calls the continuation of the next inner frame. */
function writeResume(r: Rewriter, row: number): void {
  const { plan, target } = r;
  const type = plan.program.calleeType(plan.code, row);
  r.getLocal(r.extras.record); // holds the inner frame's record by now
  r.out.byte(0x28); // i32.load
  writeSaveArg(r, 8);
  r.opRaw(0x11, target.funcType([], type.results));
  r.out.u32(target.resumeTable);
}

/** The memory argument of an access to the save memory. */
export function writeSaveArg(r: Rewriter, offset: number, align = 0): void {
  r.out.u32(align | 0x40);
  r.out.u32(r.target.saveMemory);
  r.out.u32(offset);
}

function writeCallOp(r: Rewriter, row: number): void {
  const { code } = r.plan;
  const op = code.op[row] ?? 0;
  const index = code.a[row] ?? 0;
  r.op(op);
  switch (op) {
    case OP.call:
    case OP.return_call:
      return r.out.u32(r.target.callee(index));
    case OP.call_indirect:
    case OP.return_call_indirect:
      r.out.u32(index);
      return r.out.u32(code.b[row] ?? 0);
    default:
      return r.out.u32(index);
  }
}

function writeTailCall(r: Rewriter, row: number): void {
  const { plan, target } = r;
  const callee = plan.code.a[row] ?? 0;
  const isLoop = plan.code.op[row] === OP.return_call && callee >= plan.program.module.funcs.length;
  if (!isLoop) {
    leave(r);
    writeCallOp(r, row);
    return;
  }
  // Back to the header of a loop that another continuation holds: its parameters are on the stack, what is live there follows.
  const loop = r.origin(row);
  for (const local of plan.loopValues(loop)) r.getGuest(local);
  leave(r);
  r.opRaw(0x12, target.loopContinuation(loop));
}

function writeReturn(r: Rewriter): void {
  leave(r);
  r.op(OP.return);
}

function writeThrow(r: Rewriter, row: number): void {
  const { code } = r.plan;
  flushFuel(r);
  switch (code.op[row]) {
    case OP.throw:
      return r.opRaw(0x08, tagIndex(r, code.a[row] ?? 0));
    case OP.rethrow:
      return r.opRaw(0x09, r.label(code.a[row] ?? 0));
    default:
      return r.op(OP.throw_ref);
  }
}

const tagIndex = (r: Rewriter, tag: number): number =>
  tag === r.plan.program.foreignTag ? r.target.foreignTag : r.target.tag(tag);

function writeCatch(r: Rewriter, row: number): void {
  const { plan } = r;
  const { code } = plan;
  const opener = code.match[row] ?? -1;
  const isFirst = code.next[opener] === row;
  const captured = plan.captures.has(r.origin(opener));
  const inner = r.needsInnerTry(opener);
  if (isFirst && inner) closeInnerTry(r, opener);
  if (code.op[row] === OP.catch_all) {
    if (plan.program.mode === 'throw') {
      r.opRaw(0x07, r.target.stopTag);
      r.opRaw(0x09, 0);
    }
    r.op(OP.catch_all);
    return;
  }
  const tag = code.a[row] ?? 0;
  r.opRaw(0x07, tagIndex(r, tag));
  if (!captured || inner) return;
  const { values } = plan.caughtSlots(r.origin(opener));
  noteCaught(r, opener, tag);
  for (const slot of values.get(tag) ?? []) r.getGuest(slot);
}

/** Takes a caught exception's payload off the stack into its slots, and notes the tag. */
function noteCaught(r: Rewriter, opener: number, tag: number): void {
  const slots = r.plan.caughtSlots(r.origin(opener));
  for (const slot of [...(slots.values.get(tag) ?? [])].reverse()) r.setLocal(r.local(slot));
  r.const32(tag + 1);
  r.setLocal(r.local(slots.tag));
}

/** Clauses of the inner `try` of a construct with catch_all: each notes what was thrown and passes it on. */
function closeInnerTry(r: Rewriter, opener: number): void {
  for (const tag of r.plan.program.catchableTags()) {
    r.opRaw(0x07, tagIndex(r, tag.index));
    noteCaught(r, opener, tag.index);
    r.opRaw(0x09, 0);
  }
  r.out.byte(END);
  r.extraLabels--;
}

function writeDelegate(r: Rewriter, row: number): void {
  // The label counts from outside the construct that ends here.
  const { code } = r.plan;
  const depth = (code.a[row] ?? 0) + 1;
  // What is passed on to a construct that notes what it catches goes to the inner `try`, which does so, while that is open.
  const opener = r.nest[r.nest.length - 1 - depth];
  const notes = opener !== undefined && row < (code.next[opener] ?? -1) && r.needsInnerTry(opener);
  r.opRaw(0x18, r.label(depth) - (notes ? 2 : 1));
}

function writeTryTable(r: Rewriter, row: number): void {
  const { code, program } = r.plan;
  r.op(OP.try_table);
  if (r.origin(row) >= 0 && r.originRow !== undefined && blockParamTypes(program.context, code, row).length === 0) {
    r.blockType(blockResultTypes(program.context, code, row));
  } else writeBlockType(r.out, code.blockKind[row] ?? 0, code.a[row] ?? 0);
  const at = code.b[row] ?? 0;
  const count = code.aux[at] ?? 0;
  let catchesAll = false;
  for (let clause = 0; clause < count; clause++) catchesAll ||= (code.aux[at + 1 + clause * 3] ?? 0) >= 2;
  const guarded = catchesAll && program.mode === 'throw' && r.savesAtEnd;
  r.out.u32(count + (guarded ? 1 : 0));
  if (guarded) {
    r.out.byte(0);
    r.out.u32(r.target.stopTag);
    r.out.u32(handlerLabel(r));
  }
  for (let clause = 0; clause < count; clause++) {
    const kind = code.aux[at + 1 + clause * 3] ?? 0;
    r.out.byte(kind);
    if (kind < 2) r.out.u32(tagIndex(r, code.aux[at + 2 + clause * 3] ?? 0));
    r.out.u32(r.label(code.aux[at + 3 + clause * 3] ?? 0));
  }
}

function writeGlobalOp(r: Rewriter, row: number): void {
  const { code } = r.plan;
  r.opRaw(code.op[row] === OP['global.get'] ? GLOBAL_GET : GLOBAL_SET, r.target.global(code.a[row] ?? 0));
}

function writeRefFunc(r: Rewriter, row: number): void {
  r.opRaw(0xd2, r.target.func(r.plan.code.a[row] ?? 0));
}

function writeGrow(r: Rewriter, row: number): void {
  const { code } = r.plan;
  const index = code.a[row] ?? 0;
  r.opRaw(CALL, r.target.helper(code.op[row] === OP['memory.grow'] ? `growMemory:${index}` : `growTable:${index}`));
}

function writeDrop(r: Rewriter, row: number): void {
  const { code } = r.plan;
  const index = code.a[row] ?? 0;
  r.opRaw(CALL, r.target.helper(code.op[row] === OP['data.drop'] ? `dropData:${index}` : `dropElem:${index}`));
}

/** An instruction whose work depends on a size, which is on top of the stack: large ones are charged by it (64-bit sizes are not). */
function writeSized(r: Rewriter, row: number): void {
  const { plan, target, extras } = r;
  const { code } = plan;
  const size = plan.types.nodeType[plan.types.top[row] ?? -1];
  if (size === I32 && plan.program.facts.usesFuel[plan.func] === 1) {
    r.opRaw(TEE, extras.temp);
    r.getLocal(extras.temp);
    r.const32(BULK_FREE_BYTES);
    r.out.byte(GT_U);
    r.unlikelyIf();
    r.getLocal(extras.temp);
    if (r.localFuel) r.getLocal(extras.fuel);
    else r.opRaw(GLOBAL_GET, target.fuelGlobal);
    r.opRaw(CALL, target.helper('bulk'));
    if (r.localFuel) r.setLocal(extras.fuel);
    else r.opRaw(GLOBAL_SET, target.fuelGlobal);
    r.out.byte(END);
  }
  const op = code.op[row] ?? 0;
  if (!SEGMENT_OPS.has(op)) return encodeInstr(r.out, code, row);
  // Continuations have no segments: they call the instruction, as a function of the module that has them.
  const helper = target.helper(`segment:${op}:${code.a[row] ?? 0}:${code.b[row] ?? 0}`);
  if (target.ownsSegments) encodeInstr(r.out, code, row);
  else r.opRaw(CALL, helper);
}

/** Instructions that name a data or element segment, which only the original module has. */
export const SEGMENT_OPS: ReadonlySet<number> = new Set([
  OP['memory.init'],
  OP['table.init'],
  OP['array.new_data'],
  OP['array.new_elem'],
  OP['array.init_data'],
  OP['array.init_elem'],
]);

const RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [OP['local.get'], writeLocalOp],
  [OP['local.set'], writeLocalOp],
  [OP['local.tee'], writeLocalOp],
  [OP.loop, writeLoop],
  [OP.call, writeCall],
  [OP.call_indirect, writeCall],
  [OP.call_ref, writeCall],
  [OP.return_call, writeTailCall],
  [OP.return_call_indirect, writeTailCall],
  [OP.return_call_ref, writeTailCall],
  [OP.return, writeReturn],
  [OP.throw, writeThrow],
  [OP.throw_ref, writeThrow],
  [OP.rethrow, writeThrow],
  [OP.catch, writeCatch],
  [OP.catch_all, writeCatch],
  [OP.delegate, writeDelegate],
  [OP.try_table, writeTryTable],
  [OP['global.get'], writeGlobalOp],
  [OP['global.set'], writeGlobalOp],
  [OP['ref.func'], writeRefFunc],
  [OP['memory.grow'], writeGrow],
  [OP['table.grow'], writeGrow],
  [OP['data.drop'], writeDrop],
  [OP['elem.drop'], writeDrop],
]);

/** By row of the opcode table. */
const RULE_OF_OP: readonly (Rule | undefined)[] = OPCODES.map((_row, op) => RULES.get(op));
