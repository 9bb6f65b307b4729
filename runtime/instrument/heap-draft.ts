/**
 * A heap module under construction: its types and functions, and the values that fields begin with.
 *
 * Boundary: writes bytes; which functions there are is in heap-module.ts.
 *
 * Invariants:
 * 1. Types have the indices that they have in the guest's module, so its objects are of this module's types, too.
 * 2. Functions that are imported come first; none is imported after one was defined.
 */
import {
  type ElementDraft,
  FUNCREF,
  type FuncDraft,
  HEAP,
  heapOf,
  I32,
  I64,
  F32,
  F64,
  isNullable,
  isRef,
  ref,
  type SubType,
  V128,
  type ValType,
} from '../wasm/index.ts';
import type { RefKind } from './abi.ts';
import { HeapAssembler } from './heap-code.ts';
import { constructibleTypes } from './heap-layout.ts';
import type { Program } from './program.ts';

/** Where the functions and tables of a heap module are, by index. */
export interface HeapPlaces {
  /** Functions that turn a reference into its word, by hierarchy. */
  readonly wordOf: Record<RefKind, number>;
  /** Functions that turn a word into its reference. */
  readonly refOf: Record<RefKind, number>;
  readonly objectsGlobal: number;
  /** Type of the array of all objects. */
  readonly objectsType: number;
  readonly funcTable: number;
  readonly hostTable: number;
  /** -1: the module has no references to exceptions. */
  readonly exceptionTable: number;
  readonly foreignTag: number;
}

/** The save memory is a heap module's only one. */
export const SAVE_MEMORY = 0;

export class HeapDraft {
  readonly program: Program;
  readonly types: SubType[];
  readonly funcs: FuncDraft[] = [];
  readonly exports: { readonly name: string; readonly kind: 'func'; readonly index: number }[] = [];
  readonly #firstFunc: number;
  readonly #funcTypes = new Map<string, number>();
  /** Functions that give a struct to begin with, by type. */
  readonly #structs = new Map<number, number>();
  /** Functions that stand for others of their type. */
  readonly #dummies = new Map<number, number>();
  #exception: number | undefined;
  #emptyStruct: number | undefined;
  #emptyArray: number | undefined;

  constructor(program: Program, importedFuncs: number) {
    this.program = program;
    this.types = [...program.module.types];
    this.#firstFunc = importedFuncs;
  }

  /** Adds a type in a group of its own. */
  addType(composite: SubType['composite']): number {
    const index = this.types.length;
    const recGroup = (this.types[index - 1]?.recGroup ?? -1) + 1;
    this.types.push({ composite, final: true, supers: [], recGroup, canonical: index });
    return index;
  }

  funcType(params: readonly ValType[], results: readonly ValType[]): number {
    const key = `${params.join()}>${results.join()}`;
    let index = this.#funcTypes.get(key);
    if (index === undefined) {
      index = this.addType({ kind: 'func', params, results });
      this.#funcTypes.set(key, index);
    }
    return index;
  }

  /** Defines a function with a type of its own making; gives its index. */
  define(
    params: readonly ValType[],
    results: readonly ValType[],
    code: HeapAssembler,
    options: { readonly locals?: readonly ValType[]; readonly name?: string } = {},
  ): number {
    const index = this.#push(this.funcType(params, results), code.body(options.locals));
    if (options.name !== undefined) this.exports.push({ name: options.name, kind: 'func', index });
    return index;
  }

  #push(typeIndex: number, body: Uint8Array): number {
    return this.#firstFunc + this.funcs.push({ typeIndex, body }) - 1;
  }

  /** Makes the functions behind `writeDefault`, if a mutable field needs one. To be called before it. */
  prepareDefaults(places: HeapPlaces): void {
    if (!this.program.module.types.some(needsDefault)) return;
    if (places.exceptionTable >= 0) this.#exception = this.#defineException(places.foreignTag);
    for (const type of constructibleTypes(this.program)) {
      const composite = this.types[type]?.composite;
      if (composite?.kind !== 'struct') continue;
      const code = new HeapAssembler();
      for (const { storage } of composite.fields) this.writeDefault(code, storage);
      code.op('struct.new', type);
      this.#structs.set(type, this.define([], [ref(type)], code));
    }
  }

  #defineException(foreignTag: number): number {
    const code = new HeapAssembler().openResults('block', [ref(HEAP.exn)], -1).op('try_table');
    code.out.bytes(Uint8Array.of(0x40, 1, 3, 0)); // one clause: catch_all_ref to the block
    code.heapOp('ref.null', HEAP.extern).op('throw', foreignTag).op('end').op('unreachable').op('end');
    return this.define([], [ref(HEAP.exn)], code);
  }

  /** Pushes a value that a field of this type can have; for a type that has none, code that is never reached. */
  writeDefault(code: HeapAssembler, storage: ValType): void {
    if (!isRef(storage)) return writeZero(code, storage);
    const heap = heapOf(storage);
    if (isNullable(storage)) code.heapOp('ref.null', heap);
    else if (heap >= 0) this.#writeConcrete(code, heap);
    else this.#writeAbstract(code, heap);
  }

  #writeConcrete(code: HeapAssembler, type: number): void {
    const kind = this.types[type]?.composite.kind;
    const struct = this.#structs.get(type);
    if (kind === 'array') code.op('array.new_fixed', type, 0);
    else if (kind === 'func') code.op('ref.func', this.#dummy(type));
    else if (struct !== undefined) code.op('call', struct);
    else code.op('unreachable');
  }

  #writeAbstract(code: HeapAssembler, heap: number): void {
    switch (heap) {
      case HEAP.any:
      case HEAP.eq:
      case HEAP.i31:
        return void code.const32(0).op('ref.i31');
      case HEAP.extern:
        return void code.const32(0).op('ref.i31').op('extern.convert_any');
      case HEAP.struct:
        this.#emptyStruct ??= this.addType({ kind: 'struct', fields: [] });
        return void code.op('struct.new', this.#emptyStruct);
      case HEAP.array:
        this.#emptyArray ??= this.addType({ kind: 'array', element: { storage: I32, mutable: false } });
        return void code.op('array.new_fixed', this.#emptyArray, 0);
      case HEAP.func:
        return void code.op('ref.func', this.#dummy(this.funcType([], [])));
      case HEAP.exn:
        if (this.#exception !== undefined) return void code.op('call', this.#exception);
        return void code.op('unreachable');
      default:
        return void code.op('unreachable');
    }
  }

  #dummy(type: number): number {
    let index = this.#dummies.get(type);
    if (index === undefined) {
      index = this.#push(type, new HeapAssembler().op('unreachable').body());
      this.#dummies.set(type, index);
    }
    return index;
  }

  /** The segment that lets code name the functions of `ref.func`. */
  elements(): ElementDraft[] {
    if (this.#dummies.size === 0) return [];
    const items = { kind: 'funcs' as const, funcs: [...this.#dummies.values()] };
    return [{ mode: 'declarative', tableIndex: 0, type: FUNCREF, items }];
  }
}

/** Whether objects of a type are made with a field that must be replaced before anybody sees it. */
function needsDefault({ composite }: SubType): boolean {
  if (composite.kind === 'func') return false;
  const fields = composite.kind === 'struct' ? composite.fields : [composite.element];
  return fields.some(({ storage, mutable }) => mutable && isRef(storage) && !isNullable(storage));
}

function writeZero(code: HeapAssembler, storage: ValType): void {
  switch (storage) {
    case I64:
      code.out.bytes(Uint8Array.of(0x42, 0));
      return;
    case F32:
      code.out.byte(0x43);
      code.out.bytes(new Uint8Array(4));
      return;
    case F64:
      code.out.byte(0x44);
      code.out.bytes(new Uint8Array(8));
      return;
    case V128:
      code.op('v128.const').out.bytes(new Uint8Array(16));
      return;
    default:
      code.const32(0);
  }
}
