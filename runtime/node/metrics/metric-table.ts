/**
 * Every metric of a node, a row each; docs/metrics.md is made of it.
 *
 * Names: what cAdvisor has for containers keeps its name (`container_…`), with the worker as the container; all else begins with `pluvio_`.
 * Base units (seconds, bytes, ratios) stand at the end, counters end in `_total`.
 */
import { counter, gauge, histogram, type MetricRow, type MetricType, WORKER_LABELS } from './metric-row.ts';

/** From below a millisecond, for calls and writes. */
const FAST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10];
/** For what goes over a network. */
const SLOW_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export const METRICS = {
  container_cpu_usage_seconds_total: counter('seconds', WORKER_LABELS, 'Time that engine threads ran the worker.'),
  container_memory_usage_bytes: gauge('bytes', WORKER_LABELS, 'Memory of the worker: linear memories and tables.'),
  container_spec_memory_limit_bytes: gauge('bytes', WORKER_LABELS, 'Memory that the worker may have.'),
  container_start_time_seconds: gauge('seconds', WORKER_LABELS, 'When the worker was made, since 1970.'),

  pluvio_worker_fuel_total: counter('', WORKER_LABELS, 'Fuel used.'),
  pluvio_worker_calls_total: counter('', [...WORKER_LABELS, 'outcome'], 'Calls that ended, by how they ended.'),
  pluvio_worker_call_duration_seconds: histogram(
    'seconds',
    WORKER_LABELS,
    FAST_SECONDS,
    'From the arrival of a call to its end, waiting included.',
  ),
  pluvio_worker_queued_calls: gauge('', WORKER_LABELS, 'Calls that wait for their turn.'),
  pluvio_worker_mailbox_messages: gauge('', WORKER_LABELS, 'Messages that the worker has not taken yet.'),
  pluvio_worker_storage_bytes: gauge('bytes', WORKER_LABELS, 'Key-value and blob storage of the worker.'),
  pluvio_worker_hibernations_total: counter('', WORKER_LABELS, 'Times that the worker left memory.'),
  pluvio_worker_wakes_total: counter('', [...WORKER_LABELS, 'reason'], 'Times that it came back, by what woke it.'),
  pluvio_worker_checkpoints_total: counter('', WORKER_LABELS, 'Checkpoints that were written.'),
  pluvio_worker_checkpoint_bytes_total: counter('bytes', WORKER_LABELS, 'Bytes that checkpoints wrote.'),
  pluvio_worker_limits_reached_total: counter('', [...WORKER_LABELS, 'limit'], 'Limits of the worker that it reached.'),

  pluvio_workers: gauge('', ['status'], 'Workers by status.'),
  pluvio_wake_duration_seconds: histogram('seconds', [], FAST_SECONDS, 'From what woke a worker until it runs.'),
  pluvio_checkpoint_duration_seconds: histogram(
    'seconds',
    [],
    FAST_SECONDS,
    'Time of a checkpoint, until it is durable.',
  ),
  pluvio_moves_total: counter('', ['direction', 'outcome'], 'Moves out of and into this node, by how they ended.'),
  pluvio_move_downtime_seconds: histogram(
    'seconds',
    [],
    SLOW_SECONDS,
    "From the stop of a worker to the target's word that it runs.",
  ),
  pluvio_move_bytes_total: counter('bytes', ['direction'], 'Bytes of blobs that moves sent or received.'),

  pluvio_store_operation_duration_seconds: histogram(
    'seconds',
    ['operation'],
    FAST_SECONDS,
    'Time of store operations.',
  ),
  pluvio_store_queue_length: gauge('', [], 'Store operations that wait.'),
  pluvio_messages_total: counter('', ['kind'], 'Messages and timers that became inputs of workers here.'),

  pluvio_threads: gauge('', [], 'Engine threads.'),
  pluvio_thread_utilisation_ratio: gauge('ratio', ['thread'], 'Share of time that an engine thread was busy.'),
  pluvio_thread_workers: gauge('', ['thread'], 'Live workers of an engine thread.'),
  pluvio_thread_queue_length: gauge('', ['thread'], 'Workers of an engine thread that run, by turns.'),
  pluvio_thread_restarts_total: counter('', [], 'Engine threads that died and were replaced.'),

  pluvio_http_requests_total: counter(
    '',
    ['operation', 'code'],
    'Requests by operation and by `OK` or code of the error.',
  ),
  pluvio_http_request_duration_seconds: histogram(
    'seconds',
    ['operation'],
    FAST_SECONDS,
    'Time until the answer began.',
  ),
  pluvio_limits_reached_total: counter(
    '',
    ['scope', 'limit'],
    'Limits of the node, of tenants and of workers that were reached, each time.',
  ),
  pluvio_events_total: counter('', ['kind'], 'Events of workers by kind.'),
  pluvio_bundles: gauge('', [], 'Bundles that the node keeps.'),
  pluvio_modules: gauge('', [], 'Modules in memory, compiled.'),
  pluvio_streams: gauge('', [], 'Open log and event streams.'),
  pluvio_resident_bytes: gauge('bytes', [], 'Resident memory of the process.'),
  pluvio_build_info: gauge('', ['version'], 'Always 1; the version of the node is a label.'),
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;

/** The names of one type. */
export type NamesOf<T extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends T ? Name : never;
}[MetricName];

/** Metrics that are told per worker. */
export const isPerWorker = (name: MetricName): boolean => METRICS[name].labels.includes('worker');
