import type { BundleShelf } from './bundle-shelf.ts';
import type { Clock } from './clock.ts';
import type { EventBus } from './event-bus.ts';
import type { Logger } from './logger.ts';
import type { LoadedModules } from './loaded-modules.ts';
import type { NodeLimits } from './node-limits.ts';
import type { RecordStore } from './record-store.ts';
import type { EnginePool } from './threads/engine-pool.ts';

/** What a worker needs of its node. */
export interface WorkerServices {
  readonly engines: EnginePool;
  readonly modules: LoadedModules;
  readonly shelf: BundleShelf;
  /** Worker records and tombstones by name. */
  readonly records: RecordStore;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: NodeLimits;
  /** Whether state outlives the process. */
  readonly persistent: boolean;
}
