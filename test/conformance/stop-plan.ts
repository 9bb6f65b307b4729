/** At which safepoints a call is stopped. */

/** Of every call the first so many safepoints are stops … */
const FIRST_STOPS = 12;
/** … then each with this probability, … */
const LATER_PROBABILITY = 1 / 32;
/** … up to so many in all. */
const STOPS_MAX = 32;

/** Decides for one call after the other; the same seed and safepoints give the same stops. */
export class StopPlan {
  #state: number;
  #stops = 0;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A call begins. */
  begin(): void {
    this.#stops = 0;
  }

  /** Whether to stop at the safepoint that was just reached. */
  stopsHere(): boolean {
    if (this.#stops >= STOPS_MAX || (this.#stops >= FIRST_STOPS && this.#random() >= LATER_PROBABILITY)) return false;
    this.#stops++;
    return true;
  }

  /** From 0 up to but not including 1: a linear congruential generator, whose upper bits are used. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#state >>> 8) / 2 ** 24;
  }
}
