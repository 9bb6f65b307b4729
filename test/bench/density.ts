/** How many workers of a page live in one node, and what each of them takes. */
import { Pool } from 'undici';
import { type Benchmark, progress } from './benchmark.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import { uploadGuest } from '../node/guests.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { median, round, summarise, type Summary } from './statistics.ts';
import { formatTable, range } from './table.ts';

const LIVE = 10_000;
const QUICK_LIVE = 50;
/** Creations under way at a time: enough that the node is never waiting for the client. */
const AT_ONCE = 16;
/** Single requests, one after the other, when all are there. */
const SINGLE = 50;
/** One in so many is called at the end: it must answer, and know nothing of the others. */
const CALLED_SHARE = 50;
/** So that none leaves memory while it is counted. */
const FIELDS = { hibernate: { afterMs: 86_400_000 } } as const;
const US_PER_MS = 1000;
const KIB = 1024;

export interface DensityResult {
  readonly benchmark: 'density';
  readonly machine: Machine;
  readonly rounds: number;
  /** Workers in memory at the end, each of one page. */
  readonly live: number;
  /** Median over rounds: the time of all creations by the number of workers, by the clock, over HTTP. */
  readonly start_us: number;
  /** Resident memory of the process above that with one worker, by the number of workers. */
  readonly rss_kib_each: number;
  readonly start: Summary;
  readonly rss: Summary;
  /** What a single client waits for one more worker, and for a fork, when all are there: medians. */
  readonly start_answer_ms: Summary;
  readonly fork_answer_ms: Summary;
}

interface Filled {
  readonly live: number;
  readonly startUs: number;
  readonly rssKib: number;
  readonly startAnswerMs: number;
  readonly forkAnswerMs: number;
}

const inMemory = ['idle', 'running', 'waiting', 'stopped'];

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Calls some of them: each counts for itself. @throws Error if one does not */
async function checkSome({ client }: ChildNode, names: readonly string[]): Promise<void> {
  for (let at = 0; at < names.length; at += CALLED_SHARE) {
    const outcome = await client.workers.call(names[at] ?? '', 'apply', [at]);
    if (outcome.kind === 'returned' && outcome.values[0] === 1) continue;
    throw new Error(`worker ${names[at]} answers ${JSON.stringify(outcome)}`);
  }
}

/** Asks for something by a plain client, which takes less of the machine than what it asks for. */
async function post(pool: Pool, path: string, json: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { statusCode, body } = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(json) });
  const text = await body.text();
  if (statusCode >= 300) throw new Error(`POST ${path}: ${statusCode} ${text.slice(0, 200)}`);
}

async function fill(node: ChildNode, count: number): Promise<Filled> {
  const { client } = node;
  const bundle = await uploadGuest(client, 'ledger', FIELDS);
  const pool = new Pool(node.url, { connections: AT_ONCE });
  const create = (name: string): Promise<void> => post(pool, '/v1/workers', { name, bundle });
  await create('first');
  await client.workers.call('first', 'apply', [1]); // the module is warm
  const base = await node.usage();
  const names = Array.from({ length: count - 1 }, (_, index) => `w-${index}`);
  let next = 0;
  const maker = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) await create(name);
  };
  const elapsedMs = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, maker)));
  const full = await node.usage();
  const live = (await client.workers.list()).filter(({ status }) => inMemory.includes(status)).length;
  await checkSome(node, names);
  const starts: number[] = [];
  const forks: number[] = [];
  for (let single = 0; single < SINGLE; single++) {
    starts.push(await timed(() => create(`single-${single}`)));
    const twin = { name: `fork-${single}`, start: false };
    forks.push(await timed(() => post(pool, '/v1/workers/first/fork', twin)));
  }
  await pool.close();
  return {
    live,
    startUs: (elapsedMs * US_PER_MS) / names.length,
    rssKib: (full.residentBytes - base.residentBytes) / KIB / names.length,
    startAnswerMs: median(starts),
    forkAnswerMs: median(forks),
  };
}

async function measure({ quick, rounds }: BenchOptions): Promise<DensityResult> {
  const before = machine();
  const count = quick ? QUICK_LIVE : LIVE;
  const runs: Filled[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    const node = await startChildNode({ limits: { workers: count + 2 * SINGLE } });
    runs.push(await fill(node, count).finally(() => node.kill()));
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const of = (read: (run: Filled) => number): Summary => summarise(runs.map(read));
  const start = of(({ startUs }) => startUs);
  const rss = of(({ rssKib }) => rssKib);
  return {
    benchmark: 'density',
    machine: before,
    rounds,
    live: Math.min(...runs.map(({ live }) => live)),
    start_us: start.median,
    rss_kib_each: rss.median,
    start,
    rss,
    start_answer_ms: of(({ startAnswerMs }) => startAnswerMs),
    fork_answer_ms: of(({ forkAnswerMs }) => forkAnswerMs),
  };
}

function format({ machine: where, live, start, rss, start_answer_ms, fork_answer_ms }: DensityResult): string {
  const header = ['live workers', 'start, µs', 'memory, KiB', 'one start, ms', 'one fork, ms'];
  const row = [`${round(live)}`, range(start), range(rss), range(start_answer_ms), range(fork_answer_ms)];
  return `${machineLine(where)}\n\nFor each worker:\n\n${formatTable(header, [row])}`;
}

export const density: Benchmark<DensityResult> = {
  question: 'How many workers live in one node, and what does each take?',
  measure,
  format,
};
