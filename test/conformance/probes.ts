/**
 * Probes: generated exports that call a function (or read a global) and pass every value as bits that JavaScript cannot change.
 *
 *     (func (export "probe invoke f") (param i32 i64 i64 externref) (result i64 i32)     ;; of f: [f32 v128 anyref] -> [f64 funcref]
 *       (call $f (f32.reinterpret_i32 (local.get 0))
 *                (i64x2.replace_lane 1 (i64x2.splat (local.get 1)) (local.get 2))
 *                (any.convert_extern (local.get 3)))
 *       …)                                                                              ;; results: reinterpreted, ref.is_null
 *
 * A probe lies in the module under test, or in one of its own that imports the function: `addProbe` only appends to a draft.
 *
 * | type                  | as parameter                     | as result                                    |
 * | --------------------- | -------------------------------- | -------------------------------------------- |
 * | i32, i64              | itself                           | itself                                       |
 * | f32, f64              | its bits, as i32 or i64          | its bits, as i32 or i64                      |
 * | v128                  | two i64, lane 0 first            | two i64, lane 0 first                        |
 * | hierarchy of extern   | externref                        | i32 (1: null), externref                     |
 * | hierarchy of any      | externref, converted             | i32 (sum of REF_FLAGS), externref, converted |
 * | hierarchies of func, exn | none: it is null              | i32 (1: null)                                |
 */
import { Assembler } from '../../runtime/instrument/helpers.ts';
import {
  F32,
  F64,
  HEAP,
  heapOf,
  type HeapType,
  I32,
  I64,
  isNullable,
  isRef,
  type ModuleDraft,
  refNull,
  type SubType,
  V128,
  type ValType,
  writeHeapType,
} from '../../runtime/wasm/index.ts';
import { topHeap } from '../../runtime/wasm/subtype.ts';

/** What a probe reaches: a function or a global of the module that the probe lies in. */
export interface ProbeTarget {
  readonly kind: 'invoke' | 'get';
  readonly field: string;
  /** In the index space of functions or globals. */
  readonly index: number;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

/** A value of the script, to be passed. */
export type ArgumentBits = { readonly bits: bigint } | { readonly host: unknown };

/** A value that came back. */
export type Result =
  | { readonly kind: 'number'; readonly type: ValType; readonly bits: bigint }
  | { readonly kind: 'null' }
  | { readonly kind: 'ref'; readonly ref: RefResult; readonly host: unknown };

export type RefResult = 'func' | 'extern' | 'exn' | 'i31' | 'struct' | 'array' | 'host';

/** What a reference of the hierarchy of any is; none of them: a value of the host. */
const REF_FLAGS = { null: 1, i31: 2, struct: 4, array: 8 } as const;

export const probeName = (kind: ProbeTarget['kind'], field: string): string => `probe ${kind} ${field}`;

/** Appends the probe's type, function and export. `importedFuncs`: how many functions the draft imports. */
export function addProbe(draft: ModuleDraft, importedFuncs: number, target: ProbeTarget): void {
  const { types } = draft;
  const params = target.params.flatMap((type) => paramTypes(types, type));
  const results = target.results.flatMap((type) => resultTypes(types, type));
  const name = probeName(target.kind, target.field);
  const body = probeBody(types, target, params.length);
  draft.exports.push({ name, kind: 'func', index: importedFuncs + draft.funcs.length });
  draft.funcs.push({ typeIndex: appendFuncType(draft, params, results), body });
}

/** Appends an exported function that does nothing, for the sake of a start function, which runs before any call. */
export function addIdleExport(draft: ModuleDraft, importedFuncs: number, name: string): void {
  draft.exports.push({ name, kind: 'func', index: importedFuncs + draft.funcs.length });
  draft.funcs.push({ typeIndex: appendFuncType(draft, [], []), body: new Assembler().body() });
}

function appendFuncType({ types }: ModuleDraft, params: ValType[], results: ValType[]): number {
  const canonical = types.length;
  const recGroup = 1 + (types[canonical - 1]?.recGroup ?? -1);
  types.push({ composite: { kind: 'func', params, results }, final: true, supers: [], recGroup, canonical });
  return canonical;
}

const topOf = (types: readonly SubType[], type: ValType): HeapType => topHeap({ types }, heapOf(type));

function paramTypes(types: readonly SubType[], type: ValType): ValType[] {
  if (type === F32) return [I32];
  if (type === F64) return [I64];
  if (type === V128) return [I64, I64];
  if (!isRef(type)) return [type];
  const top = topOf(types, type);
  return top === HEAP.any || top === HEAP.extern ? [refNull(HEAP.extern)] : [];
}

function resultTypes(types: readonly SubType[], type: ValType): ValType[] {
  if (!isRef(type)) return paramTypes(types, type);
  return [I32, ...paramTypes(types, type)];
}

/** Parameters come first in the locals, then the results of the call, in their order. */
function probeBody(types: readonly SubType[], target: ProbeTarget, paramCount: number): Uint8Array {
  const code = new Assembler();
  let local = 0;
  for (const type of target.params) {
    pushParam(code, types, type, local);
    local += paramTypes(types, type).length;
  }
  code.op(target.kind === 'invoke' ? 'call' : 'global.get', target.index);
  for (let at = target.results.length - 1; at >= 0; at--) code.op('local.set', paramCount + at);
  target.results.forEach((type, at) => pushResult(code, types, type, paramCount + at));
  return code.body(target.results.map((type) => (isRef(type) ? refNull(heapOf(type)) : type)));
}

function pushParam(code: Assembler, types: readonly SubType[], type: ValType, local: number): void {
  if (!isRef(type)) {
    code.op('local.get', local);
    if (type === F32) code.op('f32.reinterpret_i32');
    else if (type === F64) code.op('f64.reinterpret_i64');
    else if (type === V128)
      code
        .op('i64x2.splat')
        .op('local.get', local + 1)
        .op('i64x2.replace_lane', 1);
    return;
  }
  const top = topOf(types, type);
  if (top === HEAP.func || top === HEAP.exn) {
    heapOp(code, 'ref.null', heapOf(type));
    if (!isNullable(type)) code.op('ref.as_non_null');
    return;
  }
  code.op('local.get', local);
  if (top === HEAP.any) code.op('any.convert_extern');
  if (heapOf(type) !== top || !isNullable(type)) {
    heapOp(code, isNullable(type) ? 'ref.cast null' : 'ref.cast', heapOf(type));
  }
}

function pushResult(code: Assembler, types: readonly SubType[], type: ValType, local: number): void {
  code.op('local.get', local);
  if (type === F32) code.op('i32.reinterpret_f32');
  else if (type === F64) code.op('i64.reinterpret_f64');
  else if (type === V128) {
    code.op('i64x2.extract_lane', 0).op('local.get', local).op('i64x2.extract_lane', 1);
  } else if (isRef(type)) {
    code.op('ref.is_null');
    const top = topOf(types, type);
    if (top === HEAP.any) for (const name of ['i31', 'struct', 'array'] as const) pushFlag(code, name, local);
    if (top === HEAP.any || top === HEAP.extern) code.op('local.get', local);
    if (top === HEAP.any) code.op('extern.convert_any');
  }
}

function pushFlag(code: Assembler, name: 'i31' | 'struct' | 'array', local: number): void {
  heapOp(code.op('local.get', local), 'ref.test', HEAP[name]);
  code.const32(REF_FLAGS[name]).op('i32.mul').op('i32.or');
}

function heapOp(code: Assembler, op: 'ref.null' | 'ref.test' | 'ref.cast' | 'ref.cast null', heap: HeapType): void {
  code.op(op);
  writeHeapType(code.out, heap);
}

const low = (bits: bigint): bigint => BigInt.asIntN(64, bits);

/** The probe's arguments. */
export function probeArguments(
  types: readonly SubType[],
  params: readonly ValType[],
  args: readonly ArgumentBits[],
): unknown[] {
  return params.flatMap((type, index): unknown[] => {
    const arg = args[index] ?? { host: null };
    if ('host' in arg) return paramTypes(types, type).length === 0 ? [] : [arg.host];
    if (type === V128) return [low(arg.bits), low(arg.bits >> 64n)];
    return [type === I32 || type === F32 ? Number(BigInt.asIntN(32, arg.bits)) : low(arg.bits)];
  });
}

/** What the probe's results stand for. */
export function probeResults(
  types: readonly SubType[],
  results: readonly ValType[],
  values: readonly unknown[],
): Result[] {
  let at = 0;
  return results.map((type): Result => {
    const own = values.slice(at, (at += resultTypes(types, type).length));
    if (isRef(type)) return refResult(topOf(types, type), Number(own[0]), own[1]);
    const width = type === I32 || type === F32 ? 32 : 64;
    const words = own.map((value) => BigInt.asUintN(width, BigInt(value as number | bigint))); // as the probe's type says
    return { kind: 'number', type, bits: words.reduceRight((bits, word) => (bits << 64n) | word, 0n) };
  });
}

function refResult(top: HeapType, flags: number, host: unknown): Result {
  if ((flags & REF_FLAGS.null) !== 0) return { kind: 'null' };
  if (top === HEAP.func) return { kind: 'ref', ref: 'func', host };
  if (top === HEAP.exn) return { kind: 'ref', ref: 'exn', host };
  if (top === HEAP.extern) return { kind: 'ref', ref: 'extern', host };
  for (const name of ['i31', 'struct', 'array'] as const) {
    if ((flags & REF_FLAGS[name]) !== 0) return { kind: 'ref', ref: name, host };
  }
  return { kind: 'ref', ref: 'host', host };
}
