/**
 * The functions of a heap module that take exceptions apart, make equal ones, and move references to them, which JavaScript cannot hold,
 * between the instance and the heap module's own table.
 */
import { EXNREF, HEAP, I32, isNullable, isRef, ref, type ValType } from '../wasm/index.ts';
import { EXPORTS } from './abi.ts';
import { EXCEPTION_EXPORTS } from './heap-abi.ts';
import { HeapAssembler, writeFieldLoad, writeFieldStore } from './heap-code.ts';
import type { HeapDraft, HeapPlaces } from './heap-draft.ts';
import { exceptionLayout, hierarchyOf } from './heap-layout.ts';
import type { Program } from './program.ts';

/** Whether values of the program may refer to exceptions. */
export function usesExceptionRefs(program: Program): boolean {
  const isExn = (type: ValType): boolean => isRef(type) && hierarchyOf(program, type) === 'exn';
  const { tables, globals, types } = program.module;
  return (
    tables.some(({ type }) => isExn(type.element)) ||
    globals.some(({ type }) => isExn(type.type)) ||
    types.some(({ composite }) => {
      if (composite.kind === 'func') return composite.params.some(isExn) || composite.results.some(isExn);
      return (composite.kind === 'struct' ? composite.fields : [composite.element]).some(({ storage }) =>
        isExn(storage),
      );
    })
  );
}

/** A place of the instance that holds exceptions, in the order of its import. */
export interface ExceptionPlace {
  readonly name: string;
  readonly kind: 'table' | 'global';
  readonly type: ValType;
  readonly mutable: boolean;
  readonly is64: boolean;
}

/** Where an instance holds references to exceptions. @param hasSaved Whether records of its stack do. */
export function exceptionPlaces(program: Program, hasSaved: boolean): ExceptionPlace[] {
  const { tables, globals } = program.module;
  const places: ExceptionPlace[] = [];
  const table = (name: string, type: ValType, is64: boolean): void => {
    places.push({ name, kind: 'table', type, mutable: true, is64 });
  };
  if (hasSaved) table(EXPORTS.refs('exn'), EXNREF, false);
  tables.forEach(({ type }, index) => {
    if (hierarchyOf(program, type.element) === 'exn') table(EXPORTS.table(index), type.element, type.limits.is64);
  });
  globals.forEach(({ type: { type, mutable } }, index) => {
    if (!isRef(type) || hierarchyOf(program, type) !== 'exn') return;
    places.push({ name: EXPORTS.global(index), kind: 'global', type, mutable, is64: false });
  });
  return places;
}

export function defineExceptions(
  draft: HeapDraft,
  places: HeapPlaces,
  imported: readonly ExceptionPlace[],
  rethrow: number,
): void {
  const { exceptionTable: table } = places;
  const own = new HeapAssembler().const32(0).op('table.get', table).op('throw_ref');
  draft.define([], [], own, { name: EXCEPTION_EXPORTS.throwFirst });
  const reserve = new HeapAssembler().op('local.get', 0).op('table.size', table).op('i32.gt_u').open('if');
  reserve.heapOp('ref.null', HEAP.exn).op('local.get', 0).op('table.size', table).op('i32.sub');
  reserve.op('table.grow', table).const32(-1).op('i32.eq').open('if').op('unreachable').op('end').op('end');
  draft.define([I32], [], reserve, { name: EXCEPTION_EXPORTS.reserve });
  defineRead(draft, places, rethrow);
  draft.program.catchableTags().forEach((_, tag) => defineCreate(draft, places, tag));
  let tables = 0;
  let globals = 0;
  for (const place of imported) {
    if (place.kind === 'table') defineTableMoves(draft, places, place, tables++);
    else defineGlobalMoves(draft, places, place, globals++);
  }
}

/** One handler per tag around a call of `rethrow`. */
function defineRead(draft: HeapDraft, places: HeapPlaces, rethrow: number): void {
  const tags = draft.program.catchableTags();
  const code = new HeapAssembler().open('block');
  for (let tag = tags.length - 1; tag >= 0; tag--) {
    const params = tags[tag]?.params ?? [];
    code.openResults('block', params, params.length > 1 ? draft.funcType([], params) : -1);
  }
  code.op('try_table').out.bytes(Uint8Array.of(0x40));
  code.out.u32(tags.length + 1);
  for (let tag = 0; tag <= tags.length; tag++) {
    const isLast = tag === tags.length;
    code.out.byte(isLast ? CATCH_ALL : CATCH);
    if (!isLast) code.out.u32(tag);
    code.out.u32(tag);
  }
  code.op('call', rethrow).op('end').op('unreachable').op('end');
  const locals: ValType[] = [];
  tags.forEach((_, tag) => {
    const { fields } = exceptionLayout(draft.program, tag) ?? { fields: [] };
    const first = 1 + locals.length;
    locals.push(...fields.map(({ storage }) => nullable(storage)));
    for (let field = fields.length - 1; field >= 0; field--) code.op('local.set', first + field);
    fields.forEach((field, index) => {
      code.op('local.get', 0).op('local.get', first + index);
      writeFieldStore(code, places, field, field.offset);
    });
    code.const32(tag).op('return').op('end');
  });
  code.const32(-1);
  draft.define([I32], [I32], code, { locals, name: EXCEPTION_EXPORTS.read });
}

const CATCH = 0;
const CATCH_ALL = 2;
const CATCH_ALL_REF = 3;

const nullable = (type: ValType): ValType => (isRef(type) && !isNullable(type) ? type - 1 : type);

function defineCreate(draft: HeapDraft, places: HeapPlaces, tag: number): void {
  const code = new HeapAssembler()
    .op('local.get', 0)
    .openResults('block', [ref(HEAP.exn)], -1)
    .op('try_table');
  code.out.bytes(Uint8Array.of(0x40, 1, CATCH_ALL_REF, 0));
  for (const field of exceptionLayout(draft.program, tag)?.fields ?? []) {
    writeFieldLoad(code.op('local.get', 1), places, field, field.offset);
  }
  code.op('throw', tag).op('end').op('unreachable').op('end').op('table.set', places.exceptionTable);
  draft.define([I32, I32], [], code, { name: EXCEPTION_EXPORTS.create(tag) });
}

function defineTableMoves(draft: HeapDraft, places: HeapPlaces, place: ExceptionPlace, table: number): void {
  const slot = (code: HeapAssembler): HeapAssembler => {
    code.op('local.get', 0);
    return place.is64 ? code.op('i64.extend_i32_u') : code;
  };
  const get = slot(new HeapAssembler()).op('table.get', table).op('call', places.wordOf.exn);
  draft.define([I32], [I32], get, { name: EXCEPTION_EXPORTS.wordIn(place.name) });
  const put = new HeapAssembler();
  if (place.name === EXPORTS.refs('exn')) writeRoom(put, table);
  slot(put);
  writeOwn(put, places, 1, place.type);
  draft.define([I32, I32], [], put.op('table.set', table), { name: EXCEPTION_EXPORTS.putIn(place.name) });
}

/** Lets the table of saved references have the slot of parameter 0. */
function writeRoom(code: HeapAssembler, table: number): void {
  code.op('local.get', 0).op('table.size', table).op('i32.ge_u').open('if').heapOp('ref.null', HEAP.exn);
  code.const32(64).op('table.grow', table).op('drop').op('end');
}

function defineGlobalMoves(draft: HeapDraft, places: HeapPlaces, place: ExceptionPlace, global: number): void {
  const get = new HeapAssembler().op('global.get', global).op('call', places.wordOf.exn);
  draft.define([], [I32], get, { name: EXCEPTION_EXPORTS.wordIn(place.name) });
  if (!place.mutable) return;
  const put = new HeapAssembler();
  writeOwn(put, places, 0, place.type);
  draft.define([I32], [], put.op('global.set', global), { name: EXCEPTION_EXPORTS.putIn(place.name) });
}

/** Pushes the exception of the slot that a parameter gives, -1: null, as a value of the type. */
function writeOwn(code: HeapAssembler, places: HeapPlaces, param: number, type: ValType): void {
  code.op('local.get', param).const32(0).op('i32.lt_s').openResults('if', [EXNREF], -1);
  code.heapOp('ref.null', HEAP.exn).op('else').op('local.get', param).op('table.get', places.exceptionTable);
  code.op('end').castTo(type);
}
