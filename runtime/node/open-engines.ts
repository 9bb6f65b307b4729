/** Engines of a node, and what they may take: how many, of what kind, for whom. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { PluvioError } from '../errors/index.ts';
import type { EventBus } from './event-bus.ts';
import { MemoryPlaces } from './memory-places.ts';
import type { NodeMetrics } from './metrics/node-metrics.ts';
import type { NodeState } from './open-state.ts';
import { NodeQuotas } from './quotas/index.ts';
import type { NodeOptions, Undo } from './start-options.ts';
import { checkPermissionModel, type EngineUser, openEngineUser } from './threads/engine-launch.ts';
import { EnginePool } from './threads/engine-pool.ts';

const PAGE_BYTES = 65_536;
const ENGINE_HEAP_MIB = 2048;
const TENANT_ENGINES = 16;

export interface NodeEngines {
  readonly engines: EnginePool;
  readonly quotas: NodeQuotas;
  readonly places: MemoryPlaces;
}

/** @throws PluvioError as `checkPermissionModel` and `openEngineUser` */
async function engineUserOf({ engineUser, isolation = 'thread' }: NodeOptions): Promise<EngineUser | undefined> {
  if (isolation === 'process') checkPermissionModel();
  if (engineUser === undefined) return undefined;
  if (isolation === 'process') return openEngineUser(engineUser);
  const message = `cannot run engines as "${engineUser}": engines are no processes; engine.isolation must have them so`;
  throw new PluvioError('UNSUPPORTED', message);
}

/** @throws PluvioError `UNSUPPORTED`, `LIMIT_OUT_OF_RANGE`, and as `openEngineUser` */
export async function openEngines(
  options: NodeOptions,
  { limits, dataDir, clock, logger }: NodeState,
  { events, metrics }: { readonly events: EventBus; readonly metrics: NodeMetrics },
  undo: Undo,
): Promise<NodeEngines> {
  const { isolation: kind = 'thread', isolateTenants = false } = options;
  const user = await engineUserOf(options);
  const count = options.engines ?? (isolateTenants ? TENANT_ENGINES : availableParallelism());
  const counting = { sharesMemory: kind !== 'process', engines: count };
  const quotas = new NodeQuotas(options.quotas ?? {}, { events, metrics, clock, ...counting });
  const memoryPages = Math.floor(limits.guestMemoryBytes / PAGE_BYTES);
  const places = new MemoryPlaces({
    limit: limits.liveWorkers,
    pages: memoryPages,
    waitMs: limits.placeWaitMs,
    clock,
    reached: (worker, limit, action) => quotas.nodeReached(worker, limit, action, limits[limit]),
  });
  const engines = new EnginePool({
    kind,
    engines: count,
    slotEnded: (slot) => quotas.ledger.engineEnded(slot),
    heapMib: options.engineHeapMib ?? ENGINE_HEAP_MIB,
    isolatesTenants: isolateTenants,
    memoryPages,
    user,
    // What one engine writes there runs in the others: none is trusted with it that is not trusted with the node's files.
    moduleFolder: dataDir === undefined || user ? undefined : join(dataDir, 'modules'),
    logger,
  });
  undo.push(() => engines.close());
  return { engines, quotas, places };
}
