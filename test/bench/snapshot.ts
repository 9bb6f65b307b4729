/** How long a stopped worker takes to become bytes, and the bytes a worker. */
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { SnapshotJob, SnapshotTimes } from './children/snapshot-worker.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { median, round, summarise, type Summary } from './statistics.ts';
import { formatTable } from './table.ts';

interface Case {
  readonly name: 'small' | 'large';
  readonly job: SnapshotJob;
  readonly quick: SnapshotJob;
}

const CASES: readonly Case[] = [
  {
    name: 'small',
    job: { memoryPages: 2, depth: 10, repetitions: 200 },
    quick: { memoryPages: 2, depth: 10, repetitions: 3 },
  },
  {
    name: 'large',
    job: { memoryPages: 1024, depth: 10, repetitions: 8 },
    quick: { memoryPages: 16, depth: 10, repetitions: 2 },
  },
];
/** Repetitions at the start that count as cold; the very first is reported apart. */
const COLD_SHARE = 0.5;

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
  readonly small: CaseResult;
  readonly large: CaseResult;
}

const warm = (values: readonly number[]): number => median(values.slice(Math.floor(values.length * COLD_SHARE)));
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
    ms: of((run) => warm(both(run))),
    capture_ms: of(({ capture }) => warm(capture)),
    restore_ms: of(({ restore }) => warm(restore)),
    cold_ms: of((run) => both(run)[0] ?? Number.NaN),
    stop_us: of(({ stop }) => warm(stop) * US_PER_MS),
    resume_us: of(({ resume }) => warm(resume) * US_PER_MS),
    copy_ratio: of((run) => warm(both(run)) / warm(run.copy)),
  };
}

async function measure({ quick, rounds }: BenchOptions): Promise<SnapshotResult> {
  const before = machine();
  const runs: Record<Case['name'], SnapshotTimes[]> = { small: [], large: [] };
  const jobs = CASES.map((entry) => ({ name: entry.name, job: quick ? entry.quick : entry.job }));
  for (let turn = 0; turn < rounds; turn++) {
    for (const { name, job } of rotated(jobs, turn)) {
      runs[name].push(await runChild<SnapshotTimes>('snapshot-worker', job));
      progress(`${name}: round ${turn + 1} of ${rounds}`);
    }
  }
  const [small, large] = CASES.map((entry) => caseResult(quick ? entry.quick : entry.job, runs[entry.name]));
  if (small === undefined || large === undefined) throw new Error('a case was not measured');
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
    small,
    large,
  };
}

const range = ({ median: value, min, max }: Summary): string => `${round(value)} (${round(min)}–${round(max)})`;

function format(result: SnapshotResult): string {
  const rows = (['small', 'large'] as const).map((name) => {
    const found = result[name];
    return [
      `${name}: ${found.memory_bytes / 1024} KiB, depth ${found.stack_depth}`,
      `${found.snapshot_bytes}`,
      range(found.capture_ms),
      range(found.restore_ms),
      range(found.cold_ms),
      range(found.stop_us),
      range(found.resume_us),
      range(found.copy_ratio),
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
  ];
  return `${machineLine(result.machine)}\n\n${formatTable(header, rows)}`;
}

export const snapshot: Benchmark<SnapshotResult> = {
  question: 'How long does a worker take to become bytes and a worker again?',
  measure,
  format,
};
