/**
 * Figures of workers that run, asked for while somebody looks: an engine tells them by itself at the end of a call only.
 *
 * Invariant: engines are asked at most once in `LOOK_EVERY_MS`, and one that does not answer holds nobody up.
 */
import { type Clock, within } from '../clock.ts';
import type { HostedWorker } from '../hosted-worker.ts';

const LOOK_EVERY_MS = 1000;
/** So long after a scrape lists of workers have young figures, too. */
const WATCHED_MS = 15_000;
const ANSWER_MS = 500;
const NEVER = new AbortController().signal;

export class WorkerSampler {
  readonly #workers: () => Iterable<HostedWorker>;
  readonly #clock: Clock;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #scrapedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<unknown> = Promise.resolve();

  constructor(workers: () => Iterable<HostedWorker>, clock: Clock) {
    this.#workers = workers;
    this.#clock = clock;
  }

  /** Somebody scrapes: done when figures are young. */
  async look(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#scrapedMs = nowMs;
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) {
      this.#lookedMs = nowMs;
      const running = [...this.#workers()].filter(({ live }) => live?.engine.state === 'running');
      this.#looking = within(
        this.#clock,
        Promise.allSettled(running.map((worker) => worker.sample())),
        ANSWER_MS,
        NEVER,
      );
    }
    await this.#looking;
  }

  /** As `look`, if somebody has scraped lately. */
  async lookIfWatched(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#scrapedMs < WATCHED_MS) await this.look();
  }
}
