/** The functions of a heap module that read, make and fill the objects of one type. */
import { EXTERNREF, I32, isDefaultable, refNull, type ValType } from '../wasm/index.ts';
import { HEAP_EXPORTS } from './heap-abi.ts';
import { HeapAssembler, isPacked, writeFieldLoad, writeFieldStore } from './heap-code.ts';
import type { HeapDraft, HeapPlaces } from './heap-draft.ts';
import type { ArrayLayout, StructLayout } from './heap-layout.ts';

/** Parameters: (externref or index, address); for arrays also (from, count). */
const PARAM = { object: 0, at: 1, from: 2, count: 3 } as const;

/** With nothing on the stack: sets the local to parameter 0, an externref, as an object of the type. */
function castObject(code: HeapAssembler, type: number, local: number): void {
  code.op('local.get', PARAM.object).op('any.convert_extern').heapOp('ref.cast', type).op('local.set', local);
}

/** Sets the local to the object that was made with the index of parameter 0. */
function takeObject(code: HeapAssembler, places: HeapPlaces, type: number, local: number): void {
  code.op('global.get', places.objectsGlobal).op('local.get', PARAM.object).op('array.get', places.objectsType);
  code.heapOp('ref.cast', type).op('local.set', local);
}

/** With an object on the stack and `index` and `objects` under it: keeps it. */
function keepObject(code: HeapAssembler, places: HeapPlaces): HeapAssembler {
  code.op('array.set', places.objectsType);
  return code;
}

export function defineStruct(draft: HeapDraft, places: HeapPlaces, type: number, layout: StructLayout): void {
  defineStructRead(draft, places, type, layout);
  const create = new HeapAssembler().op('global.get', places.objectsGlobal).op('local.get', PARAM.object);
  for (const field of layout.fields) {
    if (field.refKind !== undefined && field.mutable) draft.writeDefault(create, field.storage);
    else writeFieldLoad(create.op('local.get', PARAM.at), places, field, field.offset);
  }
  keepObject(create.op('struct.new', type), places);
  draft.define([I32, I32], [], create, { name: HEAP_EXPORTS.create(type) });
  if (!layout.fields.some(({ mutable }) => mutable)) return;
  const fill = new HeapAssembler();
  takeObject(fill, places, type, 2);
  layout.fields.forEach((field, index) => {
    if (!field.mutable) return;
    writeFieldLoad(fill.op('local.get', 2).op('local.get', PARAM.at), places, field, field.offset);
    fill.op('struct.set', type, index);
  });
  draft.define([I32, I32], [], fill, { locals: [refNull(type)], name: HEAP_EXPORTS.fill(type) });
}

function defineStructRead(draft: HeapDraft, places: HeapPlaces, type: number, layout: StructLayout): void {
  const code = new HeapAssembler();
  castObject(code, type, 2);
  layout.fields.forEach((field, index) => {
    code.op('local.get', PARAM.at).op('local.get', 2);
    code.op(isPacked(field.storage) ? 'struct.get_u' : 'struct.get', type, index);
    writeFieldStore(code, places, field, field.offset);
  });
  draft.define([EXTERNREF, I32], [], code, { locals: [refNull(type)], name: HEAP_EXPORTS.read(type) });
}

export function defineArray(draft: HeapDraft, places: HeapPlaces, type: number, layout: ArrayLayout): void {
  const { element } = layout;
  const read = new HeapAssembler();
  castObject(read, type, 4);
  forEachElement(read, layout, () => {
    read.op('local.get', PARAM.at).op('local.get', 4).op('local.get', PARAM.from);
    read.op(isPacked(element.storage) ? 'array.get_u' : 'array.get', type);
    writeFieldStore(read, places, element, 0);
  });
  const locals = [refNull(type)];
  draft.define(rangeParams(EXTERNREF), [], read, { locals, name: HEAP_EXPORTS.read(type) });
  if (!element.mutable) return; // made by a module of its own, heap-constants.ts
  const create = new HeapAssembler().op('global.get', places.objectsGlobal).op('local.get', PARAM.object);
  if (!isDefaultable(element.storage)) draft.writeDefault(create, element.storage);
  create.op('local.get', 1).op(isDefaultable(element.storage) ? 'array.new_default' : 'array.new', type);
  draft.define([I32, I32], [], keepObject(create, places), { name: HEAP_EXPORTS.create(type) });
  const fill = new HeapAssembler();
  takeObject(fill, places, type, 4);
  forEachElement(fill, layout, () => {
    fill.op('local.get', 4).op('local.get', PARAM.from).op('local.get', PARAM.at);
    writeFieldLoad(fill, places, element, 0);
    fill.op('array.set', type);
  });
  draft.define(rangeParams(I32), [], fill, { locals, name: HEAP_EXPORTS.fill(type) });
}

const rangeParams = (object: ValType): ValType[] => [object, I32, I32, I32];

/** A loop over `count` elements from `from` on; `at` moves with them. */
function forEachElement(code: HeapAssembler, layout: ArrayLayout, write: () => void): void {
  code.open('block').open('loop').op('local.get', PARAM.count).op('i32.eqz').op('br_if', 1);
  write();
  const step = (param: number, by: number): void => {
    code.op('local.get', param).const32(by).op('i32.add').op('local.set', param);
  };
  step(PARAM.at, layout.elementBytes);
  step(PARAM.from, 1);
  step(PARAM.count, -1);
  code.op('br', 0).op('end').op('end');
}
