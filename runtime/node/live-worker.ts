/**
 * A worker in memory: the engine's worker, its program, and the call in progress.
 *
 * Invariants:
 * 1. A pause never ends the call: who waits for its end is told once, when it has really ended or was stopped by somebody's word.
 * 2. When the engine is lost the call does not end here; the owner of the worker is told by the engine.
 */
import { assert, PluvioError } from '../errors/index.ts';
import type { Program } from './program.ts';
import type { Ended } from './threads/engine-protocol.ts';
import type { EngineWorker } from './threads/engine-worker.ts';

/** Told how a call ended, and by which worker in memory: it may have gone to another engine meanwhile. */
export type Settle = (ended: Ended, live: LiveWorker) => Promise<void>;

export class LiveWorker {
  readonly engine: EngineWorker;
  /** Without the state, which the engine has. */
  readonly program: Program;
  #run: Promise<void> = Promise.resolve();
  #settle: Settle = () => Promise.resolve();
  #pausing = false;
  #calls = 0;
  #isSettled = true;

  constructor(engine: EngineWorker, program: Program) {
    this.engine = engine;
    const { snapshot: _snapshot, log: _log, ...rest } = program.bundle;
    this.program = { ...program, bundle: rest };
  }

  /** Whether the engine has a call in progress that can be paused. */
  get isRunning(): boolean {
    return this.engine.state === 'running' || this.engine.state === 'waiting';
  }

  /** Rises with each call, resume and pause: the same number means that nothing has happened. */
  get activity(): number {
    return this.#calls;
  }

  /** Resolves when the last call, or its part up to a pause, is over and was told. */
  get settled(): Promise<void> {
    return this.#run;
  }

  /** Whether that is so now. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Lets the engine run; `settle` is told how the call ended. */
  begin(run: () => Promise<Ended>, settle: Settle): void {
    this.#settle = settle;
    this.#drive(run);
  }

  #drive(run: () => Promise<Ended>): void {
    this.#calls++;
    this.#isSettled = false;
    const told = this.#tell(run());
    this.#run = told;
    void told.finally(() => {
      if (this.#run === told) this.#isSettled = true;
    });
  }

  async #tell(running: Promise<Ended>): Promise<void> {
    let ended: Ended;
    try {
      ended = await running;
    } catch (error) {
      if (isLoss(error)) return;
      ended = this.#failed(error);
    }
    if (ended.outcome.kind !== 'stopped' || !this.#pausing) await this.#settle(ended, this);
  }

  #failed(error: unknown): Ended {
    const message = error instanceof Error ? error.message : String(error);
    const { state, wake, fuelUsed, memoryPages, ranMs, abi } = this.engine;
    return {
      outcome: { kind: 'trapped', code: 'exception', message, frames: [] },
      figures: { state, wake, fuelUsed, memoryPages, ranMs, abi },
      left: null,
      known: false,
      snapshot: null,
    };
  }

  /** Stops the engine without ending the call; tells whether something ran. */
  async pause(): Promise<boolean> {
    if (!this.isRunning) return false;
    this.#pausing = true;
    try {
      await this.engine.stop();
      await this.#run;
    } finally {
      this.#pausing = false;
    }
    return this.engine.state === 'stopped';
  }

  /** The same worker on another engine, paused as this one is: its call goes on there, and who waits for it is told by that. */
  successor(engine: EngineWorker): LiveWorker {
    const next = new LiveWorker(engine, this.program);
    next.#settle = this.#settle;
    return next;
  }

  /** Goes on after `pause`. */
  unpause(): void {
    assert(this.engine.state === 'stopped', `worker is ${this.engine.state}, unpause needs a stopped one`);
    this.#drive(() => this.engine.resume());
  }

  /** Ends it, whatever it does; nobody is told of the end of its call. */
  async close(): Promise<void> {
    this.#settle = () => Promise.resolve();
    await this.engine.close();
  }
}

const isLoss = (error: unknown): boolean =>
  error instanceof PluvioError && (error.code === 'ENGINE_LOST' || error.code === 'WORKER_CLOSED');
