/**
 * What the workers of a tenant have taken on all engines together, counted in shared memory.
 *
 *     word 0                time up to which fuel is paid for, microseconds of the monotonic clock
 *     words 1, 2            memory pages, bytes of storage
 *     word 3 + 2 * place    what the engine of that place has of the pages; the word after it: of the storage
 *
 * The last place is that of workers that sleep: their storage is still theirs.
 *
 * Invariant: a total is the sum over the places. An engine that ends has its place emptied, whatever its workers had.
 */
import { SLOTS } from '../threads/page-budget.ts';

export type TenantCounter = BigInt64Array<SharedArrayBuffer>;

const PAID_UNTIL = 0;
const TOTALS = { memoryPages: 1, storageBytes: 2 } as const;
const FIRST_PLACE = 3;
const WORDS_OF_PLACE = 2;

/** The place of workers that are in no engine. */
export const ASLEEP = SLOTS;
/** Fuel of so many microseconds may be used at once. */
const BURST_MICROS = 100_000n;
/** Thirty years: what one slice can cost at most. */
const DEBT_MAX_MICROS = 1e15;

export type CountedAmount = keyof typeof TOTALS;

export const makeTenantCounter = (): TenantCounter =>
  new BigInt64Array(
    new SharedArrayBuffer((FIRST_PLACE + WORDS_OF_PLACE * (SLOTS + 1)) * BigInt64Array.BYTES_PER_ELEMENT),
  );

const wordOf = (place: number, amount: CountedAmount): number =>
  FIRST_PLACE + WORDS_OF_PLACE * place + TOTALS[amount] - 1;

/** The engine of that place has ended. */
export function emptyPlace(counter: TenantCounter, place: number): void {
  for (const amount of Object.keys(TOTALS) as CountedAmount[]) {
    Atomics.sub(counter, TOTALS[amount], Atomics.exchange(counter, wordOf(place, amount), 0n));
  }
}

/** An amount as one place takes of it. */
export class TenantAmount {
  readonly #counter: TenantCounter;
  readonly #total: number;
  readonly #own: number;
  readonly #max: bigint;

  constructor(counter: TenantCounter, place: number, amount: CountedAmount, max: number) {
    this.#counter = counter;
    this.#total = TOTALS[amount];
    this.#own = wordOf(place, amount);
    this.#max = BigInt(max);
  }

  /** Of all places. */
  get taken(): number {
    return Number(Atomics.load(this.#counter, this.#total));
  }

  /** Takes that much, if the limit allows it. */
  take(count: number): boolean {
    const added = BigInt(count);
    if (Atomics.add(this.#counter, this.#total, added) + added <= this.#max) {
      Atomics.add(this.#counter, this.#own, added);
      return true;
    }
    Atomics.sub(this.#counter, this.#total, added);
    return false;
  }

  /** Takes what is there already, whatever the limit. */
  count(count: number): void {
    Atomics.add(this.#counter, this.#total, BigInt(count));
    Atomics.add(this.#counter, this.#own, BigInt(count));
  }

  give(count: number): void {
    this.count(-count);
  }
}

/** Fuel that the workers of a tenant use together: each waits until what all have used is paid for. */
export class TenantFuel {
  readonly #counter: TenantCounter;
  readonly #perSecond: number;
  readonly #nowMicros: () => bigint;

  /** @param nowMicros A clock that all threads of the process share. */
  constructor(
    counter: TenantCounter,
    perSecond: number,
    nowMicros: () => bigint = () => process.hrtime.bigint() / 1000n,
  ) {
    this.#counter = counter;
    this.#perSecond = perSecond;
    this.#nowMicros = nowMicros;
  }

  /** For how many milliseconds who has used that much must not run. */
  pauseMs(fuelUsed: number): number {
    const nowMicros = this.#nowMicros();
    const cost = BigInt(Math.ceil(Math.min(DEBT_MAX_MICROS, (fuelUsed / this.#perSecond) * 1_000_000)));
    for (;;) {
      const before = Atomics.load(this.#counter, PAID_UNTIL);
      const from = before > nowMicros - BURST_MICROS ? before : nowMicros - BURST_MICROS;
      const until = from + cost;
      if (Atomics.compareExchange(this.#counter, PAID_UNTIL, before, until) !== before) continue;
      return until > nowMicros ? Number(until - nowMicros) / 1000 : 0;
    }
  }
}
