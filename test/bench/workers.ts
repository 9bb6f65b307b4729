/** What many workers of one module in one process take. */
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { ParkJob, ParkTimes } from './children/park-workers.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary } from './statistics.ts';
import { formatTable, range } from './table.ts';

const COUNTS = [10, 1000] as const;
const GROWTH_COUNTS = [1, 10, 100, 1000, 3000, 10_000] as const;
const QUICK_COUNTS = [1, 10] as const;
const US_PER_MS = 1000;
const BYTES_PER_KIB = 1024;

/** All for one worker, warm, by the clock. */
export interface WorkersResult {
  readonly benchmark: 'workers';
  readonly machine: Machine;
  readonly rounds: number;
  /** Of the largest number of workers. */
  readonly memory_kib: number;
  readonly wake_us: number;
  /** From the smallest number to the largest. */
  readonly by_workers: readonly CountResult[];
}

export interface CountResult {
  readonly workers: number;
  /** Made, started, and waiting in a host call ten activations deep. */
  readonly create_us: Summary;
  /** From the answer to waiting again. */
  readonly wake_us: Summary;
  /** Resident memory, of which the guest has touched a page of 4 KiB at most. */
  readonly memory_kib: Summary;
  /** A bare instance made and called. */
  readonly bare_create_us: Summary;
  readonly bare_memory_kib: Summary;
}

function countResult(workers: number, runs: readonly ParkTimes[]): CountResult {
  const each = (read: (run: ParkTimes) => number): Summary => summarise(runs.map((run) => read(run) / workers));
  return {
    workers,
    create_us: each(({ createMs }) => createMs * US_PER_MS),
    wake_us: each(({ wakeMs }) => wakeMs * US_PER_MS),
    memory_kib: each(({ residentBytes }) => residentBytes / BYTES_PER_KIB),
    bare_create_us: each(({ bareCreateMs }) => bareCreateMs * US_PER_MS),
    bare_memory_kib: each(({ bareResidentBytes }) => bareResidentBytes / BYTES_PER_KIB),
  };
}

async function measure({ quick, rounds, growth }: BenchOptions): Promise<WorkersResult> {
  const before = machine();
  const counts: readonly number[] = quick ? QUICK_COUNTS : growth ? GROWTH_COUNTS : COUNTS;
  const runs = new Map<number, ParkTimes[]>(counts.map((count) => [count, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const workers of rotated(counts, turn)) {
      const job: ParkJob = { workers };
      runs.get(workers)?.push(await runChild<ParkTimes>('park-workers', job, ['--expose-gc']));
      progress(`${workers} workers: round ${turn + 1} of ${rounds}`);
    }
  }
  const byWorkers = [...runs].map(([workers, times]) => countResult(workers, times));
  const most = byWorkers.at(-1);
  return {
    benchmark: 'workers',
    machine: before,
    rounds,
    memory_kib: most?.memory_kib.median ?? Number.NaN,
    wake_us: most?.wake_us.median ?? Number.NaN,
    by_workers: byWorkers,
  };
}

function format({ machine: where, by_workers }: WorkersResult): string {
  const rows = by_workers.map((found) => [
    `${found.workers}`,
    range(found.create_us),
    range(found.wake_us),
    range(found.memory_kib),
    range(found.bare_create_us),
    range(found.bare_memory_kib),
  ]);
  const header = ['workers', 'create, µs', 'wake, µs', 'memory, KiB', 'bare instance, µs', 'its memory, KiB'];
  return `${machineLine(where)}\n\nFor each worker:\n\n${formatTable(header, rows)}`;
}

export const workers: Benchmark<WorkersResult> = {
  question: 'What do many workers in one process take?',
  measure,
  format,
};
