/**
 * Runs of a generated program: on the bare engine, and on this one undisturbed, sliced, stopped at every safepoint, stopped at random.
 *
 * A stop is followed by a snapshot as bytes and a restore into a fresh worker, whose snapshot must be the same bytes before it runs on.
 * Where a snapshot cannot be taken (a handler holds an exception of the host's own) the worker goes on where it is.
 */
import {
  createWorker,
  decodeSnapshot,
  type LoadedModule,
  type Outcome,
  type PollDecision,
  restoreWorker,
  type Snapshot,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';
import { trapCode } from '../../runtime/engine/traps.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { decodeModule, F32, F64, I32, I64, type Module } from '../../runtime/wasm/index.ts';
import { HOST_OBJECTS } from './generate/host-table.ts';
import type { Random } from './generate/random.ts';
import { bareHost, HANDLES, WorkerHost, workerImports } from './host.ts';

/** What is to be run. */
export interface Subject {
  readonly bytes: Uint8Array;
  /** Arguments of `run`. */
  readonly args: readonly (number | bigint)[];
}

/** What a run leaves that the bare engine shows, too. */
export interface Observed {
  /** Values, or the code of the trap. */
  readonly result: readonly unknown[] | string;
  readonly log: readonly string[];
  /** What is exported; undefined where the start function ended the bare instance. */
  readonly memories: readonly Uint8Array[] | undefined;
  readonly globals: readonly unknown[] | undefined;
  readonly tables: readonly (readonly unknown[])[] | undefined;
}

export interface Finished {
  readonly observed: Observed;
  /** State as a snapshot has it; undefined: it cannot be captured. */
  readonly state: Snapshot['instances'] | undefined;
  readonly fuelUsed: bigint;
  readonly trapped: boolean;
  /** How often it was sliced or stopped. */
  readonly breaks: number;
  /** Stops without a snapshot. */
  readonly uncaptured: number;
  /** Snapshots with objects of the garbage-collected heap. */
  readonly heaps: number;
}

interface Exported {
  readonly memories: readonly WebAssembly.Memory[];
  readonly globals: readonly { readonly type: number; readonly global: WebAssembly.Global }[];
  readonly tables: readonly WebAssembly.Table[];
  readonly describe: (value: unknown) => unknown;
}

const READABLE = new Set([I32, I64, F32, F64]);

function tableElements(table: WebAssembly.Table, describe: (value: unknown) => unknown): unknown[] {
  const length = Number(table.length);
  const is64 = typeof (table.length as unknown) === 'bigint';
  return Array.from({ length }, (_, slot) => {
    try {
      return describe(table.get((is64 ? BigInt(slot) : slot) as number)); // bigint for i64 addresses
    } catch {
      return 'not for JavaScript'; // an exnref
    }
  });
}

function observe(
  result: Observed['result'],
  log: readonly string[],
  { memories, globals, tables, describe }: Exported,
): Observed {
  return {
    result,
    log,
    memories: memories.map(({ buffer }) => new Uint8Array(buffer).slice()),
    globals: globals.map(({ type, global }) => (READABLE.has(type) ? (global.value as unknown) : undefined)),
    tables: tables.map((table) => tableElements(table, describe)),
  };
}

const listOf = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value];

/** References are compared by what they are outside: a function's index where it is exported, a host object's number. */
function describer(indexOf: (func: unknown) => number | undefined): (value: unknown) => unknown {
  return (value) => {
    if (value === null || typeof value !== 'object')
      return typeof value === 'function' ? (indexOf(value) ?? -1) : value;
    const known = HOST_OBJECTS.indexOf(value);
    return known < 0 ? 'reference' : `object ${known}`;
  };
}

const exportsOfKind = (module: Module, kind: string) => module.exports.filter((each) => each.kind === kind);

export function runBare({ bytes, args }: Subject): Observed {
  const module = decodeModule(bytes);
  const host = bareHost(bytes);
  let result: Observed['result'];
  let instance: WebAssembly.Instance | undefined;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), host.imports);
    result = listOf((instance.exports['run'] as (...args: unknown[]) => unknown)(...args)); // every program exports it
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) throw error;
    result = error instanceof WebAssembly.RuntimeError ? trapCode(error.message) : 'exception';
    if (error instanceof RangeError) result = 'stack-overflow';
  }
  if (instance === undefined)
    return { result, log: host.log, memories: undefined, globals: undefined, tables: undefined };
  const { exports } = instance;
  const funcs = new Map<unknown, number>(
    exportsOfKind(module, 'func').map(({ name, index }) => [exports[name], index]),
  );
  return observe(result, host.log, {
    memories: exportsOfKind(module, 'memory').map(({ name }) => exports[name] as WebAssembly.Memory),
    globals: exportsOfKind(module, 'global').map(({ name, index }) => ({
      type: module.globals[index]?.type.type ?? 0,
      global: exports[name] as WebAssembly.Global,
    })),
    tables: exportsOfKind(module, 'table').map(({ name }) => exports[name] as WebAssembly.Table),
    describe: describer((func) => funcs.get(func)),
  });
}

/** One run of ours: a program, its host, and how it is disturbed. */
class Run {
  readonly #module: LoadedModule;
  readonly #args: Subject['args'];
  readonly #onPoll: (() => PollDecision) | undefined;
  readonly #stopsWaiting: boolean;
  readonly #fuelMax: bigint | undefined;
  #host: WorkerHost;
  #breaks = 0;
  #uncaptured = 0;
  #heaps = 0;

  constructor(
    module: LoadedModule,
    args: Subject['args'],
    onPoll?: () => PollDecision,
    stopsWaiting = false,
    fuelMax?: bigint,
  ) {
    this.#module = module;
    this.#args = args;
    this.#onPoll = onPoll;
    this.#stopsWaiting = stopsWaiting;
    this.#fuelMax = fuelMax;
    this.#host = new WorkerHost(module.module);
  }

  #options(): WorkerOptions {
    this.#host = new WorkerHost(this.#module.module);
    const onPoll = this.#onPoll;
    const counted = (): PollDecision => {
      const decision = onPoll?.() ?? 'go on';
      if (decision === 'slice') this.#breaks++;
      return decision;
    };
    return {
      imports: workerImports(this.#module.module),
      hosts: [this.#host],
      handles: HANDLES,
      ...(this.#fuelMax === undefined ? {} : { limits: { fuel: this.#fuelMax } }),
      ...(onPoll === undefined ? {} : { onPoll: counted }),
    };
  }

  #listen(worker: Worker): void {
    if (this.#stopsWaiting) this.#host.onWait = () => void worker.stop();
  }

  async finish(): Promise<Finished> {
    let worker = await createWorker(this.#module, this.#options());
    this.#listen(worker);
    let outcome = await worker.call('run', this.#args);
    while (outcome.kind === 'stopped') {
      this.#breaks++;
      worker = await this.#moved(worker);
      outcome = await worker.resume();
    }
    return this.#result(worker, outcome);
  }

  /** The worker in a fresh instance, or the same where it cannot be captured. */
  async #moved(worker: Worker): Promise<Worker> {
    const bytes = snapshotOf(worker);
    if (bytes === undefined) {
      this.#uncaptured++;
      return worker;
    }
    if (decodeSnapshot(bytes).instances.some(({ heap }) => heap !== undefined)) this.#heaps++;
    await worker.close();
    const fresh = await restoreWorker(this.#module, bytes, this.#options());
    this.#listen(fresh);
    if (!sameBytes(bytes, fresh.snapshot()))
      throw new Error('a restored worker gives another snapshot than it came from');
    return fresh;
  }

  #result(worker: Worker, outcome: Outcome): Finished {
    const { instance, module: loaded } = worker;
    const { module } = loaded;
    const result =
      outcome.kind === 'returned'
        ? outcome.values
        : outcome.kind === 'trapped'
          ? outcome.code
          : `ended: ${outcome.kind}`;
    return {
      observed: observe(result, this.#host.log, {
        memories: exportsOfKind(module, 'memory').flatMap(({ index }) => instance.memories[index] ?? []),
        globals: exportsOfKind(module, 'global').map(({ index }) => ({
          type: module.globals[index]?.type.type ?? 0,
          global: instance.global(index),
        })),
        tables: exportsOfKind(module, 'table').map(({ index }) => instance.table(index)),
        describe: describer((func) => this.#exportedIndex(instance.indexOfFunc(func))),
      }),
      state: stateOf(worker),
      fuelUsed: worker.fuelUsed,
      trapped: outcome.kind === 'trapped',
      breaks: this.#breaks,
      uncaptured: this.#uncaptured,
      heaps: this.#heaps,
    };
  }

  /** The bare engine tells functions apart by their exports alone. */
  #exportedIndex(index: number | undefined): number | undefined {
    const { exports } = this.#module.module;
    return exports.some((each) => each.kind === 'func' && each.index === index) ? index : undefined;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Whether the worker's state cannot be captured at this place, though the module's can be elsewhere. */
const isUncapturable = (error: unknown): boolean => error instanceof PluvioError && error.code === 'NOT_MIGRATABLE';

function snapshotOf(worker: Worker): Uint8Array | undefined {
  try {
    return worker.snapshot();
  } catch (error) {
    if (isUncapturable(error)) return undefined;
    throw error;
  }
}

function stateOf(worker: Worker): Finished['state'] {
  try {
    return worker.module.portability.migratable ? worker.capture().instances : undefined;
  } catch (error) {
    if (isUncapturable(error)) return undefined;
    throw error;
  }
}

/** Leaves at the first safepoint; then goes on at the one where the worker was left, and leaves at the next. */
function leavingAtEach(decision: 'slice' | 'stop'): () => PollDecision {
  let left = true;
  return () => {
    left = !left;
    return left ? 'go on' : decision;
  };
}

export type ModeName = 'undisturbed' | 'sliced' | 'stopped' | 'random';

/** @param fuelMax What the worker may use; default: no limit of its own. */
type Mode = (module: LoadedModule, args: Subject['args'], random: Random, fuelMax?: bigint) => Promise<Finished>;

/** The ways to run a program here, by name. */
export const MODES: Readonly<Record<ModeName, Mode>> = {
  undisturbed: async (module, args, _, fuelMax) => new Run(module, args, undefined, false, fuelMax).finish(),
  sliced: async (module, args) => new Run(module, args, leavingAtEach('slice')).finish(),
  stopped: async (module, args) => new Run(module, args, leavingAtEach('stop'), true).finish(),
  random: async (module, args, random) => {
    const decide = (): PollDecision =>
      random.weighted([
        [5, 'go on'],
        [2, 'slice'],
        [2, 'stop'],
      ]);
    return new Run(module, args, decide, random.chance(2)).finish();
  },
};
