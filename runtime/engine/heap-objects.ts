/**
 * The objects of a received heap, found in its bytes and checked against the module: types, lengths, and every reference against the
 * declared type of what holds it.
 *
 * Boundary: bytes and declared types; makes nothing. What passes here can be built by heap-build.ts, but for cycles of immutable fields.
 */
import { PluvioError } from '../errors/index.ts';
import { EXCEPTION_BIT, HEAP_WORD, type HeapField, type HeapLayout, hierarchyOf } from '../instrument/index.ts';
import { HEAP, heapOf, isNullable, isSubtype, ref, typeText, type ValType, WASM_LIMITS } from '../wasm/index.ts';
import type { HeapInstance } from './heap-instance.ts';
import type { Program } from '../instrument/index.ts';
import type { HeapState } from './snapshot.ts';

/** Called for each reference of an object: its word, the field that holds it, which field or element that is. */
type VisitWord = (word: number, field: HeapField, index: number) => void;

export class HeapObjects {
  readonly count: number;
  /** Type code of each. */
  readonly types: Uint32Array;
  /** Where its fields begin. */
  readonly starts: Uint32Array;
  /** Elements of an array. */
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #program: Program;
  readonly #heap: HeapInstance;
  readonly #state: HeapState;
  readonly #field: string;

  /** @param field Names the heap in messages. @throws PluvioError `SNAPSHOT_MISMATCH` */
  constructor(program: Program, heap: HeapInstance, state: HeapState, field: string) {
    this.#program = program;
    this.#heap = heap;
    this.#state = state;
    this.#field = field;
    this.bytes = state.objects;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.count = state.count;
    if (this.count > this.bytes.byteLength / 4) throw this.#tooShort(0);
    this.types = new Uint32Array(this.count);
    this.starts = new Uint32Array(this.count);
    this.lengths = new Uint32Array(this.count);
    this.#find();
  }

  #tooShort(index: number): PluvioError {
    return this.fault(index, 'more than the bytes that are there', 'inside them');
  }

  /** An error about an object. */
  fault(index: number, found: string, expected: string): PluvioError {
    const field = `${this.#field}.objects[${index}]`;
    return new PluvioError('SNAPSHOT_MISMATCH', `${field} is ${found}; it must be ${expected}`, { field });
  }

  layout(index: number): HeapLayout {
    const layout = this.#heap.layout(this.types[index] ?? 0);
    if (layout === undefined) throw this.fault(index, `of type ${this.types[index]}`, 'of a type that has objects');
    return layout;
  }

  /** Size of an object's fields in the bytes. */
  sizeBytes(index: number): number {
    const layout = this.layout(index);
    return layout.kind === 'array' ? (this.lengths[index] ?? 0) * layout.elementBytes : layout.sizeBytes;
  }

  #find(): void {
    const { view } = this;
    const end = view.byteLength;
    let at = 0;
    for (let index = 0; index < this.count; index++) {
      if (at + 8 > end && at + 4 > end) throw this.#tooShort(index);
      const type = view.getUint32(at, true);
      this.types[index] = type;
      at += 4;
      const layout = this.layout(index);
      const { types } = this.#program.module;
      if (type < EXCEPTION_BIT && types[type]?.canonical !== type) {
        throw this.fault(index, `of type ${type}`, `of the first type that is equal to it, ${types[type]?.canonical}`);
      }
      if (layout.kind === 'array') {
        if (at + 4 > end) throw this.#tooShort(index);
        this.lengths[index] = view.getUint32(at, true);
        at += 4;
      }
      this.starts[index] = at;
      at += this.sizeBytes(index);
      if (at > end) throw this.#tooShort(index);
    }
    if (at !== end) {
      const field = `${this.#field}.objects`;
      throw new PluvioError('SNAPSHOT_MISMATCH', `${field} has ${end} bytes; its objects take ${at}`, { field });
    }
  }

  /** Calls `visit` for the references of an object, the mutable ones too if `all`. */
  eachWord(index: number, all: boolean, visit: VisitWord): void {
    const layout = this.layout(index);
    const start = this.starts[index] ?? 0;
    if (layout.kind === 'array') {
      const { element, elementBytes } = layout;
      if (element.refKind === undefined || (element.mutable && !all)) return;
      const length = this.lengths[index] ?? 0;
      for (let at = 0; at < length; at++) visit(this.view.getUint32(start + at * elementBytes, true), element, at);
      return;
    }
    const { fields } = layout;
    for (let at = 0; at < fields.length; at++) {
      const field = fields[at];
      if (field?.refKind === undefined || (field.mutable && !all)) continue;
      visit(this.view.getUint32(start + field.offset, true), field, at);
    }
  }

  /**
   * Checks every reference against the type of its field.
   * @param hasHandles Whether the host maps handles.
   * @throws PluvioError `SNAPSHOT_MISMATCH`
   */
  check(hasHandles: boolean): void {
    this.#checkReferences(hasHandles);
    for (let index = 0; index < this.count; index++) {
      this.eachWord(index, true, (word, field, at) => {
        if (this.fits(word, field.storage)) return;
        const found = `${this.describe(word)} in field ${at}`;
        throw this.fault(index, found, `one with ${typeText(field.storage)} there`);
      });
      const layout = this.layout(index);
      if (layout.kind === 'array' && !layout.element.mutable && layout.element.refKind !== undefined) {
        const isLong = (this.lengths[index] ?? 0) > WASM_LIMITS.arrayNewFixed;
        if (isLong && this.sameWord(index) === undefined) {
          throw this.fault(index, 'an immutable array of different references', `at most ${WASM_LIMITS.arrayNewFixed}`);
        }
      }
    }
  }

  #checkReferences(hasHandles: boolean): void {
    const known = this.#program.module.funcs.length;
    this.#state.references.forEach((reference, index) => {
      const wrong = (found: string, expected: string): PluvioError => {
        const field = `${this.#field}.references[${index}]`;
        return new PluvioError('SNAPSHOT_MISMATCH', `${field} is ${found}; it must be ${expected}`, { field });
      };
      if (reference?.kind === 'func') {
        if (reference.index >= known) throw wrong(`function ${reference.index}`, `below ${known}`);
        if (this.#program.facts.addressTaken[reference.index] !== 1) {
          throw wrong(`function ${reference.index}`, 'one that the module refers to');
        }
      } else if (reference?.kind !== 'extern') throw wrong('neither', 'a function or a value of the host');
      else if (!hasHandles) throw wrong('a host handle', 'none, as this host maps no handles');
    });
  }

  /** The word that all elements of an array of references are; undefined: they differ, or there are none. */
  sameWord(index: number): number | undefined {
    const start = this.starts[index] ?? 0;
    const length = this.lengths[index] ?? 0;
    if (length === 0) return undefined;
    const first = this.view.getUint32(start, true);
    for (let at = 1; at < length; at++) if (this.view.getUint32(start + 4 * at, true) !== first) return undefined;
    return first;
  }

  /** Whether what a word stands for may be held by a field of that type. */
  fits(word: number, storage: ValType): boolean {
    if (word === 0) return isNullable(storage);
    const found = this.#typeOf(word);
    if (found === undefined) return false;
    const heap = heapOf(storage);
    const from = hierarchyOf(this.#program, found);
    const to = hierarchyOf(this.#program, storage);
    // Values of these two hierarchies are converted into each other; any holds values of the host at its top alone.
    if (to === 'extern' && from === 'any') return heap === HEAP.extern;
    if (to === 'any' && from === 'extern') return heap === HEAP.any;
    return from === to && isSubtype(this.#program.context, found, storage);
  }

  /** The most exact type of what a word stands for; undefined: it stands for nothing. */
  #typeOf(word: number): ValType | undefined {
    if ((word & HEAP_WORD.i31) !== 0) return I31;
    const index = word >>> HEAP_WORD.shift;
    if ((word & HEAP_WORD.other) !== 0) {
      const reference = this.#state.references[index];
      if (reference?.kind === 'func') {
        const func = this.#program.module.funcs[reference.index];
        return func && ref(func.typeIndex);
      }
      return reference?.kind === 'extern' ? HOST : undefined;
    }
    if (index > this.count) return undefined;
    const type = this.types[index - 1] ?? 0;
    return type >= EXCEPTION_BIT ? EXCEPTION : ref(type);
  }

  /** For messages. */
  describe(word: number): string {
    const type = word === 0 ? undefined : this.#typeOf(word);
    return word === 0 ? 'null' : type === undefined ? `a reference to nothing (${word})` : typeText(type);
  }
}

const I31 = ref(HEAP.i31);
const HOST = ref(HEAP.extern);
const EXCEPTION = ref(HEAP.exn);
