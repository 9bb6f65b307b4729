/**
 * When a worker gives its turn to others, and whether it leaves the stack then.
 *
 * Where the engine can put a stack aside that is the quick way, and the code that runs stays the same. But engines do not replace the code of
 * an activation that is running: a loop that began before it was optimised stays slow. So a call leaves the stack now and then and goes
 * on in continuations, which are entered anew: at the end of its first slice, and then whenever it has run REENTRY_GROWTH times as long.
 *
 * Boundary: time alone; the worker does it.
 */
import type { LoadedModule } from './loaded-module.ts';
import type { Share, TurnQueue } from './turn-queue.ts';

/** A guest runs at most about this long before other work of the event loop gets its turn. */
export const SLICE_MS = 8;

/** Stacks of one thread that may be put aside at a time: each takes memory of the engine, a stack that is left does not. */
export const SUSPENDED_MAX = 128;

const REENTRY_GROWTH = 3;
/** A module that has run so long in all its workers has been optimised where it is hot. */
const WARM_MS = 2000;
/** A call of a warm module leaves the stack for the first time then: it may come to code that was not hot before. */
const WARM_REENTRY_MS = 2000;

export class Turns {
  readonly #module: LoadedModule;
  readonly #share: Share;
  readonly #queue: TurnQueue;
  #start = 0;
  /** Of the call: how long it has run, and when it is to leave the stack next. */
  #ranMs = 0;
  #reentryMs = 0;

  constructor(module: LoadedModule, share: Share, queue: TurnQueue) {
    this.#module = module;
    this.#share = share;
    this.#queue = queue;
  }

  beginCall(): void {
    this.#ranMs = 0;
    this.#reentryMs = this.#module.ranMs < WARM_MS ? 0 : WARM_REENTRY_MS;
  }

  /** Begins a slice. */
  begin(): void {
    this.#start = performance.now();
  }

  /** The guest does not run now. */
  pause(): void {
    this.#share.ran(performance.now() - this.#start);
  }

  /** Others come first, as they have had less; or what it has used is to be paid for. */
  get mustWait(): boolean {
    return this.#share.isLimited || this.#queue.isAhead(this.#share);
  }

  /** Calls back when it is the worker's turn; a worker that is to stop need not wait for fuel. */
  wait(fuelUsed: number, stops: boolean, callback: () => void): void {
    const pauseMs = stops ? 0 : this.#share.pauseMs(fuelUsed, performance.now());
    this.#queue.wait(this.#share, pauseMs, callback);
  }

  /** The worker is to stop: its turn comes next. */
  hurry(): void {
    this.#queue.hurry(this.#share);
  }

  get endMs(): number {
    return this.#start + SLICE_MS;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.endMs;
  }

  /** Ends a slice; says whether the stack is to be left. */
  end(entryFunc: number): boolean {
    const lasted = performance.now() - this.#start;
    this.#ranMs += lasted;
    this.#module.ranMs += lasted;
    this.#module.longCalls.add(entryFunc);
    if (this.#ranMs < this.#reentryMs) return false;
    this.#reentryMs = this.#ranMs * REENTRY_GROWTH;
    return true;
  }

  /** Whether a call begins on a stack of its own: one that will leave it after its first slice need not, nor one that is short. */
  startsOnOwnStack(func: number): boolean {
    return this.#reentryMs > 0 && this.#module.longCalls.has(func);
  }
}
