import { fail } from './error-codes.ts';
import type { StorageBudget } from './types.ts';

/** Counts what a worker keeps against its limit `storageBytes`, and against what it shares with others. */
export class StorageMeter {
  readonly #maxBytes: number;
  readonly #budget: StorageBudget | undefined;
  readonly #told: () => void;
  #usedBytes = 0;

  /** @param told Told when the limit has refused something. */
  constructor(maxBytes: number, budget?: StorageBudget, told: () => void = () => undefined) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#told = told;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get isExceeded(): boolean {
    return this.#usedBytes > this.#maxBytes;
  }

  /** @throws AbiFault `QUOTA`; nothing is counted then. What becomes less is never refused. */
  charge(deltaBytes: number): void {
    if (deltaBytes > 0) {
      if (this.#usedBytes + deltaBytes > this.#maxBytes) {
        this.#told();
        fail('QUOTA');
      }
      if (this.#budget?.take(deltaBytes) === false) fail('QUOTA');
    } else this.#budget?.give(-deltaBytes);
    this.#usedBytes += deltaBytes;
  }

  /** Counts what a restored state holds, whatever the limit is. */
  count(sizeBytes: number): void {
    this.#budget?.count(sizeBytes);
    this.#usedBytes += sizeBytes;
  }

  /** The worker is gone: what it kept is not here any more. */
  close(): void {
    this.#budget?.give(this.#usedBytes);
    this.#usedBytes = 0;
  }
}
