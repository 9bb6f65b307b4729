/**
 * One program of WASI 0.1 in each mode, under this project's host.
 *
 * | mode                         | engine                                                                                        |
 * | ---------------------------- | --------------------------------------------------------------------------------------------- |
 * | bare                         | the engine's own, suspended by its promise integration while a call of the host waits         |
 * | roundtrip                    | the same, after our decoder and encoder                                                       |
 * | instrumented (-flag)         | a worker                                                                                      |
 * | stopped (-flag)              | a worker that goes through bytes into a fresh one at every safepoint and every call of the host |
 */
import {
  createWorker,
  type HostModule,
  type LoadedModule,
  loadModule,
  type Outcome,
  restoreWorker,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';
import { createWasi, type WasiOptions } from '../../runtime/host/index.ts';
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import { decodeModule, draftOf, encodeModule, validateModule } from '../../runtime/wasm/index.ts';
import { runProgram } from '../wasi/driver.ts';
import type { ModeName } from './mode.ts';
import { type StopCounts, StopPlan } from './stop-plan.ts';
import { Stopper } from './stopper.ts';

export interface ProgramEnd {
  /** What it exited with, or how it ended instead. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** How often it went into a fresh instance; undefined: the mode stops nothing. */
  readonly stopCounts: StopCounts | undefined;
}

type Program = Uint8Array<ArrayBuffer>;
export type ProgramOptions = Omit<WasiOptions, 'stdout' | 'stderr'>;

const RUNS = {
  bare: runBare,
  roundtrip: async (wasm, options) => {
    const module = decodeModule(wasm);
    validateModule(module);
    return runBare(Uint8Array.from(encodeModule(draftOf(module))), options);
  },
  instrumented: async (wasm, options) => runWorker(wasm, options, 'throw', undefined),
  'instrumented-flag': async (wasm, options) => runWorker(wasm, options, 'flag', undefined),
  stopped: async (wasm, options, seed) => runWorker(wasm, options, 'throw', new StopPlan(seed)),
  'stopped-flag': async (wasm, options, seed) => runWorker(wasm, options, 'flag', new StopPlan(seed)),
} as const satisfies Record<ModeName, (wasm: Program, options: ProgramOptions, seed: number) => Promise<ProgramEnd>>;

export const runWasiProgram = async (
  wasm: Program,
  options: ProgramOptions,
  mode: ModeName,
  seed: number,
): Promise<ProgramEnd> => RUNS[mode](wasm, options, seed);

async function runBare(wasm: Program, options: ProgramOptions): Promise<ProgramEnd> {
  try {
    const { code, stdout, stderr } = await runProgram({ wasm, options }, 'direct');
    return { exit: code, stdout, stderr, stopCounts: undefined };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { exit: `trapped: ${error.message}`, stdout: '', stderr: '', stopCounts: undefined };
  }
}

async function runWorker(
  wasm: Program,
  options: ProgramOptions,
  unwind: UnwindMode,
  plan: StopPlan | undefined,
): Promise<ProgramEnd> {
  const run = new WorkerRun(await loadModule(wasm, { unwind }), options, plan);
  return run.toEnd();
}

/** A program as a worker, over all its instances. */
class WorkerRun {
  readonly #module: LoadedModule;
  readonly #options: ProgramOptions;
  readonly #plan: StopPlan | undefined;
  readonly #stopper: Stopper;
  readonly #text = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #worker: Worker | undefined;

  constructor(module: LoadedModule, options: ProgramOptions, plan: StopPlan | undefined) {
    this.#module = module;
    this.#options = options;
    this.#plan = plan;
    this.#stopper = new Stopper({ plan, isAllowed: () => true, stop: () => void this.#worker?.stop() });
  }

  async toEnd(): Promise<ProgramEnd> {
    let worker = await createWorker(this.#module, this.#workerOptions());
    this.#worker = worker;
    this.#stopper.begin();
    let outcome = await worker.start();
    while (outcome.kind === 'stopped') {
      const bytes = worker.snapshot();
      await worker.close();
      worker = await restoreWorker(this.#module, bytes, this.#workerOptions());
      this.#worker = worker;
      outcome = await worker.resume();
    }
    await worker.close();
    return { exit: exitOf(outcome), ...this.#text, stopCounts: this.#plan?.counts };
  }

  #workerOptions(): WorkerOptions {
    const sink = (name: 'stdout' | 'stderr') => (bytes: Uint8Array) => {
      this.#text[name] += this.#decoders[name].decode(bytes, { stream: true });
    };
    const wasi = createWasi({ ...this.#options, stdout: sink('stdout'), stderr: sink('stderr') });
    if (this.#plan === undefined) return { hosts: [wasi] };
    return { hosts: [this.#pausing(wasi)], onPoll: () => this.#stopper.poll() };
  }

  #pausing(host: HostModule): HostModule {
    return {
      name: host.name,
      imports: this.#stopper.pausing(host.imports),
      bind: (guest) => host.bind(guest),
      snapshot: () => host.snapshot(),
      restore: (state) => host.restore(state),
      close: () => host.close?.(),
    };
  }
}

function exitOf(outcome: Outcome): number | string {
  if (outcome.kind === 'returned') return 0;
  if (outcome.kind === 'exited') return outcome.code;
  return outcome.kind === 'trapped' ? `trapped: ${outcome.message}` : JSON.stringify(outcome);
}
