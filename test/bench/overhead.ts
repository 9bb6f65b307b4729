/** What being stoppable costs a program that is never stopped, and what it costs with Asyncify. */
import { fileURLToPath } from 'node:url';
import { asyncified } from './asyncify.ts';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { ProgramJob, ProgramTimes } from './children/run-program.ts';
import type { CallJob, CallTimes } from './children/time-calls.ts';
import { type Kernel, KERNELS } from './kernels.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import { type BenchOptions, chosen } from './options.ts';
import { type Program, PROGRAMS } from './programs.ts';
import { geomean, median, round, summarise, type Summary } from './statistics.ts';
import type { Elapsed } from './stopwatch.ts';
import { formatTable, spread } from './table.ts';

/** Calls in each process; the first one is apart, as the engine has not optimised the code yet. */
const CALLS = 4;
const QUICK_CALLS = 2;

const VARIANTS = ['bare', 'pluvio', 'asyncify'] as const;
type Variant = (typeof VARIANTS)[number];

const KERNEL_SCRIPTS: Readonly<Record<Variant, string>> = {
  bare: 'call-bare',
  pluvio: 'call-pluvio',
  asyncify: 'call-asyncified',
};

/** Something to measure: what one process of a variant runs. */
interface Subject {
  readonly name: string;
  readonly kind: 'kernel' | 'program';
  readonly variants: readonly Variant[];
  readonly run: (variant: Variant, quick: boolean) => Promise<readonly Elapsed[]>;
}

const kernelSubject = (kernel: Kernel): Subject => ({
  name: kernel.name,
  kind: 'kernel',
  variants: VARIANTS,
  run: async (variant, quick) => {
    const { arg, result } = quick ? kernel.quick : kernel;
    const path = variant === 'asyncify' ? asyncified(kernel.path) : fileURLToPath(kernel.path);
    const job: CallJob = { path, arg, result, calls: quick ? QUICK_CALLS : CALLS };
    return (await runChild<CallTimes>(KERNEL_SCRIPTS[variant], job)).times;
  },
});

const programSubject = ({ name, module, asyncify }: Program, quick: boolean): Subject => ({
  name,
  kind: 'program',
  variants: asyncify && !quick ? VARIANTS : ['bare', 'pluvio'],
  run: async (variant) => {
    const path = variant === 'asyncify' ? asyncified(module.path) : fileURLToPath(module.path);
    const job: ProgramJob = { program: name, path, variant, calls: quick ? QUICK_CALLS : CALLS, quick };
    return (await runChild<ProgramTimes>('run-program', job)).times;
  },
});

interface Measured {
  readonly steady: Elapsed;
  readonly first: Elapsed;
}

export interface SubjectOverhead {
  readonly bare_ms: Summary;
  /** Time on a core, ours to bare; the pairs of a round lie next to each other in time. */
  readonly ratio: Summary;
  /** undefined: not measured. */
  readonly asyncify_ratio: Summary | undefined;
  readonly wall_ratio: Summary;
  /** The same of each process's first call. */
  readonly first_ratio: Summary;
}

export interface OverheadResult {
  readonly benchmark: 'overhead';
  readonly machine: Machine;
  readonly rounds: number;
  /** Of the kernels. */
  readonly geomean: number;
  readonly worst: number;
  readonly worst_kernel: string;
  readonly asyncify_geomean: number;
  readonly asyncify_worst: number;
  readonly wall_geomean: number;
  readonly first_geomean: number;
  readonly per_kernel: Readonly<Record<string, SubjectOverhead>>;
  /** Real programs; not part of the figures above. */
  readonly per_program: Readonly<Record<string, SubjectOverhead>>;
}

const middle = (times: readonly Elapsed[]): Elapsed => ({
  wallMs: median(times.map(({ wallMs }) => wallMs)),
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
});

async function measureSubject(subject: Subject, { quick, rounds }: BenchOptions): Promise<SubjectOverhead> {
  const measured: Record<Variant, Measured[]> = { bare: [], pluvio: [], asyncify: [] };
  for (let turn = 0; turn < rounds; turn++) {
    for (const variant of rotated(subject.variants, turn)) {
      const [first, ...later] = await subject.run(variant, quick);
      if (first === undefined) throw new Error(`${subject.name} as ${variant} reported no times`);
      measured[variant].push({ first, steady: middle(later) });
    }
  }
  const ratios = (variant: Variant, read: (one: Measured) => number): Summary => {
    const bare = measured.bare.map(read);
    return summarise(measured[variant].map((one, at) => read(one) / (bare[at] ?? Number.NaN)));
  };
  const steady = (one: Measured): number => one.steady.cpuMs;
  return {
    bare_ms: summarise(measured.bare.map(steady)),
    ratio: ratios('pluvio', steady),
    asyncify_ratio: subject.variants.includes('asyncify') ? ratios('asyncify', steady) : undefined,
    wall_ratio: ratios('pluvio', (one) => one.steady.wallMs),
    first_ratio: ratios('pluvio', (one) => one.first.cpuMs),
  };
}

async function measure(options: BenchOptions): Promise<OverheadResult> {
  const before = machine();
  const found: Record<Subject['kind'], Record<string, SubjectOverhead>> = { kernel: {}, program: {} };
  const programs = PROGRAMS.map((program) => programSubject(program, options.quick));
  for (const subject of chosen([...KERNELS.map(kernelSubject), ...programs], options.only)) {
    const measured = await measureSubject(subject, options);
    found[subject.kind][subject.name] = measured;
    progress(`${subject.name}: ${measured.ratio.median} of bare, Asyncify ${measured.asyncify_ratio?.median ?? '-'}`);
  }
  const kernels = Object.entries(found.kernel);
  const medians = (read: (one: SubjectOverhead) => Summary | undefined): number[] =>
    kernels.flatMap(([, one]) => read(one)?.median ?? []);
  const ratios = medians(({ ratio }) => ratio);
  const asyncify = medians(({ asyncify_ratio }) => asyncify_ratio);
  const worst = Math.max(...ratios);
  return {
    benchmark: 'overhead',
    machine: before,
    rounds: options.rounds,
    geomean: round(geomean(ratios)),
    worst,
    worst_kernel: kernels.find(([, { ratio }]) => ratio.median === worst)?.[0] ?? '',
    asyncify_geomean: round(geomean(asyncify)),
    asyncify_worst: Math.max(...asyncify),
    wall_geomean: round(geomean(medians(({ wall_ratio }) => wall_ratio))),
    first_geomean: round(geomean(medians(({ first_ratio }) => first_ratio))),
    per_kernel: found.kernel,
    per_program: found.program,
  };
}

function format(result: OverheadResult): string {
  const row = ([name, one]: readonly [string, SubjectOverhead]): string[] => [
    name,
    one.bare_ms.median.toFixed(0),
    spread(one.ratio),
    one.asyncify_ratio === undefined ? '' : spread(one.asyncify_ratio),
    spread(one.first_ratio),
  ];
  const means = [result.geomean, result.asyncify_geomean, result.first_geomean].map(
    (value) => `**${value.toFixed(2)}**`,
  );
  const mean = ['**geometric mean of the kernels**', '', ...means];
  const rows = [...Object.entries(result.per_kernel).map(row), mean, ...Object.entries(result.per_program).map(row)];
  const header = [
    'kernel or program',
    'bare, ms',
    'Pluvio / bare',
    'Asyncify with fuel / bare',
    'first call: Pluvio / bare',
  ];
  return `${machineLine(result.machine)}\n\n${formatTable(header, rows)}`;
}

export const overhead: Benchmark<OverheadResult> = {
  question: 'What does being stoppable cost a program that is never stopped?',
  measure,
  format,
};
