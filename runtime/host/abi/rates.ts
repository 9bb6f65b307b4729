/**
 * A limit per second: what goes beyond it is done, and has to be waited for afterwards.
 *
 * A second's worth may be used at once. The clock is asked only when that is used up.
 */
export class Rate {
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #filledMs: number;

  /** @param now In milliseconds. */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = perSecond;
    this.#filledMs = now();
  }

  /** Uses up that much; gives for how many milliseconds its user has to wait. */
  use(amount: number): number {
    this.#left -= amount;
    if (this.#left >= 0) return 0;
    const nowMs = this.#now();
    const passedMs = Math.max(0, nowMs - this.#filledMs);
    this.#filledMs = nowMs;
    this.#left = Math.min(this.#perSecond, this.#left + (passedMs / 1000) * this.#perSecond);
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1000);
  }

  /** Uses up that much if it is there and gives 0; otherwise nothing is used, and it gives in how many milliseconds it will be there. */
  tryUse(amount: number): number {
    const waitMs = this.use(amount);
    if (waitMs > 0) this.#left += amount;
    return waitMs;
  }
}
