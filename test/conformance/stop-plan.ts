/** At which safepoints a call is stopped. */

/** A call is stopped at each of its first so many safepoints … */
const ALL_UP_TO = 500;
/** … then at each with this probability, … */
const LATER_PROBABILITY = 1 / 256;
/** … up to so many stops in all. */
const STOPS_MAX = 600;

export interface StopCounts {
  readonly stops: number;
  /** Calls that passed more safepoints than they were stopped at. */
  readonly sampledCalls: number;
}

/** Decides for one call after the other; the same seed and safepoints give the same stops. */
export class StopPlan {
  #state: number;
  #stops = 0;
  #isSampled = false;
  #earlierStops = 0;
  #sampledCalls = 0;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A call begins. */
  begin(): void {
    this.#earlierStops += this.#stops;
    this.#stops = 0;
    this.#isSampled = false;
  }

  /** Whether to stop at the safepoint that was just reached. */
  stopsHere(): boolean {
    const stops = this.#stops < ALL_UP_TO || (this.#stops < STOPS_MAX && this.#random() < LATER_PROBABILITY);
    if (stops) this.#stops++;
    else if (!this.#isSampled) {
      this.#isSampled = true;
      this.#sampledCalls++;
    }
    return stops;
  }

  get counts(): StopCounts {
    return { stops: this.#earlierStops + this.#stops, sampledCalls: this.#sampledCalls };
  }

  /** From 0 up to but not including 1: a linear congruential generator, whose upper bits are used. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#state >>> 8) / 2 ** 24;
  }
}
