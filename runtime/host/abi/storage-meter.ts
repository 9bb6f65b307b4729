import { fail } from './error-codes.ts';

/** Counts what a worker keeps against its limit `storageBytes`. */
export class StorageMeter {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get isExceeded(): boolean {
    return this.#usedBytes > this.#maxBytes;
  }

  /** @throws AbiFault `QUOTA`; nothing is counted then. What becomes less is never refused. */
  charge(deltaBytes: number): void {
    if (deltaBytes > 0 && this.#usedBytes + deltaBytes > this.#maxBytes) fail('QUOTA');
    this.#usedBytes += deltaBytes;
  }

  /** Counts what a restored state holds, whatever the limit is. */
  count(sizeBytes: number): void {
    this.#usedBytes += sizeBytes;
  }
}
