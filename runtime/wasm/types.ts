/**
 * Types of the WebAssembly core specification, as numbers and plain data.
 *
 * Boundary: data only; readers and writers live beside their section.
 *
 * Invariants:
 * 1. A `ValType` is one 32-bit integer: the low byte is the binary code of the type (0x7f i32 … 0x7b v128, 0x63 `ref
 *    null`, 0x64 `ref`), the upper 24 bits the heap type of a reference (signed; negative: abstract, otherwise a type
 *    index). Types sit in Int32Arrays and compare with `===`: equal numbers are equal types. Where a module defines the same
 *    type twice, references to the two differ as numbers; `isSubtype` in both directions tells that they are equal.
 * 2. A heap type is the binary format's signed integer: -0x10 func, -0x11 extern, … or a type index.
 */

/** A value type, see invariant 1. */
export type ValType = number;

/** A heap type, see invariant 2. */
export type HeapType = number;

export const I32: ValType = 0x7f;
export const I64: ValType = 0x7e;
export const F32: ValType = 0x7d;
export const F64: ValType = 0x7c;
export const V128: ValType = 0x7b;

/** Abstract heap types (binary format, s33). */
export const HEAP = {
  noexn: -0x0c,
  nofunc: -0x0d,
  noextern: -0x0e,
  none: -0x0f,
  func: -0x10,
  extern: -0x11,
  any: -0x12,
  eq: -0x13,
  i31: -0x14,
  struct: -0x15,
  array: -0x16,
  exn: -0x17,
} as const satisfies Record<string, HeapType>;

const REF_NULL_CODE = 0x63;
const REF_CODE = 0x64;

/** The type `(ref null heap)`. */
export const refNull = (heap: HeapType): ValType => (heap << 8) | REF_NULL_CODE;
/** The type `(ref heap)`. */
export const ref = (heap: HeapType): ValType => (heap << 8) | REF_CODE;

export const FUNCREF: ValType = refNull(HEAP.func);
export const EXTERNREF: ValType = refNull(HEAP.extern);
export const EXNREF: ValType = refNull(HEAP.exn);
export const ANYREF: ValType = refNull(HEAP.any);

/** The type of a value in unreachable code: fits everything. Never appears in a module. */
export const BOTTOM: ValType = 0;

export const isRef = (type: ValType): boolean => (type & 0xff) === REF_NULL_CODE || (type & 0xff) === REF_CODE;
export const isNullable = (type: ValType): boolean => (type & 0xff) === REF_NULL_CODE;
/** The heap type of a reference type. */
export const heapOf = (type: ValType): HeapType => type >> 8;
/** Whether a local of this type has a default value (numbers, vectors, nullable references). */
export const isDefaultable = (type: ValType): boolean => (type & 0xff) !== REF_CODE;

/** Storage of a struct field or array element: a value type or a packed integer. */
export const PACKED_I8 = 0x78;
export const PACKED_I16 = 0x77;

export interface FuncType {
  readonly kind: 'func';
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

export interface FieldType {
  /** A value type, PACKED_I8 or PACKED_I16. */
  readonly storage: ValType;
  readonly mutable: boolean;
}

export interface StructType {
  readonly kind: 'struct';
  readonly fields: readonly FieldType[];
}

export interface ArrayType {
  readonly kind: 'array';
  readonly element: FieldType;
}

export type CompositeType = FuncType | StructType | ArrayType;

/** One entry of the type index space. */
export interface SubType {
  readonly composite: CompositeType;
  readonly final: boolean;
  /** Type indices of the declared supertypes (at most one today). */
  readonly supers: readonly number[];
  /** Number of the recursion group that it belongs to (0-based, in module order). */
  readonly recGroup: number;
  /** Equal for equal types under the iso-recursive rules: the lowest type index with the same definition. */
  readonly canonical: number;
}

export interface Limits {
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly shared: boolean;
  /** Address type: i32, or i64 for memory64 and table64. */
  readonly is64: boolean;
}

export interface TableType {
  readonly element: ValType;
  readonly limits: Limits;
}

export interface MemoryType {
  readonly limits: Limits;
}

export interface GlobalType {
  readonly type: ValType;
  readonly mutable: boolean;
}

export interface TagType {
  readonly typeIndex: number;
}
