/**
 * What one engine has of the limits of its workers' tenants.
 *
 * Boundary: of the engine's side; `TenantShare` is plain data on the way there.
 */
import type { FuelPool, MemoryBudget } from '../../engine/index.ts';
import type { StorageBudget } from '../../host/index.ts';
import { TenantAmount, type TenantCounter, TenantFuel, makeTenantCounter } from './tenant-counter.ts';
import { tenantLimitError } from './tenant-limits.ts';

/** Limits of a tenant as an engine keeps them; null: there is none. */
export interface TenantShare {
  readonly tenant: string;
  readonly memoryPages: number | null;
  readonly storageBytes: number | null;
  readonly fuelPerSecond: number | null;
  /** Shared by all engines; null: this engine counts for itself. */
  readonly counter: TenantCounter | null;
}

/** Told of a limit that a worker has reached. */
export type TellLimit = (scope: 'worker' | 'tenant', limit: string) => void;

/** What the workers of one tenant share on an engine. */
export interface TenantBudgets {
  readonly memory: TenantAmount | undefined;
  readonly storage: TenantAmount | undefined;
  readonly fuel: TenantFuel | undefined;
}

const NONE: TenantBudgets = { memory: undefined, storage: undefined, fuel: undefined };

/** The budgets of all tenants of an engine. */
export class EngineTenants {
  readonly #place: number;
  readonly #counters = new Map<string, TenantCounter>();

  constructor(place: number) {
    this.#place = place;
  }

  budgetsOf(share: TenantShare | null): TenantBudgets {
    if (share === null) return NONE;
    const { tenant, memoryPages, storageBytes, fuelPerSecond } = share;
    const counter = share.counter ?? this.#counters.get(tenant) ?? makeTenantCounter();
    if (share.counter === null) this.#counters.set(tenant, counter);
    const place = this.#place;
    return {
      memory: memoryPages === null ? undefined : new TenantAmount(counter, place, 'memoryPages', memoryPages),
      storage: storageBytes === null ? undefined : new TenantAmount(counter, place, 'storageBytes', storageBytes),
      fuel: fuelPerSecond === null ? undefined : new TenantFuel(counter, fuelPerSecond),
    };
  }
}

/** The memory that one worker may take: of the engine's, and of its tenant's. */
export class GuestMemory implements MemoryBudget {
  readonly #all: MemoryBudget;
  readonly #tenant: TenantAmount | undefined;
  readonly #share: TenantShare | null;
  readonly #tell: TellLimit;
  /** The worker is there: what it lacks now is told to the guest, and is no error. */
  isMade = false;

  constructor(all: MemoryBudget, tenant: TenantAmount | undefined, share: TenantShare | null, tell: TellLimit) {
    this.#all = all;
    this.#tenant = tenant;
    this.#share = share;
    this.#tell = tell;
  }

  /** @throws PluvioError `TENANT_LIMIT` there is no room for a worker that is being made */
  take(pages: number): boolean {
    if (this.#tenant?.take(pages) === false) {
      if (!this.isMade && this.#share !== null) throw noRoom(this.#share);
      this.#tell('tenant', 'memoryBytes');
      return false;
    }
    if (this.#all.take(pages)) return true;
    this.#tenant?.give(pages);
    return false;
  }

  give(pages: number): void {
    this.#tenant?.give(pages);
    this.#all.give(pages);
  }

  refused(): void {
    this.#tell('worker', 'memoryPages');
  }
}

const PAGE_BYTES = 65_536;
const RETRY_MS = 1000;

const noRoom = ({ tenant, memoryPages }: TenantShare): ReturnType<typeof tenantLimitError> =>
  tenantLimitError(tenant, 'memoryBytes', (memoryPages ?? 0) * PAGE_BYTES, RETRY_MS);

/** The storage that one worker may take of its tenant's. */
export function guestStorage(tenant: TenantAmount | undefined, tell: TellLimit): StorageBudget | undefined {
  if (tenant === undefined) return undefined;
  return {
    take: (bytes) => {
      const taken = tenant.take(bytes);
      if (!taken) tell('tenant', 'storageBytes');
      return taken;
    },
    count: (bytes) => tenant.count(bytes),
    give: (bytes) => tenant.give(bytes),
  };
}

/** The fuel that one worker may use of its tenant's. */
export function guestFuel(tenant: TenantFuel | undefined, tell: TellLimit): FuelPool | undefined {
  if (tenant === undefined) return undefined;
  return {
    pauseMs: (fuelUsed) => {
      const pauseMs = tenant.pauseMs(fuelUsed);
      if (pauseMs > 0) tell('tenant', 'fuelPerSecond');
      return pauseMs;
    },
  };
}
