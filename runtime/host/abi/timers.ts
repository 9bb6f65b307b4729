/**
 * Timers of one worker: data alone. When one is due the node makes an input of it; taking that input is what ends the timer, or sets it
 * to its next time.
 */
import { nextCron } from './cron.ts';
import { fail } from './error-codes.ts';
import { ENTRY_BYTES } from './limits.ts';
import { compareNames, utf8Bytes } from './sorted-names.ts';
import type { StorageMeter } from './storage-meter.ts';

export interface Timer {
  readonly id: string;
  readonly dueMs: number;
  /** Of one that repeats. */
  readonly expression: string | undefined;
  readonly payload: Uint8Array;
}

/** What taking a timer's input gives. */
export interface Fired {
  readonly payload: Uint8Array;
  /** When it is due again. */
  readonly nextMs: number | undefined;
}

const sizeOf = ({ id, expression = '', payload }: Timer): number =>
  ENTRY_BYTES + utf8Bytes(id) + utf8Bytes(expression) + payload.length;

export class Timers {
  readonly #meter: StorageMeter;
  readonly #maxCount: number;
  readonly #timers = new Map<string, Timer>();

  constructor(meter: StorageMeter, maxCount: number) {
    this.#meter = meter;
    this.#maxCount = maxCount;
  }

  get count(): number {
    return this.#timers.size;
  }

  /** In the order of their ids. */
  get all(): Timer[] {
    return [...this.#timers.values()].sort((a, b) => compareNames(a.id, b.id));
  }

  /** @throws AbiFault `QUOTA` */
  set(timer: Timer): void {
    const before = this.#timers.get(timer.id);
    if (before === undefined && this.#timers.size >= this.#maxCount) fail('QUOTA');
    this.#meter.charge(sizeOf(timer) - (before === undefined ? 0 : sizeOf(before)));
    this.#timers.set(timer.id, timer);
  }

  cancel(id: string): boolean {
    const timer = this.#timers.get(id);
    if (timer === undefined) return false;
    this.#meter.charge(-sizeOf(timer));
    return this.#timers.delete(id);
  }

  dueMs(id: string): number | undefined {
    return this.#timers.get(id)?.dueMs;
  }

  /** The input that was made of a timer that is due is taken. */
  fire(id: string, nowMs: number): Fired {
    const timer = this.#timers.get(id) ?? fail('NOT_FOUND');
    const nextMs = timer.expression && nextCron(timer.expression, Math.max(timer.dueMs, nowMs));
    if (typeof nextMs === 'number') this.#timers.set(id, { ...timer, dueMs: nextMs });
    else this.cancel(id);
    return { payload: timer.payload, nextMs: typeof nextMs === 'number' ? nextMs : undefined };
  }

  /** Takes up checked state, in place of nothing; the bytes are its own from now on. */
  restore(timers: Iterable<Timer>): void {
    for (const timer of timers) {
      this.#meter.count(sizeOf(timer));
      this.#timers.set(timer.id, timer);
    }
  }
}
