/** Types as text, spelled as in the text format. */
import { BOTTOM_REF } from './subtype.ts';
import {
  BOTTOM,
  HEAP,
  heapOf,
  type HeapType,
  isNullable,
  isRef,
  PACKED_I16,
  PACKED_I8,
  type ValType,
} from './types.ts';

const NUMBER_NAMES: Readonly<Record<number, string>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  [PACKED_I8]: 'i8',
  [PACKED_I16]: 'i16',
  [BOTTOM]: 'bottom',
};

const HEAP_NAMES = new Map<HeapType, string>(Object.entries(HEAP).map(([name, heap]) => [heap, name]));
HEAP_NAMES.set(heapOf(BOTTOM_REF), 'bottom');

/** Shorthand of `(ref null heap)` for abstract heap types. */
const SHORTHANDS: Readonly<Record<number, string>> = {
  [HEAP.func]: 'funcref',
  [HEAP.extern]: 'externref',
  [HEAP.any]: 'anyref',
  [HEAP.eq]: 'eqref',
  [HEAP.i31]: 'i31ref',
  [HEAP.struct]: 'structref',
  [HEAP.array]: 'arrayref',
  [HEAP.exn]: 'exnref',
  [HEAP.none]: 'nullref',
  [HEAP.noextern]: 'nullexternref',
  [HEAP.nofunc]: 'nullfuncref',
  [HEAP.noexn]: 'nullexnref',
};

/** 'func', 'none', … or the type index. */
export const heapText = (heap: HeapType): string => HEAP_NAMES.get(heap) ?? String(heap);

/** 'i32', 'funcref', '(ref 3)'. */
export function typeText(type: ValType): string {
  if (!isRef(type)) return NUMBER_NAMES[type] ?? `type code ${type}`;
  const heap = heapOf(type);
  if (!isNullable(type)) return `(ref ${heapText(heap)})`;
  return SHORTHANDS[heap] ?? `(ref null ${heapText(heap)})`;
}

/** '[i32 f64]'. */
export const typesText = (types: Iterable<ValType>): string => `[${Array.from(types, typeText).join(' ')}]`;
