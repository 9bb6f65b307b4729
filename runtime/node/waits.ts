/**
 * Requests that wait for what may take long: for so long, and never longer than the node is open.
 *
 * Calls come by the ten thousand a second and nearly none of them waits to its end, so a wait costs one timer and no signal of its own.
 */
import type { Clock } from './clock.ts';

export class Waits {
  readonly #clock: Clock;
  readonly #open = new Set<() => void>();
  #closed: boolean;

  constructor(clock: Clock, closing: AbortSignal) {
    this.#clock = clock;
    this.#closed = closing.aborted;
    closing.addEventListener('abort', () => {
      this.#closed = true;
      for (const end of [...this.#open]) end();
    });
  }

  /** What the promise gives; undefined: it has not given it in that time, the signal has aborted, or the node closes. */
  for<Value>(promise: Promise<Value>, waitMs: number, signal?: AbortSignal): Promise<Value | undefined> {
    if (this.#closed || signal?.aborted === true) return Promise.race([promise, Promise.resolve(undefined)]);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        leave();
        resolve(undefined);
      };
      const cancel = this.#clock.alarm(waitMs, end);
      const leave = (): void => {
        cancel();
        this.#open.delete(end);
        signal?.removeEventListener('abort', end);
      };
      this.#open.add(end);
      signal?.addEventListener('abort', end);
      promise.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}
