/**
 * What a generated program consists of, before its bodies are written: features, types, functions and the other index spaces.
 *
 * Invariants:
 * 1. Every function that may loop or call takes one from global `steps` where it begins and gives up when there is none left, so that
 *    calls and branches may go anywhere.
 * 2. `checksum` takes up what the program computes.
 */
import {
  ANYREF,
  EXNREF,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  HEAP,
  I32,
  I64,
  type MemoryType,
  ref,
  refNull,
  type TableType,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { HOST_ROWS, HOST_TAG_PARAMS, type HostRow } from './host-table.ts';
import { ProgramTypes } from './program-types.ts';
import type { Random, Weighted } from './random.ts';

/** What a program may use. */
export interface Features {
  readonly simd: boolean;
  readonly references: boolean;
  readonly gc: boolean;
  readonly atomics: boolean;
  readonly tailCalls: boolean;
  /** Which encoding of exceptions; engines take one per module. */
  readonly handlers: 'none' | 'legacy' | 'table';
}

export interface FuncOutline {
  readonly index: number;
  readonly typeIndex: number;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** `leaf`: neither loops nor calls. */
  readonly kind: 'host' | 'leaf' | 'full';
}

export interface TableOutline extends TableType {
  /** Functions that the table holds to begin with, by slot; empty: not a table of functions. */
  readonly funcs: readonly number[];
}

export interface GlobalOutline {
  readonly type: ValType;
  readonly mutable: boolean;
  readonly imported: boolean;
}

export interface TagOutline {
  readonly params: readonly ValType[];
}

export interface Outline {
  readonly features: Features;
  readonly types: ProgramTypes;
  /** Types of locals, parameters and results, with how often they are chosen. */
  readonly valueTypes: readonly Weighted<ValType>[];
  readonly hosts: readonly HostRow[];
  readonly funcs: readonly FuncOutline[];
  /** The function that the host calls. */
  readonly run: FuncOutline;
  readonly startFunc: number | undefined;
  readonly tables: readonly TableOutline[];
  readonly memories: readonly (MemoryType & { readonly imported: boolean })[];
  readonly globals: readonly GlobalOutline[];
  readonly tags: readonly TagOutline[];
  /** Whether tag 0 is the host's. */
  readonly importsTag: boolean;
  readonly steps: number;
}

/** Global indices. The first is imported and immutable. */
export const GLOBAL = { base: 0, steps: 1, checksum: 2, first: 3 } as const;
/** Value of the imported global. */
export const BASE_VALUE = 16;
/** Every table has at least this many slots, so that an index below it is in range. */
export const TABLE_SLOTS = 8;
/** Types that the JavaScript interface takes with all bits that matter here. */
export const PLAIN_TYPES: readonly ValType[] = [I32, I64, F32, F64];

const STEPS_MAX = 16;
const WIDE_SIGNATURE = 20;

function chooseFeatures(random: Random): Features {
  const references = random.chance(2);
  return {
    simd: random.chance(3),
    references,
    gc: references && random.chance(2),
    atomics: random.chance(8),
    tailCalls: random.chance(2),
    handlers: random.weighted([
      [3, 'none'],
      [2, 'legacy'],
      [3, 'table'],
    ]),
  };
}

function valueTypesOf(features: Features, types: ProgramTypes, sigs: readonly number[]): Weighted<ValType>[] {
  const rows: Weighted<ValType>[] = [
    [10, I32],
    [7, I64],
    [3, F32],
    [3, F64],
  ];
  if (features.simd) rows.push([14, V128]);
  if (features.references) {
    rows.push([1, FUNCREF], [1, EXTERNREF]);
    for (const sig of sigs) rows.push([1, refNull(sig)], [1, ref(sig)]);
  }
  if (features.gc) {
    for (const type of [...types.structs, ...types.arrays]) rows.push([1, refNull(type)]);
    for (const type of types.structs.slice(0, 2)) rows.push([1, ref(type)]);
    const abstract = [HEAP.eq, HEAP.i31, HEAP.struct, HEAP.array];
    rows.push([1, ANYREF], ...abstract.map((heap): Weighted<ValType> => [1, refNull(heap)]));
    rows.push([1, ref(HEAP.i31)], [1, ref(HEAP.any)]);
  }
  if (features.references && features.handlers === 'table') rows.push([2, EXNREF]);
  return rows;
}

/** Functions of the guest: `run`, then some whose types are known first so that references to them have types. */
class Outliner {
  readonly #random: Random;
  readonly features: Features;
  readonly types = new ProgramTypes();
  readonly funcs: FuncOutline[] = [];
  readonly hosts: HostRow[];
  valueTypes: readonly Weighted<ValType>[];

  constructor(random: Random) {
    this.#random = random;
    this.features = chooseFeatures(random);
    const { references, gc, simd, handlers } = this.features;
    if (gc) this.types.addAggregates(random, simd, handlers === 'table');
    const usable = HOST_ROWS.filter(
      ({ needs }) => (needs !== 'references' || references) && (needs !== 'tag' || handlers !== 'none'),
    );
    this.hosts = usable.filter(() => !random.chance(3));
    for (const { params, results } of this.hosts) this.#addFunc('host', params, results);
    this.valueTypes = valueTypesOf(this.features, this.types, []);
  }

  #addFunc(kind: FuncOutline['kind'], params: readonly ValType[], results: readonly ValType[]): FuncOutline {
    const func = { index: this.funcs.length, typeIndex: this.types.func(params, results), params, results, kind };
    this.funcs.push(func);
    return func;
  }

  typeList(max: number): ValType[] {
    const count = this.#random.chance(30) ? this.#random.below(WIDE_SIGNATURE + 1) : this.#random.below(max + 1);
    return this.#random.list(count, () => this.#random.weighted(this.valueTypes));
  }

  /** Results that a stop by flag can stand for have defaults; others force the way by exceptions, so they are rare. */
  #resultList(max: number): ValType[] {
    const nullable = !this.#random.chance(15);
    const types = this.typeList(max);
    return nullable ? types.map((type) => ((type & 0xff) === (ref(0) & 0xff) ? refNull(type >> 8) : type)) : types;
  }

  addFuncs(): FuncOutline {
    const random = this.#random;
    const plain = (max: number): ValType[] => random.list(random.below(max + 1), () => random.pick(PLAIN_TYPES));
    const run = this.#addFunc('full', plain(3), plain(3));
    const count = random.chance(20) ? random.between(6, 16) : random.below(5);
    // Functions of plain types first, so that those after them can take and give typed references.
    const early = Math.ceil(count / 2);
    for (let made = 0; made < count; made++) {
      if (made === early && this.features.references) {
        const sigs = [...new Set(this.funcs.filter(({ kind }) => kind !== 'host').map(({ typeIndex }) => typeIndex))];
        this.valueTypes = valueTypesOf(this.features, this.types, sigs.slice(0, 3));
      }
      this.#addFunc(random.chance(4) ? 'leaf' : 'full', this.typeList(4), this.#resultList(3));
    }
    return run;
  }

  memories(): Outline['memories'] {
    const random = this.#random;
    const count = random.weighted([
      [1, 0],
      [12, 1],
      [4, 2],
      [1, 3],
    ]);
    return random.list(count, (index) => {
      const shared = this.features.atomics && random.chance(6);
      const max = random.chance(20) && !shared ? undefined : BigInt(random.between(1, 4));
      const limits = { min: random.chance(25) ? 0n : 1n, max, shared, is64: random.chance(6) };
      return { imported: index === 0 && random.chance(12), limits };
    });
  }

  tables(own: readonly number[]): TableOutline[] {
    const random = this.#random;
    const tables: TableOutline[] = [];
    const add = (element: ValType, funcs: readonly number[] = []): void => {
      const limits = {
        min: BigInt(TABLE_SLOTS),
        max: random.chance(5) ? undefined : 12n,
        shared: false,
        is64: random.chance(6),
      };
      tables.push({ element, limits, funcs });
    };
    const some = (funcs: readonly number[]): number[] =>
      funcs.length === 0 ? [] : random.list(random.between(1, TABLE_SLOTS), () => random.pick(funcs));
    add(FUNCREF, own.slice(0, TABLE_SLOTS - 1));
    if (random.chance(3)) add(FUNCREF, some(own));
    if (this.features.references) {
      const sig = this.funcs[random.pick(own)]?.typeIndex ?? 0;
      if (random.chance(2)) add(refNull(sig), some(own.filter((func) => this.funcs[func]?.typeIndex === sig)));
      if (random.chance(2)) add(EXTERNREF);
    }
    if (this.features.gc) add(random.pick([ANYREF, refNull(HEAP.eq), refNull(random.pick(this.types.structs))]));
    if (this.features.references && this.features.handlers === 'table' && random.chance(3)) add(EXNREF);
    return tables;
  }

  globals(): GlobalOutline[] {
    const random = this.#random;
    const own = (type: ValType, mutable = true): GlobalOutline => ({ type, mutable, imported: false });
    const globals = [{ type: I32, mutable: false, imported: true }, own(I32), own(I64)];
    for (const type of [I32, I64, F32, F64]) if (random.chance(2)) globals.push(own(type));
    if (this.features.simd) globals.push(own(V128));
    const count = this.features.references ? random.between(1, 4) : 0;
    for (let made = 0; made < count; made++) globals.push(own(random.weighted(this.valueTypes), !random.chance(8)));
    return globals;
  }

  tags(importsTag: boolean): TagOutline[] {
    const random = this.#random;
    if (this.features.handlers === 'none') return [];
    const tags: TagOutline[] = importsTag ? [{ params: HOST_TAG_PARAMS }] : [];
    tags.push({ params: [] });
    for (let count = random.below(3); count > 0; count--) {
      tags.push({ params: random.list(random.below(4), () => random.weighted(this.valueTypes)) });
    }
    return tags;
  }
}

export function outlineOf(random: Random): Outline {
  const outliner = new Outliner(random);
  const run = outliner.addFuncs();
  const { features, types, funcs, hosts } = outliner;
  const own = funcs.slice(hosts.length).map(({ index }) => index);
  const importsTag = hosts.some(({ needs }) => needs === 'tag');
  const starter = random.chance(10)
    ? funcs.find((func) => types.func([], []) === func.typeIndex && func.kind === 'full')
    : undefined;
  return {
    features,
    types,
    funcs,
    hosts,
    run,
    startFunc: starter?.index,
    valueTypes: outliner.valueTypes,
    memories: outliner.memories(),
    tables: outliner.tables(own),
    globals: outliner.globals(),
    tags: outliner.tags(importsTag),
    importsTag,
    steps: random.between(3, STEPS_MAX),
  };
}
