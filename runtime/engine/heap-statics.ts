/**
 * Finds the objects again that a module's immutable globals began with: a new instance has made them, and nothing can put others in their
 * place. They are matched with objects of the snapshot along immutable fields, so that their mutable fields can be filled.
 *
 * Boundary: reads the instance; what a snapshot claims of such an object must be what the module made.
 */
import { HEAP_EXPORTS, HEAP_WORD, type HeapField } from '../instrument/index.ts';
import { isRef } from '../wasm/index.ts';
import { WINDOW_BYTES, WINDOW_START } from './heap-bytes.ts';
import type { HeapInstance } from './heap-instance.ts';
import type { HeapObjects } from './heap-objects.ts';
import type { ModuleInstance } from './instance.ts';
import type { HeapState, Value } from './snapshot.ts';
import { PluvioError } from '../errors/index.ts';

/**
 * @param globals The values of all globals in the snapshot.
 * @returns Objects that are there already, by their index in the snapshot.
 * @throws PluvioError `SNAPSHOT_MISMATCH`
 */
export function bindInitialObjects(
  instance: ModuleInstance,
  heap: HeapInstance,
  objects: HeapObjects,
  state: HeapState,
  globals: readonly (Value | undefined)[],
): ReadonlyMap<number, unknown> {
  const binder = new Binder(instance, heap, objects, state);
  instance.module.module.globals.forEach(({ imported, type }, index) => {
    const value = globals[index];
    if (imported || type.mutable || !isRef(type.type)) return;
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value.kind !== 'object') return;
    binder.bindGlobal(index, value.index);
  });
  return binder.finish();
}

class Binder {
  readonly #heap: HeapInstance;
  readonly #instance: ModuleInstance;
  readonly #objects: HeapObjects;
  readonly #state: HeapState;
  readonly #bound = new Map<number, unknown>();
  readonly #indices = new Map<unknown, number>();
  readonly #pending: number[] = [];
  /** What the words of the object that is being read stand for. */
  #read: unknown[] = [];

  constructor(instance: ModuleInstance, heap: HeapInstance, objects: HeapObjects, state: HeapState) {
    this.#instance = instance;
    this.#heap = heap;
    this.#objects = objects;
    this.#state = state;
    instance.thread.reserve(WINDOW_START + WINDOW_BYTES);
    const note = (value: unknown): number => this.#read.push(value) << HEAP_WORD.shift;
    heap.use({
      object: note,
      host: note,
      func: (value: unknown) => (value === null ? 0 : note(value)),
      exception: () => 0,
      rethrow: () => undefined,
      exceptionSlot: () => 0,
    });
  }

  bindGlobal(global: number, index: number): void {
    const field = `instances[0].globals[${global}]`;
    if (index >= this.#state.count) {
      throw new PluvioError('SNAPSHOT_MISMATCH', `${field} is object ${index}; it must be below ${this.#state.count}`, {
        field,
      });
    }
    this.#bind(index, this.#instance.global(global).value);
  }

  #bind(index: number, value: unknown): void {
    const known = this.#indices.get(value) ?? index;
    if (known !== index || (this.#bound.has(index) && this.#bound.get(index) !== value)) {
      throw this.#objects.fault(index, 'another object', 'the one that the module made');
    }
    if (this.#bound.has(index)) return;
    const layout = this.#objects.layout(index);
    const isSame =
      this.#heap.typeOf(value) === this.#objects.types[index] &&
      (layout.kind !== 'array' || this.#heap.call(HEAP_EXPORTS.lengthOf)(value) === this.#objects.lengths[index]);
    if (!isSame) throw this.#objects.fault(index, 'of another type or length', 'what the module made');
    this.#bound.set(index, value);
    this.#indices.set(value, index);
    this.#pending.push(index);
  }

  finish(): ReadonlyMap<number, unknown> {
    for (let index = this.#pending.pop(); index !== undefined; index = this.#pending.pop()) this.#compare(index);
    return this.#bound;
  }

  /** Compares the immutable fields of an object with what the module made, and goes on along them. */
  #compare(index: number): void {
    const layout = this.#objects.layout(index);
    const value = this.#bound.get(index);
    const read = this.#heap.reader(this.#objects.types[index] ?? 0);
    const start = this.#objects.starts[index] ?? 0;
    if (layout.kind === 'array') {
      if (layout.element.mutable) return;
      const { elementBytes, element } = layout;
      const length = this.#objects.lengths[index] ?? 0;
      const most = Math.floor(WINDOW_BYTES / elementBytes);
      for (let from = 0; from < length; from += most) {
        const count = Math.min(most, length - from);
        this.#read = [];
        read(value, WINDOW_START, from, count);
        for (let at = 0; at < count; at++) {
          const step = at * elementBytes;
          this.#compareField(index, element, start + from * elementBytes + step, step, elementBytes);
        }
      }
      return;
    }
    this.#read = [];
    read(value, WINDOW_START);
    layout.fields.forEach((field, at) => {
      const next = layout.fields[at + 1]?.offset ?? layout.sizeBytes;
      if (!field.mutable) this.#compareField(index, field, start + field.offset, field.offset, next - field.offset);
    });
  }

  #compareField(index: number, { refKind }: HeapField, at: number, readAt: number, sizeBytes: number): void {
    const view = this.#instance.thread.saveView();
    const { view: stored } = this.#objects;
    const wrong = (): PluvioError => this.#objects.fault(index, 'other than', 'what the module made');
    if (refKind === undefined) {
      for (let byte = 0; byte < sizeBytes; byte++) {
        if (view.getUint8(WINDOW_START + readAt + byte) !== stored.getUint8(at + byte)) throw wrong();
      }
      return;
    }
    const found = view.getUint32(WINDOW_START + readAt, true);
    const word = stored.getUint32(at, true);
    if (found === 0 || (found & HEAP_WORD.i31) !== 0) {
      if (found !== word) throw wrong();
      return;
    }
    const value = this.#read[(found >>> HEAP_WORD.shift) - 1];
    if ((word & (HEAP_WORD.i31 | HEAP_WORD.other)) === 0 && word !== 0) {
      this.#bind((word >>> HEAP_WORD.shift) - 1, value);
      return;
    }
    const reference = (word & HEAP_WORD.other) === 0 ? null : this.#state.references[word >>> HEAP_WORD.shift];
    if (reference?.kind === 'extern') return; // the host's own
    if (reference?.kind !== 'func' || this.#instance.indexOfFunc(value) !== reference.index) throw wrong();
  }
}
