/** How long it takes to make a second worker in the state of the first. */
import { type Benchmark, progress } from './benchmark.ts';
import { runChild } from './child.ts';
import type { ForkJob, ForkTimes } from './children/fork-worker.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary, warmMedian } from './statistics.ts';
import { formatTable, range } from './table.ts';

const SMALL: ForkJob = { memoryPages: 2, depth: 10, repetitions: 400 };
const QUICK: ForkJob = { ...SMALL, repetitions: 4 };
const US_PER_MS = 1000;
const PAGE = 65_536;

export interface ForkResult {
  readonly benchmark: 'fork';
  readonly machine: Machine;
  readonly rounds: number;
  readonly memory_bytes: number;
  readonly stack_depth: number;
  /** Of a stopped worker, in microseconds. */
  readonly small_us: number;
  /** Of a waiting one. */
  readonly waiting_us: number;
  readonly stopped: Summary;
  readonly waiting: Summary;
  /** A bare instance made and the memory copied into it. */
  readonly clone: Summary;
  /** A fork to that. */
  readonly clone_ratio: Summary;
}

async function measure({ quick, rounds }: BenchOptions): Promise<ForkResult> {
  const before = machine();
  const job = quick ? QUICK : SMALL;
  const runs: ForkTimes[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    runs.push(await runChild<ForkTimes>('fork-worker', job));
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const warm = (values: readonly number[]): number => warmMedian(values) * US_PER_MS;
  const of = (read: (run: ForkTimes) => number): Summary => summarise(runs.map(read));
  const stopped = of((run) => warm(run.stopped));
  const waiting = of((run) => warm(run.waiting));
  return {
    benchmark: 'fork',
    machine: before,
    rounds,
    memory_bytes: job.memoryPages * PAGE,
    stack_depth: job.depth,
    small_us: stopped.median,
    waiting_us: waiting.median,
    stopped,
    waiting,
    clone: of((run) => warm(run.clone)),
    clone_ratio: of((run) => warm(run.stopped) / warm(run.clone)),
  };
}

function format(result: ForkResult): string {
  const { stopped, waiting, clone, clone_ratio } = result;
  const name = `${result.memory_bytes / 1024} KiB, depth ${result.stack_depth}`;
  const header = ['worker', 'stopped, µs', 'waiting, µs', 'bare clone, µs', 'to a bare clone'];
  return `${machineLine(result.machine)}\n\n${formatTable(header, [[name, ...[stopped, waiting, clone, clone_ratio].map(range)]])}`;
}

export const fork: Benchmark<ForkResult> = {
  question: 'How long does it take to make a second worker in the state of the first?',
  measure,
  format,
};
