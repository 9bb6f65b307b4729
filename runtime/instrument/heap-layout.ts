/**
 * How objects of the garbage-collected heap lie in a snapshot: the fields of a struct, the elements of an array and the payload of an
 * exception, packed in order and without gaps. docs/snapshot-format.md is the specification.
 *
 * Boundary: types in, offsets out.
 */
import {
  F64,
  type FieldType,
  HEAP,
  heapOf,
  I64,
  isNullable,
  isRef,
  PACKED_I16,
  PACKED_I8,
  V128,
  type ValType,
} from '../wasm/index.ts';
import type { Program } from './program.ts';
import { refKind } from './record.ts';
import type { RefKind } from './abi.ts';

export interface HeapField {
  readonly storage: ValType;
  readonly mutable: boolean;
  /** From the first field of the object, in bytes. */
  readonly offset: number;
  /** What hierarchy a reference belongs to; undefined: a number or vector. */
  readonly refKind: RefKind | undefined;
}

export interface StructLayout {
  readonly kind: 'struct' | 'exception';
  readonly fields: readonly HeapField[];
  readonly sizeBytes: number;
}

export interface ArrayLayout {
  readonly kind: 'array';
  readonly element: HeapField;
  readonly elementBytes: number;
}

export type HeapLayout = StructLayout | ArrayLayout;

/** Bytes that a field takes in a snapshot. */
export function storageBytes(storage: ValType): number {
  switch (storage) {
    case PACKED_I8:
      return 1;
    case PACKED_I16:
      return 2;
    case I64:
    case F64:
      return 8;
    case V128:
      return 16;
    default:
      return 4;
  }
}

function fieldAt(program: Program, { storage, mutable }: FieldType, offset: number): HeapField {
  return { storage, mutable, offset, refKind: isRef(storage) ? hierarchyOf(program, storage) : undefined };
}

/** The hierarchy of a reference type. */
export function hierarchyOf(program: Program, type: ValType): RefKind {
  const heap = heapOf(type);
  if (heap >= 0) return program.heapTop(heap) === HEAP.func ? 'func' : 'any';
  switch (heap) {
    case HEAP.nofunc:
      return 'func';
    case HEAP.noextern:
      return 'extern';
    case HEAP.noexn:
      return 'exn';
    default:
      return refKind(type);
  }
}

function layFields(program: Program, kind: 'struct' | 'exception', types: readonly FieldType[]): StructLayout {
  let sizeBytes = 0;
  const fields = types.map((type) => {
    const field = fieldAt(program, type, sizeBytes);
    sizeBytes += storageBytes(type.storage);
    return field;
  });
  return { kind, fields, sizeBytes };
}

/** The layout of objects of a type; undefined for a function type and for an index that does not exist. */
export function heapLayout(program: Program, typeIndex: number): HeapLayout | undefined {
  const composite = program.module.types[typeIndex]?.composite;
  if (composite === undefined || composite.kind === 'func') return undefined;
  if (composite.kind === 'struct') return layFields(program, 'struct', composite.fields);
  const element = fieldAt(program, composite.element, 0);
  return { kind: 'array', element, elementBytes: storageBytes(element.storage) };
}

/** The layout of the payload of an exception; `tags` beyond the module's: what a host function threw. */
export function exceptionLayout(program: Program, tag: number): StructLayout | undefined {
  const params = program.catchableTags()[tag]?.params;
  return (
    params &&
    layFields(
      program,
      'exception',
      params.map((storage) => ({ storage, mutable: false })),
    )
  );
}

/** Whether a type is the lowest index of all that mean the same. */
export const isCanonical = (program: Program, typeIndex: number): boolean =>
  program.module.types[typeIndex]?.canonical === typeIndex;

/**
 * Types of structs and arrays that can have objects: those whose fields can all be given a value to begin with. A struct type that
 * only an object of its own could complete is none.
 */
export function constructibleTypes(program: Program): ReadonlySet<number> {
  const { types } = program.module;
  const found = new Set<number>();
  const missing = new Int32Array(types.length);
  const waiting = new Map<number, number[]>();
  const ready: number[] = [];
  types.forEach(({ composite }, index) => {
    if (composite.kind === 'func') return;
    const fields = composite.kind === 'struct' ? composite.fields : [];
    for (const { storage } of fields) {
      if (!isRef(storage) || isNullable(storage)) continue;
      const heap = heapOf(storage);
      if (heap >= 0 ? types[heap]?.composite.kind === 'func' : !UNINHABITED.has(heap)) continue;
      missing[index] = (missing[index] ?? 0) + 1;
      if (heap >= 0) waiting.set(heap, [...(waiting.get(heap) ?? []), index]);
    }
    if (missing[index] === 0) ready.push(index);
  });
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    found.add(index);
    for (const next of waiting.get(index) ?? []) {
      missing[next] = (missing[next] ?? 0) - 1;
      if (missing[next] === 0) ready.push(next);
    }
  }
  return found;
}

/** Heap types that have no object. */
const UNINHABITED: ReadonlySet<number> = new Set([HEAP.none, HEAP.nofunc, HEAP.noextern, HEAP.noexn]);
