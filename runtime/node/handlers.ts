/** The operations of the API by id; each is a function of the call and the node's services. */
import type { BackupStreams } from './backup-stream.ts';
import type { BundleShelf } from './bundle-shelf.ts';
import type { CallDesk } from './call-desk.ts';
import type { EventBus } from './event-bus.ts';
import type { StreamRoom } from './event-stream.ts';
import { bundleHandlers } from './handlers-bundles.ts';
import { callHandlers } from './handlers-calls.ts';
import { historyHandlers } from './handlers-history.ts';
import { moveHandlers } from './handlers-moves.ts';
import { nodeHandlers } from './handlers-node.ts';
import { streamHandlers } from './handlers-streams.ts';
import { workerHandlers } from './handlers-workers.ts';
import type { IncomingMoves } from './incoming-moves.ts';
import type { NodeInfo } from './api-types.ts';
import type { NodeLimits } from './node-limits.ts';
import type { Clock } from './clock.ts';
import type { NodeAdmission } from './node-admission.ts';
import type { NodeDrain } from './node-drain.ts';
import type { NodeRegistries } from './registry/index.ts';
import type { OutgoingMoves } from './outgoing-moves.ts';
import type { PostOffice } from './post-office.ts';
import type { PullRules } from './pulled-stream.ts';
import type { Query } from './query.ts';
import type { LoadedModules } from './loaded-modules.ts';
import type { NodeQuotas } from './quotas/node-quotas.ts';
import type { OperationId } from './route-table.ts';
import type { Identity } from './security/identity.ts';
import type { NodeMetrics } from './metrics/node-metrics.ts';
import type { WorkerSampler } from './metrics/worker-sampler.ts';
import type { MoveSeal } from './security/move-seal.ts';
import type { Revoked } from './security/revocations.ts';
import type { Waits } from './waits.ts';
import type { WorkerTable } from './worker-table.ts';

/** One request, checked against its row of the route table. */
export interface OperationCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly request: Request;
  /** Who asks; undefined: the operation is public. */
  readonly identity: Identity | undefined;
  /** W3C trace context of what this causes; undefined: there is no trace. */
  readonly traceparent: string | undefined;
  readonly contentType: string;
  readonly accepts: string;
  readonly json: unknown;
  /** A raw body, bounded. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** JSON for the answer, nothing (204), or a whole response. */
export type Handler = (call: OperationCall) => Promise<unknown>;
export type Handlers = Readonly<Record<OperationId, Handler>>;

/** What the operations work on. */
export interface NodeServices {
  readonly table: WorkerTable;
  readonly shelf: BundleShelf;
  readonly registries: NodeRegistries;
  readonly incoming: IncomingMoves;
  readonly outgoing: OutgoingMoves;
  readonly seal: MoveSeal;
  readonly events: EventBus;
  readonly streams: StreamRoom;
  /** How answers that are streams wait for their readers. */
  readonly pulling: PullRules;
  readonly post: PostOffice;
  readonly clock: Clock;
  readonly waits: Waits;
  readonly desk: CallDesk;
  readonly limits: NodeLimits;
  readonly admission: NodeAdmission;
  readonly quotas: NodeQuotas;
  readonly modules: Pick<LoadedModules, 'load'>;
  readonly drain: NodeDrain;
  readonly backups: BackupStreams;
  readonly info: () => NodeInfo;
  readonly metrics: NodeMetrics;
  readonly sampler: WorkerSampler;
  /** Has tokens count no more. */
  readonly revoke: (what: Revoked) => Promise<void>;
  readonly closing: AbortSignal;
}

export function createHandlers(services: NodeServices): Handlers {
  return {
    ...nodeHandlers(services),
    ...workerHandlers(services),
    ...historyHandlers(services),
    ...callHandlers(services),
    ...streamHandlers(services),
    ...bundleHandlers(services),
    ...moveHandlers(services),
  };
}
