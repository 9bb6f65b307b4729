/** Waiting for a host call's answer. */
import { sleepUntil } from './event-loop.ts';
import type { Pending } from './pending.ts';
import type { Wake } from './types.ts';
import type { Answer } from './worker-parts.ts';

/** Longest time that timers can wait. */
const TIMER_MAX_MS = 0x7fff_ffff;

export class AnswerWait {
  #pending: Pending | undefined;
  #interrupt: (() => void) | undefined;

  /** What ends the wait, where that is known without the worker. */
  get wake(): Wake | undefined {
    return this.#pending?.wake;
  }

  /** Ends the wait that is on. */
  interrupt(): void {
    this.#interrupt?.();
  }

  /** What comes first: the answer, an interruption, or the end of the time that is left. */
  async wait(pending: Pending, leftMs: number): Promise<Answer | 'interrupted' | 'late'> {
    this.#pending = pending;
    const timeout = new AbortController();
    const interrupted = new Promise<'interrupted'>((resolve) => (this.#interrupt = () => resolve('interrupted')));
    const settled = pending.promise.then(
      (value): Answer => ({ kind: 'value', value }),
      (error: unknown): Answer => ({ kind: 'error', error }),
    );
    const waits: Promise<Answer | 'interrupted' | 'late'>[] = [settled, interrupted];
    if (leftMs < TIMER_MAX_MS) waits.push(sleepUntil(leftMs, timeout.signal));
    const first = await Promise.race(waits);
    timeout.abort();
    this.#pending = undefined;
    this.#interrupt = undefined;
    return first;
  }
}
