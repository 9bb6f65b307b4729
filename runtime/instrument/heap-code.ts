/** Instructions of a heap module: casts, and the fields of objects as loads and stores of the save memory. */
import {
  BLOCK_KIND,
  F32,
  F64,
  HEAP,
  heapOf,
  I32,
  I64,
  isNullable,
  type OP,
  PACKED_I16,
  PACKED_I8,
  refNull,
  V128,
  type ValType,
  writeBlockType,
} from '../wasm/index.ts';
import type { RefKind } from './abi.ts';
import { Assembler } from './helpers.ts';
import { type HeapPlaces, SAVE_MEMORY } from './heap-draft.ts';
import type { HeapField } from './heap-layout.ts';

/** The top of each hierarchy. */
export const TOP_TYPES: Readonly<Record<RefKind, ValType>> = {
  func: refNull(HEAP.func),
  extern: refNull(HEAP.extern),
  any: refNull(HEAP.any),
  exn: refNull(HEAP.exn),
};

export class HeapAssembler extends Assembler {
  /** An instruction whose immediate is a heap type. */
  heapOp(name: 'ref.null' | 'ref.test' | 'ref.test null' | 'ref.cast' | 'ref.cast null', heap: number): this {
    this.op(name);
    this.out.s33(heap);
    return this;
  }

  /** Casts what is on the stack to a type of its hierarchy. */
  castTo(type: ValType): this {
    if (heapOf(type) === HEAP.noexn) {
      this.op('drop').heapOp('ref.null', HEAP.noexn); // no cast exists for exceptions
      return isNullable(type) ? this : this.op('ref.as_non_null');
    }
    const top = heapOf(type) === HEAP.any || heapOf(type) === HEAP.extern || heapOf(type) === HEAP.exn;
    if (top) return isNullable(type) ? this : this.op('ref.as_non_null');
    return this.heapOp(isNullable(type) ? 'ref.cast null' : 'ref.cast', heapOf(type));
  }

  /** Opens a block or try_table with results; `typeIndex` that of [] -> results, used if there are several. */
  openResults(name: 'block' | 'try_table' | 'if', results: readonly ValType[], typeIndex: number): this {
    const [first] = results;
    this.op(name);
    if (first === undefined) writeBlockType(this.out, BLOCK_KIND.empty, 0);
    else if (results.length === 1) writeBlockType(this.out, BLOCK_KIND.value, first);
    else writeBlockType(this.out, BLOCK_KIND.typeIndex, typeIndex);
    return this;
  }
}

interface Access {
  readonly load: keyof typeof OP;
  readonly store: keyof typeof OP;
}

const ACCESS: ReadonlyMap<ValType, Access> = new Map<ValType, Access>([
  [I32, { load: 'i32.load', store: 'i32.store' }],
  [I64, { load: 'i64.load', store: 'i64.store' }],
  [F32, { load: 'f32.load', store: 'f32.store' }],
  [F64, { load: 'f64.load', store: 'f64.store' }],
  [V128, { load: 'v128.load', store: 'v128.store' }],
  [PACKED_I8, { load: 'i32.load8_u', store: 'i32.store8' }],
  [PACKED_I16, { load: 'i32.load16_u', store: 'i32.store16' }],
]);

const WORD: Access = { load: 'i32.load', store: 'i32.store' };

export const isPacked = (storage: ValType): boolean => storage === PACKED_I8 || storage === PACKED_I16;

/** With an address and a field's value on the stack: stores it. */
export function writeFieldStore(
  code: HeapAssembler,
  places: Pick<HeapPlaces, 'wordOf'>,
  { storage, refKind }: HeapField,
  offset: number,
): void {
  if (refKind !== undefined) code.op('call', places.wordOf[refKind]);
  code.access((refKind === undefined ? ACCESS.get(storage) : undefined)?.store ?? WORD.store, SAVE_MEMORY, offset);
}

/** With an address on the stack: pushes the field's value. */
export function writeFieldLoad(
  code: HeapAssembler,
  places: Pick<HeapPlaces, 'refOf'>,
  { storage, refKind }: HeapField,
  offset: number,
): void {
  code.access((refKind === undefined ? ACCESS.get(storage) : undefined)?.load ?? WORD.load, SAVE_MEMORY, offset);
  if (refKind !== undefined) code.op('call', places.refOf[refKind]).castTo(storage);
}
