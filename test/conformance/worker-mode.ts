/**
 * The runtime: every instance is a worker. `instrumented` runs it as it is; `stopped` stops it at safepoints and host calls and
 * migrates it through the bytes of a snapshot into a fresh instance each time, and once more before every call.
 *
 * Instances of one script may share functions, memories, tables. The engine runs one worker per thread at a time, and finds the
 * imports of the code that runs by the thread's worker. So where a script links instances each gets an engine thread of its own.
 * An instance whose parts others hold (`isShared`) is not migrated: they would go on with the old parts.
 */
import { PluvioError } from '../../runtime/errors/index.ts';
import { loadModule } from '../../runtime/engine/index.ts';
import { trapCode } from '../../runtime/engine/traps.ts';
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import { decodeModule, draftOf, encodeModule, type Module } from '../../runtime/wasm/index.ts';
import { refusedBy } from './bare-mode.ts';
import {
  type Ending,
  importObject,
  type ImportSource,
  probeTarget,
  type Session,
  type SessionOptions,
  type TestInstance,
} from './mode.ts';
import { addIdleExport, addProbe } from './probes.ts';
import { type StopCounts, StopPlan } from './stop-plan.ts';
import { BEGIN, WorkerInstance } from './worker-instance.ts';

export class WorkerSession implements Session {
  readonly #unwind: UnwindMode;
  readonly #stops: StopPlan | undefined;
  readonly #options: SessionOptions;
  readonly #instances: WorkerInstance[] = [];

  constructor(unwind: UnwindMode, stops: boolean, options: SessionOptions) {
    this.#unwind = unwind;
    this.#stops = stops ? new StopPlan(options.seed) : undefined;
    this.#options = options;
  }

  async check(bytes: Uint8Array<ArrayBuffer>): Promise<Ending | undefined> {
    try {
      await loadModule(bytes, { unwind: this.#unwind });
      return undefined;
    } catch (error) {
      return refusedBy(error);
    }
  }

  async instantiate(
    bytes: Uint8Array<ArrayBuffer>,
    imports: ReadonlyMap<string, ImportSource>,
  ): Promise<TestInstance | Ending> {
    const refused = await this.check(bytes);
    if (refused !== undefined) return refused;
    const module = await loadModule(withProbes(decodeModule(bytes)), { unwind: this.#unwind });
    const { hosts: handles, linked } = this.#options;
    const instance = new WorkerInstance({
      module,
      imports: importObject(module.module, imports),
      handles,
      linked,
      stops: this.#stops,
    });
    this.#instances.push(instance);
    try {
      await instance.open();
    } catch (error) {
      return linkEnding(error);
    }
    this.#share(instance, module.module, imports);
    const started = await instance.begin();
    return started.kind === 'returned' ? instance : started;
  }

  /** Notes what is shared from now on. Who shares a table can be called through it, past its own worker. */
  #share(instance: WorkerInstance, module: Module, imports: ReadonlyMap<string, ImportSource>): void {
    for (const { module: name, desc } of module.imports) {
      const source = imports.get(name)?.instance;
      if (source instanceof WorkerInstance) source.isShared = true;
      if (desc.kind === 'table' && this.#options.linked) instance.isShared = true;
    }
  }

  get stopCounts(): StopCounts | undefined {
    return this.#stops?.counts;
  }

  async close(): Promise<void> {
    for (const instance of this.#instances) await instance.close();
  }
}

/** The module with a probe for each of its functions and globals that are exported. */
function withProbes(module: Module): Uint8Array {
  const draft = draftOf(module);
  for (const { name, kind } of module.exports) {
    if (kind !== 'func' && kind !== 'global') continue;
    const target = probeTarget(module, kind === 'func' ? 'invoke' : 'get', name);
    if (target !== undefined) addProbe(draft, module.importedFuncs, target);
  }
  if (module.startFunc !== undefined) addIdleExport(draft, module.importedFuncs, BEGIN);
  return encodeModule(draft);
}

/** An active segment that does not fit is a trap of the instantiation. */
function linkEnding(error: unknown): Ending {
  if (!(error instanceof PluvioError)) throw error;
  if (error.cause instanceof WebAssembly.RuntimeError) {
    const { message } = error.cause;
    return { kind: 'trapped', code: trapCode(message), message };
  }
  return { kind: 'unlinkable', message: error.message };
}
