/** How long a stopped worker takes to become bytes, and the bytes a worker. */
import { type Benchmark, progress } from './benchmark.ts';
import { runChild } from './child.ts';
import type { SnapshotJob, SnapshotTimes } from './children/snapshot-worker.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary, warmMedian } from './statistics.ts';
import { formatTable, range } from './table.ts';

const CASES = {
  small: {
    job: { memoryPages: 2, depth: 10, repetitions: 200 },
    quick: { memoryPages: 2, depth: 10, repetitions: 3 },
  },
  large: {
    job: { memoryPages: 1024, depth: 10, repetitions: 8 },
    quick: { memoryPages: 16, depth: 10, repetitions: 2 },
  },
} as const satisfies Record<string, { readonly job: SnapshotJob; readonly quick: SnapshotJob }>;

/** The points of a curve, in pages: 128 KiB to 1 GiB. */
const GROWTH_PAGES = [2, 16, 128, 1024, 4096, 16_384];
/** Pages of all repetitions together: what bounds the time of a child. */
const GROWTH_PAGES_TOTAL = 8192;

export interface CaseResult {
  readonly memory_bytes: number;
  readonly stack_depth: number;
  readonly snapshot_bytes: number;
  /** Capture to bytes and restore from them, warm, in milliseconds by the clock. */
  readonly ms: Summary;
  readonly capture_ms: Summary;
  readonly restore_ms: Summary;
  /** The first capture and restore of a process. */
  readonly cold_ms: Summary;
  /** From `stop()` to the worker being stopped, asked between two slices. */
  readonly stop_us: Summary;
  /** From `resume()` to the outcome, through all frames. */
  readonly resume_us: Summary;
  /** To copying the memory out and into a fresh bare instance. */
  readonly copy_ratio: Summary;
  /** A delta of 1 % of the blocks taken, and a staged worker brought up to date by it. */
  readonly delta_ms: Summary;
  readonly delta_bytes: number;
  /** That to comparing the memory with an equal copy. */
  readonly compare_ratio: Summary;
}

export interface SnapshotResult {
  readonly benchmark: 'snapshot';
  readonly machine: Machine;
  readonly rounds: number;
  readonly small_ms: number;
  readonly large_ms: number;
  readonly bytes_small: number;
  readonly bytes_large: number;
  readonly small_cold_ms: number;
  readonly stop_us: number;
  readonly resume_us: number;
  /** Of the large worker. */
  readonly delta_ms: number;
  readonly small: CaseResult;
  readonly large: CaseResult;
  /** From the smallest to the largest; only with `--growth`. */
  readonly by_memory: readonly CaseResult[];
}

const US_PER_MS = 1000;
const PAGE = 65_536;

function caseResult(job: SnapshotJob, runs: readonly SnapshotTimes[]): CaseResult {
  const of = (read: (run: SnapshotTimes) => number): Summary => summarise(runs.map(read));
  const both = ({ capture, restore }: SnapshotTimes): number[] =>
    capture.map((value, at) => value + (restore[at] ?? Number.NaN));
  return {
    memory_bytes: job.memoryPages * PAGE,
    stack_depth: job.depth,
    snapshot_bytes: runs[0]?.sizeBytes ?? 0,
    ms: of((run) => warmMedian(both(run))),
    capture_ms: of(({ capture }) => warmMedian(capture)),
    restore_ms: of(({ restore }) => warmMedian(restore)),
    cold_ms: of((run) => both(run)[0] ?? Number.NaN),
    stop_us: of(({ stop }) => warmMedian(stop) * US_PER_MS),
    resume_us: of(({ resume }) => warmMedian(resume) * US_PER_MS),
    copy_ratio: of((run) => warmMedian(both(run)) / warmMedian(run.copy)),
    delta_ms: of(({ delta }) => warmMedian(delta)),
    delta_bytes: runs[0]?.deltaBytes ?? 0,
    compare_ratio: of(({ delta, compare }) => warmMedian(delta) / warmMedian(compare)),
  };
}

async function measureCase(name: string, job: SnapshotJob, rounds: number): Promise<CaseResult> {
  const runs: SnapshotTimes[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    runs.push(await runChild<SnapshotTimes>('snapshot-worker', job));
    progress(`${name}: round ${turn + 1} of ${rounds}`);
  }
  return caseResult(job, runs);
}

async function measureGrowth(rounds: number): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const memoryPages of GROWTH_PAGES) {
    const repetitions = Math.min(200, Math.max(3, Math.floor(GROWTH_PAGES_TOTAL / memoryPages)));
    results.push(await measureCase(`${memoryPages} pages`, { memoryPages, depth: 10, repetitions }, rounds));
  }
  return results;
}

async function measure({ quick, rounds, growth }: BenchOptions): Promise<SnapshotResult> {
  const before = machine();
  const { small: smallCase, large: largeCase } = CASES;
  const small = await measureCase('small', quick ? smallCase.quick : smallCase.job, rounds);
  const large = await measureCase('large', quick ? largeCase.quick : largeCase.job, rounds);
  return {
    benchmark: 'snapshot',
    machine: before,
    rounds,
    small_ms: small.ms.median,
    large_ms: large.ms.median,
    bytes_small: small.snapshot_bytes,
    bytes_large: large.snapshot_bytes,
    small_cold_ms: small.cold_ms.median,
    stop_us: small.stop_us.median,
    resume_us: small.resume_us.median,
    delta_ms: large.delta_ms.median,
    small,
    large,
    by_memory: growth ? await measureGrowth(rounds) : [],
  };
}

function format(result: SnapshotResult): string {
  const rows = [result.small, result.large, ...result.by_memory].map((found) => {
    return [
      `${found.memory_bytes / 1024} KiB, depth ${found.stack_depth}`,
      `${found.snapshot_bytes}`,
      range(found.capture_ms),
      range(found.restore_ms),
      range(found.cold_ms),
      range(found.stop_us),
      range(found.resume_us),
      range(found.copy_ratio),
      range(found.delta_ms),
      range(found.compare_ratio),
    ];
  });
  const header = [
    'worker',
    'bytes',
    'capture, ms',
    'restore, ms',
    'cold, ms',
    'stop, µs',
    'resume, µs',
    'to a plain copy',
    'delta, ms',
    'to a comparison',
  ];
  return `${machineLine(result.machine)}\n\n${formatTable(header, rows)}`;
}

export const snapshot: Benchmark<SnapshotResult> = {
  question: 'How long does a worker take to become bytes and a worker again?',
  measure,
  format,
};
