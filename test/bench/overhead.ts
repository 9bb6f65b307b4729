/** What being stoppable costs a program that is never stopped, and what it costs with Asyncify. */
import { fileURLToPath } from 'node:url';
import { asyncified } from './asyncify.ts';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob, CallTimes } from './children/time-calls.ts';
import { type Kernel, KERNELS } from './kernels.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import { type BenchOptions, chosen } from './options.ts';
import { geomean, median, round, summarise, type Summary } from './statistics.ts';
import type { Elapsed } from './stopwatch.ts';
import { formatTable, spread } from './table.ts';

/** Calls in each process; the first one is apart, as the engine has not optimised the code yet. */
const CALLS = 4;

const VARIANTS = {
  bare: { script: 'call-bare', path: (kernel: Kernel) => Promise.resolve(fileURLToPath(kernel.path)) },
  pluvio: { script: 'call-pluvio', path: (kernel: Kernel) => Promise.resolve(fileURLToPath(kernel.path)) },
  asyncify: { script: 'call-asyncified', path: (kernel: Kernel) => asyncified(kernel.path) },
} as const;
type Variant = keyof typeof VARIANTS;
const NAMES: readonly Variant[] = ['bare', 'pluvio', 'asyncify'];

interface Measured {
  readonly steady: Elapsed;
  readonly first: Elapsed;
}

export interface KernelOverhead {
  readonly bare_ms: Summary;
  /** Time on a core, ours to bare; the pairs of a round lie next to each other in time. */
  readonly ratio: Summary;
  readonly asyncify_ratio: Summary;
  readonly wall_ratio: Summary;
  /** The same of each process's first call. */
  readonly first_ratio: Summary;
  readonly first_asyncify_ratio: Summary;
}

export interface OverheadResult {
  readonly benchmark: 'overhead';
  readonly machine: Machine;
  readonly rounds: number;
  readonly geomean: number;
  readonly worst: number;
  readonly worst_kernel: string;
  readonly asyncify_geomean: number;
  readonly asyncify_worst: number;
  readonly wall_geomean: number;
  readonly first_geomean: number;
  readonly per_kernel: Readonly<Record<string, KernelOverhead>>;
}

const middle = (times: readonly Elapsed[]): Elapsed => ({
  wallMs: median(times.map(({ wallMs }) => wallMs)),
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
});

async function measureOnce(kernel: Kernel, variant: Variant, quick: boolean): Promise<Measured> {
  const { script, path } = VARIANTS[variant];
  const { arg, result } = quick ? kernel.quick : kernel;
  const job: CallJob = { path: await path(kernel), arg, result, calls: quick ? 2 : CALLS };
  const { times } = await runChild<CallTimes>(script, job);
  const [first, ...later] = times;
  if (first === undefined) throw new Error(`${script} of ${kernel.name} reported no times`);
  return { first, steady: middle(later) };
}

async function measureKernel(kernel: Kernel, { quick, rounds }: BenchOptions): Promise<KernelOverhead> {
  const measured: Record<Variant, Measured[]> = { bare: [], pluvio: [], asyncify: [] };
  for (let turn = 0; turn < rounds; turn++) {
    for (const variant of rotated(NAMES, turn)) measured[variant].push(await measureOnce(kernel, variant, quick));
  }
  const values = (variant: Variant, read: (one: Measured) => number): number[] => measured[variant].map(read);
  const ratios = (variant: Variant, read: (one: Measured) => number): Summary => {
    const bare = values('bare', read);
    return summarise(values(variant, read).map((value, at) => value / (bare[at] ?? Number.NaN)));
  };
  const steady = (one: Measured): number => one.steady.cpuMs;
  return {
    bare_ms: summarise(values('bare', steady)),
    ratio: ratios('pluvio', steady),
    asyncify_ratio: ratios('asyncify', steady),
    wall_ratio: ratios('pluvio', (one) => one.steady.wallMs),
    first_ratio: ratios('pluvio', (one) => one.first.cpuMs),
    first_asyncify_ratio: ratios('asyncify', (one) => one.first.cpuMs),
  };
}

async function measure(options: BenchOptions): Promise<OverheadResult> {
  const before = machine();
  const kernels: Record<string, KernelOverhead> = {};
  for (const kernel of chosen(KERNELS, options.only)) {
    const found = await measureKernel(kernel, options);
    kernels[kernel.name] = found;
    progress(`${kernel.name}: ${found.ratio.median} of bare, Asyncify with fuel ${found.asyncify_ratio.median}`);
  }
  const all = Object.entries(kernels);
  const of = (read: (kernel: KernelOverhead) => Summary): number[] => all.map(([, kernel]) => read(kernel).median);
  const ratios = of(({ ratio }) => ratio);
  const worst = Math.max(...ratios);
  return {
    benchmark: 'overhead',
    machine: before,
    rounds: options.rounds,
    geomean: round(geomean(ratios)),
    worst,
    worst_kernel: all.find(([, { ratio }]) => ratio.median === worst)?.[0] ?? '',
    asyncify_geomean: round(geomean(of((kernel) => kernel.asyncify_ratio))),
    asyncify_worst: Math.max(...of((kernel) => kernel.asyncify_ratio)),
    wall_geomean: round(geomean(of((kernel) => kernel.wall_ratio))),
    first_geomean: round(geomean(of((kernel) => kernel.first_ratio))),
    per_kernel: kernels,
  };
}

function format(result: OverheadResult): string {
  const rows = Object.entries(result.per_kernel).map(([name, kernel]) => [
    name,
    kernel.bare_ms.median.toFixed(0),
    spread(kernel.ratio),
    spread(kernel.asyncify_ratio),
    spread(kernel.first_ratio),
  ]);
  rows.push(['geometric mean', '', `${result.geomean}`, `${result.asyncify_geomean}`, `${result.first_geomean}`]);
  const header = ['kernel', 'bare, ms', 'Pluvio / bare', 'Asyncify with fuel / bare', 'first call: Pluvio / bare'];
  return `${machineLine(result.machine)}\n\n${formatTable(header, rows)}`;
}

export const overhead: Benchmark<OverheadResult> = {
  question: 'What does being stoppable cost a program that is never stopped?',
  measure,
  format,
};
