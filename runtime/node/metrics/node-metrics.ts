/**
 * The metrics of a node: what happens is counted when it happens, what is there is asked for when it is scraped.
 *
 * Boundary: prom-client. Methods never throw and never wait; names and labels come from `metric-table.ts` alone.
 *
 * Invariants:
 * 1. The number of series is bounded: per worker by `WorkerSeries`, all other labels by tables of ours.
 * 2. Gauges that are asked for are set anew at each scrape: what is gone shows no more.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricName, type NamesOf } from './metric-table.ts';
import { OTHER, type WorkerLabels, WorkerSeries } from './worker-series.ts';

export const WORKER_SERIES_DEFAULT = 200;
/** Values that a label may have; what comes beyond is told as `_other`. */
export const LABEL_VALUES_MAX = 200;

export interface NodeMetricsOptions {
  /** Workers with series of their own. */
  readonly workerSeries?: number;
  /** Whether metrics of the process and of Node.js are given, too. Default: true. */
  readonly process?: boolean;
  readonly version?: string;
}

export type CallOutcome = 'returned' | 'exited' | 'trapped' | 'limit' | 'stopped' | 'cancelled' | 'failed';

/** A worker as a scrape shows it. */
export interface WorkerSample extends WorkerLabels {
  readonly status: string;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly createdMs: number;
  readonly queuedCalls?: number;
  readonly mailboxMessages?: number;
  readonly storageBytes?: number;
}

export interface ThreadSample {
  readonly thread: string;
  readonly utilisation: number;
  readonly workers: number;
  readonly queueLength: number;
}

/** What a scrape asks for; a part that a node does not have is left out. */
export interface MetricSources {
  readonly workers?: () => Iterable<WorkerSample>;
  readonly threads?: () => Iterable<ThreadSample>;
  /** Events so far, by kind. */
  readonly events?: () => ReadonlyMap<string, number>;
  readonly storeQueueLength?: () => number;
  readonly bundles?: () => number;
  readonly modules?: () => number;
  readonly streams?: () => number;
}

let ofProcess: Registry | undefined;

/** Metrics of the process and of Node.js, which all nodes of a process share: their observers never end. */
function processRegistry(): Registry {
  if (ofProcess) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  for (const name of MISNAMED) ofProcess.removeSingleMetric(name);
  return ofProcess;
}

/** Gauges of the client that are named as counters; the ones by type, without `_total`, tell the same. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

type AnyMetric = Counter | Gauge | Histogram;

export class NodeMetrics {
  readonly #registry = new Registry();
  readonly #process: Registry | undefined;
  readonly #metrics: Readonly<Record<MetricName, AnyMetric>>;
  readonly #series: WorkerSeries;
  readonly #known = new Map<string, Set<string>>();
  /** Events by kind that the metrics have. */
  readonly #told = new Map<string, number>();

  constructor({ workerSeries = WORKER_SERIES_DEFAULT, process: withProcess = true, version }: NodeMetricsOptions = {}) {
    this.#series = new WorkerSeries(workerSeries);
    const entries = Object.entries(METRICS).map(
      ([name, row]) => [name, this.#create(name as MetricName, row)] as const,
    );
    this.#metrics = Object.fromEntries(entries) as Record<MetricName, AnyMetric>; // one per row
    this.#process = withProcess ? processRegistry() : undefined;
    if (version !== undefined) this.#gauge('pluvio_build_info').set({ version }, 1);
  }

  #create(name: MetricName, row: (typeof METRICS)[MetricName]): AnyMetric {
    const options = { name, help: row.help, labelNames: [...row.labels], registers: [this.#registry] };
    if (row.type === 'counter') return new Counter(options);
    if (row.type === 'gauge') return new Gauge(options);
    return new Histogram({ ...options, buckets: [...(row.buckets ?? [])] });
  }

  // The rows say what each is.
  #counter(name: NamesOf<'counter'>): Counter {
    return this.#metrics[name] as Counter;
  }
  #gauge(name: NamesOf<'gauge'>): Gauge {
    return this.#metrics[name] as Gauge;
  }
  #histogram(name: NamesOf<'histogram'>): Histogram {
    return this.#metrics[name] as Histogram;
  }

  /** A label's value, if there are not too many of that label yet. */
  #bounded(name: MetricName, label: string, value: string): string {
    const key = `${name} ${label}`;
    let known = this.#known.get(key);
    if (!known) this.#known.set(key, (known = new Set()));
    if (known.has(value)) return value;
    if (known.size >= LABEL_VALUES_MAX) return OTHER;
    known.add(value);
    return value;
  }

  #addOf(name: NamesOf<'counter'>, of: WorkerLabels, value: number, label?: string, labelValue = ''): void {
    if (!(value > 0)) return;
    const { worker, tenant } = this.#series.labelsOf(of);
    const labels = label === undefined ? { worker, tenant } : { worker, tenant, [label]: labelValue };
    const metric = this.#counter(name);
    metric.inc(labels, value);
    const key = label === undefined ? name : `${name} ${labelValue}`;
    this.#series.keep(of.worker, key, () => ({ remove: () => metric.remove(labels) }));
  }

  /** A call of an export, a message, a timer or a request of a worker has ended. */
  callEnded({
    seconds,
    outcome,
    ...of
  }: WorkerLabels & { readonly seconds: number; readonly outcome: CallOutcome }): void {
    this.#addOf('pluvio_worker_calls_total', of, 1, 'outcome', outcome);
    const { worker, tenant } = this.#series.labelsOf(of);
    const labels = { worker, tenant };
    const metric = this.#histogram('pluvio_worker_call_duration_seconds');
    metric.observe(labels, seconds);
    this.#series.keep(of.worker, 'seconds', () => ({ remove: () => metric.remove(labels) }));
  }

  /** What a worker used since it was last told; at the end of a call, and now and then of a long one. */
  used(of: WorkerLabels & { readonly cpuSeconds?: number; readonly fuel?: number }): void {
    this.#addOf('container_cpu_usage_seconds_total', of, of.cpuSeconds ?? 0);
    this.#addOf('pluvio_worker_fuel_total', of, of.fuel ?? 0);
  }

  hibernated(of: WorkerLabels): void {
    this.#addOf('pluvio_worker_hibernations_total', of, 1);
  }

  woken({
    seconds,
    reason,
    ...of
  }: WorkerLabels & { readonly seconds: number; readonly reason: 'call' | 'message' | 'timer' | 'request' }): void {
    this.#addOf('pluvio_worker_wakes_total', of, 1, 'reason', reason);
    this.#histogram('pluvio_wake_duration_seconds').observe(seconds);
  }

  checkpointed({ seconds, bytes, ...of }: WorkerLabels & { readonly seconds: number; readonly bytes: number }): void {
    this.#addOf('pluvio_worker_checkpoints_total', of, 1);
    this.#addOf('pluvio_worker_checkpoint_bytes_total', of, bytes);
    this.#histogram('pluvio_checkpoint_duration_seconds').observe(seconds);
  }

  moved(move: {
    readonly direction: 'out' | 'in';
    readonly outcome: 'moved' | 'failed' | 'in-doubt';
    readonly downtimeSeconds?: number;
    readonly bytes?: number;
  }): void {
    const { direction, outcome, downtimeSeconds, bytes = 0 } = move;
    this.#counter('pluvio_moves_total').inc({ direction, outcome });
    if (bytes > 0) this.#counter('pluvio_move_bytes_total').inc({ direction }, bytes);
    if (downtimeSeconds !== undefined) this.#histogram('pluvio_move_downtime_seconds').observe(downtimeSeconds);
  }

  /** A limit of a worker was reached. */
  workerLimitReached({ limit, ...of }: WorkerLabels & { readonly limit: string }): void {
    const name = 'pluvio_worker_limits_reached_total';
    this.#addOf(name, of, 1, 'limit', this.#bounded(name, 'limit', limit));
  }

  limitReached({ scope, limit }: { readonly scope: 'node' | 'tenant' | 'worker'; readonly limit: string }): void {
    const name = 'pluvio_limits_reached_total';
    this.#counter(name).inc({ scope, limit: this.#bounded(name, 'limit', limit) });
  }

  storeOperation({ operation, seconds }: { readonly operation: string; readonly seconds: number }): void {
    const name = 'pluvio_store_operation_duration_seconds';
    this.#histogram(name).observe({ operation: this.#bounded(name, 'operation', operation) }, seconds);
  }

  delivered(kind: 'message' | 'timer'): void {
    this.#counter('pluvio_messages_total').inc({ kind });
  }

  requestEnded({
    operation,
    code,
    seconds,
  }: {
    readonly operation: string;
    readonly code: string;
    readonly seconds: number;
  }): void {
    const name = 'pluvio_http_requests_total';
    const bounded = this.#bounded(name, 'operation', operation);
    this.#counter(name).inc({ operation: bounded, code: this.#bounded(name, 'code', code) });
    this.#histogram('pluvio_http_request_duration_seconds').observe({ operation: bounded }, seconds);
  }

  eventHappened(kind: string, count = 1): void {
    const name = 'pluvio_events_total';
    this.#counter(name).inc({ kind: this.#bounded(name, 'kind', kind) }, count);
  }

  threadRestarted(): void {
    this.#counter('pluvio_thread_restarts_total').inc();
  }

  /** The worker is gone: its series go, and another worker may have its place. */
  workerGone(worker: string): void {
    this.#series.release(worker);
  }

  /** Says where scrapes find what is there. */
  collectFrom(sources: MetricSources): void {
    this.#sources = { ...this.#sources, ...sources };
  }
  #sources: MetricSources = {};

  /** All metrics in Prometheus' text format 0.0.4. */
  async text(): Promise<string> {
    this.#collect();
    return (await this.#registry.metrics()) + ((await this.#process?.metrics()) ?? '');
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #collect(): void {
    const { workers, threads, events, storeQueueLength, bundles, modules, streams } = this.#sources;
    this.#gauge('pluvio_resident_bytes').set(process.memoryUsage.rss());
    if (storeQueueLength) this.#gauge('pluvio_store_queue_length').set(storeQueueLength());
    if (bundles) this.#gauge('pluvio_bundles').set(bundles());
    if (modules) this.#gauge('pluvio_modules').set(modules());
    if (streams) this.#gauge('pluvio_streams').set(streams());
    if (events) this.#collectEvents(events());
    if (threads) this.#collectThreads(threads());
    if (workers) this.#collectWorkers(workers());
  }

  /** Every call is two events: they are counted by who has them, and told when they are asked for. */
  #collectEvents(counts: ReadonlyMap<string, number>): void {
    for (const [kind, count] of counts) {
      const fresh = count - (this.#told.get(kind) ?? 0);
      if (fresh > 0) this.eventHappened(kind, fresh);
      this.#told.set(kind, count);
    }
  }

  #collectThreads(threads: Iterable<ThreadSample>): void {
    const utilisation = this.#gauge('pluvio_thread_utilisation_ratio');
    const workers = this.#gauge('pluvio_thread_workers');
    const queue = this.#gauge('pluvio_thread_queue_length');
    for (const metric of [utilisation, workers, queue]) metric.reset();
    let count = 0;
    for (const { thread, ...sample } of threads) {
      count++;
      utilisation.set({ thread }, sample.utilisation);
      workers.set({ thread }, sample.workers);
      queue.set({ thread }, sample.queueLength);
    }
    this.#gauge('pluvio_threads').set(count);
  }

  #collectWorkers(samples: Iterable<WorkerSample>): void {
    const byStatus = this.#gauge('pluvio_workers');
    const gauges = WORKER_GAUGES.map(({ name, valueOf }) => ({ metric: this.#gauge(name), valueOf, other: 0 }));
    byStatus.reset();
    for (const { metric } of gauges) metric.reset();
    let others = 0;
    for (const sample of samples) {
      byStatus.inc({ status: sample.status });
      const labels = this.#series.labelsOf(sample);
      if (labels.worker === OTHER) others++;
      for (const gauge of gauges) {
        const value = gauge.valueOf(sample);
        if (value === undefined) continue;
        if (labels.worker === OTHER) gauge.other += value;
        else gauge.metric.set({ ...labels }, value);
      }
    }
    if (others === 0) return;
    for (const { metric, other } of gauges) metric.set({ worker: OTHER, tenant: OTHER }, other);
    this.#gauge('container_start_time_seconds').remove({ worker: OTHER, tenant: OTHER });
  }
}

/** Gauges of a worker, and where a sample has them. */
const WORKER_GAUGES: readonly {
  readonly name: NamesOf<'gauge'>;
  readonly valueOf: (of: WorkerSample) => number | undefined;
}[] = [
  { name: 'container_memory_usage_bytes', valueOf: ({ memoryBytes }) => memoryBytes },
  { name: 'container_spec_memory_limit_bytes', valueOf: ({ memoryLimitBytes }) => memoryLimitBytes },
  { name: 'container_start_time_seconds', valueOf: ({ createdMs }) => createdMs / 1000 },
  { name: 'pluvio_worker_queued_calls', valueOf: ({ queuedCalls }) => queuedCalls },
  { name: 'pluvio_worker_mailbox_messages', valueOf: ({ mailboxMessages }) => mailboxMessages },
  { name: 'pluvio_worker_storage_bytes', valueOf: ({ storageBytes }) => storageBytes },
];
