/**
 * Gives a worker the references of a snapshot: makes the objects of its heap, and turns values into references to them.
 *
 * Boundary: fills an instance that does not run. Everything is checked before anything is made (heap-objects.ts).
 *
 * Invariants:
 * 1. An object is made when all that its immutable fields refer to is there; mutable references are null or stand for something else of
 *    their type until all objects are made. The order is found without recursion.
 * 2. Objects that immutable globals began with are there already: they are found again by the way that led to them, and filled.
 */
import { PluvioError } from '../errors/index.ts';
import {
  type ArrayLayout,
  CONSTANT_EXPORTS,
  constantsModule,
  EXCEPTION_BIT,
  EXCEPTION_EXPORTS,
  HEAP_EXPORTS,
  HEAP_MODULE_IMPORT,
  HEAP_WORD,
  REF_KINDS,
} from '../instrument/index.ts';
import type { ValType } from '../wasm/index.ts';
import { WINDOW_BYTES, WINDOW_START } from './heap-bytes.ts';
import { type HeapInstance, heapInstance } from './heap-instance.ts';
import { HeapObjects } from './heap-objects.ts';
import { bindInitialObjects } from './heap-statics.ts';
import type { ModuleInstance } from './instance.ts';
import type { HeapState, Value } from './snapshot.ts';
import { engineImports } from './thread.ts';
import { trapCode } from './traps.ts';
import type { HandleMap } from './types.ts';

/** What the building of an object has come to. */
const NEW = 0;
const OPEN = 1;
const MADE = 2;

/** Traps that are a fault of the accessors, or of the checks before them; others say that there is no room. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['cast-failure', 'null-reference', 'unreachable']);

export class HeapBuild {
  readonly #instance: ModuleInstance;
  readonly #handles: HandleMap | undefined;
  readonly #heap: HeapInstance;
  readonly #state: HeapState;
  readonly #objects: HeapObjects;
  readonly #progress: Uint8Array;
  readonly #exceptionSlots = new Map<number, number>();
  readonly #constants = new Map<number, () => unknown>();
  /** The bytes that the window of the save memory has. */
  #windowFrom = 0;
  #windowTo = 0;

  /** @throws PluvioError `SNAPSHOT_MISMATCH`, `NOT_MIGRATABLE` */
  constructor(
    instance: ModuleInstance,
    state: HeapState,
    globals: readonly (Value | undefined)[],
    handles: HandleMap | undefined,
  ) {
    this.#instance = instance;
    this.#handles = handles;
    this.#state = state;
    this.#heap = heapInstance(instance);
    this.#objects = new HeapObjects(instance.module.program, this.#heap, state, 'instances[0].heap');
    this.#objects.check(handles !== undefined);
    this.#progress = new Uint8Array(state.count);
    const bound = bindInitialObjects(instance, this.#heap, this.#objects, state, globals);
    for (const index of bound.keys()) this.#progress[index] = MADE;
    const order = this.#order(bound.size);
    this.#fillTables();
    this.#heap.call(HEAP_EXPORTS.reset)(Math.max(1, state.count));
    for (const [index, value] of bound) this.#heap.call(HEAP_EXPORTS.put)(index, value);
    instance.thread.reserve(WINDOW_START + WINDOW_BYTES);
    this.#heap.use({
      object: () => 0,
      host: () => 0,
      func: () => 0,
      exception: () => 0,
      rethrow: () => undefined,
      exceptionSlot: (word: number) => this.#exceptionSlots.get(indexOfWord(word)) ?? 0,
    });
    this.#prepareConstants(bound);
    this.#makeAll(order);
    for (let index = 0; index < state.count; index++) this.#fill(index);
  }

  /** Whether a reference to an object may have a type. */
  fits(index: number, type: ValType): boolean {
    return index < this.#state.count && this.#objects.fits((index + 1) << HEAP_WORD.shift, type);
  }

  /** For messages. */
  describe(index: number): string {
    return this.#objects.describe((index + 1) << HEAP_WORD.shift);
  }

  /** A struct or array, as JavaScript holds it. */
  object(index: number): unknown {
    return this.#heap.call(HEAP_EXPORTS.get)(index);
  }

  /** Puts a reference to an exception, or null, into a table or global of the instance. */
  putException(place: string, slot: number | undefined, index: number | undefined): void {
    const own = index === undefined ? -1 : (this.#exceptionSlots.get(index) ?? -1);
    const put = this.#heap.call(EXCEPTION_EXPORTS.putIn(place));
    if (slot === undefined) put(own);
    else put(slot, own);
  }

  /** Forgets the objects: what the instance refers to stays. */
  release(): void {
    this.#heap.call(HEAP_EXPORTS.reset)(0);
    this.#heap.release();
  }

  /** Tables of what words of other references stand for. */
  #fillTables(): void {
    const { references } = this.#state;
    const funcs = this.#heap.table('funcs', references.length);
    const hosts = this.#heap.table('hosts', references.length);
    references.forEach((reference, index) => {
      if (reference?.kind === 'func') funcs.set(index, this.#instance.func(reference.index));
      else if (reference?.kind === 'extern') hosts.set(index, this.#handles?.valueOf(reference.handle));
    });
  }

  /**
   * In what order objects are made: each after those that its immutable fields refer to.
   * @param madeCount How many are there already.
   * @throws PluvioError `SNAPSHOT_MISMATCH`
   */
  #order(madeCount: number): Uint32Array {
    const objects = this.#objects;
    const order = new Uint32Array(objects.count - madeCount);
    let ordered = 0;
    for (let root = 0; root < objects.count; root++) {
      if (this.#progress[root] === MADE) continue;
      const open = [root];
      for (let index = open.at(-1); index !== undefined; index = open.at(-1)) {
        if (this.#progress[index] === NEW) {
          this.#progress[index] = OPEN;
          this.#openParts(index, open);
          continue;
        }
        open.pop();
        if (this.#progress[index] === OPEN) order[ordered++] = index;
        this.#progress[index] = MADE;
      }
    }
    return order;
  }

  /** Adds the objects that immutable fields refer to and that are not made yet. */
  #openParts(index: number, open: number[]): void {
    this.#objects.eachWord(index, false, (word) => {
      if (word === 0 || (word & (HEAP_WORD.i31 | HEAP_WORD.other)) !== 0) return;
      const part = indexOfWord(word);
      if (this.#progress[part] === OPEN) {
        throw this.#objects.fault(index, 'a part of itself by immutable fields', 'made after what it refers to');
      }
      if (this.#progress[part] === NEW) open.push(part);
    });
  }

  /** @throws PluvioError `LINK_FAILED` an array is larger than this engine makes one */
  #makeAll(order: Uint32Array): void {
    try {
      for (const index of order) this.#make(index);
    } catch (cause) {
      if (!(cause instanceof WebAssembly.RuntimeError) || OWN_FAULTS.has(trapCode(cause.message))) throw cause;
      throw new PluvioError('LINK_FAILED', `instances[0].heap could not be made: ${String(cause)}`, {}, { cause });
    }
  }

  #make(index: number): void {
    const type = this.#objects.types[index] ?? 0;
    const layout = this.#objects.layout(index);
    if (layout.kind === 'exception') {
      const slot = this.#exceptionSlots.size + 1;
      this.#heap.call(EXCEPTION_EXPORTS.reserve)(slot + 1);
      this.#heap.call(EXCEPTION_EXPORTS.create(type - EXCEPTION_BIT))(slot, this.#stage(index, 0, layout.sizeBytes));
      this.#exceptionSlots.set(index, slot);
    } else if (layout.kind === 'struct') {
      this.#heap.call(HEAP_EXPORTS.create(type))(index, this.#stage(index, 0, layout.sizeBytes));
    } else if (layout.kind === 'array' && layout.element.mutable) {
      this.#heap.call(HEAP_EXPORTS.create(type))(index, this.#objects.lengths[index]);
    } else this.#heap.call(HEAP_EXPORTS.put)(index, this.#constants.get(index)?.());
  }

  /** Sets the mutable fields. */
  #fill(index: number): void {
    const type = this.#objects.types[index] ?? 0;
    const layout = this.#objects.layout(index);
    if (layout.kind === 'struct') {
      if (!layout.fields.some(({ mutable }) => mutable)) return;
      this.#heap.call(HEAP_EXPORTS.fill(type))(index, this.#stage(index, 0, layout.sizeBytes));
    } else if (layout.kind === 'array' && layout.element.mutable) this.#fillArray(index, type, layout);
  }

  #fillArray(index: number, type: number, { elementBytes }: ArrayLayout): void {
    const length = this.#objects.lengths[index] ?? 0;
    const fill = this.#heap.call(HEAP_EXPORTS.fill(type));
    const most = Math.floor(WINDOW_BYTES / elementBytes);
    for (let from = 0; from < length; from += most) {
      const count = Math.min(most, length - from);
      fill(index, this.#stage(index, from * elementBytes, count * elementBytes), from, count);
    }
  }

  /** Puts bytes of an object into the save memory and gives their address; what follows comes along. */
  #stage(index: number, offset: number, sizeBytes: number): number {
    const from = (this.#objects.starts[index] ?? 0) + offset;
    if (from < this.#windowFrom || from + sizeBytes > this.#windowTo) {
      // Objects are mostly made in their order; one that comes earlier is taken alone.
      const isAhead = from >= this.#windowFrom;
      const { bytes } = this.#objects;
      this.#windowFrom = from;
      this.#windowTo = isAhead ? Math.min(from + WINDOW_BYTES, bytes.byteLength) : from + sizeBytes;
      new Uint8Array(this.#instance.thread.save.buffer, WINDOW_START).set(
        bytes.subarray(this.#windowFrom, this.#windowTo),
      );
    }
    return WINDOW_START + from - this.#windowFrom;
  }

  /** Gets ready what makes the immutable arrays. */
  #prepareConstants(bound: ReadonlyMap<number, unknown>): void {
    const objects = this.#objects;
    const types = new Map<number, Set<number>>();
    const data: Uint8Array[] = [];
    let dataBytes = 0;
    let made: WebAssembly.Exports = {};
    const call = (name: string, ...args: number[]): unknown => (made[name] as (...args: number[]) => unknown)(...args); // generated below
    for (let index = 0; index < objects.count; index++) {
      const layout = bound.has(index) ? undefined : objects.layout(index);
      if (layout?.kind !== 'array' || layout.element.mutable) continue;
      const type = objects.types[index] ?? 0;
      const length = objects.lengths[index] ?? 0;
      const lengths = types.get(type) ?? new Set<number>();
      types.set(type, lengths);
      const start = objects.starts[index] ?? 0;
      const same = layout.element.refKind === undefined ? undefined : objects.sameWord(index);
      if (layout.element.refKind === undefined) {
        const offset = dataBytes;
        data.push(objects.bytes.subarray(start, start + objects.sizeBytes(index)));
        dataBytes += objects.sizeBytes(index);
        this.#constants.set(index, () => call(CONSTANT_EXPORTS.data(type), offset, length));
      } else if (same !== undefined) {
        this.#constants.set(index, () => call(CONSTANT_EXPORTS.same(type), same, length));
      } else {
        lengths.add(length);
        const make = (): unknown =>
          call(CONSTANT_EXPORTS.fixed(type, length), this.#stage(index, 0, objects.sizeBytes(index)));
        this.#constants.set(index, make);
      }
    }
    if (this.#constants.size === 0) return;
    const all = new Uint8Array(dataBytes);
    let at = 0;
    for (const part of data) {
      all.set(part, at);
      at += part.byteLength;
    }
    const kinds = REF_KINDS.filter((kind) => this.#heap.has(HEAP_EXPORTS.refOf(kind)));
    const bytes = constantsModule(this.#instance.module.program, { data: all, types }, kinds);
    made = this.#instantiate(bytes);
  }

  /** @throws PluvioError `LINK_FAILED` the module exceeds a limit of this engine */
  #instantiate(bytes: Uint8Array): WebAssembly.Exports {
    try {
      return new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), {
        ...engineImports(this.#instance.thread),
        [HEAP_MODULE_IMPORT]: this.#heap.exports,
      }).exports;
    } catch (cause) {
      const message = `the immutable arrays of instances[0].heap could not be prepared: ${String(cause)}`;
      throw new PluvioError('LINK_FAILED', message, {}, { cause });
    }
  }
}

const indexOfWord = (word: number): number => (word >>> HEAP_WORD.shift) - 1;
