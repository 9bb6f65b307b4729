/** How long it takes to leave a stack and to come back to it, by its depth. */
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { UnwindJob, UnwindTimes } from './children/unwind-worker.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary, warmMedian } from './statistics.ts';
import { formatTable, range } from './table.ts';

const DEPTHS = [10, 10_000] as const;
const GROWTH_DEPTHS = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000] as const;
/** Frames of all repetitions together: what bounds the time of a child. */
const FRAMES = 300_000;
const REPETITIONS_MAX = 1000;
const QUICK_REPETITIONS = 4;
/** Deep stacks need more room than the engine takes by default; in KiB. */
const ENGINE_FLAGS = ['--stack-size=7000'];
const US_PER_MS = 1000;

/** All in microseconds, by the clock, warm. */
export interface DepthResult {
  readonly depth: number;
  readonly stop_us: Summary;
  readonly resume_us: Summary;
  readonly wake_us: Summary;
  readonly bare_throw_us: Summary;
  readonly bare_call_us: Summary;
}

export interface UnwindResult {
  readonly benchmark: 'unwind';
  readonly machine: Machine;
  readonly rounds: number;
  readonly stop_us_depth10: number;
  readonly stop_us_depth10000: number;
  readonly resume_us_depth10: number;
  readonly wake_us_depth10: number;
  /** From the shallowest to the deepest; the two depths of above, or with `--growth` all. */
  readonly by_depth: readonly DepthResult[];
}

function depthResult(depth: number, runs: readonly UnwindTimes[]): DepthResult {
  const of = (name: keyof UnwindTimes): Summary => summarise(runs.map((run) => warmMedian(run[name]) * US_PER_MS));
  return {
    depth,
    stop_us: of('stop'),
    resume_us: of('resume'),
    wake_us: of('wake'),
    bare_throw_us: of('bareThrow'),
    bare_call_us: of('bareCall'),
  };
}

async function measure({ quick, rounds, growth }: BenchOptions): Promise<UnwindResult> {
  const before = machine();
  const depths = growth ? GROWTH_DEPTHS : DEPTHS;
  const runs = new Map<number, UnwindTimes[]>(depths.map((depth) => [depth, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const depth of rotated<number>(depths, turn)) {
      const repetitions = quick ? QUICK_REPETITIONS : Math.min(REPETITIONS_MAX, Math.ceil(FRAMES / depth));
      const job: UnwindJob = { depth, repetitions };
      runs.get(depth)?.push(await runChild<UnwindTimes>('unwind-worker', job, ENGINE_FLAGS));
      progress(`depth ${depth}: round ${turn + 1} of ${rounds}`);
    }
  }
  const byDepth = [...runs].map(([depth, times]) => depthResult(depth, times));
  const at = (depth: (typeof DEPTHS)[number], name: 'stop_us' | 'resume_us' | 'wake_us'): number =>
    byDepth.find((entry) => entry.depth === depth)?.[name].median ?? Number.NaN;
  return {
    benchmark: 'unwind',
    machine: before,
    rounds,
    stop_us_depth10: at(10, 'stop_us'),
    stop_us_depth10000: at(10_000, 'stop_us'),
    resume_us_depth10: at(10, 'resume_us'),
    wake_us_depth10: at(10, 'wake_us'),
    by_depth: byDepth,
  };
}

function format(result: UnwindResult): string {
  const rows = result.by_depth.map((found) => [
    `${found.depth}`,
    range(found.stop_us),
    range(found.resume_us),
    range(found.wake_us),
    range(found.bare_throw_us),
    range(found.bare_call_us),
  ]);
  const header = ['depth', 'stop, µs', 'resume, µs', 'wake, µs', 'bare throw, µs', 'bare call, µs'];
  return `${machineLine(result.machine)}\n\n${formatTable(header, rows)}`;
}

export const unwind: Benchmark<UnwindResult> = {
  question: 'How long does it take to leave a stack and to come back to it?',
  measure,
  format,
};
