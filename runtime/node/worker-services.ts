import type { CheckpointPolicy } from '../bundle/index.ts';
import type { MemoryBudget } from '../engine/index.ts';
import type { FaultHook } from './faults.ts';
import type { BundleShelf } from './bundle-shelf.ts';
import type { Clock } from './clock.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { EventBus } from './event-bus.ts';
import type { Logger } from './logger.ts';
import type { LoadedModules } from './loaded-modules.ts';
import type { MemoryPlaces } from './memory-places.ts';
import type { NodeMetrics } from './metrics/node-metrics.ts';
import type { Tracing } from './metrics/tracing.ts';
import type { NodeLimits } from './node-limits.ts';
import type { PeerRules } from './peer-rules.ts';
import type { FetchOutbound } from './worker-guest.ts';
import type { PostOffice } from './post-office.ts';
import type { GrantTable } from './security/grants.ts';
import type { NodeQuotas } from './quotas/node-quotas.ts';
import type { PublisherPolicy } from './security/trust.ts';
import type { TenantBoundary } from './tenant-boundary.ts';
import type { StoredRecords } from './store/index.ts';
import type { EnginePool } from './threads/engine-pool.ts';

/** What a worker needs of its node. */
export interface WorkerServices {
  readonly engines: EnginePool;
  readonly modules: LoadedModules;
  readonly shelf: BundleShelf;
  /** The store, and the way between workers. */
  readonly post: PostOffice;
  /** Worker records and tombstones by name. */
  readonly records: StoredRecords;
  readonly find: (worker: string) => HostedWorker | undefined;
  readonly nodeName: string;
  /** The secret of a tenant; undefined: it has none of that name. */
  readonly secrets: (tenant: string, name: string) => string | undefined;
  /** Sends a request for a worker. */
  readonly fetchOutbound: FetchOutbound;
  /** What workers are granted. */
  readonly grants: GrantTable;
  /** What workers and tenants may have. */
  readonly quotas: NodeQuotas;
  /** Who may be in memory. */
  readonly places: MemoryPlaces;
  /** Who may deploy what. */
  readonly publishers: PublisherPolicy;
  /** How it speaks to other nodes. */
  readonly peers: PeerRules;
  /** Who may write to whom. */
  readonly reaches: TenantBoundary;
  /** Of workers whose manifest says nothing. */
  readonly checkpointPolicy: CheckpointPolicy;
  readonly events: EventBus;
  readonly metrics: NodeMetrics;
  readonly tracing: Tracing;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: NodeLimits;
  /** Pages that engines may remember for checkpoints. */
  readonly remembered: MemoryBudget;
  /** Where tests let it fail. */
  readonly fault: FaultHook;
  /** Whether state outlives the process. */
  readonly persistent: boolean;
}
