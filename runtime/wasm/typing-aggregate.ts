/** Typing of reference, struct and array instructions (core specification 3.4.6 and 3.4.7). */
import { itemAt } from './item-at.ts';
import { OP } from './opcode-table.ts';
import { BOTTOM_REF, isSubtype, topHeap } from './subtype.ts';
import { typeText } from './type-text.ts';
import type { Typer } from './typer.ts';
import type { Rule } from './typing-control.ts';
import { checkData, elementType } from './typing-storage.ts';
import {
  type FieldType,
  HEAP,
  heapOf,
  I32,
  isDefaultable,
  isNullable,
  isRef,
  PACKED_I16,
  PACKED_I8,
  ref,
  refNull,
  type ValType,
} from './types.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

const isPacked = (storage: ValType): boolean => storage === PACKED_I8 || storage === PACKED_I16;
const unpacked = (storage: ValType): ValType => (isPacked(storage) ? I32 : storage);

function structFields(typer: Typer, row: number): readonly FieldType[] {
  const index = typer.code.a[row] ?? 0;
  typer.checkIndex(index, typer.context.types.length, 'type', row);
  const { composite } = itemAt(typer.context.types, index);
  if (composite.kind !== 'struct') throw typer.error(row, `type ${index} must be a struct type`);
  return composite.fields;
}

function structField(typer: Typer, row: number): FieldType {
  const fields = structFields(typer, row);
  const field = fields[typer.code.b[row] ?? 0];
  if (field === undefined)
    throw typer.error(row, `field ${typer.code.b[row]} does not exist, there are ${fields.length}`);
  return field;
}

function arrayElement(typer: Typer, index: number, row: number): FieldType {
  typer.checkIndex(index, typer.context.types.length, 'type', row);
  const { composite } = itemAt(typer.context.types, index);
  if (composite.kind !== 'array') throw typer.error(row, `type ${index} must be an array type`);
  return composite.element;
}

function requireMutable(typer: Typer, field: FieldType, row: number): void {
  if (!field.mutable) throw typer.error(row, 'the field is immutable');
}

function requireDefault(typer: Typer, field: FieldType, row: number): void {
  if (!isDefaultable(field.storage)) throw typer.error(row, `${typeText(field.storage)} has no default value`);
}

function requirePacking(typer: Typer, field: FieldType, packed: boolean, row: number): void {
  if (isPacked(field.storage) === packed) return;
  throw typer.error(row, `expected a ${packed ? 'packed' : 'full'} field, found ${typeText(field.storage)}`);
}

function requireSubtype(typer: Typer, found: ValType, expected: ValType, row: number): void {
  if (isSubtype(typer.context, found, expected)) return;
  throw typer.error(row, `expected ${typeText(expected)}, found ${typeText(found)}`);
}

const structGet =
  (packed: boolean): Rule =>
  (typer, row) => {
    const field = structField(typer, row);
    requirePacking(typer, field, packed, row);
    typer.pop(refNull(typer.code.a[row] ?? 0), row);
    typer.push(unpacked(field.storage), row);
  };

const arrayGet =
  (packed: boolean): Rule =>
  (typer, row) => {
    const element = arrayElement(typer, typer.code.a[row] ?? 0, row);
    requirePacking(typer, element, packed, row);
    typer.pop(I32, row);
    typer.pop(refNull(typer.code.a[row] ?? 0), row);
    typer.push(unpacked(element.storage), row);
  };

/** Pops what array.new_data and array.init_data take at the end: offset and length. */
function popSegmentRange(typer: Typer, row: number): void {
  typer.pop(I32, row);
  typer.pop(I32, row);
}

function requireDataElement(typer: Typer, element: FieldType, row: number): void {
  checkData(typer, typer.code.b[row] ?? 0, row);
  if (isRef(element.storage)) throw typer.error(row, `expected numbers or vectors, found ${typeText(element.storage)}`);
}

/** Pops index and array of array.init_…, which needs a mutable array. */
function popArrayTarget(typer: Typer, element: FieldType, row: number): void {
  requireMutable(typer, element, row);
  popSegmentRange(typer, row);
  typer.pop(I32, row);
  typer.pop(refNull(typer.code.a[row] ?? 0), row);
}

function arrayNewFixed(typer: Typer, row: number): void {
  const { storage } = arrayElement(typer, typer.code.a[row] ?? 0, row);
  const count = typer.code.b[row] ?? 0;
  if (count > WASM_LIMITS.arrayNewFixed) {
    throw typer.error(row, `${count} elements, at most ${WASM_LIMITS.arrayNewFixed} are accepted`);
  }
  for (let index = 0; index < count; index++) typer.pop(unpacked(storage), row);
  typer.push(ref(typer.code.a[row] ?? 0), row);
}

function arrayCopy(typer: Typer, row: number): void {
  const { a, b } = typer.code;
  const to = arrayElement(typer, a[row] ?? 0, row);
  const from = arrayElement(typer, b[row] ?? 0, row);
  requireMutable(typer, to, row);
  requireSubtype(typer, from.storage, to.storage, row);
  typer.pop(I32, row);
  typer.pop(I32, row);
  typer.pop(refNull(b[row] ?? 0), row);
  typer.pop(I32, row);
  typer.pop(refNull(a[row] ?? 0), row);
}

/** The type that ref.test and ref.cast name; pops a reference of its hierarchy. */
function popCastSource(typer: Typer, nullable: boolean, row: number): ValType {
  const heap = typer.code.a[row] ?? 0;
  typer.checkHeap(heap, row);
  typer.pop(refNull(topHeap(typer.context, heap)), row);
  return nullable ? refNull(heap) : ref(heap);
}

const convertRule =
  (from: number, to: number): Rule =>
  (typer, row) => {
    const found = typer.popRef(row);
    requireSubtype(typer, found, refNull(from), row);
    typer.push(isNullable(found) ? refNull(to) : ref(to), row);
  };

const OP_TEST_NULL = OP['ref.test null'];

const REFERENCE_RULES = {
  'ref.null': (typer, row) => {
    typer.checkHeap(typer.code.a[row] ?? 0, row);
    typer.push(refNull(typer.code.a[row] ?? 0), row);
  },
  'ref.is_null': (typer, row) => {
    typer.popRef(row);
    typer.push(I32, row);
  },
  'ref.as_non_null': (typer, row) => {
    const found = typer.popRef(row);
    typer.push(found === BOTTOM_REF ? found : ref(heapOf(found)), row);
  },
  'ref.func': (typer, row) => {
    const { funcs, declaredFuncs } = typer.context;
    const index = typer.code.a[row] ?? 0;
    typer.checkIndex(index, funcs.length, 'function', row);
    if (!declaredFuncs(index)) {
      throw typer.error(row, `function ${index} must be declared: exported, in an element segment or in a global`);
    }
    typer.push(ref(itemAt(funcs, index).typeIndex), row);
  },
  'ref.test': (typer, row) => {
    popCastSource(typer, typer.code.op[row] === OP_TEST_NULL, row);
    typer.push(I32, row);
  },
  'ref.cast': (typer, row) => typer.push(popCastSource(typer, false, row), row),
  'ref.cast null': (typer, row) => typer.push(popCastSource(typer, true, row), row),
  'any.convert_extern': convertRule(HEAP.extern, HEAP.any),
  'extern.convert_any': convertRule(HEAP.any, HEAP.extern),
} as const satisfies Readonly<Record<string, Rule>>;

const STRUCT_RULES = {
  'struct.new': (typer, row) => {
    const fields = structFields(typer, row);
    for (let index = fields.length - 1; index >= 0; index--) typer.pop(unpacked(itemAt(fields, index).storage), row);
    typer.push(ref(typer.code.a[row] ?? 0), row);
  },
  'struct.new_default': (typer, row) => {
    for (const field of structFields(typer, row)) requireDefault(typer, field, row);
    typer.push(ref(typer.code.a[row] ?? 0), row);
  },
  'struct.get': structGet(false),
  'struct.get packed': structGet(true),
  'struct.set': (typer, row) => {
    const field = structField(typer, row);
    requireMutable(typer, field, row);
    typer.pop(unpacked(field.storage), row);
    typer.pop(refNull(typer.code.a[row] ?? 0), row);
  },
} as const satisfies Readonly<Record<string, Rule>>;

const ARRAY_RULES = {
  'array.new': (typer, row) => {
    const { storage } = arrayElement(typer, typer.code.a[row] ?? 0, row);
    typer.pop(I32, row);
    typer.pop(unpacked(storage), row);
    typer.push(ref(typer.code.a[row] ?? 0), row);
  },
  'array.new_default': (typer, row) => {
    requireDefault(typer, arrayElement(typer, typer.code.a[row] ?? 0, row), row);
    typer.pop(I32, row);
    typer.push(ref(typer.code.a[row] ?? 0), row);
  },
  'array.new_fixed': arrayNewFixed,
  'array.new_data': (typer, row) => {
    requireDataElement(typer, arrayElement(typer, typer.code.a[row] ?? 0, row), row);
    popSegmentRange(typer, row);
    typer.push(ref(typer.code.a[row] ?? 0), row);
  },
  'array.new_elem': (typer, row) => {
    const { storage } = arrayElement(typer, typer.code.a[row] ?? 0, row);
    requireSubtype(typer, elementType(typer, typer.code.b[row] ?? 0, row), storage, row);
    popSegmentRange(typer, row);
    typer.push(ref(typer.code.a[row] ?? 0), row);
  },
  'array.get': arrayGet(false),
  'array.get packed': arrayGet(true),
  'array.set': (typer, row) => {
    const element = arrayElement(typer, typer.code.a[row] ?? 0, row);
    requireMutable(typer, element, row);
    typer.pop(unpacked(element.storage), row);
    typer.pop(I32, row);
    typer.pop(refNull(typer.code.a[row] ?? 0), row);
  },
  'array.fill': (typer, row) => {
    const element = arrayElement(typer, typer.code.a[row] ?? 0, row);
    requireMutable(typer, element, row);
    typer.pop(I32, row);
    typer.pop(unpacked(element.storage), row);
    typer.pop(I32, row);
    typer.pop(refNull(typer.code.a[row] ?? 0), row);
  },
  'array.copy': arrayCopy,
  'array.init_data': (typer, row) => {
    const element = arrayElement(typer, typer.code.a[row] ?? 0, row);
    requireDataElement(typer, element, row);
    popArrayTarget(typer, element, row);
  },
  'array.init_elem': (typer, row) => {
    const element = arrayElement(typer, typer.code.a[row] ?? 0, row);
    requireSubtype(typer, elementType(typer, typer.code.b[row] ?? 0, row), element.storage, row);
    popArrayTarget(typer, element, row);
  },
} as const satisfies Readonly<Record<string, Rule>>;

export const AGGREGATE_RULES = { ...REFERENCE_RULES, ...STRUCT_RULES, ...ARRAY_RULES };
