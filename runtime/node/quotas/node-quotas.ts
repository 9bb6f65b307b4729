/**
 * What workers and tenants may have on a node, and what of it is taken: asked before something is given.
 *
 * Boundary: what the main thread gives out. Memory, storage and fuel are used up on engines; tenant-budget.ts is their part.
 *
 * Invariants:
 * 1. What is refused changes nothing. A refusal is a coded error that names limit and maximum, an event, and counted.
 * 2. A limit that is at the largest value of its range costs nothing to keep.
 */
import type { WorkerManifest } from '../../bundle/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { Rate } from '../../host/abi/index.ts';
import type { Clock } from '../clock.ts';
import type { EventBus } from '../event-bus.ts';
import type { NodeMetrics } from '../metrics/node-metrics.ts';
import { type LimitAction, LimitReports } from './limit-reports.ts';
import { LivePlaces, type Offer } from './live-places.ts';
import {
  type AskedTenantLimits,
  resolveTenantLimits,
  TENANT_LIMITS,
  tenantLimitError,
  type TenantLimitName,
  type TenantLimits,
} from './tenant-limits.ts';
import { type LedgerOptions, TenantLedger } from './tenant-ledger.ts';
import { WorkerQuotas, type WorkerQuotaName } from './worker-quotas.ts';
import type { AskedLimits } from '../../limits/index.ts';

export interface QuotaOptions {
  /** Limits of workers whose manifest says nothing. */
  readonly workerLimits?: AskedLimits<WorkerQuotaName>;
  /** What a manifest may ask for at most. */
  readonly workerMaximums?: AskedLimits<WorkerQuotaName>;
  /** Limits of every tenant that `tenants` says nothing of. */
  readonly tenantLimits?: AskedTenantLimits;
  /** Limits by tenant. */
  readonly tenants?: Readonly<Record<string, { readonly limits?: AskedTenantLimits } | undefined>>;
}

interface QuotaPlace extends Partial<LedgerOptions> {
  readonly events: EventBus;
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
}

/** A worker, or one that is to be made. */
interface Whose {
  readonly name: string;
  readonly tenant: string;
}

/** When somebody may ask again for what others have to give back. */
const RETRY_MS = 1000;

export class NodeQuotas {
  readonly workers: WorkerQuotas;
  readonly ledger: TenantLedger;
  readonly #reports: LimitReports;
  readonly #everybody: TenantLimits;
  readonly #tenants: ReadonlyMap<string, TenantLimits>;
  readonly #clock: Clock;
  readonly #calls = new Map<string, Rate>();
  readonly #streams = new Map<string, number>();
  readonly #live = new LivePlaces();

  /** @throws PluvioError `LIMIT_OUT_OF_RANGE` */
  constructor({ workerLimits, workerMaximums, tenantLimits = {}, tenants = {} }: QuotaOptions, place: QuotaPlace) {
    this.workers = new WorkerQuotas(workerLimits, workerMaximums);
    this.#reports = new LimitReports(place);
    const { sharesMemory = true, engines = 1 } = place;
    this.ledger = new TenantLedger({ sharesMemory, engines }, (tenant) => this.limitsOf(tenant));
    this.#clock = place.clock;
    this.#everybody = resolveTenantLimits(tenantLimits);
    this.#tenants = new Map(
      Object.entries(tenants).map(([name, own]) => [name, resolveTenantLimits(own?.limits, tenantLimits)] as const),
    );
  }

  limitsOf(tenant: string): TenantLimits {
    return this.#tenants.get(tenant) ?? this.#everybody;
  }

  /** Whether a limit of a tenant is below what any tenant may have. */
  restricts(tenant: string, limit: TenantLimitName): boolean {
    return this.limitsOf(tenant)[limit] < TENANT_LIMITS[limit].max;
  }

  #refuse(
    { name, tenant }: { name: string | null; tenant: string },
    limit: TenantLimitName,
    waitMs = RETRY_MS,
  ): PluvioError {
    const max = this.limitsOf(tenant)[limit];
    this.#reports.reached({ scope: 'tenant', limit, action: 'refused', max, worker: name, tenant });
    return tenantLimitError(tenant, limit, max, waitMs);
  }

  /** @throws PluvioError `LIMIT_OUT_OF_RANGE` the manifest asks for more than the operator allows */
  checkManifest({ name, tenant }: Whose, manifest: WorkerManifest, bundleBytes: number): void {
    const excess = this.workers.excessOf(manifest, bundleBytes);
    if (excess === undefined) return;
    const { limit, asked, max } = excess;
    this.#reports.reached({ scope: 'worker', limit, action: 'refused', max, worker: name, tenant });
    throw new PluvioError(
      'LIMIT_OUT_OF_RANGE',
      `worker "${name}" asks for ${asked} of limit ${limit}; it must be at most ${max}, the maximum of this node`,
      { limit, asked, max },
    );
  }

  /** @param have Workers that it has, and that are on their way. @throws PluvioError `TENANT_LIMIT` */
  checkWorkers(worker: Whose, have: () => number): void {
    if (!this.restricts(worker.tenant, 'workers')) return;
    if (have() >= this.limitsOf(worker.tenant).workers) throw this.#refuse(worker, 'workers');
  }

  /** @param have Bytes of bundles that it has. @throws PluvioError `TENANT_LIMIT` */
  checkBundle(tenant: string, addedBytes: number, have: () => number): void {
    if (!this.restricts(tenant, 'bundleBytes')) return;
    if (have() + addedBytes > this.limitsOf(tenant).bundleBytes)
      throw this.#refuse({ name: null, tenant }, 'bundleBytes');
  }

  /** A call, a message or a request for a worker comes from outside. @throws PluvioError `TENANT_LIMIT` */
  checkCall(worker: Whose): void {
    const { tenant } = worker;
    if (!this.restricts(tenant, 'callsPerSecond')) return;
    let rate = this.#calls.get(tenant);
    if (rate === undefined) {
      rate = new Rate(this.limitsOf(tenant).callsPerSecond, () => this.#clock.monotonicMs());
      this.#calls.set(tenant, rate);
    }
    const waitMs = rate.tryUse(1);
    if (waitMs > 0) throw this.#refuse(worker, 'callsPerSecond', waitMs);
  }

  /** Opens a stream; gives what closes it. @throws PluvioError `TENANT_LIMIT` */
  takeStream(tenant: string | undefined): () => void {
    if (tenant === undefined || !this.restricts(tenant, 'streams')) return () => undefined;
    const open = this.#streams.get(tenant) ?? 0;
    if (open >= this.limitsOf(tenant).streams) throw this.#refuse({ name: null, tenant }, 'streams');
    this.#streams.set(tenant, open + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#streams.get(tenant) ?? 1) - 1;
      if (left > 0) this.#streams.set(tenant, left);
      else this.#streams.delete(tenant);
    };
  }

  /** A worker comes into memory; undefined: nobody counts. @throws PluvioError `TENANT_LIMIT` */
  enter(worker: Whose): EnteredPlace | undefined {
    const { name, tenant } = worker;
    const isCounted = this.restricts(tenant, 'liveWorkers');
    if (!isCounted && !this.restricts(tenant, 'storageBytes')) return undefined;
    const leave = isCounted ? this.#live.take(tenant, this.limitsOf(tenant).liveWorkers, name) : (): void => undefined;
    if (leave === undefined) throw this.#refuse(worker, 'liveWorkers');
    const kept = this.ledger.forget(name);
    const left = (storageBytes: number): void => {
      this.ledger.sleeps(name, tenant, storageBytes);
      leave();
    };
    return { left, failed: () => left(kept) };
  }

  /**
   * A worker has something to do and did not come into memory because of a limit of its tenant or of the node: it is told when it may try
   * again.
   * @param offer False: it does not want to any more.
   */
  tryAgain({ name, tenant }: Whose, refusal: PluvioError, offer: Offer): void {
    const { limit, retryAfterMs = RETRY_MS } = refusal.details;
    if (refusal.code === 'TENANT_LIMIT' && limit === 'liveWorkers')
      this.#live.wait(tenant, this.limitsOf(tenant).liveWorkers, name, offer);
    else void this.#clock.sleep(Number(retryAfterMs)).then(offer);
  }

  /** A limit of the node was reached by a worker that comes into memory. */
  nodeReached(worker: Whose, limit: string, action: LimitAction, max: number): void {
    this.#reports.reached({ scope: 'node', limit, action, max, worker: worker.name, tenant: worker.tenant });
  }

  /** A worker that is in memory has reached a limit that ends no call. */
  reached({ name, tenant }: Whose, scope: 'worker' | 'tenant', limit: string, manifest: WorkerManifest): void {
    const max = scope === 'worker' ? this.workers.valueOf(manifest, limit) : this.limitsOf(tenant)[limit as 'workers'];
    const action = DELAYING.has(limit) ? 'delayed' : 'refused';
    this.#reports.reached({ scope, limit, action, max, worker: name, tenant });
  }

  /** A worker could not be made on its engine: says so, if a limit of its tenant is the reason. */
  notMade({ name, tenant }: Whose, error: unknown): void {
    if (!(error instanceof PluvioError) || error.code !== 'TENANT_LIMIT') return;
    const { limit, max } = error.details;
    this.#reports.reached({
      scope: 'tenant',
      limit: String(limit),
      action: 'refused',
      max: Number(max),
      worker: name,
      tenant,
    });
  }
}

/** Limits whose excess is done later. */
const DELAYING: ReadonlySet<string> = new Set(['fuelPerSecond', 'logBytesPerSecond', 'hostCallsPerSecond']);

/** A worker that comes into memory, or is there. */
export interface EnteredPlace {
  /** It has left memory, and keeps that much storage. */
  left(storageBytes: number): void;
  /** It could not come. */
  failed(): void;
}
