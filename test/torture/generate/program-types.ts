/** The type section of a generated program: structs and arrays in recursion groups first, function types as they are needed. */
import {
  type ArrayType,
  BLOCK_KIND,
  type CompositeType,
  EXNREF,
  EXTERNREF,
  F32,
  F64,
  type FieldType,
  FUNCREF,
  type FuncType,
  HEAP,
  heapOf,
  I32,
  I64,
  isRef,
  isSubtype,
  PACKED_I16,
  PACKED_I8,
  ref,
  refNull,
  type StructType,
  type SubType,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { canonicalTypes } from '../../../runtime/wasm/canonical-types.ts';
import { type BlockType, EMPTY_BLOCK } from './emitter.ts';
import type { Random, Weighted } from './random.ts';

const SCALARS: readonly ValType[] = [I32, I64, F32, F64, PACKED_I8, PACKED_I16];
const STRUCT_FIELDS_MAX = 5;

const sameList = (a: readonly ValType[], b: readonly ValType[]): boolean =>
  a.length === b.length && a.every((type, at) => type === b[at]);

export class ProgramTypes {
  readonly types: SubType[] = [];
  /** Type indices by kind. */
  readonly structs: number[] = [];
  readonly arrays: number[] = [];
  #group = 0;

  /**
   * Adds structs and arrays: a hierarchy, a recursive pair, twins, arrays of several elements.
   * @param exceptions Whether they may hold references to exceptions.
   */
  addAggregates(random: Random, simd: boolean, exceptions: boolean): void {
    const extra = [...(simd ? [V128] : []), ...(exceptions ? [EXNREF, EXNREF] : [])];
    this.#addHierarchy(random, extra);
    this.#addRecursivePair(random);
    if (random.chance(2)) this.#addTwins(random, extra);
    const elements = [
      PACKED_I8,
      PACKED_I16,
      I32,
      I64,
      F32,
      F64,
      refNull(HEAP.eq),
      FUNCREF,
      EXTERNREF,
      refNull(HEAP.any),
    ];
    elements.push(...extra, refNull(random.pick(this.structs)), ref(random.pick(this.structs)));
    const count = random.between(2, 5);
    for (let made = 0; made < count; made++) {
      this.#add({ kind: 'array', element: { storage: random.pick(elements), mutable: !random.chance(5) } });
    }
    const canonical = canonicalTypes(this.types);
    this.types.splice(0, this.types.length, ...canonical);
  }

  #add(composite: CompositeType, parts: Partial<SubType> = {}): number {
    const at = this.types.length;
    const recGroup = parts.recGroup ?? ++this.#group;
    this.types.push({ final: true, supers: [], canonical: at, ...parts, composite, recGroup });
    if (composite.kind === 'struct') this.structs.push(at);
    if (composite.kind === 'array') this.arrays.push(at);
    return at;
  }

  #storage(random: Random, extra: readonly ValType[]): ValType {
    const known = this.structs.length === 0 ? HEAP.struct : random.pick(this.structs);
    return random.weighted<ValType>([
      [8, random.pick(SCALARS)],
      ...extra.map((type): Weighted<ValType> => [1, type]),
      [3, refNull(known)],
      [1, ref(known < 0 ? HEAP.i31 : known)],
      [1, refNull(random.pick([HEAP.any, HEAP.eq, HEAP.i31, HEAP.struct, HEAP.array]))],
      [1, random.pick([FUNCREF, EXTERNREF])],
    ]);
  }

  #fields(random: Random, extra: readonly ValType[]): FieldType[] {
    return random.list(random.below(STRUCT_FIELDS_MAX), () => ({
      storage: this.#storage(random, extra),
      mutable: !random.chance(5),
    }));
  }

  /** Three structs, each a subtype of the one before. */
  #addHierarchy(random: Random, extra: readonly ValType[]): void {
    let fields = this.#fields(random, extra);
    let last = this.#add({ kind: 'struct', fields }, { final: false });
    for (let level = 0; level < 2; level++) {
      fields = [...fields, ...this.#fields(random, extra)];
      last = this.#add({ kind: 'struct', fields }, { final: level === 1 && random.chance(2), supers: [last] });
    }
  }

  /** Structs with the same fields: the same type twice, and another one, as its group has one member more. */
  #addTwins(random: Random, extra: readonly ValType[]): void {
    const fields = this.#fields(random, extra);
    this.#add({ kind: 'struct', fields });
    this.#add({ kind: 'struct', fields });
    const recGroup = ++this.#group;
    this.#add({ kind: 'struct', fields }, { recGroup });
    this.#add({ kind: 'array', element: { storage: I32, mutable: true } }, { recGroup });
  }

  /** A node that refers to its like and to an array of its like. */
  #addRecursivePair(random: Random): void {
    const recGroup = ++this.#group;
    const node = this.types.length;
    const list = node + 1;
    const next: FieldType = { storage: refNull(node), mutable: true };
    const children: FieldType = { storage: refNull(list), mutable: !random.chance(4) };
    const value: FieldType = { storage: random.pick(SCALARS), mutable: true };
    this.#add({ kind: 'struct', fields: [value, next, children] }, { recGroup });
    this.#add({ kind: 'array', element: { storage: refNull(node), mutable: true } }, { recGroup });
  }

  /** The index of a function type. */
  func(params: readonly ValType[], results: readonly ValType[]): number {
    const known = this.types.findIndex(
      ({ composite }) =>
        composite.kind === 'func' && sameList(composite.params, params) && sameList(composite.results, results),
    );
    return known >= 0 ? known : this.#add({ kind: 'func', params, results });
  }

  funcAt(index: number): FuncType {
    const composite = this.types[index]?.composite;
    if (composite?.kind !== 'func') throw new TypeError(`type ${index} is no function type`);
    return composite;
  }

  structAt(index: number): StructType {
    const composite = this.types[index]?.composite;
    if (composite?.kind !== 'struct') throw new TypeError(`type ${index} is no struct`);
    return composite;
  }

  arrayAt(index: number): ArrayType {
    const composite = this.types[index]?.composite;
    if (composite?.kind !== 'array') throw new TypeError(`type ${index} is no array`);
    return composite;
  }

  isSubtype(a: ValType, b: ValType): boolean {
    return a === b || isSubtype(this, a, b);
  }

  /** Kind of the concrete type that a reference names; undefined: an abstract one, or no reference. */
  kindOf(type: ValType): CompositeType['kind'] | undefined {
    return isRef(type) && heapOf(type) >= 0 ? this.types[heapOf(type)]?.composite.kind : undefined;
  }

  /** The shortest block type, or the long form where asked for. */
  block(params: readonly ValType[], results: readonly ValType[], long = false): BlockType {
    const [only] = results;
    if (params.length === 0 && !long) {
      if (only === undefined) return EMPTY_BLOCK;
      if (results.length === 1) return { kind: BLOCK_KIND.value, value: only };
    }
    return { kind: BLOCK_KIND.typeIndex, value: this.func(params, results) };
  }
}
