/**
 * A module that has been decoded, validated, instrumented and compiled, shared by all its workers.
 *
 * Boundary: pure data and compiled code; nothing of a worker.
 *
 * Invariants:
 * 1. What it does depends on the bytes alone: the key of the cache is their digest, the instrumenter's version and the unwind mode.
 * 2. Plans and continuations are made when they are first needed and kept.
 */
import { type FunctionType, type FusedComponent, programOf } from '../component/index.ts';
import { assert, PluvioError } from '../errors/index.ts';
import {
  entrySideModule,
  FunctionPlan,
  INSTRUMENTER_VERSION,
  instrumentModule,
  Program,
  type SideModule,
  siteSideModule,
  type UnwindMode,
} from '../instrument/index.ts';
import { funcNames } from './func-names.ts';
import { decodeModule, isDefaultable, type Module, validateDefinitions } from '../wasm/index.ts';
import { detectEngine, ENGINES } from './engines.ts';
import { RecentMap } from './recent-map.ts';
import { guestSite, hostCallSite, type SiteInfo } from './site-info.ts';
import { type Portability, portabilityOf } from './portability.ts';

/** Keeps instrumented modules by key; a miss only costs time. */
export interface ModuleCache {
  /** The instrumented module of that key; undefined: it is not there. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps an instrumented module, whose bytes it may hold on to. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** How a module is loaded. */
export interface LoadOptions {
  readonly cache?: ModuleCache;
  /** What this module was compiled to on another thread, instrumented by this version: saves doing that again. */
  readonly compiled?: { readonly module: WebAssembly.Module; readonly instrumentedBytes: number };
  /** How a stop leaves the stack; default: what measures best on this engine. */
  readonly unwind?: UnwindMode;
  /** Test seam: runs a command with the adapter to WASI 0.2 that it has. */
  readonly keepAdapter?: boolean;
}

/** An import or export of the original module. */
export interface ExternDescription {
  readonly name: string;
  readonly kind: 'func' | 'table' | 'memory' | 'global' | 'tag';
}

/** Compiled continuations that are kept per module. */
const SIDES_MAX = 4096;

export interface CompiledSide {
  readonly module: WebAssembly.Module;
  readonly side: SideModule;
}

/** What is known of a module before it is compiled. */
type ModuleParts = Pick<LoadedModule, 'program' | 'portability' | 'component' | 'digestBytes'>;

/** A module that was decoded, validated, instrumented and compiled: any number of workers are made of it. */
export class LoadedModule {
  /** How long all workers of it have run, as far as it was in whole slices. */
  ranMs = 0;
  /** Functions that took longer than a slice when they were called. */
  readonly longCalls = new Set<number>();
  readonly program: Program;
  readonly compiled: WebAssembly.Module;
  readonly portability: Portability;
  /** If it was a component: what imports and exports of the program mean. */
  readonly component: FusedComponent | undefined;
  /** SHA-256 of the original bytes. */
  readonly digestBytes: Uint8Array;
  /** Size of the instrumented module. */
  readonly instrumentedBytes: number;
  readonly #plans = new Map<number, FunctionPlan>();
  readonly #sites = new Map<number, SiteInfo>();
  /** Site numbers by function, then by pc. */
  readonly #siteIds = new Map<number, ReadonlyMap<number, number>>();
  readonly #sides = new RecentMap<CompiledSide>(SIDES_MAX);
  #names: ReadonlyMap<number, string> | undefined;

  constructor(parts: ModuleParts, compiled: WebAssembly.Module, instrumentedBytes: number) {
    this.program = parts.program;
    this.portability = parts.portability;
    this.component = parts.component;
    this.digestBytes = parts.digestBytes;
    this.compiled = compiled;
    this.instrumentedBytes = instrumentedBytes;
  }

  get module(): Module {
    return this.program.module;
  }

  /** SHA-256 of the original bytes, hexadecimal. */
  get digest(): string {
    return toHex(this.digestBytes);
  }

  get imports(): readonly (ExternDescription & { readonly module: string })[] {
    return this.module.imports.map(({ module, name, desc }) => ({ module, name, kind: desc.kind }));
  }

  /** Of a component: its functions, also by the names that they have in their interfaces, where only one has it. */
  get exports(): readonly ExternDescription[] {
    const { component, module } = this;
    if (component === undefined) return module.exports.map(({ name, kind }) => ({ name, kind }));
    const names = [...this.#componentExports.keys(), ...(this.#exportIndex('_start') === undefined ? [] : ['_start'])];
    return names.map((name) => ({ name, kind: 'func' }));
  }

  /** Of a component: the types of its functions, by all names that they may be called by. */
  get functions(): ReadonlyMap<string, FunctionType> {
    const types = new Map(this.component?.exports.map(({ name, type }) => [name, type]));
    return new Map(
      [...this.#componentExports].flatMap(([name, full]) => {
        const type = types.get(full);
        return type === undefined ? [] : [[name, type] as const];
      }),
    );
  }

  /** Full names by what a function of a component may be called. */
  get #componentExports(): ReadonlyMap<string, string> {
    const exports = this.component?.exports ?? [];
    const names = new Map(exports.map(({ name }) => [name, name]));
    const short = exports.map(({ name }) => name.slice(name.indexOf('#') + 1));
    short.forEach((name, index) => {
      const isUnique = short.indexOf(name) === short.lastIndexOf(name);
      if (isUnique && !names.has(name)) names.set(name, exports[index]?.name ?? name);
    });
    return names;
  }

  #exportIndex(name: string): number | undefined {
    return this.module.exports.find((entry) => entry.kind === 'func' && entry.name === name)?.index;
  }

  /** The function that an export names, or undefined. */
  exportedFunc(name: string): number | undefined {
    const index = this.#exportIndex(name);
    if (index !== undefined || this.component === undefined) return index;
    return this.#exportIndex(this.#componentExports.get(name) ?? name);
  }

  /** The function that an export names. @throws PluvioError `EXPORT_NOT_FOUND` */
  requireFunc(name: string): number {
    const func = this.exportedFunc(name);
    if (func !== undefined) return func;
    const funcs = this.exports.filter(({ kind }) => kind === 'func').map((entry) => entry.name);
    const what = this.component === undefined ? 'module' : 'component';
    throw new PluvioError(
      'EXPORT_NOT_FOUND',
      `the ${what} exports no function "${name}"; it exports: ${funcs.join(', ') || 'none'}`,
    );
  }

  /** A function's name: from the name section, or its export or import. */
  funcName(func: number): string | undefined {
    return this.funcNames.get(func);
  }

  /** All names of functions, by index. */
  get funcNames(): ReadonlyMap<number, string> {
    return (this.#names ??= funcNames(this.module));
  }

  /** The plan of a function that the module defines. */
  plan(func: number): FunctionPlan {
    let plan = this.#plans.get(func);
    if (plan === undefined) {
      plan = new FunctionPlan(this.program).analyse(func);
      this.#plans.set(func, plan);
    }
    return plan;
  }

  /** The function that a site number belongs to. */
  funcOfSite(id: number): number {
    const { siteBase } = this.program.facts;
    let low = 0;
    let high = siteBase.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((siteBase[middle] ?? 0) <= id) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Whether there is a site of that number. */
  hasSite(id: number): boolean {
    const func = this.funcOfSite(id);
    if (func < this.module.importedFuncs) return this.program.facts.siteBase[func] === id;
    return this.plan(func).siteWithId(id) >= 0;
  }

  /** What is known of a site by its number. */
  site(id: number): SiteInfo {
    let known = this.#sites.get(id);
    if (known === undefined) {
      const func = this.funcOfSite(id);
      if (func < this.module.importedFuncs) known = hostCallSite(this.program, func);
      else {
        const plan = this.plan(func);
        known = guestSite(plan, plan.siteWithId(id));
      }
      this.#sites.set(id, known);
    }
    return known;
  }

  /** The site at a byte offset of a function's body, or undefined. */
  siteAt(func: number, pc: number): SiteInfo | undefined {
    let ids = this.#siteIds.get(func);
    if (ids === undefined) {
      const plan = this.plan(func);
      ids = new Map(Array.from({ length: plan.siteCount }, (_, site) => [plan.sitePc(site), plan.siteId[site] ?? 0]));
      this.#siteIds.set(func, ids);
    }
    const id = ids.get(pc);
    return id === undefined ? undefined : this.site(id);
  }

  /** The bytes of the instrumented module, made again: the engine has its own copy and does not give it back. */
  instrumentAgain(): Uint8Array {
    return instrumentModule(this.program);
  }

  /** The compiled continuation of a site. */
  side(id: number): CompiledSide {
    let known = this.#sides.get(id);
    if (known === undefined) {
      const func = this.funcOfSite(id);
      const side = this.#makeSide(func, id);
      known = { side, module: new WebAssembly.Module(side.bytes as BufferSource) };
      this.#sides.set(id, known);
    }
    return known;
  }

  #makeSide(func: number, id: number): SideModule {
    if (func < this.module.importedFuncs) return entrySideModule(this.program, func, undefined);
    const plan = this.plan(func);
    const site = plan.siteWithId(id);
    assert(site >= 0, `site ${id} of function ${func} does not exist`);
    if (plan.siteKind(site) === 'entry') return entrySideModule(this.program, func, plan);
    return siteSideModule(this.program, plan, site);
  }
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * Decodes, validates, instruments and compiles a module.
 *
 * @param bytes The module as its author built it, or a component (docs/components.md); must not be changed afterwards.
 * @throws PluvioError `MODULE_MALFORMED`, `MODULE_INVALID`, `MODULE_LIMIT`, `COMPONENT_MALFORMED`, `COMPONENT_UNSUPPORTED`, `UNSUPPORTED` (the
 *   engine refuses the module)
 */
export async function loadModule(bytes: Uint8Array, options: LoadOptions = {}): Promise<LoadedModule> {
  const { bytes: core, component } = programOf(bytes, options.keepAdapter);
  const module = decodeModule(core);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
  const mode = unwindMode(module, options.unwind);
  const fusion = component === undefined ? '' : `-${component.version}`;
  const key = `${toHex(digest)}-${INSTRUMENTER_VERSION}-${mode}${fusion}`;
  const known = loaded.get(key)?.deref();
  if (known !== undefined) return known;
  validateDefinitions(module);
  const program = new Program(module, mode);
  const { compiled } = options;
  const parts = { program, component, portability: portabilityOf(program), digestBytes: digest };
  const made =
    compiled === undefined
      ? await makeModule(parts, key, options.cache)
      : new LoadedModule(parts, compiled.module, compiled.instrumentedBytes);
  loaded.set(key, new WeakRef(made));
  return made;
}

/** Modules that are in use, so that loading one again costs its digest alone. */
const loaded = new Map<string, WeakRef<LoadedModule>>();

async function makeModule(parts: ModuleParts, key: string, cache: ModuleCache | undefined): Promise<LoadedModule> {
  const { program } = parts;
  const cached = decodeCached(await cache?.get(key));
  if (cached !== undefined) {
    const compiled = await compile(cached);
    if (compiled !== undefined) return new LoadedModule(parts, compiled, cached.length);
  }
  const instrumented = instrumentModule(program);
  const compiled = await compile(instrumented);
  if (compiled === undefined) throw await refusal(program.module.bytes, instrumented);
  await cache?.put(key, encodeCached(instrumented));
  return new LoadedModule(parts, compiled, instrumented.length);
}

/** A stop by flag needs a value to return; where results have none, stops are thrown. */
function unwindMode(module: Module, asked: UnwindMode | undefined): UnwindMode {
  const mode = asked ?? ENGINES[detectEngine()].unwind;
  if (mode === 'throw') return mode;
  const all = module.types.every(
    ({ composite }) => composite.kind !== 'func' || composite.results.every(isDefaultable),
  );
  return all ? 'flag' : 'throw';
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module | undefined> {
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** Words of engines for what exceeds a limit of theirs. */
const OVER_LIMIT = /too (large|many|big)|exceeds|maximum|limit/i;

/** Why the engine did not take the instrumented module: it may not know a proposal that the original uses. */
async function refusal(original: Uint8Array, instrumented: Uint8Array): Promise<PluvioError> {
  const message = async (bytes: Uint8Array): Promise<string | undefined> => {
    try {
      await WebAssembly.compile(bytes as BufferSource);
      return undefined;
    } catch (error) {
      return String(error);
    }
  };
  const own = await message(original);
  if (own !== undefined) return new PluvioError('UNSUPPORTED', `this engine cannot compile the module: ${own}`);
  const refused = (await message(instrumented)) ?? '';
  if (OVER_LIMIT.test(refused)) {
    return new PluvioError(
      'MODULE_LIMIT',
      `the module leaves no room for instrumentation below a limit of this engine: ${refused}`,
    );
  }
  return new PluvioError('INTERNAL', `the instrumented module does not compile: ${refused}`);
}

const CACHE_MAGIC = new TextEncoder().encode('pluvio2\n');

/** A cache entry: magic, the module. */
function encodeCached(module: Uint8Array): Uint8Array {
  const entry = new Uint8Array(CACHE_MAGIC.length + module.length);
  entry.set(CACHE_MAGIC);
  entry.set(module, CACHE_MAGIC.length);
  return entry;
}

function decodeCached(entry: Uint8Array | undefined): Uint8Array | undefined {
  const isOurs = entry !== undefined && CACHE_MAGIC.every((byte, at) => entry[at] === byte);
  return isOurs ? entry.subarray(CACHE_MAGIC.length) : undefined;
}
