/** Calls: direct, through tables, through references; ordinary and tail calls. */
import { I32, I64, refNull, type ValType } from '../../../runtime/wasm/index.ts';
import type { FunctionBuilder } from './function-builder.ts';
import type { FuncOutline } from './outline.ts';
import { consumeAll, constant } from './values.ts';

/** Functions that may be called from here: a leaf calls none. */
function callees(f: FunctionBuilder): readonly FuncOutline[] {
  return f.own.kind === 'leaf' ? [] : f.outline.funcs;
}

/** A call of a function that gives the type, or of any function whose results are taken, and a value. */
export function callFor(f: FunctionBuilder, type: ValType): void {
  const all = callees(f);
  if (all.length === 0) return constant(f, type);
  const giving = all.filter(({ results }) => results.length === 1 && results[0] === type);
  const callee = f.random.pick(giving.length > 0 && f.random.below(3) > 0 ? giving : all);
  call(f, callee);
  if (callee.results.length === 1 && callee.results[0] === type) return;
  consumeAll(f, callee.results);
  f.push(type);
}

export function callStatement(f: FunctionBuilder): void {
  const all = callees(f);
  if (all.length === 0) return;
  const callee = f.random.pick(all);
  call(f, callee);
  consumeAll(f, callee.results);
}

function call(f: FunctionBuilder, callee: FuncOutline): void {
  f.pushAll(callee.params);
  invoke(f, callee, ['call', 'call_indirect', 'call_ref']);
  if (callee.kind === 'host') callee.results.forEach((type, at) => canonicalTop(f, callee, type, at));
}

/** A NaN that came through JavaScript may have other bits; only a single result is on top. */
function canonicalTop(f: FunctionBuilder, callee: FuncOutline, type: ValType, at: number): void {
  if (at !== callee.results.length - 1) return;
  if (type === 0x7d) f.emit('call', f.services.canonical('f32'));
  if (type === 0x7c) f.emit('call', f.services.canonical('f64'));
}

type CallNames =
  readonly ['call', 'call_indirect', 'call_ref'] | readonly ['return_call', 'return_call_indirect', 'return_call_ref'];

/** The call itself, in one of its forms; its arguments are on the stack. */
function invoke(f: FunctionBuilder, callee: FuncOutline, [direct, indirect, byReference]: CallNames): void {
  const slots = f.outline.tables.flatMap(({ funcs }, table) =>
    funcs.flatMap((func, slot) => (func === callee.index ? [{ table, slot }] : [])),
  );
  const form = f.random.below(4);
  if (form === 0 && slots.length > 0) {
    const { table, slot } = f.random.pick(slots);
    const is64 = f.outline.tables[table]?.limits.is64 === true;
    if (f.chance(40)) f.push(is64 ? I64 : I32);
    else if (is64) f.emit('i64.const', BigInt(slot));
    else f.emit('i32.const', slot);
    f.emit(indirect, callee.typeIndex, table);
  } else if (form === 1 && f.outline.features.references) {
    if (f.chance(12)) f.push(refNull(callee.typeIndex));
    else f.emit('ref.func', callee.index);
    f.emit(byReference, callee.typeIndex);
  } else f.emit(direct, callee.index);
}

/** A call in place of this function, if one has its results. What follows cannot be reached. */
export function tailCall(f: FunctionBuilder): boolean {
  if (!f.outline.features.tailCalls) return false;
  const { results } = f.own;
  const fitting = callees(f).filter(
    (func) => func.results.length === results.length && func.results.every((type, at) => type === results[at]),
  );
  if (fitting.length === 0) return false;
  const callee = f.random.pick(fitting);
  f.pushAll(callee.params);
  invoke(f, callee, ['return_call', 'return_call_indirect', 'return_call_ref']);
  return true;
}
