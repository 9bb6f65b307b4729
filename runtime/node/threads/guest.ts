/** One worker on an engine, with its host modules. */
import {
  createWorker,
  type HostModule,
  type LoadedModule,
  type MemoryBudget,
  type Outcome,
  restoreWorker,
  type Worker,
  type WorkerOptions,
} from '../../engine/index.ts';
import { createWasi } from '../../host/index.ts';
import type { Ended, EngineReports, Figures, GuestSpec, GuestState } from './engine-protocol.ts';
import { GuestInput } from './guest-input.ts';
import { GuestOutput } from './guest-output.ts';

/** Tells the main thread. */
export type Report = <Op extends keyof EngineReports>(op: Op, body: EngineReports[Op]) => void;

export interface GuestOptions {
  readonly id: number;
  readonly spec: GuestSpec;
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly memoryBudget: MemoryBudget | undefined;
  readonly report: Report;
  /** Told when the worker begins to wait, or goes on. */
  readonly changed: (id: number) => void;
}

export class Guest {
  readonly input: GuestInput;
  readonly output: GuestOutput;
  readonly #worker: Worker;

  private constructor(worker: Worker, input: GuestInput, output: GuestOutput) {
    this.#worker = worker;
    this.input = input;
    this.output = output;
  }

  /** @throws PluvioError codes of the engine */
  static async open(module: LoadedModule, state: GuestState | null, options: GuestOptions): Promise<Guest> {
    return make(options, (engine) => {
      if (state === null) return createWorker(module, engine);
      const { snapshot, base } = state;
      return restoreWorker(module, snapshot, base === null ? engine : { ...engine, base });
    });
  }

  /** @throws PluvioError codes of the engine */
  async fork(options: GuestOptions): Promise<Guest> {
    return make(options, (engine) => this.#worker.fork(engine));
  }

  static made(worker: Worker, input: GuestInput, output: GuestOutput): Guest {
    return new Guest(worker, input, output);
  }

  get worker(): Worker {
    return this.#worker;
  }

  get figures(): Figures {
    const { state, wake, fuelUsed, memoryPages, ranMs } = this.#worker;
    return { state, wake: wake ?? null, fuelUsed, memoryPages, ranMs };
  }

  /** Lets the worker run, to the end of its call. */
  async run(begin: (worker: Worker) => Promise<Outcome>): Promise<Ended> {
    const outcome = await begin(this.#worker);
    this.output.flush();
    return { outcome: withoutCause(outcome), figures: this.figures };
  }

  async close(): Promise<void> {
    await this.#worker.close();
    this.output.flush();
  }
}

async function make(
  { id, spec, files, memoryBudget, report, changed }: GuestOptions,
  build: (options: WorkerOptions) => Promise<Worker>,
): Promise<Guest> {
  const input = new GuestInput(() => report('stdinWanted', { id }));
  const output = new GuestOutput((pieces) => report('output', { id, pieces }));
  const hosts: HostModule[] = [
    createWasi({
      args: spec.args,
      env: spec.env,
      files,
      stdin: input,
      stdout: (bytes) => output.write('stdout', bytes),
      stderr: (bytes) => output.write('stderr', bytes),
    }),
  ];
  const { name, limits, share } = spec;
  const worker = await build({
    name,
    limits,
    share,
    hosts,
    ...(memoryBudget === undefined ? {} : { memoryBudget }),
    onState: (state) => {
      if (state === 'running' || state === 'waiting') changed(id); // a call's end comes with its outcome
    },
  });
  return Guest.made(worker, input, output);
}

/** What was thrown stays here: it may be anything. */
function withoutCause(outcome: Outcome): Outcome {
  if (outcome.kind !== 'trapped' || outcome.cause === undefined) return outcome;
  const { cause: _cause, ...rest } = outcome;
  return rest;
}
