/** The engine's own WebAssembly: the reference; and the same after our decoder and encoder. */
import { PluvioError } from '../../runtime/errors/index.ts';
import { trapCode } from '../../runtime/engine/traps.ts';
import {
  decodeModule,
  draftOf,
  encodeModule,
  type Module,
  type ModuleDraft,
  validateModule,
} from '../../runtime/wasm/index.ts';
import {
  type Ending,
  importObject,
  type Imports,
  type ImportSource,
  probeTarget,
  type Session,
  type TestInstance,
} from './mode.ts';
import { addProbe, type ArgumentBits, probeArguments, probeName, probeResults, type ProbeTarget } from './probes.ts';

export class BareSession implements Session {
  readonly stopCounts = undefined;

  async check(bytes: Uint8Array<ArrayBuffer>): Promise<Ending | undefined> {
    try {
      await WebAssembly.compile(bytes);
      return undefined;
    } catch (error) {
      return { kind: 'refused', code: undefined, message: String(error) };
    }
  }

  async instantiate(
    bytes: Uint8Array<ArrayBuffer>,
    imports: ReadonlyMap<string, ImportSource>,
  ): Promise<TestInstance | Ending> {
    const refused = await this.check(bytes);
    if (refused !== undefined) return refused;
    const module = decodeModule(bytes);
    try {
      const compiled = await WebAssembly.compile(bytes);
      return new BareInstance(module, new WebAssembly.Instance(compiled, importObject(module, imports)).exports);
    } catch (error) {
      return endingOf(error);
    }
  }

  async close(): Promise<void> {}
}

/** Decoded, validated and encoded by runtime/wasm, then as `bare`. */
export class RoundtripSession extends BareSession {
  override async check(bytes: Uint8Array<ArrayBuffer>): Promise<Ending | undefined> {
    try {
      validateModule(decodeModule(bytes));
      return undefined;
    } catch (error) {
      return refusedBy(error);
    }
  }

  override async instantiate(
    bytes: Uint8Array<ArrayBuffer>,
    imports: ReadonlyMap<string, ImportSource>,
  ): Promise<TestInstance | Ending> {
    const refused = await this.check(bytes);
    if (refused !== undefined) return refused;
    return new BareSession().instantiate(Uint8Array.from(encodeModule(draftOf(decodeModule(bytes)))), imports);
  }
}

/** A refusal with a code of ours; anything else is a bug and not caught. */
export function refusedBy(error: unknown): Ending {
  if (!(error instanceof PluvioError)) throw error;
  return { kind: 'refused', code: error.code, message: error.message };
}

/** What an engine threw. */
export function endingOf(error: unknown): Ending {
  if (error instanceof WebAssembly.RuntimeError) {
    return { kind: 'trapped', code: trapCode(error.message), message: error.message };
  }
  if (error instanceof WebAssembly.Exception) return { kind: 'exception', message: 'an exception of the guest' };
  if (error instanceof WebAssembly.LinkError || error instanceof TypeError) {
    return { kind: 'unlinkable', message: error.message };
  }
  if (error instanceof RangeError) return { kind: 'trapped', code: 'stack-overflow', message: error.message };
  throw error;
}

class BareInstance implements TestInstance {
  readonly restriction = undefined;
  readonly exports: Imports;
  readonly #module: Module;
  readonly #probes = new Map<string, (...args: unknown[]) => unknown>();

  constructor(module: Module, exports: WebAssembly.Exports) {
    this.#module = module;
    this.exports = exports;
  }

  async run(kind: ProbeTarget['kind'], field: string, args: readonly ArgumentBits[]): Promise<Ending> {
    const target = probeTarget(this.#module, kind, field);
    if (target === undefined) throw new Error(`no export "${field}" to ${kind}`);
    const { types } = this.#module;
    const probe = this.#probe(target);
    try {
      const value = probe(...probeArguments(types, target.params, args));
      const values = Array.isArray(value) ? value : [value];
      return await Promise.resolve({ kind: 'returned', results: probeResults(types, target.results, values) });
    } catch (error) {
      return endingOf(error);
    }
  }

  /** The probe lies in a module of its own, so that the module under test stays what it is. */
  #probe(target: ProbeTarget): (...args: unknown[]) => unknown {
    const { kind, field } = target;
    const name = probeName(kind, field);
    const known = this.#probes.get(name);
    if (known !== undefined) return known;
    const { types, funcs, globals } = this.#module;
    const typeIndex = funcs[target.index]?.typeIndex ?? 0;
    const type = globals[target.index]?.type;
    const imported = { module: 'm', name: 'x' };
    const draft = emptyDraft();
    draft.types.push(...types);
    if (kind === 'invoke') draft.imports.push({ ...imported, desc: { kind: 'func', typeIndex } });
    else if (type !== undefined) draft.imports.push({ ...imported, desc: { kind: 'global', type } });
    addProbe(draft, kind === 'invoke' ? 1 : 0, { ...target, index: 0 });
    const module = new WebAssembly.Module(Uint8Array.from(encodeModule(draft)));
    const value = this.exports[field];
    if (value === undefined) throw new Error(`export "${field}" is missing`);
    const probe = new WebAssembly.Instance(module, { m: { x: value } }).exports[name];
    if (typeof probe !== 'function') throw new Error(`the probe of "${field}" is no function`);
    this.#probes.set(name, probe as (...args: unknown[]) => unknown); // checked
    return probe as (...args: unknown[]) => unknown;
  }
}

const emptyDraft = (): ModuleDraft => ({
  types: [],
  imports: [],
  funcs: [],
  tables: [],
  memories: [],
  globals: [],
  tags: [],
  exports: [],
  elements: [],
  datas: [],
  customs: [],
});
