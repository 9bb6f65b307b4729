/** Subtyping (core specification 3.3, "matching"). */
import { itemAt } from './item-at.ts';
import { BOTTOM, HEAP, heapOf, type HeapType, isNullable, isRef, ref, type SubType, type ValType } from './types.ts';

/** What subtyping needs to know of a module. */
export interface SubtypeContext {
  readonly types: readonly SubType[];
}

/** Heap type of a reference of unknown type in unreachable code. Never appears in a module. */
const HEAP_BOTTOM: HeapType = -0x7f;

/** A reference in unreachable code: fits every reference type. */
export const BOTTOM_REF: ValType = ref(HEAP_BOTTOM);

/** Abstract heap types directly above an abstract heap type. */
const PARENT: Readonly<Record<HeapType, HeapType>> = {
  [HEAP.eq]: HEAP.any,
  [HEAP.i31]: HEAP.eq,
  [HEAP.struct]: HEAP.eq,
  [HEAP.array]: HEAP.eq,
};

/** The bottom of each hierarchy, by its top. */
const BOTTOM_OF: Readonly<Record<HeapType, HeapType>> = {
  [HEAP.any]: HEAP.none,
  [HEAP.func]: HEAP.nofunc,
  [HEAP.extern]: HEAP.noextern,
  [HEAP.exn]: HEAP.noexn,
};

const TOP_OF_BOTTOM: Readonly<Record<HeapType, HeapType>> = {
  [HEAP.none]: HEAP.any,
  [HEAP.nofunc]: HEAP.func,
  [HEAP.noextern]: HEAP.extern,
  [HEAP.noexn]: HEAP.exn,
};

/** Abstract heap type directly above the concrete types of a kind. */
const ABSTRACT_OF = { func: HEAP.func, struct: HEAP.struct, array: HEAP.array } as const;

/** The abstract heap type above a concrete one. */
export function abstractHeap(context: SubtypeContext, heap: HeapType): HeapType {
  return heap < 0 ? heap : ABSTRACT_OF[itemAt(context.types, heap).composite.kind];
}

/** The top of the hierarchy that a heap type belongs to. */
export function topHeap(context: SubtypeContext, heap: HeapType): HeapType {
  let at = abstractHeap(context, heap);
  const top = TOP_OF_BOTTOM[at];
  if (top !== undefined) return top;
  for (let parent = PARENT[at]; parent !== undefined; parent = PARENT[at]) at = parent;
  return at;
}

/** Whether two type indices mean the same type. */
export const isSameType = (context: SubtypeContext, a: number, b: number): boolean =>
  a === b || itemAt(context.types, a).canonical === itemAt(context.types, b).canonical;

/** Whether heap type `a` matches `b` (3.3.3). */
export function isHeapSubtype(context: SubtypeContext, a: HeapType, b: HeapType): boolean {
  if (a === b || a === HEAP_BOTTOM) return true;
  if (a < 0 && BOTTOM_OF[topHeap(context, b)] === a) return true;
  if (b >= 0) {
    if (a < 0) return false;
    for (let at: number | undefined = a; at !== undefined; at = itemAt(context.types, at).supers[0]) {
      if (isSameType(context, at, b)) return true;
    }
    return false;
  }
  for (let at: HeapType | undefined = abstractHeap(context, a); at !== undefined; at = PARENT[at]) {
    if (at === b) return true;
  }
  return false;
}

/** Whether value type `a` matches `b`: a value of type `a` may stand where `b` is expected. */
export function isSubtype(context: SubtypeContext, a: ValType, b: ValType): boolean {
  if (a === b || a === BOTTOM) return true;
  if (!isRef(a) || !isRef(b)) return false;
  if (isNullable(a) && !isNullable(b)) return false;
  return isHeapSubtype(context, heapOf(a), heapOf(b));
}

/** `a` without the values that a cast to `b` lets pass (3.1.2, "type difference"). */
export const refDifference = (a: ValType, b: ValType): ValType => (isNullable(b) ? ref(heapOf(a)) : a);
