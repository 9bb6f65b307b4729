/** References of a snapshot as those of a worker that takes it up, each checked against its declared type. */
import { PluvioError } from '../errors/index.ts';
import { hierarchyOf } from '../instrument/index.ts';
import { HEAP, heapOf, isNullable, isSubtype, ref, typeText, type ValType } from '../wasm/index.ts';
import { HeapBuild } from './heap-build.ts';
import type { ModuleInstance } from './instance.ts';
import type { InstanceState, RefValue, Value } from './snapshot.ts';
import type { HandleMap } from './types.ts';

const mismatch = (field: string, found: string, expected: string): PluvioError =>
  new PluvioError('SNAPSHOT_MISMATCH', `${field} is ${found}; it must be ${expected}`, { field });

export class RestoredReferences {
  readonly #instance: ModuleInstance;
  readonly #handles: HandleMap | undefined;
  readonly #heap: HeapBuild | undefined;

  /** Makes the objects of the state's heap. @throws PluvioError `SNAPSHOT_MISMATCH` */
  constructor(instance: ModuleInstance, state: InstanceState, handles: HandleMap | undefined) {
    this.#instance = instance;
    this.#handles = handles;
    this.#heap = state.heap && new HeapBuild(instance, state.heap, state.globals, handles);
  }

  /** The reference that a value stands for, as JavaScript holds it; not to an exception. @throws PluvioError `SNAPSHOT_MISMATCH` */
  decode(value: Value | undefined, type: ValType, field: string): unknown {
    const reference = this.#reference(value, type, field);
    if (reference === null) return null;
    switch (reference.kind) {
      case 'func':
        return this.#func(reference.index, type, field);
      case 'extern':
        return this.#hostValue(reference.handle, type, field);
      case 'i31': {
        const heap = heapOf(type);
        const fits = heap === HEAP.extern || isSubtype(this.#instance.module.program.context, ref(HEAP.i31), type);
        if (!fits) throw mismatch(field, 'an i31', typeText(type));
        return reference.value;
      }
      case 'object':
        return this.#requireHeap(reference.index, type, field).object(reference.index);
      case 'exn':
        throw mismatch(field, 'an exception of an older version, which refers to no object', typeText(type));
    }
  }

  /** Puts a reference to an exception into a table (with a slot) or global of the instance. @throws PluvioError `SNAPSHOT_MISMATCH` */
  putException(place: string, slot: number | undefined, value: Value | undefined, type: ValType, field: string): void {
    const reference = this.#reference(value, type, field);
    if (reference !== null && reference.kind !== 'object') {
      throw mismatch(field, `a reference of kind ${reference.kind}`, typeText(type));
    }
    if (reference === null) {
      // Without a heap nothing was put there, and null is what is there to begin with.
      this.#heap?.putException(place, slot, undefined);
      return;
    }
    this.#requireHeap(reference.index, type, field).putException(place, slot, reference.index);
  }

  /** To be called when all references are in their places. */
  release(): void {
    this.#heap?.release();
  }

  #reference(value: Value | undefined, type: ValType, field: string): RefValue {
    if (value === null) {
      if (!isNullable(type)) throw mismatch(field, 'null', typeText(type));
      return null;
    }
    if (typeof value === 'object' && !(value instanceof Uint8Array)) return value;
    throw mismatch(field, 'not a reference', typeText(type));
  }

  #func(index: number, type: ValType, field: string): unknown {
    const { program } = this.#instance.module;
    const func = program.module.funcs[index];
    if (func === undefined) throw mismatch(field, `function ${index}`, `below ${program.module.funcs.length}`);
    // Checks at entries are where calls can lead to; see call-graph.ts.
    if (program.facts.addressTaken[index] !== 1)
      throw mismatch(field, `function ${index}`, 'one that the module refers to');
    if (!isSubtype(program.context, ref(func.typeIndex), type)) {
      throw mismatch(field, typeText(ref(func.typeIndex)), typeText(type));
    }
    return this.#instance.func(index);
  }

  #hostValue(handle: string | number, type: ValType, field: string): unknown {
    const heap = heapOf(type);
    if (heap !== HEAP.extern && heap !== HEAP.any) throw mismatch(field, 'a reference of kind extern', typeText(type));
    if (this.#handles === undefined) throw mismatch(field, 'a host handle', 'null, as this host maps no handles');
    return this.#handles.valueOf(handle);
  }

  #requireHeap(index: number, type: ValType, field: string): HeapBuild {
    if (this.#heap?.fits(index, type) === true) return this.#heap;
    const found = this.#heap?.describe(index) ?? 'a reference to an object, of which there are none';
    throw mismatch(field, found, typeText(type));
  }
}

/** Whether values of a reference type are exceptions, which JavaScript cannot hold. */
export const isException = (instance: ModuleInstance, type: ValType): boolean =>
  hierarchyOf(instance.module.program, type) === 'exn';
