/** How long a call takes that wakes a worker which was put away on disk, among very many of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../abuse/summary.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import { uploadGuest } from '../node/guests.ts';
import { mustHave } from '../node/features.ts';
import { type Benchmark, progress } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob, CallTimes } from './children/call-workers.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { round } from './statistics.ts';
import { formatTable } from './table.ts';

const HIBERNATED = 100_000;
const QUICK_HIBERNATED = 50;
/** Calls that are timed, each of another worker; one after the other. */
const WAKES = 2000;
const AT_ONCE = 32;
/** Short, so that they go soon; no worker is called twice, so none is met awake. */
const FIELDS = { hibernate: { afterMs: 0 } } as const;
const POLL_MS = 100;
const FOR_EVER_MS = 3_600_000;
const BYTES_PER_KIB = 1024;

export interface WakeResult {
  readonly benchmark: 'wake';
  readonly machine: Machine;
  /** Workers that were on disk alone when the first was called. */
  readonly hibernated: number;
  readonly wakes: number;
  /** From a client's call of a hibernated worker to the answer, over HTTP. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Resident memory of the node above that without workers, by their number. */
  readonly rss_kib_each: number;
}

/** Makes workers and leaves each with a state of its own: called once, then put away. */
async function fill({ client, url }: ChildNode, count: number): Promise<readonly string[]> {
  const bundle = await uploadGuest(client, 'ledger', FIELDS);
  const names = Array.from({ length: count }, (_, index) => `w-${index}`);
  let next = 0;
  const maker = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++])
      await client.workers.create({ name, bundle });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, maker));
  await callOnce(url, names, AT_ONCE);
  return names;
}

const callOnce = (url: string, workers: readonly string[], clients: number): Promise<CallTimes> => {
  const rhythm = { everyMs: 0, forMs: FOR_EVER_MS, once: true };
  const job: CallJob = { url, workers, clients, ...rhythm, exportName: 'apply', args: [1] };
  return runChild<CallTimes>('call-workers', job);
};

/** Waits until all are away. */
async function hibernatedOf({ client }: ChildNode, count: number): Promise<number> {
  for (;;) {
    const away = (await client.workers.list()).filter(({ status }) => (status as string) === 'hibernated').length;
    if (away >= count) return away;
    progress(`${away} of ${count} hibernate`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS + count / 100));
  }
}

async function measure({ quick }: BenchOptions): Promise<WakeResult> {
  const before = machine();
  const count = quick ? QUICK_HIBERNATED : HIBERNATED;
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-wake-'));
  const node = await startChildNode({ dataDir: folder, limits: { workers: Math.min(count + 10, 100_000) } });
  try {
    await mustHave(node, ['hibernation']);
    const base = await node.usage();
    const names = await fill(node, count);
    const hibernated = await hibernatedOf(node, count);
    const full = await node.usage();
    const stride = Math.max(1, Math.floor(count / WAKES));
    const { elapsedMs } = await callOnce(
      node.url,
      names.filter((_, at) => at % stride === 0),
      1,
    );
    return {
      benchmark: 'wake',
      machine: before,
      hibernated,
      wakes: elapsedMs.length,
      p50_ms: round(quantile(elapsedMs, 0.5)),
      p99_ms: round(quantile(elapsedMs, 0.99)),
      max_ms: round(quantile(elapsedMs, 1)),
      rss_kib_each: round((full.residentBytes - base.residentBytes) / BYTES_PER_KIB / count),
    };
  } finally {
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function format({ machine: where, hibernated, wakes, p50_ms, p99_ms, max_ms, rss_kib_each }: WakeResult): string {
  const header = ['hibernated', 'woken', 'p50, ms', 'p99, ms', 'longest, ms', 'memory of each, KiB'];
  const row = [hibernated, wakes, p50_ms, p99_ms, max_ms, rss_kib_each].map(String);
  return `${machineLine(where)}\n\n${formatTable(header, [row])}`;
}

export const wake: Benchmark<WakeResult> = {
  question: 'How long does a call take that wakes a worker from disk?',
  measure,
  format,
};
