/**
 * Who of a thread's workers runs next, and the event loop's turns between them.
 *
 * Each worker has a share. What it ran counts against it by its weight (virtual time, as in start-time fair queueing: Goyal, Guo, Vin,
 * SIGCOMM 1996), and the one with the least comes next; one that has waited for longer than its latency expectation comes before all
 * others. A worker that was idle does not save up time: it begins where the thread is.
 *
 * Invariant: of all workers that wait for a turn one is released at a time, and only after the event loop has gone round
 * ROUNDS times. So between two slices there is room for whole exchanges of I/O, however many workers are busy: a move or a
 * request needs dozens of rounds and would otherwise wait for a slice of every worker in each.
 */
import { makeNextRound } from './event-loop.ts';

const ROUNDS = 8;

/** Fuel that several workers share. */
export interface FuelPool {
  /** For how many milliseconds a worker that has used that much of it must not run. */
  pauseMs(fuelUsed: number): number;
}

/** What a worker may claim of its thread. */
export interface ShareOptions {
  /** Its part of the time relative to others', 1 to 10,000; default 100. */
  readonly weight?: number;
  /** Once it has waited that long for its turn it comes before all that have not. Default: never. */
  readonly latencyMs?: number;
  /** Fuel that it may use in each second, on average; default: no limit. */
  readonly fuelPerSecond?: number;
  /** What it uses besides its own; default: none. */
  readonly pool?: FuelPool;
  /** Told when it must not run because of `fuelPerSecond`. */
  readonly onPause?: () => void;
}

const DEFAULT_WEIGHT = 100;
/** Fuel of so many milliseconds may be used at once. */
const BURST_MS = 100;
/** Longest delay of a timer of the platform; a longer one would end at once. */
const PAUSE_MAX_MS = 0x7fff_ffff;

interface Waiting {
  readonly share: Share;
  readonly callback: () => void;
  readonly dueMs: number;
}

/** One worker's claim, and what it has had. */
export class Share {
  readonly weight: number;
  readonly latencyMs: number;
  readonly fuelPerSecond: number;
  /** How long it has run, in slices and parts of them. */
  ranMs = 0;
  /** Virtual time. */
  pass = 0;
  #fuelFromMs = Number.NEGATIVE_INFINITY;
  #fuelSeen = 0;
  readonly #pool: FuelPool | undefined;
  readonly #onPause: (() => void) | undefined;

  constructor({ weight, latencyMs, fuelPerSecond, pool, onPause }: ShareOptions = {}) {
    this.#pool = pool;
    this.#onPause = onPause;
    this.weight = weight ?? DEFAULT_WEIGHT;
    this.latencyMs = latencyMs ?? Number.POSITIVE_INFINITY;
    this.fuelPerSecond = fuelPerSecond ?? Number.POSITIVE_INFINITY;
  }

  /** Whether it may have to pause: short calls count, too. */
  get isLimited(): boolean {
    return this.#pool !== undefined || this.fuelPerSecond < Number.MAX_SAFE_INTEGER;
  }

  /** Counts time that it ran. */
  ran(ms: number): void {
    this.ranMs += ms;
    this.pass += ms / this.weight;
  }

  /** How long it must not run, having used that much fuel in all. */
  pauseMs(fuelUsed: number, nowMs: number): number {
    const from = Math.max(this.#fuelFromMs, nowMs - BURST_MS);
    const used = fuelUsed - this.#fuelSeen;
    this.#fuelFromMs = from + (used / this.fuelPerSecond) * 1000;
    this.#fuelSeen = fuelUsed;
    const ownMs = Math.max(0, this.#fuelFromMs - nowMs);
    if (ownMs > 0) this.#onPause?.();
    return Math.min(PAUSE_MAX_MS, Math.max(ownMs, this.#pool?.pauseMs(used) ?? 0));
  }

  /** Fuel up to here was used before this share was there. */
  beginAt(fuelUsed: number): void {
    this.#fuelSeen = fuelUsed;
  }
}

export class TurnQueue {
  readonly #waiting: Waiting[] = [];
  readonly #paused = new Map<Share, { readonly timer: ReturnType<typeof setTimeout>; readonly callback: () => void }>();
  readonly #nextRound = makeNextRound();
  readonly #turn = (): void => this.#goRound();
  #rounds = 0;
  #turning = false;
  #now = 0;

  /** Workers that wait for a turn. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Calls back when the worker may run its next slice: timers, I/O and other workers had their turns before. No microtask is pending
   * then, and no other callback of this kind runs before those of this one are done.
   *
   * @param pauseMs How long it must not run before.
   */
  wait(share: Share, pauseMs: number, callback: () => void): void {
    if (pauseMs <= 0) return this.#enqueue(share, callback);
    const timer = setTimeout(() => {
      this.#paused.delete(share);
      this.#enqueue(share, callback);
    }, pauseMs);
    this.#paused.set(share, { timer, callback });
  }

  /** Lets a worker that waits come next: it is to be stopped. */
  hurry(share: Share): void {
    const paused = this.#paused.get(share);
    if (paused !== undefined) {
      clearTimeout(paused.timer);
      this.#paused.delete(share);
      this.#enqueue(share, paused.callback);
    }
    const at = this.#waiting.findIndex((entry) => entry.share === share);
    const entry = this.#waiting[at];
    if (entry !== undefined) this.#waiting[at] = { ...entry, dueMs: Number.NEGATIVE_INFINITY };
  }

  /** Whether a worker that has not waited is to wait for its turn before it runs: others wait who have had less. */
  isAhead(share: Share): boolean {
    if (this.#waiting.length === 0) return false;
    share.pass = Math.max(share.pass, this.#now);
    return this.#waiting.every((entry) => entry.share.pass < share.pass);
  }

  #enqueue(share: Share, callback: () => void): void {
    share.pass = Math.max(share.pass, this.#now);
    const dueMs = share.latencyMs === Number.POSITIVE_INFINITY ? share.latencyMs : performance.now() + share.latencyMs;
    this.#waiting.push({ share, callback, dueMs });
    if (this.#turning) return;
    this.#turning = true;
    this.#nextRound(this.#turn);
  }

  #goRound(): void {
    if (++this.#rounds >= ROUNDS) {
      this.#rounds = 0;
      this.#take()?.callback();
    }
    this.#turning = this.#waiting.length > 0;
    if (this.#turning) this.#nextRound(this.#turn);
  }

  /** Takes out who comes next. Those with the same claim come in the order in which they began to wait. */
  #take(): Waiting | undefined {
    const nowMs = performance.now();
    let best = 0;
    for (let at = 1; at < this.#waiting.length; at++) if (this.#comesBefore(at, best, nowMs)) best = at;
    const [next] = this.#waiting.splice(best, 1);
    if (next !== undefined) this.#now = Math.max(this.#now, next.share.pass);
    return next;
  }

  #comesBefore(at: number, other: number, nowMs: number): boolean {
    const a = this.#waiting[at];
    const b = this.#waiting[other];
    if (a === undefined || b === undefined) return false;
    const late = a.dueMs <= nowMs;
    if (late !== b.dueMs <= nowMs) return late;
    return late ? a.dueMs < b.dueMs : a.share.pass < b.share.pass;
  }
}
