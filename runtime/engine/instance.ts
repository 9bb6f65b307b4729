/**
 * One instantiated module: the instrumented instance with its memories, and the continuations that were needed so far.
 *
 * Boundary: knows the module and the JavaScript API; nothing of calls, slices or outcomes.
 *
 * Invariants:
 * 1. Memories that the guest defines are made here, so that a restored worker can be filled before it runs.
 * 2. A continuation is instantiated once per site and worker, as long as it is not among those forgotten for want of use.
 */
import { assert, PluvioError } from '../errors/index.ts';
import { EXPORTS, IMPORTS, SIDE_IMPORTS } from '../instrument/index.ts';
import type { Import } from '../wasm/index.ts';
import type { LoadedModule } from './loaded-module.ts';
import { buildImages, type MemoryImage } from './memory-image.ts';
import type { ResolvedLimits } from './limits.ts';
import { RecentMap } from './recent-map.ts';
import { type EngineThread, engineImports } from './thread.ts';
import type { HostFunction, Imports } from './types.ts';

type Func = (...args: never[]) => unknown;

const PAGE_BYTES = 65536;
/** Continuations that one worker keeps; more are instantiated again when they are needed. */
const CONTINUATIONS_MAX = 1024;

/** What an instance's imports resolved to. */
export interface Links {
  /** By import index; a host function of the guest, or an object that is passed on as it is. */
  readonly values: readonly (HostFunction | WebAssembly.ImportValue)[];
  /** Host functions by function index. */
  readonly funcs: readonly HostFunction[];
}

/**
 * Finds what the module imports, in order of the sources.
 * @throws PluvioError `IMPORT_MISSING` (all that are missing), `IMPORT_MISMATCH`
 */
export function linkImports(module: LoadedModule, sources: readonly Imports[]): Links {
  const missing: string[] = [];
  const values: (HostFunction | WebAssembly.ImportValue)[] = [];
  const funcs: HostFunction[] = [];
  for (const entry of module.module.imports) {
    const value = sources.map((source) => provided(source, entry)).find((found) => found !== undefined);
    if (value === undefined) {
      missing.push(`"${entry.module}"."${entry.name}" (${entry.desc.kind})`);
      continue;
    }
    checkKind(entry, value);
    values.push(value as HostFunction | WebAssembly.ImportValue); // its kind was checked
    if (entry.desc.kind === 'func') funcs.push(value as HostFunction);
  }
  if (missing.length > 0) {
    throw new PluvioError('IMPORT_MISSING', `the module imports what was not provided: ${missing.join(', ')}`, {
      imports: missing,
    });
  }
  return { values, funcs };
}

/** What a source itself has under these names: never what any object inherits, which is no host's to give. */
function provided(source: Imports, { module, name }: Import): unknown {
  const functions = Object.hasOwn(source, module) ? source[module] : undefined;
  return functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined;
}

function checkKind(entry: Import, value: unknown): void {
  const { kind } = entry.desc;
  const fits: Readonly<Record<typeof kind, boolean>> = {
    func: typeof value === 'function',
    memory: value instanceof WebAssembly.Memory,
    table: value instanceof WebAssembly.Table,
    global: value instanceof WebAssembly.Global || typeof value === 'number' || typeof value === 'bigint',
    tag: value instanceof WebAssembly.Tag,
  };
  if (fits[kind]) return;
  throw new PluvioError(
    'IMPORT_MISMATCH',
    `import "${entry.module}"."${entry.name}" must be a ${kind}, found ${typeof value}`,
  );
}

export class ModuleInstance {
  readonly module: LoadedModule;
  readonly thread: EngineThread;
  readonly links: Links;
  readonly memories: readonly WebAssembly.Memory[];
  readonly exports: WebAssembly.Exports;
  readonly fuel: WebAssembly.Global<'i32'>;
  readonly depth: WebAssembly.Global<'i32'>;
  readonly #sides = new RecentMap<WebAssembly.Exports>(CONTINUATIONS_MAX);
  #images: readonly MemoryImage[] | undefined;
  #indices: Map<unknown, number> | undefined;

  /** @throws PluvioError `LINK_FAILED`, `LIMIT_OUT_OF_RANGE` */
  constructor(module: LoadedModule, links: Links, thread: EngineThread, limits: ResolvedLimits) {
    this.module = module;
    this.thread = thread;
    this.links = links;
    this.#checkTables(limits);
    this.memories = this.#makeMemories(limits);
    const guest: WebAssembly.ModuleImports = {};
    let func = 0;
    module.module.imports.forEach((entry, index) => {
      guest[index] =
        entry.desc.kind === 'func' ? thread.importFunc(func++) : (links.values[index] as WebAssembly.ImportValue); // linked
    });
    const memories: WebAssembly.ModuleImports = {};
    this.memories.forEach((memory, index) => (memories[index] = memory));
    try {
      const imports = { ...engineImports(thread), [IMPORTS.guest]: guest, [IMPORTS.memory]: memories };
      this.exports = new WebAssembly.Instance(module.compiled, imports).exports;
    } catch (error) {
      throw new PluvioError(
        'LINK_FAILED',
        `the module could not be instantiated: ${String(error)}`,
        {},
        { cause: error },
      );
    }
    this.fuel = this.exports[EXPORTS.fuel] as WebAssembly.Global<'i32'>; // made by the instrumenter
    this.depth = this.exports[EXPORTS.depth] as WebAssembly.Global<'i32'>;
  }

  #checkTables(limits: ResolvedLimits): void {
    const { tables, imports } = this.module.module;
    const imported = imports.filter(({ desc }) => desc.kind === 'table').length;
    let elements = 0n;
    for (const { type } of tables.slice(imported)) elements += type.limits.min;
    if (elements <= BigInt(limits.tableElements)) return;
    throw new PluvioError(
      'LINK_FAILED',
      `the module needs ${elements} table elements to begin with; limit tableElements is ${limits.tableElements}`,
      { needed: Number(elements), limit: limits.tableElements },
    );
  }

  #makeMemories(limits: ResolvedLimits): WebAssembly.Memory[] {
    const { memories, imports } = this.module.module;
    const imported = imports.flatMap((entry, index) =>
      entry.desc.kind === 'memory' ? [this.links.values[index]] : [],
    );
    let pages = 0n;
    for (const { type } of memories) pages += type.limits.min;
    if (pages > BigInt(limits.memoryPages)) {
      throw new PluvioError(
        'LINK_FAILED',
        `the module needs ${pages} pages of memory to begin with; limit memoryPages is ${limits.memoryPages}`,
        { needed: Number(pages), limit: limits.memoryPages },
      );
    }
    return memories.map(({ type }, index) => {
      if (index < imported.length) return imported[index] as WebAssembly.Memory; // its kind was checked
      const { min, max, shared, is64 } = type.limits;
      const number = (value: bigint): number => (is64 ? value : Number(value)) as number; // the API takes bigint for i64 addresses
      const descriptor = {
        initial: number(min),
        ...(max === undefined ? {} : { maximum: number(max) }),
        ...(shared ? { shared: true } : {}),
        ...(is64 ? { address: 'i64' } : {}),
      } as WebAssembly.MemoryDescriptor; // the library's types lack 64-bit addresses
      try {
        return new WebAssembly.Memory(descriptor);
      } catch (error) {
        // Its type is valid and within the limits: the process has no address space left for one more.
        const message = `memory ${index} of ${min} pages could not be made: ${String(error)}`;
        throw new PluvioError('MEMORY_FULL', message, { pages: number(min) }, { cause: error });
      }
    });
  }

  /** Applies the active segments. @throws PluvioError `LINK_FAILED` */
  initialise(): void {
    try {
      this.service(EXPORTS.init)();
    } catch (error) {
      throw new PluvioError('LINK_FAILED', `an active segment does not fit: ${String(error)}`, {}, { cause: error });
    }
  }

  /** A function that the instrumenter added. */
  service(name: string): Func {
    const func = this.exports[name];
    assert(typeof func === 'function', `the instrumented module has no ${name}`);
    return func as Func; // checked
  }

  /** A function of the guest by index, as instrumented code; of an import: what stands between it and the guest. */
  func(index: number): Func {
    const get = this.service(EXPORTS.func) as (index: number) => Func; // made by the instrumenter
    return get(index);
  }

  /** Index of a function reference of this instance; undefined for a foreign one. */
  indexOfFunc(func: unknown): number | undefined {
    if (this.#indices === undefined) {
      this.#indices = new Map();
      const { addressTaken } = this.module.program.facts;
      const exported = new Set(
        this.module.module.exports.filter(({ kind }) => kind === 'func').map(({ index }) => index),
      );
      for (let index = 0; index < addressTaken.length; index++) {
        if (addressTaken[index] === 1 || exported.has(index)) this.#indices.set(this.func(index), index);
      }
    }
    return this.#indices.get(func);
  }

  global(index: number): WebAssembly.Global {
    return this.exports[EXPORTS.global(index)] as WebAssembly.Global; // made by the instrumenter
  }

  table(index: number): WebAssembly.Table {
    return this.exports[EXPORTS.table(index)] as WebAssembly.Table; // made by the instrumenter
  }

  /** @throws PluvioError `LINK_FAILED` */
  memory(index: number): WebAssembly.Memory {
    const memory = this.memories[index];
    if (memory !== undefined) return memory;
    throw new PluvioError('LINK_FAILED', `the module has no memory ${index}, which a host function needs`);
  }

  get memoryPages(): number {
    let bytes = 0;
    for (const memory of this.memories) bytes += memory.buffer.byteLength;
    return bytes / PAGE_BYTES;
  }

  get tableElements(): number {
    let elements = 0;
    for (let index = 0; index < this.module.module.tables.length; index++) elements += Number(this.table(index).length);
    return elements;
  }

  /** The memories' contents before anything ran. */
  get images(): readonly MemoryImage[] {
    return (this.#images ??= buildImages(this.module.module, (index) => Number(this.global(index).value)));
  }

  /** The function that goes on from a site: takes its values from the record that SAVE.resume points to. */
  continuation(site: number): () => unknown {
    return this.#side(site)['c'] as () => unknown; // made by the instrumenter
  }

  #side(site: number): WebAssembly.Exports {
    const known = this.#sides.get(site);
    if (known !== undefined) return known;
    const { module, side } = this.module.side(site);
    const funcs: WebAssembly.ModuleImports = {};
    for (const index of side.funcs) funcs[index] = this.func(index);
    const loops: WebAssembly.ModuleImports = {};
    for (const loop of side.loops) loops[loop] = this.#side(loop)['h'] as WebAssembly.ExportValue;
    const memories: WebAssembly.ModuleImports = {};
    this.memories.forEach((memory, index) => (memories[index] = memory));
    const { exports } = new WebAssembly.Instance(module, {
      ...engineImports(this.thread),
      [IMPORTS.memory]: memories,
      [SIDE_IMPORTS.main]: this.exports,
      [SIDE_IMPORTS.func]: funcs,
      [SIDE_IMPORTS.loop]: loops,
    });
    this.#sides.set(site, exports);
    return exports;
  }
}
