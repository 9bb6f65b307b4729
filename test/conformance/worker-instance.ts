/** An instance that is a worker, and its migrations. */
import {
  type HandleMap,
  type LoadedModule,
  type Outcome,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';
import { EngineThread } from '../../runtime/engine/thread.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { EXPORTS } from '../../runtime/instrument/index.ts';
import { type Ending, type Imports, probeTarget, type TestInstance } from './mode.ts';
import { type ArgumentBits, probeArguments, probeName, probeResults, type ProbeTarget, type Result } from './probes.ts';
import type { StopPlan } from './stop-plan.ts';
import { Stopper } from './stopper.ts';
import { makeWorker } from './worker-place.ts';

/** As much as a script may ask for; deep recursion must end at the engine's own stack, as it does in `bare`. */
const LIMITS = { memoryPages: 65536, tableElements: 10_000_000, stackDepth: 100_000, wallClockMs: 60_000 } as const;

/** Name of the export that is called for the sake of the start function. */
export const BEGIN = 'probe begin';

export interface WorkerSetup {
  readonly module: LoadedModule;
  readonly imports: Readonly<Record<string, Imports>>;
  readonly handles: HandleMap;
  /** Whether other instances of the script may call this one past its worker. */
  readonly linked: boolean;
  /** Where it is stopped; undefined: nowhere. */
  readonly stops: StopPlan | undefined;
}

export class WorkerInstance implements TestInstance {
  /** Others hold parts of this instance, so that it cannot be replaced. */
  isShared = false;
  /** Why the last call was not stopped; undefined: it was to be, or never is in this mode. */
  restriction: string | undefined;
  readonly #setup: WorkerSetup;
  readonly #thread: EngineThread | undefined;
  #worker: Worker | undefined;
  /** A call of this instance, not of another that calls it, is in progress. */
  #active = false;
  readonly #stopper: Stopper;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
    this.#stopper = new Stopper({
      plan: setup.stops,
      isAllowed: () => this.#active && this.restriction === undefined,
      stop: () => void this.#opened().stop(),
    });
    this.#thread = setup.linked ? new EngineThread() : undefined;
  }

  /** @throws PluvioError as `createWorker` */
  async open(): Promise<void> {
    this.#worker = await makeWorker(this.#setup.module, this.#options(), undefined);
  }

  get exports(): Imports {
    const { exports } = this.#opened().instance;
    const values: Record<string, WebAssembly.ExportValue> = {};
    this.#setup.module.exports.forEach(({ name }, index) => {
      const value = exports[EXPORTS.guest(index)];
      if (value !== undefined) values[name] = value;
    });
    return values;
  }

  /** Runs the start function, if there is one. */
  async begin(): Promise<Ending> {
    if (this.#setup.module.exportedFunc(BEGIN) === undefined) return { kind: 'returned', results: [] };
    return endingOf(await this.#call(BEGIN, []), () => []);
  }

  async run(kind: ProbeTarget['kind'], field: string, args: readonly ArgumentBits[]): Promise<Ending> {
    const { module } = this.#setup.module;
    const target = probeTarget(module, kind, field);
    if (target === undefined) throw new Error(`no export "${field}" to ${kind}`);
    const outcome = await this.#call(probeName(kind, field), probeArguments(module.types, target.params, args));
    return endingOf(outcome, (values) => probeResults(module.types, target.results, values));
  }

  async close(): Promise<void> {
    await this.#worker?.close();
  }

  async #call(name: string, args: readonly unknown[]): Promise<Outcome> {
    const { stops } = this.#setup;
    this.restriction = stops === undefined ? undefined : this.#restriction();
    this.#stopper.begin();
    if (stops !== undefined) await this.#migrate();
    this.#active = true;
    try {
      let outcome = await this.#opened().call(name, args);
      while (outcome.kind === 'stopped') {
        await this.#migrate();
        outcome = await this.#opened().resume();
      }
      return outcome;
    } finally {
      this.#active = false;
    }
  }

  #restriction(): string | undefined {
    const { portability } = this.#setup.module;
    if (!portability.migratable) return `not migratable: ${portability.reasons[0] ?? ''}`;
    return this.isShared
      ? 'shares functions, tables or other parts with instances that stay where they are'
      : undefined;
  }

  /** Goes on in a fresh instance, from bytes. */
  async #migrate(): Promise<void> {
    if (this.restriction !== undefined) return;
    const worker = this.#opened();
    let bytes: Uint8Array;
    try {
      bytes = worker.snapshot();
    } catch (error) {
      if (!(error instanceof PluvioError) || error.code !== 'NOT_MIGRATABLE') throw error;
      this.restriction = `not migratable: ${error.message}`;
      return;
    }
    await worker.close();
    this.#worker = await makeWorker(this.#setup.module, this.#options(), bytes);
  }

  #options(): WorkerOptions {
    const { imports, handles, linked, stops } = this.#setup;
    const opened = this.#worker !== undefined;
    return {
      // The first worker gets the imports as they are, so that their types are checked.
      imports: stops !== undefined && opened ? this.#stopper.pausing(imports) : imports,
      handles,
      limits: LIMITS,
      ...(this.#thread === undefined ? {} : { thread: this.#thread }),
      ...(linked || stops !== undefined ? { onPoll: () => this.#stopper.poll() } : {}),
    };
  }

  #opened(): Worker {
    if (this.#worker === undefined) throw new Error('the instance is not open');
    return this.#worker;
  }
}

function endingOf(outcome: Outcome, read: (values: readonly unknown[]) => Result[]): Ending {
  switch (outcome.kind) {
    case 'returned':
      return { kind: 'returned', results: read(outcome.values) };
    case 'trapped':
      return outcome.cause instanceof WebAssembly.Exception
        ? { kind: 'exception', message: outcome.message }
        : { kind: 'trapped', code: outcome.code, message: outcome.message };
    default:
      throw new Error(`the call ended as ${JSON.stringify(outcome)}`);
  }
}
