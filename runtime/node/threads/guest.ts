/** One worker on an engine, with its host modules. */
import type { LoadedModule, MemoryBudget, Outcome, Snapshot, Worker } from '../../engine/index.ts';
import {
  type AbiHost,
  type Answer,
  type Ask,
  createAbi,
  createWorker,
  forkWorker,
  type GuestOptions as WorkerOptions,
  type Input,
  restoreWorker,
  type SettledInput,
  stageWorker,
} from '../../host/index.ts';
import type { BodyPart } from '../incoming-body.ts';
import type {
  AbiSpec,
  DoneInputs,
  Ended,
  EngineReports,
  Figures,
  GuestSpec,
  GuestState,
  SnapshotForm,
  Standing,
  StateBytes,
} from './engine-protocol.ts';
import { guestFuel, GuestMemory, guestStorage, type TellLimit, type TenantBudgets } from '../quotas/tenant-share.ts';
import { limitTeller } from '../quotas/limit-teller.ts';
import { GuestAnswer } from './guest-answer.ts';
import { GuestInput } from './guest-input.ts';
import { GuestOutput } from './guest-output.ts';

/** Tells the main thread. */
export type Report = <Op extends keyof EngineReports>(op: Op, body: EngineReports[Op]) => void;

export interface GuestOptions {
  readonly id: number;
  readonly spec: GuestSpec;
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Of all workers of the engine, or of all engines. */
  readonly memoryBudget: MemoryBudget;
  /** Of the worker's tenant. */
  readonly budgets: TenantBudgets;
  readonly report: Report;
  /** Asks the main thread for the worker. */
  readonly ask: (ask: Ask) => Promise<Answer>;
  readonly settled: (input: SettledInput) => Promise<void>;
  /** Told when the worker begins to wait, or goes on. */
  readonly changed: (id: number) => void;
}

interface Hosts {
  readonly input: GuestInput;
  readonly output: GuestOutput;
  readonly answer: GuestAnswer;
  readonly abi: AbiHost | undefined;
}

export class Guest {
  readonly worker: Worker;
  readonly #hosts: Hosts;
  /** Why the call that runs is to be given up. */
  #cancelled: string | undefined;
  /** The mark of the state whose memory is remembered. */
  #remembered: number | null = null;
  #marks = 0;

  constructor(worker: Worker, hosts: Hosts) {
    this.worker = worker;
    this.#hosts = hosts;
  }

  /** @throws PluvioError codes of the engine */
  static async open(module: LoadedModule, state: GuestState | null, options: GuestOptions): Promise<Guest> {
    return make(options, (engine) => {
      if (state === null) return createWorker(module, engine);
      const { snapshot, base, between = [] } = state;
      return base === null
        ? restoreWorker(module, snapshot, engine)
        : restoreChain(module, base, [...between, snapshot], engine);
    });
  }

  /** @throws PluvioError codes of the engine */
  async fork(options: GuestOptions): Promise<Guest> {
    return make(options, (engine) => forkWorker(this.worker, engine));
  }

  get input(): GuestInput {
    return this.#hosts.input;
  }

  get output(): GuestOutput {
    return this.#hosts.output;
  }

  get figures(): Figures {
    const { abi } = this.#hosts;
    const { state, wake, fuelUsed, memoryPages, ranMs } = this.worker;
    return {
      state,
      wake: wake ?? null,
      fuelUsed,
      memoryPages,
      ranMs,
      abi: abi === undefined ? null : { lastSeq: abi.lastSeq, usage: abi.usage },
    };
  }

  /** Timers and subscriptions as the state has them. */
  get standing(): Standing | null {
    const { abi } = this.#hosts;
    return abi === undefined ? null : { timers: abi.timers, subscriptions: abi.subscriptions };
  }

  /** Calls an export, with an input where there is one; `keeps`: in what form the state at the end is wanted. */
  async call(name: string, args: readonly unknown[], input: Input | null, keeps: SnapshotForm | null): Promise<Ended> {
    const ended = await this.#called(name, args, input);
    // Captured before anything else runs.
    return keeps !== null && this.worker.state === 'idle' ? { ...ended, snapshot: this.take(keeps) } : ended;
  }

  /** The state as bytes. @throws PluvioError as `Worker.snapshot` */
  take(form: SnapshotForm): StateBytes {
    const on = form === 'delta' ? this.#remembered : null;
    if (form !== 'whole') {
      try {
        const bytes = this.worker.snapshot({ keep: true, delta: on !== null });
        this.#remembered = ++this.#marks;
        return { bytes, mark: this.#remembered, on };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // a copy of the memory that there is no room for
      }
    }
    const bytes = this.worker.snapshot();
    this.worker.forgetSnapshot();
    this.#remembered = null;
    return { bytes, mark: null, on: null };
  }

  async #called(name: string, args: readonly unknown[], input: Input | null): Promise<Ended> {
    const { abi } = this.#hosts;
    if (input === null || abi === undefined) return this.run((worker) => worker.call(name, args));
    if (!abi.beginInput(input)) {
      return {
        outcome: { kind: 'returned', values: [] },
        figures: this.figures,
        left: null,
        known: true,
        snapshot: null,
      };
    }
    try {
      return await this.run((worker) => worker.call(name, args));
    } catch (error) {
      if (abi.inProgress.entry === input.seq) abi.endInput(); // the call did not begin
      throw error;
    }
  }

  /** Gives the call up; null: it ran, and its end is told to whoever began it. */
  async cancel(reason: string): Promise<Ended | null> {
    if (this.worker.state === 'stopped') return this.#ended(this.#abandon(reason));
    this.#cancelled = reason;
    await this.worker.stop();
    return null;
  }

  #abandon(message: string): Outcome {
    this.worker.abandon();
    return { kind: 'trapped', code: 'cancelled', message, frames: [] };
  }

  /** Lets the worker run, to the end of its call. */
  async run(begin: (worker: Worker) => Promise<Outcome>): Promise<Ended> {
    this.#cancelled = undefined;
    const outcome = await begin(this.worker);
    const isCancelled = this.#cancelled !== undefined && outcome.kind === 'stopped';
    return this.#ended(isCancelled ? this.#abandon(this.#cancelled ?? '') : outcome);
  }

  #ended(outcome: Outcome): Ended {
    const { abi, output, answer } = this.#hosts;
    output.flush();
    answer.flush();
    const ended = abi?.inProgress.entry !== undefined && this.worker.state !== 'stopped';
    const left = ended ? abi.endInput() : null;
    return { outcome: withoutCause(outcome), figures: this.figures, left, known: false, snapshot: null };
  }

  /** Puts inputs into the mailbox; gives how many were taken, before it was full. */
  deliver(inputs: readonly Input[]): number {
    const { abi } = this.#hosts;
    if (abi === undefined) return inputs.length;
    const full = inputs.findIndex((input) => abi.deliver(input) === 'full');
    return full < 0 ? inputs.length : full;
  }

  cancelInput(seq: number): void {
    this.#hosts.abi?.cancel(seq);
  }

  addBody(name: number, part: BodyPart): void {
    this.#hosts.abi?.addBody(name, part);
  }

  skipInput(seq: number): void {
    this.#hosts.abi?.skip(seq);
  }

  /** Takes inputs as done that it will never be given; gives what stands then. */
  settleInputs({ upTo, except }: DoneInputs): Standing | null {
    const { abi } = this.#hosts;
    if (abi === undefined) return null;
    const open = new Set(except);
    for (let seq = abi.lastSeq + 1; seq <= upTo; seq++) if (!open.has(seq)) abi.skip(seq);
    return this.standing;
  }

  async close(): Promise<void> {
    await this.worker.close();
    this.output.flush();
  }
}

/** @throws PluvioError codes of the engine, `SNAPSHOT_PARENT` */
async function restoreChain(
  module: LoadedModule,
  base: Uint8Array | Snapshot,
  deltas: readonly (Uint8Array | Snapshot)[],
  options: WorkerOptions,
): Promise<Worker> {
  const staged = await stageWorker(module, base, options);
  for (const delta of deltas) staged.update(delta);
  return staged.finish();
}

async function make(options: GuestOptions, build: (options: WorkerOptions) => Promise<Worker>): Promise<Guest> {
  const { id, spec, files, memoryBudget, budgets, report, changed } = options;
  const tell = limitTeller((scope, limit) => report('limited', { id, scope, limit }));
  const input = new GuestInput(() => report('stdinWanted', { id }));
  const output = new GuestOutput((pieces) => report('output', { id, pieces }));
  const answer = new GuestAnswer((piece) => report('written', { id, piece }));
  const abi = spec.abi === null ? undefined : abiOf(spec.abi, options, { tell, output, answer });
  const { name, limits, share } = spec;
  const memory = new GuestMemory(memoryBudget, budgets.memory, spec.tenant, tell);
  const pool = guestFuel(budgets.fuel, tell);
  const building = build({
    name,
    limits,
    share: { ...share, onPause: () => tell('worker', 'fuelPerSecond'), ...(pool === undefined ? {} : { pool }) },
    wasi: {
      args: spec.args,
      env: spec.env,
      files,
      stdin: input,
      stdout: (bytes) => output.write('stdout', bytes),
      stderr: (bytes) => output.write('stderr', bytes),
      http: abi?.http,
    },
    hosts: abi === undefined ? [] : [abi],
    memoryBudget: memory,
    onState: (state) => {
      if (state === 'running' || state === 'waiting') changed(id); // a call's end comes with its outcome
    },
  });
  const worker = await building.catch((error: unknown) => {
    abi?.close?.(); // what its state keeps was counted
    throw error;
  });
  memory.isMade = true;
  return new Guest(worker, { input, output, answer, abi });
}

function abiOf(
  spec: AbiSpec,
  { id, report, ask, settled, budgets }: GuestOptions,
  { tell, output, answer }: { readonly tell: TellLimit; readonly output: GuestOutput; readonly answer: GuestAnswer },
): AbiHost {
  const { self, grants, config, limits, secrets } = spec;
  return createAbi({
    self,
    grants,
    config,
    limits,
    storageBudget: guestStorage(budgets.storage, tell),
    services: {
      limited: (limit) => tell('worker', limit),
      effect: (effect) => report('effect', { id, effect }),
      written: (piece) => answer.write(piece),
      ask,
      abandon: (number) => report('abandoned', { id, ask: number }),
      settled: (input) => {
        const over = settled(input);
        return spec.settles ? over : undefined;
      },
      log: (entry) => {
        output.flush(); // it comes before
        report('logged', { id, entry });
      },
      secret: (name) => (Object.hasOwn(secrets, name) ? secrets[name] : undefined),
      now: () => Date.now(),
      random: (bytes) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
    },
  });
}

/** What was thrown stays here: it may be anything. */
function withoutCause(outcome: Outcome): Outcome {
  if (outcome.kind !== 'trapped' || outcome.cause === undefined) return outcome;
  const { cause: _cause, ...rest } = outcome;
  return rest;
}
