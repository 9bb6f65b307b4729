/**
 * How far a worker's memories and tables may grow: by its own limits, and by a budget that it shares with other workers.
 *
 * Invariant: what the worker holds of the budget is at least what its memories have; a grow that the engine refused is given back later.
 */
import { PluvioError } from '../errors/index.ts';
import type { ModuleInstance } from './instance.ts';
import type { ResolvedLimits } from './limits.ts';
import type { MemoryBudget } from './types.ts';

export class Room {
  readonly #instance: ModuleInstance;
  readonly #budget: MemoryBudget | undefined;
  #limits: ResolvedLimits;
  #held: number;

  /** @param held Pages that were taken from the budget for the memories as they are. */
  constructor(instance: ModuleInstance, limits: ResolvedLimits, budget: MemoryBudget | undefined, held: number) {
    this.#instance = instance;
    this.#limits = limits;
    this.#budget = budget;
    this.#held = held;
  }

  set limits(limits: ResolvedLimits) {
    this.#limits = limits;
  }

  /** Whether the guest may have so many more pages; takes them. */
  growMemory(pages: number): boolean {
    const { memoryPages } = this.#instance;
    if (memoryPages + pages > this.#limits.memoryPages) {
      this.#budget?.refused?.();
      return false;
    }
    if (this.#budget === undefined) return true;
    const missing = memoryPages + pages - this.#held;
    if (missing > 0 && !this.#budget.take(missing)) return false;
    if (missing < 0) this.#budget.give(-missing);
    this.#held = memoryPages + pages;
    return true;
  }

  growTable(elements: number): boolean {
    return this.#instance.tableElements + elements <= this.#limits.tableElements;
  }

  /** The worker is gone: all pages are given back. */
  close(): void {
    this.#budget?.give(this.#held);
    this.#held = 0;
  }
}

/** Takes the pages that a worker begins with. @throws PluvioError `MEMORY_FULL` */
export function takePages(budget: MemoryBudget | undefined, pages: number): void {
  if (budget === undefined || budget.take(pages)) return;
  throw memoryFull(pages);
}

export const memoryFull = (pages: number): PluvioError =>
  new PluvioError('MEMORY_FULL', `there is no room for ${pages} pages of memory beside the other workers`, { pages });
