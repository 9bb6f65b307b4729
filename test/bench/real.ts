/** What being stoppable costs real programs that are never stopped, and what it costs with Asyncify. */
import { type Benchmark, progress } from './benchmark.ts';
import { runChild } from './child.ts';
import type { ProgramJob } from './children/run-program.ts';
import {
  chosenVariants,
  compare,
  type Comparison,
  type Means,
  meansOf,
  type Subject,
  type VariantTimes,
} from './compare.ts';
import { comparisonText, progressLine } from './compare-table.ts';
import { type Machine, machine } from './machine.ts';
import { type BenchOptions, chosen } from './options.ts';
import { type Program, PROGRAMS } from './programs/index.ts';

/** Calls in each process, each on a fresh instance; the first one is apart. */
const CALLS = 4;
const QUICK_CALLS = 2;

const subject = (program: Program, { quick, engine }: BenchOptions): Subject => ({
  name: program.name,
  module: program.module,
  run: (variant, path) => {
    const job: ProgramJob = {
      program: program.name,
      path,
      inWorker: variant === 'pluvio',
      calls: quick ? QUICK_CALLS : CALLS,
      quick,
    };
    return runChild<VariantTimes>('run-program', job, [], engine);
  },
});

export interface RealResult extends Means {
  readonly benchmark: 'real';
  readonly machine: Machine;
  readonly rounds: number;
  readonly per_program: Readonly<Record<string, Comparison>>;
}

async function measure(options: BenchOptions): Promise<RealResult> {
  const before = machine(options.engine);
  // Binaryen takes a minute per megabyte: more than the least work there is.
  const variants = options.quick ? (['pluvio'] as const) : chosenVariants(options);
  const programs: Record<string, Comparison> = {};
  for (const program of chosen(PROGRAMS, options.only)) {
    const found = await compare(subject(program, options), variants, options.rounds);
    programs[program.name] = found;
    progress(progressLine(program.name, found));
    for (const [variant, reason] of Object.entries(found.skipped)) progress(`  ${variant} skipped: ${reason}`);
  }
  return { benchmark: 'real', machine: before, rounds: options.rounds, ...meansOf(programs), per_program: programs };
}

export const real: Benchmark<RealResult> = {
  question: 'What does being stoppable cost real programs that are never stopped?',
  measure,
  format: (result) => comparisonText(result.per_program, result, 'program', result.machine),
};
