/**
 * Takes the references of a worker down: as values of a snapshot, with the objects that they lead to.
 *
 * Boundary: reads an instance that does not run. docs/snapshot-format.md says what comes out.
 *
 * Invariants:
 * 1. Each object is taken down once, whatever leads to it: identity, sharing and cycles are kept.
 * 2. Objects are numbered in the order in which they are met: first by what the caller hands in, then by the fields of the objects in
 *    their own order. So equal states give equal bytes.
 * 3. The walk keeps a list of what is still to be read: no recursion, however deep the graph is.
 */
import { PluvioError } from '../errors/index.ts';
import {
  type ArrayLayout,
  EXCEPTION_BIT,
  EXCEPTION_EXPORTS,
  HEAP_EXPORTS,
  HEAP_WORD,
  type RefKind,
  TYPE_OF,
} from '../instrument/index.ts';
import { WASM_LIMITS } from '../wasm/index.ts';
import { HeapBytes } from './heap-bytes.ts';
import { heapSizeBytes } from './limits.ts';
import { SNAPSHOT_LIMITS } from './snapshot-state.ts';
import { type HeapInstance, heapInstance } from './heap-instance.ts';
import type { ModuleInstance } from './instance.ts';
import type { HeapState, RefValue } from './snapshot.ts';
import type { HandleMap } from './types.ts';

/** What an exception of a tag can have in bytes; engines allow 1,000 parameters. */
const PAYLOAD_MAX_BYTES = 16 * 1000;

const I31_MIN = -(2 ** 30);
const I31_MAX = 2 ** 30 - 1;

/** Whether JavaScript shows an i31 as this value. */
const isI31 = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= I31_MIN && (value as number) <= I31_MAX && !Object.is(value, -0);

const indexOfWord = (word: number): number => (word >>> HEAP_WORD.shift) - 1;

export class HeapWalk {
  readonly #instance: ModuleInstance;
  readonly #handles: HandleMap | undefined;
  readonly #heapBytesMax: number;
  readonly #hasObjects: boolean;
  /** Structs, arrays and exceptions by index. */
  readonly #objects: unknown[] = [];
  /** For messages: what led to each. */
  readonly #origins: string[] = [];
  readonly #words = new Map<unknown, number>();
  /** Words of functions and of values of the host: a value may be both, and an exception, too. */
  readonly #funcWords = new Map<unknown, number>();
  readonly #hostWords = new Map<unknown, number>();
  readonly #references: RefValue[] = [];
  /** Whether a value was an i31: older versions of the format have none. */
  metI31 = false;
  #where = '';
  #reading: unknown;
  #heap: HeapInstance | undefined;

  /** @param heapBytesMax The limit `heapBytes`. */
  constructor(instance: ModuleInstance, handles: HandleMap | undefined, heapBytesMax: number) {
    this.#instance = instance;
    this.#handles = handles;
    this.#heapBytesMax = heapBytesMax;
    this.#hasObjects = instance.module.program.module.types.some(({ composite }) => composite.kind !== 'func');
  }

  /**
   * A reference that JavaScript holds, as a snapshot has it. Exceptions: see `encodeException`.
   * @param where What holds it, for messages.
   * @throws PluvioError `NOT_MIGRATABLE`
   */
  encode(value: unknown, kind: RefKind, where: string): RefValue {
    if (value === null) return null;
    this.#where = where;
    if (kind === 'func') return { kind: 'func', index: this.#funcIndex(value) };
    const handle = kind === 'extern' ? this.#handles?.handleOf(value) : undefined;
    if (handle !== undefined) return { kind: 'extern', handle };
    if (isI31(value)) {
      this.metI31 = true;
      return { kind: 'i31', value };
    }
    return this.encodeObject(value, where) ?? { kind: 'extern', handle: this.#handleOf(value) };
  }

  /** A reference to a struct or array; undefined: it is something else. */
  encodeObject(value: unknown, where: string): RefValue | undefined {
    if (!this.#hasObjects || this.#accessors().typeOf(value) === TYPE_OF.none) return undefined;
    this.#where = where;
    return { kind: 'object', index: indexOfWord(this.#objectWord(value)) };
  }

  /**
   * A reference to an exception, which JavaScript cannot hold.
   * @param place Name of the table (with a slot) or global of the instance that has it.
   * @throws PluvioError `NOT_MIGRATABLE`
   */
  encodeException(place: string, slot: number | undefined, where: string): RefValue {
    this.#where = where;
    const word = this.#accessors().call(EXCEPTION_EXPORTS.wordIn(place))(slot) as number; // an i32
    return word === 0 ? null : { kind: 'object', index: indexOfWord(word) };
  }

  /** Reads everything that was met; undefined: no objects. @throws PluvioError `NOT_MIGRATABLE` */
  finish(): HeapState | undefined {
    if (this.#objects.length === 0) return undefined;
    const heap = this.#accessors();
    const bytes = new HeapBytes(this.#instance.thread);
    for (let index = 0; index < this.#objects.length; index++) {
      const value = this.#objects[index];
      this.#where = this.#origins[index] ?? '';
      if (value instanceof WebAssembly.Exception) this.#readException(heap, bytes, value);
      else this.#readObject(heap, bytes, value);
      this.#requireRoom(bytes.length);
    }
    return { count: this.#objects.length, objects: bytes.finish(), references: this.#references };
  }

  /** To be called at the end, also of one that failed: the accessors hold on to nothing then. */
  release(): void {
    this.#heap?.release();
  }

  #requireRoom(objectBytes: number): void {
    const sizeBytes = heapSizeBytes(this.#objects.length, objectBytes);
    if (sizeBytes <= this.#heapBytesMax) return;
    throw this.#refusal(
      `one of ${this.#objects.length} objects, of ${sizeBytes} bytes or more; limit heapBytes is ${this.#heapBytesMax}`,
    );
  }

  #readObject(heap: HeapInstance, bytes: HeapBytes, value: unknown): void {
    const type = heap.typeOf(value);
    const layout = heap.layout(type);
    if (layout === undefined) throw this.#refusal('an object of a type that the module does not have');
    if (layout.kind === 'array') {
      this.#readArray(heap, bytes, value, type, layout);
      return;
    }
    const at = bytes.reserve(4 + layout.sizeBytes);
    bytes.view.setUint32(at, type, true);
    heap.reader(type)(value, at + 4);
    bytes.advance(4 + layout.sizeBytes);
  }

  #readArray(heap: HeapInstance, bytes: HeapBytes, value: unknown, type: number, layout: ArrayLayout): void {
    const length = heap.call(HEAP_EXPORTS.lengthOf)(value) as number; // an i32
    const { element, elementBytes } = layout;
    this.#requireRoom(bytes.length + length * elementBytes);
    const head = bytes.reserve(8);
    bytes.view.setUint32(head, type, true);
    bytes.view.setUint32(head + 4, length, true);
    bytes.advance(8);
    const read = heap.reader(type);
    const mustBeSame = !element.mutable && element.refKind !== undefined && length > WASM_LIMITS.arrayNewFixed;
    let first: number | undefined;
    for (let from = 0; from < length;) {
      const count = Math.min(length - from, bytes.room(elementBytes));
      const at = bytes.reserve(count * elementBytes);
      read(value, at, from, count);
      for (let step = 0; mustBeSame && step < count; step++) {
        const word = bytes.view.getUint32(at + 4 * step, true);
        if (word === (first ??= word)) continue;
        throw this.#refusal(
          `an immutable array of ${length} different references, at most ${WASM_LIMITS.arrayNewFixed}`,
        );
      }
      bytes.advance(count * elementBytes);
      from += count;
    }
  }

  #readException(heap: HeapInstance, bytes: HeapBytes, exception: WebAssembly.Exception): void {
    const at = bytes.reserve(4 + PAYLOAD_MAX_BYTES);
    this.#reading = exception;
    const tag = heap.call(EXCEPTION_EXPORTS.read)(at + 4) as number; // an i32
    const typeCode = EXCEPTION_BIT + tag;
    const layout = tag < 0 ? undefined : heap.layout(typeCode);
    if (layout?.kind !== 'exception') throw this.#refusal('an exception whose tag is none of the module');
    bytes.view.setUint32(at, typeCode, true);
    bytes.advance(4 + layout.sizeBytes);
  }

  #accessors(): HeapInstance {
    if (this.#heap !== undefined) return this.#heap;
    const heap = heapInstance(this.#instance);
    this.#heap = heap;
    heap.use({
      object: (value: unknown) => this.#objectWord(value),
      host: (value: unknown) =>
        this.#otherWord(this.#hostWords, value, () => ({ kind: 'extern', handle: this.#handleOf(value) })),
      func: (value: unknown) => {
        if (value === null) return 0;
        return this.#otherWord(this.#funcWords, value, () => ({ kind: 'func', index: this.#funcIndex(value) }));
      },
      exception: () => this.#exceptionWord(heap),
      rethrow: () => {
        throw this.#reading;
      },
      exceptionSlot: () => 0,
    });
    return heap;
  }

  #objectWord(value: unknown): number {
    let word = this.#words.get(value);
    if (word === undefined) {
      if (this.#objects.length >= SNAPSHOT_LIMITS.heapObjects) {
        throw this.#refusal(`one of more than ${SNAPSHOT_LIMITS.heapObjects} objects`);
      }
      this.#origins.push(this.#where);
      word = this.#objects.push(value) << HEAP_WORD.shift;
      this.#words.set(value, word);
    }
    return word;
  }

  #otherWord(words: Map<unknown, number>, value: unknown, reference: () => RefValue): number {
    let word = words.get(value);
    if (word === undefined) {
      word = ((this.#references.push(reference()) - 1) << HEAP_WORD.shift) | HEAP_WORD.other;
      words.set(value, word);
    }
    return word;
  }

  #exceptionWord(heap: HeapInstance): number {
    try {
      heap.call(EXCEPTION_EXPORTS.throwFirst)();
    } catch (thrown) {
      if (thrown instanceof WebAssembly.Exception) return this.#objectWord(thrown);
    }
    throw this.#refusal('an exception that is none of WebAssembly');
  }

  #funcIndex(value: unknown): number {
    const index = this.#instance.indexOfFunc(value);
    if (index !== undefined) return index;
    const where = this.#where;
    throw new PluvioError('NOT_MIGRATABLE', `${where} refers to a function that is not of this module`, { where });
  }

  #handleOf(value: unknown): string | number {
    const handle = this.#handles?.handleOf(value);
    if (handle === undefined) throw this.#refusal('a reference to a host value without a handle');
    return handle;
  }

  #refusal(what: string): PluvioError {
    const where = this.#where;
    return new PluvioError('NOT_MIGRATABLE', `${where} holds ${what}`, { where });
  }
}
