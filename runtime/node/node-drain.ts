/**
 * Emptying a node: no work from outside any more, every worker kept, or moved to another node one after the other.
 *
 * Boundary: each worker is kept or moved by its own operations; what cannot go stays and is listed.
 *
 * Invariants:
 * 1. Admission is closed before the first worker is touched, and stays closed until somebody ends the drain or the process ends.
 * 2. One run at a time: a new request takes the place of the one before, after the worker that is being dealt with.
 */
import type { DrainState } from './api-types.ts';
import type { Clock } from './clock.ts';
import type { EventBus } from './event-bus.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { Logger } from './logger.ts';
import type { NodeAdmission } from './node-admission.ts';
import type { MoveRequest, OutgoingMoves } from './outgoing-moves.ts';
import { parseTarget } from './peer.ts';
import { asPluvioError } from './problem.ts';
import type { WorkerTable } from './worker-table.ts';

export interface DrainOptions {
  readonly table: WorkerTable;
  readonly outgoing: OutgoingMoves;
  readonly admission: NodeAdmission;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly closing: AbortSignal;
}

type Progress = { -readonly [Field in keyof DrainState]: DrainState[Field] };
type How = 'moved' | 'kept' | 'failed';

/** Failures that are listed by name; the count goes on. */
const LISTED_MAX = 1000;

export class NodeDrain {
  readonly #options: DrainOptions;
  #progress: Progress | undefined;
  #over = new AbortController();
  #run: Promise<void> = Promise.resolve();

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** null: the node is not being drained. */
  get state(): DrainState | null {
    return this.#progress === undefined ? null : { ...this.#progress };
  }

  /**
   * Begins; what there is to do goes on beside.
   * @param target Where workers go; undefined: they are kept here.
   * @throws PluvioError `INVALID_ARGUMENT`
   */
  begin(target: MoveRequest | undefined): DrainState {
    const { admission, clock, table, closing } = this.#options;
    const place = target && { ...target, target: parseTarget(target.target) };
    this.#over.abort();
    this.#over = new AbortController();
    admission.drain(true);
    const sinceMs = this.#progress?.sinceMs ?? clock.now();
    const begun: Progress = {
      target: place?.target ?? null,
      sinceMs,
      done: false,
      total: table.size,
      moved: 0,
      kept: 0,
      failed: 0,
      failures: [],
    };
    this.#progress = begun;
    const signal = AbortSignal.any([this.#over.signal, closing]);
    this.#run = this.#run.then(() => this.#drain(begun, place, signal));
    return { ...begun };
  }

  /** Takes work again; what has moved stays where it is. */
  end(): void {
    this.#over.abort();
    this.#progress = undefined;
    this.#options.admission.drain(false);
  }

  async #drain(progress: Progress, target: MoveRequest | undefined, signal: AbortSignal): Promise<void> {
    const { table, events, logger } = this.#options;
    const workers = table.list();
    progress.total = workers.length;
    for (const worker of workers) {
      if (signal.aborted) return;
      if (table.find(worker.name) === undefined) {
        progress.total--; // it was deleted, or moved by somebody else
        continue;
      }
      let code: string | null = null;
      let how: How = 'kept';
      try {
        how = await this.#settle(worker, target);
      } catch (error) {
        how = 'failed';
        ({ code } = asPluvioError(error));
        logger.log('warn', 'a worker stays on a node that is drained', { worker: worker.name, error: String(error) });
        if (progress.failures.length < LISTED_MAX)
          progress.failures = [...progress.failures, { worker: worker.name, code }];
      }
      progress[how]++;
      const done = progress.moved + progress.kept + progress.failed;
      events.emit('drained', worker.name, { how, code, done, total: progress.total });
    }
    progress.done = true;
  }

  /** Moves a worker, or has its state kept; a running one goes on. */
  async #settle(worker: HostedWorker, target: MoveRequest | undefined): Promise<How> {
    const { status } = worker;
    if (status === 'ended' || status === 'lost') return 'kept';
    if (target !== undefined) {
      await this.#options.outgoing.move(worker.name, target);
      return 'moved';
    }
    if (worker.live !== undefined && worker.isDirty) await worker.checkpointNow(false);
    return 'kept';
  }
}
