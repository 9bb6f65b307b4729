/** What `top` shows, from two looks at a node. Knows nothing of terminals. */
import type { WorkerInfo } from '../../client/index.ts';
import { readSamples } from './metric-samples.ts';

/** One look at a node. */
export interface Look {
  /** On any clock that does not go back. */
  readonly atMs: number;
  readonly workers: readonly WorkerInfo[];
  /** The text of /metrics. */
  readonly metrics: string;
}

/** A worker; null: the node does not tell, or there is no look before. */
export interface TopRow {
  readonly name: string;
  readonly status: string;
  /** Of one processor, from 0 to 1. */
  readonly cpuShare: number | null;
  readonly fuelPerSecond: number | null;
  readonly memoryBytes: number;
  readonly callsPerSecond: number | null;
  readonly mailbox: number | null;
}

export interface TopView {
  readonly rows: readonly TopRow[];
  readonly node: {
    readonly workers: number;
    readonly cpuShare: number | null;
    readonly residentBytes: number | null;
    readonly callsPerSecond: number | null;
  };
}

export const SORTS = ['cpu', 'fuel', 'memory', 'calls', 'mailbox', 'name'] as const;
export type Sort = (typeof SORTS)[number];

const PAGE_BYTES = 65_536;
/** Metrics that `top` reads, all by worker but the last two. */
const METRIC = {
  cpu: 'container_cpu_usage_seconds_total',
  calls: 'pluvio_worker_calls_total',
  mailbox: 'pluvio_worker_mailbox_messages',
  nodeCpu: 'process_cpu_seconds_total',
  resident: 'process_resident_memory_bytes',
} as const;

/** The sum of a metric's samples: all of them, or those of one worker; null: there is none. */
type Totals = (metric: string, worker?: string) => number | null;

function totalsOf(metrics: string): Totals {
  const samples = readSamples(metrics);
  const sums = new Map<string, number>();
  const add = (key: string, value: number): unknown => sums.set(key, (sums.get(key) ?? 0) + value);
  for (const metric of Object.values(METRIC)) {
    for (const { labels, value } of samples.get(metric) ?? []) {
      add(metric, value);
      if (labels['worker'] !== undefined) add(`${metric} ${labels['worker']}`, value);
    }
  }
  return (metric, worker) => sums.get(worker === undefined ? metric : `${metric} ${worker}`) ?? null;
}

/** So much per second; null if one of the two is not known. A counter that fell began anew. */
function rate(before: number | null, after: number | null, seconds: number): number | null {
  if (before === null || after === null || seconds <= 0) return null;
  return (after >= before ? after - before : after) / seconds;
}

export function viewOf(before: Look | undefined, after: Look, sort: Sort): TopView {
  const seconds = before ? (after.atMs - before.atMs) / 1000 : 0;
  const [old, young] = [before && totalsOf(before.metrics), totalsOf(after.metrics)];
  const fuelBefore = new Map(before?.workers.map(({ name, fuelUsed }) => [name, Number(fuelUsed)]));
  // A worker whose first series is young has used what it tells since the look before.
  const rateOf = (metric: string, worker?: string): number | null => {
    const now = young(metric, worker);
    return old ? rate(old(metric, worker) ?? (now === null ? null : 0), now, seconds) : null;
  };
  const rows = after.workers.map((worker): TopRow => {
    const { name, status, memoryPages, fuelUsed } = worker;
    return {
      name,
      status,
      cpuShare: rateOf(METRIC.cpu, name),
      fuelPerSecond: rate(fuelBefore.get(name) ?? null, Number(fuelUsed), seconds),
      memoryBytes: memoryPages * PAGE_BYTES,
      callsPerSecond: rateOf(METRIC.calls, name),
      mailbox: young(METRIC.mailbox, name),
    };
  });
  return {
    rows: rows.sort(ORDER[sort]),
    node: {
      workers: rows.length,
      cpuShare: rateOf(METRIC.nodeCpu),
      residentBytes: young(METRIC.resident),
      callsPerSecond: rateOf(METRIC.calls),
    },
  };
}

const byName = (a: TopRow, b: TopRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const most =
  (value: (row: TopRow) => number | null) =>
  (a: TopRow, b: TopRow): number =>
    (value(b) ?? -1) - (value(a) ?? -1) || byName(a, b);

const ORDER: Readonly<Record<Sort, (a: TopRow, b: TopRow) => number>> = {
  cpu: most(({ cpuShare, fuelPerSecond }) => cpuShare ?? (fuelPerSecond ?? 0) / 1e12),
  fuel: most(({ fuelPerSecond }) => fuelPerSecond),
  memory: most(({ memoryBytes }) => memoryBytes),
  calls: most(({ callsPerSecond }) => callsPerSecond),
  mailbox: most(({ mailbox }) => mailbox),
  name: byName,
};
