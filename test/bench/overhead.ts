/** What being stoppable costs a kernel that is never stopped, and what it costs with Asyncify. */
import { type Benchmark, progress } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob } from './children/time-calls.ts';
import {
  chosenVariants,
  compare,
  type Comparison,
  type Means,
  meansOf,
  type Subject,
  type Variant,
  type VariantTimes,
} from './compare.ts';
import { comparisonText, progressLine } from './compare-table.ts';
import { type Kernel, KERNELS } from './kernels.ts';
import { type Machine, machine } from './machine.ts';
import { type BenchOptions, chosen } from './options.ts';

/** Calls in each process; the first one is apart, as the engine has not optimised the code yet. */
const CALLS = 4;
const QUICK_CALLS = 2;

const SCRIPTS: Readonly<Record<Variant, string>> = {
  bare: 'call-bare',
  pluvio: 'call-pluvio',
  asyncify: 'call-bare',
  asyncify_fuel: 'call-asyncified',
};

const subject = (kernel: Kernel, { quick, engine }: BenchOptions): Subject => ({
  name: kernel.name,
  module: kernel.path,
  run: (variant, path) => {
    const { arg, result } = quick ? kernel.quick : kernel;
    const job: CallJob = { path, arg, result, calls: quick ? QUICK_CALLS : CALLS };
    return runChild<VariantTimes>(SCRIPTS[variant], job, [], engine);
  },
});

export interface OverheadResult extends Means {
  readonly benchmark: 'overhead';
  readonly machine: Machine;
  readonly rounds: number;
  readonly per_kernel: Readonly<Record<string, Comparison>>;
}

async function measure(options: BenchOptions): Promise<OverheadResult> {
  const before = machine(options.engine);
  const variants = chosenVariants(options);
  const kernels: Record<string, Comparison> = {};
  for (const kernel of chosen(KERNELS, options.only)) {
    const found = await compare(subject(kernel, options), variants, options.rounds);
    kernels[kernel.name] = found;
    progress(progressLine(kernel.name, found));
  }
  return {
    benchmark: 'overhead',
    machine: before,
    rounds: options.rounds,
    ...meansOf(kernels),
    per_kernel: kernels,
  };
}

export const overhead: Benchmark<OverheadResult> = {
  question: 'What does being stoppable cost a kernel that is never stopped?',
  measure,
  format: (result) => comparisonText(result.per_kernel, result, 'kernel', result.machine),
};
