/** What workers that never rest cost the calls of others. */
import { availableParallelism } from 'node:os';
import { SLICE_MS } from '../../runtime/engine/index.ts';
import { quantile } from '../abuse/summary.ts';
import { startChildNode } from '../node/child-node.ts';
import { uploadGuest } from '../node/guests.ts';
import { type Benchmark, progress } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob, CallTimes } from './children/call-workers.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary } from './statistics.ts';
import { formatTable, range, spread } from './table.ts';

const OTHERS = 100;
/** Of each of the others: 500 calls a second together. */
const EVERY_MS = 200;
const WINDOW_MS = 5000;
const QUICK_WINDOW_MS = 600;

export interface FairnessResult {
  readonly benchmark: 'fairness';
  readonly machine: Machine;
  readonly rounds: number;
  /** One for each engine thread. */
  readonly spinners: number;
  readonly slice_ms: number;
  /** The p99 with spinners, less one slice, to that without. */
  readonly p99_ratio: number;
  readonly ratio: Summary;
  readonly alone_p50_ms: Summary;
  readonly alone_p99_ms: Summary;
  readonly spun_p50_ms: Summary;
  readonly spun_p99_ms: Summary;
}

interface Window {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function windowOf(url: string, workers: readonly string[], forMs: number): Promise<Window> {
  const job: CallJob = {
    url,
    workers,
    clients: workers.length,
    everyMs: EVERY_MS,
    forMs,
    exportName: 'apply',
    args: [1],
  };
  const { elapsedMs } = await runChild<CallTimes>('call-workers', job);
  return { p50Ms: quantile(elapsedMs, 0.5), p99Ms: quantile(elapsedMs, 0.99) };
}

interface Round {
  readonly spinners: number;
  readonly alone: Window;
  readonly spun: Window;
}

async function measureRound(forMs: number): Promise<Round> {
  const spinners = availableParallelism();
  const node = await startChildNode({ engines: spinners }, []);
  try {
    const { workers } = node.client;
    const bundle = await uploadGuest(node.client, 'ledger');
    // Before the others, so that there is one on each thread.
    const spinning = Array.from({ length: spinners }, (_, index) => `spinner-${index}`);
    for (const name of spinning) await workers.create({ name, bundle });
    const others = Array.from({ length: OTHERS }, (_, index) => `other-${index}`);
    for (const name of others) await workers.create({ name, bundle });
    await windowOf(node.url, others, forMs / 4); // warm
    const alone = await windowOf(node.url, others, forMs);
    for (const name of spinning) {
      workers.call(name, 'spin').catch(() => undefined); // it ends with the node
      while ((await workers.get(name)).status !== 'running');
    }
    const spun = await windowOf(node.url, others, forMs);
    for (const name of spinning) {
      const { status, outcome } = await workers.get(name);
      if (status !== 'running') {
        throw new Error(`${name} is ${status} (${JSON.stringify(outcome)}); it must have been running all the time`);
      }
    }
    return { spinners, alone, spun };
  } finally {
    await node.kill();
  }
}

async function measure({ quick, rounds }: BenchOptions): Promise<FairnessResult> {
  const before = machine();
  const runs: Round[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    runs.push(await measureRound(quick ? QUICK_WINDOW_MS : WINDOW_MS));
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const of = (read: (run: Round) => number): Summary => summarise(runs.map(read));
  const ratio = of(({ alone, spun }) => Math.max(0, spun.p99Ms - SLICE_MS) / alone.p99Ms);
  return {
    benchmark: 'fairness',
    machine: before,
    rounds,
    spinners: runs[0]?.spinners ?? 0,
    slice_ms: SLICE_MS,
    p99_ratio: ratio.median,
    ratio,
    alone_p50_ms: of(({ alone }) => alone.p50Ms),
    alone_p99_ms: of(({ alone }) => alone.p99Ms),
    spun_p50_ms: of(({ spun }) => spun.p50Ms),
    spun_p99_ms: of(({ spun }) => spun.p99Ms),
  };
}

function format({ machine: where, spinners, ratio, ...times }: FairnessResult): string {
  const header = [
    'spinners',
    'alone: p50, ms',
    'p99, ms',
    'beside them: p50, ms',
    'p99, ms',
    'p99 less a slice, to alone',
  ];
  const { alone_p50_ms, alone_p99_ms, spun_p50_ms, spun_p99_ms } = times;
  const row = [`${spinners}`, ...[alone_p50_ms, alone_p99_ms, spun_p50_ms, spun_p99_ms].map(range), spread(ratio)];
  return `${machineLine(where)}\n\n${formatTable(header, [row])}`;
}

export const fairness: Benchmark<FairnessResult> = {
  question: 'What do workers that never rest cost the calls of others?',
  measure,
  format,
};
