/**
 * Messages between workers: what one commits wakes another, what waits for an answer is answered, timers fire.
 *
 * Boundary: the store and the table of workers; nothing of engines.
 *
 * Invariants:
 * 1. A worker is told of an input after the input is durable.
 * 2. Timers fire once: the store turns each into an input in one transaction. The clock only says when to ask it.
 */
import { PluvioError } from '../errors/index.ts';
import type { Clock } from './clock.ts';
import type { NodeMetrics } from './metrics/node-metrics.ts';
import { inSpan, type Tracing } from './metrics/tracing.ts';
import type { Logger } from './logger.ts';
import type { AppendedInput, Commit, Committed, NewInput, NodeStore, Woken } from './store/index.ts';

const TIMERS_AT_ONCE = 256;
/** A clock that is set back or forward is noticed so late. */
const LONGEST_SLEEP_MS = 60_000;

/** Who is told of inputs. */
export interface Addressee {
  arrived(seq: number): void;
}

export class PostOffice {
  readonly store: NodeStore;
  readonly #find: (worker: string) => Addressee | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #outboxed: () => void;
  readonly #metrics: NodeMetrics | undefined;
  readonly #tracing: Tracing | undefined;
  readonly #closing = new AbortController();
  #alarm = new AbortController();
  #fired = 0;

  constructor(options: {
    readonly store: NodeStore;
    readonly find: (worker: string) => Addressee | undefined;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Told of messages for workers elsewhere. */
    readonly outboxed?: () => void;
    readonly metrics?: NodeMetrics;
    readonly tracing?: Tracing;
  }) {
    this.#tracing = options.tracing;
    this.#metrics = options.metrics;
    this.store = options.store;
    this.#find = options.find;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#outboxed = options.outboxed ?? (() => undefined);
  }

  /** Timers that have fired since the node began. */
  get timersFired(): number {
    return this.#fired;
  }

  /** @throws PluvioError as `NodeStore.appendInput` */
  async append(worker: string, input: NewInput): Promise<AppendedInput> {
    const { traceparent: parent } = input.info as { readonly traceparent?: string }; // an InputInfo
    if (this.#tracing === undefined || parent === undefined) return this.#append(worker, input);
    const attributes = { 'pluvio.worker': worker };
    return inSpan(this.#tracing, 'journal', { parent, attributes }, () => this.#append(worker, input));
  }

  #append(worker: string, input: NewInput): Promise<AppendedInput> {
    return this.#timed('append', this.store.appendInput(worker, input));
  }

  /** @throws PluvioError as `NodeStore.commit` */
  async commit(worker: string, commit: Commit): Promise<Committed> {
    const committed = await this.#timed('commit', this.store.commit(worker, commit));
    this.#wake(committed.woken, 'message');
    if (committed.outboxed > 0) this.#outboxed();
    if (commit.effects?.some(({ kind }) => kind === 'setTimer') === true || commit.timers !== undefined) this.#ring();
    return committed;
  }

  async #timed<T>(operation: string, work: Promise<T>): Promise<T> {
    const beganMs = this.#clock.monotonicMs();
    try {
      return await work;
    } finally {
      this.#metrics?.storeOperation({ operation, seconds: (this.#clock.monotonicMs() - beganMs) / 1000 });
    }
  }

  #wake(woken: readonly Woken[], kind: 'message' | 'timer'): void {
    for (const { worker, seq } of woken) {
      this.#metrics?.delivered(kind);
      this.#find(worker)?.arrived(seq);
    }
  }

  /** Timers may have changed. */
  #ring(): void {
    this.#alarm.abort();
  }

  /** Fires timers until the office closes. */
  async runTimers(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#alarm = new AbortController();
      try {
        const now = this.#clock.now();
        const fired = await this.store.fireTimers(now, TIMERS_AT_ONCE);
        this.#fired += fired.length;
        this.#wake(fired, 'timer');
        if (fired.length === TIMERS_AT_ONCE) continue;
        const dueMs = (await this.store.nextDueMs()) ?? Number.POSITIVE_INFINITY;
        const sleepMs = Math.min(Math.max(0, dueMs - this.#clock.now()), LONGEST_SLEEP_MS);
        await this.#clock.sleep(sleepMs, AbortSignal.any([signal, this.#alarm.signal]));
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.log('error', 'timers could not be fired', { error: String(error) });
        await this.#clock.sleep(1000, signal);
      }
    }
  }

  close(): void {
    this.#closing.abort();
  }
}

/** What a message of that many bytes is refused with. */
export function checkBody(bytes: Uint8Array, limit: number): void {
  if (bytes.length <= limit) return;
  throw new PluvioError('BODY_TOO_LARGE', `the body has ${bytes.length} bytes; the limit is ${limit}`, { limit });
}
