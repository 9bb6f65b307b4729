/**
 * What is done to workers in the course of time: checkpoints by policy, hibernation, and waking those whose time has come; and modules that
 * no worker in memory uses any more leave it, too.
 *
 * Where places in memory run short, those that did nothing for longest leave it before their time.
 *
 * Boundary: looks at workers in memory alone, and at the times at which sleeping ones wake; each operation is the worker's own.
 */
import { checkpointPeriodMs } from '../bundle/index.ts';
import type { Clock } from './clock.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { LoadedModules } from './loaded-modules.ts';
import type { Logger } from './logger.ts';
import type { MemoryPlaces } from './memory-places.ts';

const SWEEP_MS = 250;
/** A worker with the policy `idle` is idle after so long. */
const IDLE_MS = 1000;
/** How often modules are looked at, in sweeps. */
const TRIM_EVERY = 4;
/** Workers that are put away or kept at a time. */
const AT_ONCE = 16;

export interface SweeperOptions {
  readonly workers: () => Iterable<HostedWorker>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** After how much time without work a worker leaves memory whose manifest says nothing; undefined: never. */
  readonly hibernateAfterMs: number | undefined;
  readonly modules: Pick<LoadedModules, 'trim'>;
  /** After how much time without a worker in memory a module leaves it. */
  readonly unusedModuleMs: number;
  /** Who needs a place in memory. */
  readonly places: Pick<MemoryPlaces, 'wanted' | 'onShort'>;
}

/** Workers chosen at a time to make room, at least: each choice looks at all in memory. */
const CHOSEN_AT_LEAST = 32;

/** What is done to a worker: operations of its own. */
type Task = 'sleep' | 'checkpoint';

export class WorkerSweeper {
  readonly #options: SweeperOptions;
  readonly #closing = new AbortController();
  /** Workers that something is being done to. */
  readonly #busy = new Set<HostedWorker>();
  /** Those that something was to be done to, when they were last looked at. */
  readonly #due = new Set<HostedWorker>();
  readonly #keptMs = new WeakMap<HostedWorker, number>();
  /** Those that are to leave memory for others, whatever their time. */
  readonly #leaving = new Set<HostedWorker>();

  constructor(options: SweeperOptions) {
    this.#options = options;
    options.places.onShort(() => this.#makeRoom());
  }

  async run(): Promise<void> {
    const { clock, modules, unusedModuleMs } = this.#options;
    const { signal } = this.#closing;
    let sweeps = 0;
    while (!signal.aborted) {
      await clock.sleep(SWEEP_MS, signal);
      if (signal.aborted) return;
      this.#sweep();
      if (++sweeps % TRIM_EVERY === 0) modules.trim(unusedModuleMs);
    }
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#due.clear(); // those that are still due are found again
    for (const worker of this.#options.workers()) {
      if (worker.live === undefined) this.#wakeIfDue(worker);
      else if (!this.#busy.has(worker) && this.#taskOf(worker, nowMs) !== undefined) this.#due.add(worker);
    }
    this.#tend();
    this.#makeRoom();
  }

  /** Has those leave memory that did nothing for longest, as many as are wanted. */
  #makeRoom(): void {
    if (this.#leaving.size > 0) return;
    let { workers, pages } = this.#options.places.wanted;
    if (workers <= 0 && pages <= 0) return;
    workers = Math.max(workers, pages > 0 ? 0 : CHOSEN_AT_LEAST);
    const idle: HostedWorker[] = [];
    for (const worker of this.#options.workers()) {
      if (worker.live !== undefined && worker.maySleep && !this.#busy.has(worker)) idle.push(worker);
    }
    for (const worker of idle.sort((a, b) => a.activeMs - b.activeMs)) {
      if (workers <= 0 && pages <= 0) break;
      this.#leaving.add(worker);
      workers--;
      pages -= worker.live?.engine.memoryPages ?? 0;
    }
    this.#tend();
  }

  #wakeIfDue(worker: HostedWorker): void {
    const { asleep, wakeMs } = worker.record;
    if (asleep && wakeMs !== null && wakeMs <= this.#options.clock.now()) worker.wake();
  }

  /** Takes on what is due, as far as may be under way at a time. */
  #tend(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const worker of this.#leaving) {
      if (this.#busy.size >= AT_ONCE || this.#closing.signal.aborted) return;
      this.#leaving.delete(worker);
      if (worker.live !== undefined && !this.#busy.has(worker)) this.#do(worker, 'sleep');
    }
    for (const worker of this.#due) {
      if (this.#busy.size >= AT_ONCE || this.#closing.signal.aborted) return;
      this.#due.delete(worker);
      const task = this.#taskOf(worker, nowMs); // it may have done something meanwhile
      if (task === undefined) continue;
      if (task === 'checkpoint') this.#keptMs.set(worker, nowMs);
      this.#do(worker, task);
    }
  }

  /** What is to be done to a worker in memory. */
  #taskOf(worker: HostedWorker, nowMs: number): Task | undefined {
    if (worker.live === undefined) return undefined;
    const idleMs = nowMs - worker.activeMs;
    const afterMs = worker.live.program.bundle.manifest.hibernate?.afterMs ?? this.#options.hibernateAfterMs;
    if (afterMs !== undefined && idleMs >= afterMs && worker.maySleep) return 'sleep';
    if (!worker.isDirty || worker.move) return undefined;
    const { policy } = worker.record;
    const periodMs = checkpointPeriodMs(policy);
    const isDue =
      periodMs === undefined
        ? policy === 'idle' && idleMs >= IDLE_MS && worker.maySleep
        : nowMs - (this.#keptMs.get(worker) ?? this.#begin(worker, nowMs)) >= periodMs;
    return isDue ? 'checkpoint' : undefined;
  }

  #begin(worker: HostedWorker, nowMs: number): number {
    this.#keptMs.set(worker, nowMs);
    return nowMs;
  }

  #do(worker: HostedWorker, task: Task): void {
    this.#busy.add(worker);
    void worker[task]()
      .catch((error: unknown) => {
        this.#options.logger.log('error', 'the state of a worker could not be kept', {
          worker: worker.name,
          error: String(error),
        });
      })
      .finally(() => {
        this.#busy.delete(worker);
        this.#tend();
        if (this.#busy.size < AT_ONCE) this.#makeRoom();
      });
  }

  close(): void {
    this.#closing.abort();
  }
}
