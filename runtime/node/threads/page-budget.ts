/** Pages of memory that the workers of all engines share, counted in shared memory. */
import type { MemoryBudget } from '../../engine/index.ts';

const TOTAL = 0;
const TAKEN = 1;
/** From here on: what each engine has taken. */
const FIRST_SLOT = 2;

/** Most engines that share a counter. */
export const SLOTS = 256;

/** A counter for so many pages, for all engines. */
export function pageCounter(pages: number): Int32Array<SharedArrayBuffer> {
  const counter = new Int32Array(new SharedArrayBuffer((FIRST_SLOT + SLOTS) * Int32Array.BYTES_PER_ELEMENT));
  counter[TOTAL] = pages;
  return counter;
}

/** The engine of that slot has ended, and what it had is free. */
export function releaseSlot(counter: Int32Array<SharedArrayBuffer>, slot: number): void {
  Atomics.sub(counter, TAKEN, Atomics.exchange(counter, FIRST_SLOT + slot, 0));
}

/** One engine's access to the counter. */
export class PageBudget implements MemoryBudget {
  readonly #counter: Int32Array<SharedArrayBuffer>;
  readonly #slot: number;

  constructor(counter: Int32Array<SharedArrayBuffer>, slot: number) {
    this.#counter = counter;
    this.#slot = FIRST_SLOT + slot;
  }

  take(pages: number): boolean {
    const total = this.#counter[TOTAL] ?? 0;
    if (Atomics.add(this.#counter, TAKEN, pages) + pages <= total) {
      Atomics.add(this.#counter, this.#slot, pages);
      return true;
    }
    Atomics.sub(this.#counter, TAKEN, pages);
    return false;
  }

  give(pages: number): void {
    Atomics.sub(this.#counter, TAKEN, pages);
    Atomics.sub(this.#counter, this.#slot, pages);
  }
}

/** A budget of one engine alone. */
export class FixedBudget implements MemoryBudget {
  #left: number;

  constructor(pages: number) {
    this.#left = pages;
  }

  take(pages: number): boolean {
    if (pages > this.#left) return false;
    this.#left -= pages;
    return true;
  }

  give(pages: number): void {
    this.#left += pages;
  }
}
