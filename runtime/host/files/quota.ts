import { fail } from '../errno.ts';

/** Counts what a guest uses of a limited resource. */
export class Quota {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get free(): number {
    return Math.max(0, this.limit - this.used);
  }

  /** Takes `amount` or fails with `nospc` and takes nothing. */
  take(amount: number): void {
    if (amount > this.free) fail('nospc');
    this.used += amount;
  }

  give(amount: number): void {
    this.used -= amount;
  }
}
