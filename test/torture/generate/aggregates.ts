/** References: constants of every type, structs and arrays, casts, conversions. */
import {
  ANYREF,
  EXTERNREF,
  type FieldType,
  HEAP,
  heapOf,
  type HeapType,
  I32,
  isDefaultable,
  isNullable,
  isRef,
  PACKED_I16,
  PACKED_I8,
  ref,
  refNull,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import type { FunctionBuilder } from './function-builder.ts';
import { ELEMENT_SEGMENT, DATA_SEGMENT } from './segments.ts';
import { bounded, constant, consume, tableGet } from './values.ts';

const isPacked = (storage: ValType): boolean => storage === PACKED_I8 || storage === PACKED_I16;
/** The type in which a field's value is on the stack. */
export const unpacked = (storage: ValType): ValType => (isPacked(storage) ? I32 : storage);

/** Arrays have this length at least, mostly, so that an index below it is in range. */
const ARRAY_LENGTH = 4;

// --- constants ---

/** A reference that needs nothing: null, a function, an i31, a new object. */
export function referenceConstant(f: FunctionBuilder, type: ValType): void {
  if (isNullable(type) && f.random.below(4) < (f.spent ? 3 : 1)) return f.emit('ref.null', nullHeap(f, heapOf(type)));
  const heap = heapOf(type);
  if (nonNullConstant(f, heap)) return;
  if (isNullable(type)) return f.emit('ref.null', heap);
  f.emit('ref.null', heap);
  f.emit('ref.as_non_null');
}

/** A heap type whose null fits: the one asked for or the bottom of its hierarchy. */
function nullHeap(f: FunctionBuilder, heap: HeapType): HeapType {
  if (!f.outline.features.references || f.chance(2)) return heap;
  const kind = heap < 0 ? undefined : f.types.types[heap]?.composite.kind;
  if (kind === 'func' || heap === HEAP.func) return HEAP.nofunc;
  if (heap === HEAP.extern) return HEAP.noextern;
  if (heap === HEAP.exn) return HEAP.noexn;
  return heap === HEAP.nofunc || heap === HEAP.noextern || heap === HEAP.noexn ? heap : HEAP.none;
}

function nonNullConstant(f: FunctionBuilder, heap: HeapType): boolean {
  const { structs, arrays } = f.types;
  switch (heap) {
    case HEAP.func:
      f.emit('ref.func', f.random.pick(f.outline.funcs).index);
      return true;
    case HEAP.extern:
      if (!f.outline.features.gc) return false;
      i31(f);
      f.emit('extern.convert_any');
      return true;
    case HEAP.any:
    case HEAP.eq:
    case HEAP.i31:
      i31(f);
      return true;
    case HEAP.struct:
      return newStruct(f, f.random.pick(structs));
    case HEAP.array:
      return newArray(f, f.random.pick(arrays));
    default:
      return heap >= 0 && newConcrete(f, heap);
  }
}

function i31(f: FunctionBuilder): void {
  constant(f, I32);
  f.emit('ref.i31');
}

function newConcrete(f: FunctionBuilder, type: number): boolean {
  const kind = f.types.types[type]?.composite.kind;
  if (kind === 'struct') return newStruct(f, subtypeOf(f, type));
  if (kind === 'array') return newArray(f, type);
  const fitting = f.outline.funcs.filter(({ typeIndex }) => typeIndex === type);
  if (fitting.length === 0) return false;
  f.emit('ref.func', f.random.pick(fitting).index);
  return true;
}

/** The struct type itself or one below it. */
function subtypeOf(f: FunctionBuilder, type: number): number {
  // Fields of a type refer to earlier types alone where they must not be null: so this ends.
  if (f.spent) return type;
  return f.random.pick(f.types.structs.filter((other) => f.types.isSubtype(ref(other), ref(type))));
}

function newStruct(f: FunctionBuilder, type: number): boolean {
  const { fields } = f.types.structAt(type);
  const defaults = fields.every(({ storage }) => isPacked(storage) || isDefaultable(storage));
  if (defaults && (f.spent || f.chance(3))) {
    f.emit('struct.new_default', type);
    return true;
  }
  f.deeper(() => fields.forEach(({ storage }) => f.push(unpacked(storage))));
  f.emit('struct.new', type);
  return true;
}

function newArray(f: FunctionBuilder, type: number): boolean {
  const { element } = f.types.arrayAt(type);
  const makers: (() => void)[] = [() => arrayOfValues(f, type, element), () => arrayFilled(f, type, element)];
  if (isPacked(element.storage) || isDefaultable(element.storage)) {
    makers.push(() => {
      length(f);
      f.emit('array.new_default', type);
    });
  }
  const segment = segmentFor(f, element);
  if (segment !== undefined) {
    makers.push(() => {
      bounded(f, false, 3, 40);
      f.emit('i32.const', f.chance(60) ? 100 : ARRAY_LENGTH);
      f.emit(segment.kind === 'data' ? 'array.new_data' : 'array.new_elem', type, segment.index);
    });
  }
  f.deeper(() => f.random.pick(makers)());
  return true;
}

function arrayOfValues(f: FunctionBuilder, type: number, { storage }: FieldType): void {
  const count = f.chance(30) ? f.random.below(ARRAY_LENGTH) : ARRAY_LENGTH + f.random.below(3);
  for (let made = 0; made < count; made++) f.push(unpacked(storage));
  f.emit('array.new_fixed', type, count);
}

function arrayFilled(f: FunctionBuilder, type: number, { storage }: FieldType): void {
  f.push(unpacked(storage));
  length(f);
  f.emit('array.new', type);
}

function length(f: FunctionBuilder): void {
  bounded(f, false, 7, 1 << 30);
  if (f.chance(30)) return;
  f.emit('i32.const', ARRAY_LENGTH);
  f.emit('i32.add');
}

/** The passive segment that elements of the type can be taken from. */
function segmentFor(
  f: FunctionBuilder,
  { storage }: FieldType,
): { readonly kind: 'data' | 'elem'; readonly index: number } | undefined {
  if (!isRef(storage)) return { kind: 'data', index: DATA_SEGMENT };
  return f.types.isSubtype(ref(HEAP.i31), storage) ? { kind: 'elem', index: ELEMENT_SEGMENT.i31 } : undefined;
}

// --- reads ---

/** A reference of the type by some computation. */
export function reference(f: FunctionBuilder, type: ValType): void {
  const ways: ((f: FunctionBuilder, type: ValType) => boolean)[] = [tableGet, fresh];
  if (!isNullable(type)) ways.push(asNonNull);
  if (f.outline.features.handlers === 'table' && f.types.isSubtype(ref(HEAP.exn), type)) ways.push(caught, caught);
  if (f.outline.features.gc) {
    ways.push(fieldRead, elementRead);
    const heap = heapOf(type);
    if (f.types.isSubtype(type, ANYREF)) ways.push(heap === HEAP.any ? internalise : cast, castBranch);
    if (heap === HEAP.extern) ways.push(externalise);
  } else if (heapOf(type) >= 0 && f.outline.features.references) ways.push(cast);
  if (!f.random.pick(ways)(f, type)) fresh(f, type);
}

function fresh(f: FunctionBuilder, type: ValType): boolean {
  referenceConstant(f, type);
  return true;
}

/** An exception that is thrown and caught here: (block (result (ref exn)) (try_table (catch_all_ref 0) payload throw) unreachable). */
function caught(f: FunctionBuilder): boolean {
  const exception = ref(HEAP.exn);
  const tag = f.random.below(f.outline.tags.length);
  f.emit('block', f.types.block([], [exception]));
  f.inside({ types: [exception], kind: 'plain' }, () => {
    f.emit('try_table', f.types.block([], []), [{ kind: 3, label: 0 }]);
    f.inside({ types: [], kind: 'plain' }, () => {
      f.deeper(() => f.pushAll(f.outline.tags[tag]?.params ?? []));
      f.emit('throw', tag);
    });
    f.emit('end');
    f.emit('unreachable');
  });
  f.emit('end');
  return true;
}

function asNonNull(f: FunctionBuilder, type: ValType): boolean {
  const heap = heapOf(type);
  if (f.chance(3)) {
    f.push(refNull(heap));
    f.emit('ref.as_non_null');
    return true;
  }
  // The value if there is one, otherwise another: block (result ref) (block (x) (br_on_null 0) (br 1)) another end.
  const outcome = f.types.block([], [type]);
  const found = f.types.block([], [], true);
  f.emit('block', outcome);
  f.inside({ types: [type], kind: 'plain' }, () => {
    f.emit('block', found);
    f.inside({ types: [], kind: 'plain' }, () => {
      f.push(refNull(heap));
      f.emit('br_on_null', 0);
      f.emit('br', 1);
    });
    f.emit('end');
    referenceConstant(f, type);
  });
  f.emit('end');
  return true;
}

/** Struct fields whose value fits. */
function fieldsOf(
  f: FunctionBuilder,
  fits: (storage: ValType, field: FieldType) => boolean,
): { type: number; field: number; storage: ValType }[] {
  return f.types.structs.flatMap((type) =>
    f.types
      .structAt(type)
      .fields.flatMap((each, field) => (fits(each.storage, each) ? [{ type, field, storage: each.storage }] : [])),
  );
}

const arraysOf = (f: FunctionBuilder, fits: (storage: ValType, field: FieldType) => boolean): number[] =>
  f.types.arrays.filter((type) => {
    const { element } = f.types.arrayAt(type);
    return fits(element.storage, element);
  });

/** A struct, mostly not null. */
function pushObject(f: FunctionBuilder, type: number): void {
  f.push(f.chance(25) ? refNull(type) : ref(type));
}

/** Reads a field that gives the type. */
export function fieldRead(f: FunctionBuilder, type: ValType): boolean {
  const fields = fieldsOf(f, (storage) => f.types.isSubtype(unpacked(storage), type));
  if (fields.length === 0) return false;
  const { type: struct, field, storage } = f.random.pick(fields);
  pushObject(f, struct);
  f.emit(isPacked(storage) ? f.random.pick(['struct.get_s', 'struct.get_u']) : 'struct.get', struct, field);
  return true;
}

function index(f: FunctionBuilder): void {
  bounded(f, false, ARRAY_LENGTH - 1);
}

export function elementRead(f: FunctionBuilder, type: ValType): boolean {
  const arrays = arraysOf(f, (storage) => f.types.isSubtype(unpacked(storage), type));
  if (arrays.length === 0) return false;
  const array = f.random.pick(arrays);
  pushObject(f, array);
  index(f);
  const packed = isPacked(f.types.arrayAt(array).element.storage);
  f.emit(packed ? f.random.pick(['array.get_s', 'array.get_u']) : 'array.get', array);
  return true;
}

/** Another type of the same hierarchy, wider. */
function widerType(f: FunctionBuilder, type: ValType): ValType {
  const heap = heapOf(type);
  if (f.types.isSubtype(type, ANYREF))
    return f.random.pick([ANYREF, refNull(HEAP.eq)].filter((wide) => f.types.isSubtype(type, wide)));
  return f.types.isSubtype(refNull(heap), refNull(HEAP.func)) ? refNull(HEAP.func) : type;
}

/** A cast that may fail only where it is not guarded. */
function cast(f: FunctionBuilder, type: ValType): boolean {
  const wide = widerType(f, type);
  const heap = heapOf(type);
  const name = isNullable(type) ? 'null' : '';
  const held = f.reserve(refNull(heapOf(wide)));
  f.push(wide);
  f.emit('local.tee', held);
  f.emit(name === 'null' ? 'ref.test null' : 'ref.test', heap);
  f.emit('if', f.types.block([], [type]));
  f.inside({ types: [type], kind: 'plain' }, () => {
    f.emit('local.get', held);
    f.emit(name === 'null' ? 'ref.cast null' : 'ref.cast', heap);
    f.emit('else');
    referenceConstant(f, type);
  });
  f.emit('end');
  return true;
}

/** `br_on_cast` or `br_on_cast_fail` out of a block that gives the type. */
function castBranch(f: FunctionBuilder, type: ValType): boolean {
  const wide = widerType(f, type);
  const flags = 1 | (isNullable(type) ? 2 : 0);
  f.emit('block', f.types.block([], [type]));
  f.inside({ types: [type], kind: 'plain' }, () => {
    if (f.chance(2)) {
      f.push(wide);
      f.emit('br_on_cast', flags, 0, heapOf(wide), heapOf(type));
      consume(f, isNullable(type) ? ref(heapOf(wide)) : wide);
    } else {
      const rest = isNullable(type) ? ref(heapOf(wide)) : wide;
      f.emit('block', f.types.block([], [rest]));
      f.inside({ types: [rest], kind: 'plain' }, () => {
        f.push(wide);
        f.emit('br_on_cast_fail', flags, 0, heapOf(wide), heapOf(type));
        f.emit('br', 1);
      });
      f.emit('end');
      consume(f, rest);
    }
    referenceConstant(f, type);
  });
  f.emit('end');
  return true;
}

function internalise(f: FunctionBuilder, type: ValType): boolean {
  f.push(isNullable(type) ? EXTERNREF : ref(HEAP.extern));
  f.emit('any.convert_extern');
  return true;
}

function externalise(f: FunctionBuilder, type: ValType): boolean {
  f.push(isNullable(type) ? ANYREF : ref(HEAP.any));
  f.emit('extern.convert_any');
  return true;
}

// --- numbers out of references ---

/** An i32 that says something of a reference. */
export function referenceProperty(f: FunctionBuilder): void {
  const { random } = f;
  switch (random.below(5)) {
    case 0:
      f.push(refNull(HEAP.eq));
      f.push(refNull(HEAP.eq));
      return f.emit('ref.eq');
    case 1:
      f.push(f.chance(25) ? refNull(HEAP.array) : ref(random.pick(f.types.arrays)));
      return f.emit('array.len');
    case 2:
      f.push(f.chance(25) ? refNull(HEAP.i31) : ref(HEAP.i31));
      return f.emit(random.pick(['i31.get_s', 'i31.get_u']));
    case 3:
      f.push(ANYREF);
      return f.emit(
        random.pick(['ref.test', 'ref.test null']),
        random.pick([...f.types.structs, HEAP.struct, HEAP.i31]),
      );
    default:
      if (!fieldRead(f, I32) && !elementRead(f, I32)) constant(f, I32);
  }
}

// --- writes ---

const mutable = (_storage: ValType, field: FieldType): boolean => field.mutable;

/** A write to a struct or an array. */
export function objectStatement(f: FunctionBuilder): void {
  const arrays = arraysOf(f, mutable);
  const fields = fieldsOf(f, mutable);
  if (f.chance(2) && fields.length > 0) {
    const { type, field, storage } = f.random.pick(fields);
    pushObject(f, type);
    f.push(unpacked(storage));
    return f.emit('struct.set', type, field);
  }
  if (arrays.length > 0) arrayStatement(f, f.random.pick(arrays));
}

function arrayStatement(f: FunctionBuilder, array: number): void {
  const { element } = f.types.arrayAt(array);
  const segment = segmentFor(f, element);
  pushObject(f, array);
  index(f);
  switch (f.random.below(segment === undefined ? 3 : 4)) {
    case 0:
      f.push(unpacked(element.storage));
      return f.emit('array.set', array);
    case 1:
      f.push(unpacked(element.storage));
      bounded(f, false, 1);
      return f.emit('array.fill', array);
    case 2:
      pushObject(f, array);
      index(f);
      bounded(f, false, 1);
      return f.emit('array.copy', array, array);
    default:
      bounded(f, false, 3);
      bounded(f, false, 1);
      return f.emit(segment?.kind === 'elem' ? 'array.init_elem' : 'array.init_data', array, segment?.index ?? 0);
  }
}
