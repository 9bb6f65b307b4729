/**
 * The main thread's side of what tenants use up on engines: who has a counter, what a worker's engine is told, what sleeping workers keep.
 *
 * Boundary: tenants with a limit alone have a counter. Processes have no memory in common: each counts for itself, within its part.
 */
import { ASLEEP, emptyPlace, makeTenantCounter, TenantAmount, type TenantCounter } from './tenant-counter.ts';
import { TENANT_LIMITS, type TenantLimitName, type TenantLimits } from './tenant-limits.ts';
import type { TenantShare } from './tenant-share.ts';

const PAGE_BYTES = 65_536;

export interface LedgerOptions {
  /** Whether engines share memory with the main thread. */
  readonly sharesMemory: boolean;
  /** Most engines; where they share no memory a limit is divided by them. */
  readonly engines: number;
}

interface Sleeper {
  readonly tenant: string;
  readonly bytes: number;
}

export class TenantLedger {
  readonly #options: LedgerOptions;
  readonly #limitsOf: (tenant: string) => TenantLimits;
  readonly #counters = new Map<string, TenantCounter>();
  readonly #asleep = new Map<string, Sleeper>();

  constructor(options: LedgerOptions, limitsOf: (tenant: string) => TenantLimits) {
    this.#options = options;
    this.#limitsOf = limitsOf;
  }

  #counterOf(tenant: string): TenantCounter {
    let counter = this.#counters.get(tenant);
    if (counter === undefined) this.#counters.set(tenant, (counter = makeTenantCounter()));
    return counter;
  }

  #storageOf(tenant: string): TenantAmount {
    return new TenantAmount(this.#counterOf(tenant), ASLEEP, 'storageBytes', this.#limitsOf(tenant).storageBytes);
  }

  #has(tenant: string, limit: TenantLimitName): boolean {
    return this.#limitsOf(tenant)[limit] < TENANT_LIMITS[limit].max;
  }

  /** What the engine of a worker keeps to; null: nothing. */
  shareOf(tenant: string): TenantShare | null {
    const { sharesMemory, engines } = this.#options;
    const limits = this.#limitsOf(tenant);
    const part = (limit: TenantLimitName, taken: number, least: number): number | null => {
      if (!this.#has(tenant, limit)) return null;
      return sharesMemory ? limits[limit] : Math.max(least, Math.floor((limits[limit] - taken) / engines));
    };
    const asleep = this.#has(tenant, 'storageBytes') && !sharesMemory ? this.#storageOf(tenant).taken : 0;
    const memoryBytes = part('memoryBytes', 0, 0);
    const storageBytes = part('storageBytes', asleep, 0);
    const fuelPerSecond = part('fuelPerSecond', 0, 1);
    if (memoryBytes === null && storageBytes === null && fuelPerSecond === null) return null;
    return {
      tenant,
      memoryPages: memoryBytes === null ? null : Math.floor(memoryBytes / PAGE_BYTES),
      storageBytes,
      fuelPerSecond,
      counter: sharesMemory ? this.#counterOf(tenant) : null,
    };
  }

  /** A worker that is in no engine keeps that much. */
  sleeps(worker: string, tenant: string, storageBytes: number): void {
    this.forget(worker);
    if (storageBytes === 0 || !this.#has(tenant, 'storageBytes')) return;
    this.#asleep.set(worker, { tenant, bytes: storageBytes });
    this.#storageOf(tenant).count(storageBytes);
  }

  /** The worker comes into an engine, which counts what it keeps, or is gone; gives what it kept. */
  forget(worker: string): number {
    const sleeper = this.#asleep.get(worker);
    if (sleeper === undefined) return 0;
    this.#asleep.delete(worker);
    this.#storageOf(sleeper.tenant).give(sleeper.bytes);
    return sleeper.bytes;
  }

  /** The engine of that place has ended. */
  engineEnded(place: number): void {
    for (const counter of this.#counters.values()) emptyPlace(counter, place);
  }
}
