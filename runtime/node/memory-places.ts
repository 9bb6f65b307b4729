/**
 * Places in memory for the workers of a node: a ceiling that keeps what workers do from ending the process.
 *
 * Boundary: counts, and has those wait who come too many. Who leaves memory for them is chosen by `WorkerSweeper`, which is rung and asks
 * what is wanted.
 *
 * Invariants:
 * 1. There are never more workers in memory, or on their way there, than the limit.
 * 2. Who waits for a place gets one in the order of coming, and is refused after the time that it may wait.
 * 3. Who finds no room for its pages tries again whenever a worker has left, in the same time.
 */
import { PluvioError } from '../errors/index.ts';
import type { Clock } from './clock.ts';
import type { LimitAction } from './quotas/limit-reports.ts';

/** A worker that comes into memory. */
export interface Arriving {
  readonly name: string;
  readonly tenant: string;
}

export interface MemoryPlacesOptions {
  /** Workers that may be in memory at a time. */
  readonly limit: number;
  /** Pages of memory of all workers together: what needs more than these is refused at once. */
  readonly pages: number;
  /** How long somebody may wait for a place, or for room. */
  readonly waitMs: number;
  readonly clock: Clock;
  /** A limit was reached by that worker. */
  readonly reached: (worker: Arriving, limit: 'liveWorkers' | 'guestMemoryBytes', action: LimitAction) => void;
}

/** What should leave memory. */
export interface Wanted {
  readonly workers: number;
  readonly pages: number;
}

/** Gives a place back; again: does nothing. */
export type LeavePlace = () => void;

/** Places that are kept free, so that who comes seldom has to wait: one in so many, and at most so many. */
const RESERVE_SHARE = 16;
const RESERVE_MAX = 64;
/** When somebody may ask again who was refused. */
const RETRY_AFTER_MS = 1000;

export class MemoryPlaces {
  readonly #options: MemoryPlacesOptions;
  readonly #reserve: number;
  #taken = 0;
  /** Who waits for a place. */
  readonly #waiting = new Set<() => void>();
  /** Who waits for room, and for how many pages. */
  readonly #cramped = new Map<() => void, number>();
  #ring: () => void = () => undefined;

  constructor(options: MemoryPlacesOptions) {
    this.#options = options;
    this.#reserve = Math.min(RESERVE_MAX, Math.floor(options.limit / RESERVE_SHARE));
  }

  get taken(): number {
    return this.#taken;
  }

  /** Has somebody told that workers should leave memory. */
  onShort(ring: () => void): void {
    this.#ring = ring;
  }

  get wanted(): Wanted {
    const { limit } = this.#options;
    let pages = 0;
    for (const asked of this.#cramped.values()) pages += asked;
    return { workers: Math.max(0, this.#taken + this.#waiting.size + this.#reserve - limit), pages };
  }

  /** Takes a place, at once if there is one. @throws PluvioError `NODE_FULL` */
  enter(worker: Arriving): LeavePlace | Promise<LeavePlace> {
    const { limit } = this.#options;
    if (this.#taken < limit && this.#waiting.size === 0) {
      if (++this.#taken + this.#reserve > limit) this.#ring();
      return this.#leaver();
    }
    return this.#enterLater(worker);
  }

  async #enterLater(worker: Arriving): Promise<LeavePlace> {
    const { limit, reached } = this.#options;
    reached(worker, 'liveWorkers', 'delayed');
    if (await this.#wait((free) => this.#waiting.add(free), this.#waiting)) return this.#leaver();
    reached(worker, 'liveWorkers', 'refused');
    const message = `worker "${worker.name}" cannot come into memory: ${limit} workers are there, the limit, and none of them could leave`;
    throw new PluvioError('NODE_FULL', message, { worker: worker.name, limit, retryAfterMs: RETRY_AFTER_MS });
  }

  /** Has somebody wait; false: for nothing. */
  async #wait(
    enter: (free: () => void) => void,
    queue: { delete(free: () => void): boolean },
    waitMs = this.#options.waitMs,
  ): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const free = (): void => resolve(true);
    enter(free);
    const calm = this.#options.clock.alarm(waitMs, () => {
      // Who was given a place in this very moment has left the queue.
      if (queue.delete(free)) resolve(false);
    });
    this.#ring();
    const isFree = await promise;
    calm();
    return isFree;
  }

  #leaver(): LeavePlace {
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const [next] = this.#waiting;
      if (next === undefined) this.#taken--;
      else {
        this.#waiting.delete(next); // the place is its
        next();
      }
      const cramped = [...this.#cramped.keys()];
      this.#cramped.clear();
      for (const free of cramped) free();
    };
  }

  /**
   * Makes something in memory; if there is no room for its pages, when workers have left.
   * @throws PluvioError `MEMORY_FULL`, and what `make` throws
   */
  async fit<Made>(worker: Arriving, make: () => Promise<Made>): Promise<Made> {
    const { clock, waitMs, pages: most, reached } = this.#options;
    const untilMs = clock.monotonicMs() + waitMs;
    for (let tries = 0; ; tries++) {
      try {
        return await make();
      } catch (error) {
        const pages = missingPages(error);
        if (pages === undefined) throw error;
        const leftMs = untilMs - clock.monotonicMs();
        const mayWait = pages <= most && leftMs > 0;
        if (mayWait && tries === 0) reached(worker, 'guestMemoryBytes', 'delayed');
        if (mayWait && (await this.#wait((free) => this.#cramped.set(free, pages), this.#cramped, leftMs))) continue;
        reached(worker, 'guestMemoryBytes', 'refused');
        throw error;
      }
    }
  }
}

/** How many pages found no room, if that is what happened. */
function missingPages(error: unknown): number | undefined {
  if (!(error instanceof PluvioError) || error.code !== 'MEMORY_FULL') return undefined;
  return Number(error.details['pages'] ?? 1);
}
