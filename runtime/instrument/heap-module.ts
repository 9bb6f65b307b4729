/**
 * The heap module: generated accessors for the objects of a module's garbage-collected heap, which JavaScript can hold and compare but not
 * look into. One per module, made when a snapshot first meets such an object.
 *
 * Reading: the engine walks the graph. `read` of a type copies an object's fields to the save memory; for each reference it calls back
 * to learn the word that stands for it, so identity is a matter of the engine's alone.
 * Building: `create` makes an object from its bytes, with immutable fields as they must be; mutable references follow with `fill` when all
 * objects are there. Objects are kept in an array of the heap module by their index.
 *
 * Boundary: Program in, bytes out; the engine's side is heap-instance.ts.
 *
 * Invariants:
 * 1. Types and tags are those of the guest's module, by index. The engine checks words before they get here: a cast that fails is a
 *    fault of its own.
 * 2. Nothing is exported to the guest, and nothing of the guest's runs.
 */
import {
  ByteWriter,
  encodeModule,
  EXTERNREF,
  HEAP,
  I32,
  type Import,
  OP,
  refNull,
  type ValType,
  writeHeapType,
  writeOpcode,
} from '../wasm/index.ts';
import { ENGINE, EXPORTS, IMPORTS } from './abi.ts';
import { HEAP_CALLBACKS, HEAP_EXPORTS, HEAP_IMPORT, HEAP_WORD, TYPE_OF } from './heap-abi.ts';
import { defineArray, defineStruct } from './heap-accessors.ts';
import { HeapAssembler, TOP_TYPES } from './heap-code.ts';
import { HeapDraft, type HeapPlaces } from './heap-draft.ts';
import { defineExceptions, type ExceptionPlace, exceptionPlaces, usesExceptionRefs } from './heap-exceptions.ts';
import { heapLayout, isCanonical } from './heap-layout.ts';
import { refTableType, saveMemoryImport } from './instrument-module.ts';
import type { Program } from './program.ts';
import { SIDE_IMPORTS } from './side-module.ts';

type Callback = keyof typeof HEAP_CALLBACKS;

const CALLBACK_TYPES: Readonly<Record<Callback, readonly [params: ValType[], results: ValType[]]>> = {
  object: [[EXTERNREF], [I32]],
  host: [[EXTERNREF], [I32]],
  func: [[TOP_TYPES.func], [I32]],
  exception: [[], [I32]],
  rethrow: [[], []],
  exceptionSlot: [[I32], [I32]],
};
const CALLBACKS = Object.keys(HEAP_CALLBACKS) as Callback[]; // the keys of the table
const callback = (name: Callback): number => CALLBACKS.indexOf(name);

/**
 * The bytes of a program's heap module.
 * @param savesExceptions Whether records of the instance have a table for exceptions.
 */
export function heapModule(program: Program, savesExceptions: boolean): Uint8Array {
  const draft = new HeapDraft(program, CALLBACKS.length);
  const hasExceptions = savesExceptions || usesExceptionRefs(program);
  const held = hasExceptions ? exceptionPlaces(program, savesExceptions) : [];
  const imports = importsOf(draft, hasExceptions, held);
  const tables = [refTableType('func'), refTableType('extern'), ...(hasExceptions ? [refTableType('exn')] : [])];
  const firstTable = held.filter(({ kind }) => kind === 'table').length;
  const objectsType = draft.addType({ kind: 'array', element: { storage: refNull(HEAP.any), mutable: true } });
  const places: HeapPlaces = {
    wordOf: { any: -1, extern: -1, func: callback('func'), exn: -1 },
    refOf: { any: -1, extern: -1, func: -1, exn: -1 },
    objectsGlobal: held.length - firstTable,
    objectsType,
    funcTable: firstTable,
    hostTable: firstTable + 1,
    exceptionTable: hasExceptions ? firstTable + 2 : -1,
    foreignTag: program.foreignTag,
  };
  defineWords(draft, places);
  defineReferences(draft, places);
  defineTypeOf(draft);
  defineObjects(draft, places);
  draft.prepareDefaults(places);
  program.module.types.forEach((_, type) => {
    const layout = isCanonical(program, type) ? heapLayout(program, type) : undefined;
    if (layout?.kind === 'struct') defineStruct(draft, places, type, layout);
    else if (layout?.kind === 'array') defineArray(draft, places, type, layout);
  });
  if (hasExceptions) defineExceptions(draft, places, held, callback('rethrow'));
  return encodeModule({
    types: draft.types,
    imports,
    funcs: draft.funcs,
    tables: tables.map((type) => ({ type })),
    memories: [],
    globals: [{ type: { type: refNull(objectsType), mutable: true }, init: nullOf(objectsType) }],
    tags: [],
    exports: [
      ...draft.exports,
      { name: HEAP_EXPORTS.funcs, kind: 'table', index: places.funcTable },
      { name: HEAP_EXPORTS.hosts, kind: 'table', index: places.hostTable },
    ],
    elements: draft.elements(),
    datas: [],
    hasDataCount: false,
    customs: [],
  });
}

function nullOf(type: number): Uint8Array {
  const out = new ByteWriter(8);
  writeOpcode(out, OP['ref.null']);
  writeHeapType(out, type);
  writeOpcode(out, OP.end);
  return out.toBytes();
}

function importsOf(draft: HeapDraft, hasExceptions: boolean, held: readonly ExceptionPlace[]): Import[] {
  const { module } = draft.program;
  const imports: Import[] = CALLBACKS.map((name) => ({
    module: HEAP_IMPORT,
    name: HEAP_CALLBACKS[name],
    desc: { kind: 'func', typeIndex: draft.funcType(...CALLBACK_TYPES[name]) },
  }));
  imports.push(saveMemoryImport());
  if (!hasExceptions) return imports;
  module.tags.forEach(({ type }, index) => {
    imports.push({ module: SIDE_IMPORTS.main, name: EXPORTS.tag(index), desc: { kind: 'tag', type } });
  });
  const foreign = { typeIndex: draft.funcType([EXTERNREF], []) };
  imports.push({ module: IMPORTS.engine, name: ENGINE.foreign, desc: { kind: 'tag', type: foreign } });
  for (const { name, kind, type, mutable, is64 } of held) {
    const limits = { min: 0n, max: undefined, shared: false, is64 };
    const desc: Import['desc'] =
      kind === 'table'
        ? { kind, type: tableType(draft, name) ?? { element: type, limits } }
        : { kind, type: { type, mutable } };
    imports.push({ module: SIDE_IMPORTS.main, name, desc });
  }
  return imports;
}

/** The declared type of a table of the module by its export name. */
function tableType({ program: { module } }: HeapDraft, name: string) {
  return module.tables.find((_, index) => EXPORTS.table(index) === name)?.type;
}

/** The functions that turn references into words. */
function defineWords(draft: HeapDraft, places: HeapPlaces): void {
  const { wordOf, exceptionTable } = places;
  wordOf.any = draft.define([TOP_TYPES.any], [I32], anyWord());
  const extern = new HeapAssembler().op('local.get', 0).op('any.convert_extern').op('call', wordOf.any);
  wordOf.extern = draft.define([EXTERNREF], [I32], extern);
  if (exceptionTable < 0) return;
  const exn = new HeapAssembler().op('local.get', 0).op('ref.is_null').open('if').const32(0).op('return').op('end');
  exn.const32(0).op('local.get', 0).op('table.set', exceptionTable).op('call', callback('exception'));
  wordOf.exn = draft.define([TOP_TYPES.exn], [I32], exn);
}

function anyWord(): HeapAssembler {
  const code = new HeapAssembler().op('local.get', 0).op('ref.is_null').open('if').const32(0).op('return').op('end');
  code.op('local.get', 0).heapOp('ref.test', HEAP.i31).open('if').op('local.get', 0).heapOp('ref.cast', HEAP.i31);
  code.op('i31.get_s').const32(1).op('i32.shl').const32(HEAP_WORD.i31).op('i32.or').op('return').op('end');
  code.op('local.get', 0).heapOp('ref.test', HEAP.eq).open('if').op('local.get', 0).op('extern.convert_any');
  code.op('call', callback('object')).op('return').op('end');
  code.op('local.get', 0).op('extern.convert_any').op('call', callback('host'));
  return code;
}

/** The functions that turn words into references. */
function defineReferences(draft: HeapDraft, places: HeapPlaces): void {
  const { refOf, exceptionTable, hostTable, funcTable } = places;
  const orNull = (heap: number): HeapAssembler => {
    const code = new HeapAssembler().op('local.get', 0).op('i32.eqz').open('if').heapOp('ref.null', heap);
    return code.op('return').op('end');
  };
  const index = (code: HeapAssembler): HeapAssembler => {
    return code.op('local.get', 0).const32(HEAP_WORD.shift).op('i32.shr_u');
  };
  const any = orNull(HEAP.any).op('local.get', 0).const32(HEAP_WORD.i31).op('i32.and').open('if');
  any.op('local.get', 0).const32(1).op('i32.shr_s').op('ref.i31').op('return').op('end');
  any.op('local.get', 0).const32(HEAP_WORD.other).op('i32.and').open('if');
  index(any).op('table.get', hostTable).op('any.convert_extern').op('return').op('end');
  index(any.op('global.get', places.objectsGlobal)).const32(1).op('i32.sub').op('array.get', places.objectsType);
  refOf.any = draft.define([I32], [TOP_TYPES.any], any, { name: HEAP_EXPORTS.refOf('any') });
  const extern = new HeapAssembler().op('local.get', 0).op('call', refOf.any).op('extern.convert_any');
  refOf.extern = draft.define([I32], [EXTERNREF], extern, { name: HEAP_EXPORTS.refOf('extern') });
  const func = index(orNull(HEAP.func)).op('table.get', funcTable);
  refOf.func = draft.define([I32], [TOP_TYPES.func], func, { name: HEAP_EXPORTS.refOf('func') });
  if (exceptionTable < 0) return;
  const exn = orNull(HEAP.exn).op('local.get', 0).op('call', callback('exceptionSlot')).op('table.get', exceptionTable);
  refOf.exn = draft.define([I32], [TOP_TYPES.exn], exn, { name: HEAP_EXPORTS.refOf('exn') });
}

/** (externref) -> i32: tests the types from the roots of the hierarchies down. */
function defineTypeOf(draft: HeapDraft): void {
  const { program } = draft;
  const { types } = program.module;
  const canonical = (type: number | undefined): number => types[type ?? -1]?.canonical ?? -1;
  const children = new Map<number, number[]>();
  types.forEach(({ composite, supers }, type) => {
    if (composite.kind === 'func' || !isCanonical(program, type)) return;
    const parent = canonical(supers[0]);
    children.set(parent, [...(children.get(parent) ?? []), type]);
  });
  const code = new HeapAssembler().op('local.get', 0).op('any.convert_extern').op('local.tee', 1);
  const either = (heap: number): HeapAssembler => code.op('local.get', 1).heapOp('ref.test', heap);
  code.heapOp('ref.test', HEAP.struct);
  either(HEAP.array).op('i32.or').op('i32.eqz').open('if').const32(TYPE_OF.none).op('return').op('end');
  const test = (type: number): void => {
    either(type).open('if');
    children.get(type)?.forEach(test);
    code.const32(type).op('return').op('end');
  };
  children.get(-1)?.forEach(test);
  draft.define([EXTERNREF], [I32], code.const32(TYPE_OF.foreign), {
    locals: [TOP_TYPES.any],
    name: HEAP_EXPORTS.typeOf,
  });
}

/** The array of all objects, and lengths. */
function defineObjects(draft: HeapDraft, places: HeapPlaces): void {
  const { objectsGlobal, objectsType, funcTable, hostTable, exceptionTable } = places;
  const length = new HeapAssembler().op('local.get', 0).op('any.convert_extern').heapOp('ref.cast', HEAP.array);
  draft.define([EXTERNREF], [I32], length.op('array.len'), { name: HEAP_EXPORTS.lengthOf });
  const reset = new HeapAssembler().op('local.get', 0).op('i32.eqz').open('if').heapOp('ref.null', objectsType);
  reset.op('global.set', objectsGlobal);
  const clear = (table: number, heap: number): void => {
    if (table < 0) return;
    reset.const32(0).heapOp('ref.null', heap).op('table.size', table).op('table.fill', table);
  };
  clear(funcTable, HEAP.func);
  clear(hostTable, HEAP.extern);
  clear(exceptionTable, HEAP.exn);
  reset.op('return').op('end').op('local.get', 0);
  draft.define([I32], [], reset.op('array.new_default', objectsType).op('global.set', objectsGlobal), {
    name: HEAP_EXPORTS.reset,
  });
  const get = new HeapAssembler().op('global.get', objectsGlobal).op('local.get', 0).op('array.get', objectsType);
  draft.define([I32], [EXTERNREF], get.op('extern.convert_any'), { name: HEAP_EXPORTS.get });
  const put = new HeapAssembler().op('global.get', objectsGlobal).op('local.get', 0).op('local.get', 1);
  draft.define([I32, EXTERNREF], [], put.op('any.convert_extern').op('array.set', objectsType), {
    name: HEAP_EXPORTS.put,
  });
}
