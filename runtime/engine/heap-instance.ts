/**
 * A worker's heap module: the accessors of its objects, instantiated beside its instance when they are first needed.
 *
 * Boundary: typed access to what instrument/heap-module.ts generates; the walk and the rebuilding are in heap-walk.ts and heap-build.ts.
 */
import { assert, PluvioError } from '../errors/index.ts';
import {
  EXCEPTION_BIT,
  EXCEPTION_EXPORTS,
  exceptionLayout,
  EXPORTS,
  HEAP_CALLBACKS,
  HEAP_EXPORTS,
  HEAP_IMPORT,
  type HeapLayout,
  heapLayout,
  heapModule,
  SIDE_IMPORTS,
} from '../instrument/index.ts';
import type { ModuleInstance } from './instance.ts';
import type { LoadedModule } from './loaded-module.ts';
import { engineImports } from './thread.ts';

/** What a heap module calls; see HEAP_CALLBACKS. */
export type HeapCallbacks = { readonly [Name in keyof typeof HEAP_CALLBACKS]: (value: never) => unknown };

type Accessor = (...args: readonly unknown[]) => unknown;

/** What all instances of a module share. */
interface CompiledHeap {
  readonly module: WebAssembly.Module;
  readonly layouts: Map<number, HeapLayout | undefined>;
}

const compiled = new WeakMap<LoadedModule, CompiledHeap>();
const instances = new WeakMap<ModuleInstance, HeapInstance>();

/** The heap module beside an instance. */
export function heapInstance(instance: ModuleInstance): HeapInstance {
  let found = instances.get(instance);
  if (found === undefined) instances.set(instance, (found = new HeapInstance(instance)));
  return found;
}

function compiledHeap(instance: ModuleInstance): CompiledHeap {
  const { module } = instance;
  let heap = compiled.get(module);
  if (heap === undefined) {
    const bytes = heapModule(module.program, EXPORTS.refs('exn') in instance.exports);
    heap = { module: compileAccessors(bytes, module.module.types.length), layouts: new Map() };
    compiled.set(module, heap);
  }
  return heap;
}

/** @throws PluvioError `NOT_MIGRATABLE` */
function compileAccessors(bytes: Uint8Array, types: number): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes as BufferSource);
  } catch (cause) {
    const message = `accessors for the objects of ${types} types exceed a limit of this engine: ${String(cause)}`;
    throw new PluvioError('NOT_MIGRATABLE', message, { types }, { cause });
  }
}

export class HeapInstance {
  readonly exports: WebAssembly.Exports;
  readonly #program: LoadedModule['program'];
  readonly #layouts: Map<number, HeapLayout | undefined>;
  readonly #accessors = new Map<string, Accessor>();
  readonly #readers: (Accessor | undefined)[] = [];
  #callbacks: HeapCallbacks | undefined;

  constructor(instance: ModuleInstance) {
    const { module, layouts } = compiledHeap(instance);
    this.#program = instance.module.program;
    this.#layouts = layouts;
    const names = Object.entries(HEAP_CALLBACKS) as [keyof typeof HEAP_CALLBACKS, string][]; // the table's own
    const callbacks = names.map(([name, key]) => [
      key,
      (value: never): unknown => {
        assert(this.#callbacks !== undefined, 'a heap module calls back while nobody uses it');
        return this.#callbacks[name](value);
      },
    ]);
    this.exports = new WebAssembly.Instance(module, {
      ...engineImports(instance.thread),
      [SIDE_IMPORTS.main]: instance.exports,
      [HEAP_IMPORT]: Object.fromEntries(callbacks) as WebAssembly.ModuleImports, // one function per key
    }).exports;
  }

  /** Says who answers the heap module's calls from now on. */
  use(callbacks: HeapCallbacks): void {
    this.#callbacks = callbacks;
  }

  /** Lets go of them, and of all that they hold. */
  release(): void {
    this.#callbacks = undefined;
  }

  /** The layout of what a type code says: of a struct, an array or an exception. */
  layout(typeCode: number): HeapLayout | undefined {
    let layout = this.#layouts.get(typeCode);
    if (layout === undefined && !this.#layouts.has(typeCode)) {
      layout =
        typeCode >= EXCEPTION_BIT
          ? exceptionLayout(this.#program, typeCode - EXCEPTION_BIT)
          : heapLayout(this.#program, typeCode);
      this.#layouts.set(typeCode, layout);
    }
    return layout;
  }

  /** An export by name; the caller knows its type. */
  call(name: string): Accessor {
    let accessor = this.#accessors.get(name);
    if (accessor === undefined) {
      accessor = this.exports[name] as Accessor | undefined; // made by the instrumenter
      assert(accessor !== undefined, `the heap module has no ${name}`);
      this.#accessors.set(name, accessor);
    }
    return accessor;
  }

  has(name: string): boolean {
    return name in this.exports;
  }

  get hasExceptions(): boolean {
    return this.has(EXCEPTION_EXPORTS.read);
  }

  /** Index of the exact type of an object, or a value of TYPE_OF. */
  readonly typeOf = (value: unknown): number => this.call(HEAP_EXPORTS.typeOf)(value) as number;

  /** `read` of a type. */
  reader(type: number): Accessor {
    return (this.#readers[type] ??= this.call(HEAP_EXPORTS.read(type)));
  }

  /** A table of what words of other references stand for, with room for so many. */
  table(name: 'funcs' | 'hosts', length: number): WebAssembly.Table {
    const table = this.exports[HEAP_EXPORTS[name]] as WebAssembly.Table; // made by the instrumenter
    if (table.length < length) table.grow(length - table.length, null);
    return table;
  }
}
