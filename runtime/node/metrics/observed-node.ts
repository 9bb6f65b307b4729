/** What the metrics of a node are made of: its events, its requests, and what is there when they are scraped. */
import type { NodeEvent } from '../api-types.ts';
import type { EventBus } from '../event-bus.ts';
import type { HostedWorker } from '../hosted-worker.ts';
import type { RequestEnded } from '../operation-run.ts';
import type { NodeStore } from '../store/index.ts';
import type { EnginePool } from '../threads/engine-pool.ts';
import { DEFAULT_TENANT } from '../worker-record.ts';
import type { NodeMetrics, ThreadSample, WorkerSample } from './node-metrics.ts';

const PAGE_BYTES = 65_536;
const MEMORY_PAGES = 4096;

/** Codes that say that a limit of the node was reached. */
const LIMIT_CODES: ReadonlySet<string> = new Set([
  'BODY_TOO_LARGE',
  'ENGINES_TOO_MANY',
  'MAILBOX_FULL',
  'STORE_BUSY',
  'STORE_FULL',
  'STREAMS_TOO_MANY',
  'WORKERS_TOO_MANY',
]);

export interface Observed {
  readonly workers: () => Iterable<HostedWorker>;
  readonly engines: EnginePool;
  readonly store: Pick<NodeStore, 'statistics'>;
  readonly events: EventBus;
  readonly bundles: () => number;
  readonly modules: () => number;
  readonly streams: () => number;
}

/** Has the metrics follow a node. */
export function observe(
  metrics: NodeMetrics,
  { workers, engines, store, events, bundles, modules, streams }: Observed,
): void {
  events.listen((event, tenant = DEFAULT_TENANT) => eventHappened(metrics, event, tenant));
  let lost = 0;
  metrics.collectFrom({
    workers: () => samplesOf(workers()),
    threads: () => {
      for (; lost < engines.lost; lost++) metrics.threadRestarted();
      return threadsOf(engines);
    },
    events: () => events.counts,
    storeQueueLength: () => store.statistics().queuedRequests,
    bundles,
    modules,
    streams,
  });
}

function eventHappened(metrics: NodeMetrics, { kind, worker, data }: NodeEvent, tenant: string): void {
  const labels = { worker, tenant };
  switch (kind) {
    case 'hibernated':
      return metrics.hibernated(labels);
    case 'limit':
      return metrics.workerLimitReached({ ...labels, limit: String(data['limit']) });
    case 'arrived':
      return metrics.moved({ direction: 'in', outcome: 'moved' });
    case 'move-failed':
      return metrics.moved({ direction: 'out', outcome: 'failed' });
    case 'move-in-doubt':
      return metrics.moved({ direction: 'out', outcome: 'in-doubt' });
    case 'moved':
    case 'deleted':
      return metrics.workerGone(worker);
    default:
      return undefined;
  }
}

/** Counts a request. */
export function requestEnded(metrics: NodeMetrics, { operation, code, seconds }: RequestEnded): void {
  metrics.requestEnded({ operation, code, seconds });
  if (LIMIT_CODES.has(code)) metrics.limitReached({ scope: 'node', limit: code });
}

function* samplesOf(workers: Iterable<HostedWorker>): Generator<WorkerSample> {
  for (const worker of workers) {
    const { name, tenant, status, createdMs, memoryPages, queued } = worker.info();
    const usage = worker.live?.engine.abi?.usage;
    const limit = worker.live?.program.limits.memoryPages ?? MEMORY_PAGES;
    yield {
      worker: name,
      tenant,
      status,
      createdMs,
      memoryBytes: (worker.live === undefined ? 0 : memoryPages) * PAGE_BYTES,
      memoryLimitBytes: limit * PAGE_BYTES,
      queuedCalls: queued,
      ...(usage === undefined ? {} : { mailboxMessages: usage.mailboxLength, storageBytes: usage.storageBytes }),
    };
  }
}

function* threadsOf({ engines }: EnginePool): Generator<ThreadSample> {
  for (const [at, engine] of engines.entries()) {
    yield { thread: String(at), utilisation: engine.utilization, workers: engine.load, queueLength: engine.running };
  }
}
