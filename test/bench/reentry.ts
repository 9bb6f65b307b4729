/**
 * What re-entry gains: a program whose whole work is loops of one function, called once in a fresh process.
 *
 * V8 compiles a function with its baseline compiler first and cannot replace the code of an activation that is running: on the bare
 * engine such a program stays in baseline code to its end. A worker leaves the stack at the end of a slice and comes back into
 * optimised code. The kernels taken are those that have all loops in `run` itself, with more work than for `overhead`.
 */
import { fileURLToPath } from 'node:url';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob, CallTimes } from './children/time-calls.ts';
import { kernelNamed } from './kernels.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import { type BenchOptions, chosen } from './options.ts';
import { median, round, summarise, type Summary } from './statistics.ts';
import { formatTable, spread } from './table.ts';

/** Arguments such that the one call takes some 1.5 to 4 s on bare V8 on one core of 2025. */
const LONG_RUNS = [
  { name: 'bytecode', arg: 64_000_000 },
  { name: 'crc32', arg: 12_000 },
  { name: 'sieve', arg: 600 },
  { name: 'mandelbrot', arg: 3000 },
  { name: 'matmul', arg: 150 },
  { name: 'nbody', arg: 12_000_000 },
  { name: 'sha256', arg: 1_500_000 },
] as const;

const SCRIPTS = { bare: 'call-bare', pluvio: 'call-pluvio' } as const;
type Variant = keyof typeof SCRIPTS;
const NAMES: readonly Variant[] = ['bare', 'pluvio'];

export interface KernelReentry {
  readonly bare_ms: Summary;
  readonly pluvio_ms: Summary;
  readonly ratio: Summary;
  readonly wall_ratio: Summary;
}

export interface ReentryResult {
  readonly benchmark: 'reentry';
  readonly machine: Machine;
  readonly rounds: number;
  /** Time on a core of the one call, ours to bare: the median over the kernels. */
  readonly ratio: number;
  readonly ratio_min: number;
  readonly ratio_max: number;
  readonly wall_ratio: number;
  readonly per_kernel: Readonly<Record<string, KernelReentry>>;
}

async function measureKernel(name: string, longArg: number, { quick, rounds }: BenchOptions): Promise<KernelReentry> {
  const kernel = kernelNamed(name);
  const path = fileURLToPath(kernel.path);
  const job: CallJob = quick ? { path, ...kernel.quick, calls: 1 } : { path, arg: longArg, calls: 1 };
  const cpu: Record<Variant, number[]> = { bare: [], pluvio: [] };
  const wall: Record<Variant, number[]> = { bare: [], pluvio: [] };
  let expected = job.result;
  for (let turn = 0; turn < rounds; turn++) {
    for (const variant of rotated(NAMES, turn)) {
      const { times, result } = await runChild<CallTimes>(SCRIPTS[variant], job);
      expected ??= result;
      if (result !== expected) throw new Error(`${name} gave ${result} as ${variant}; it must give ${expected}`);
      cpu[variant].push(...times.map(({ cpuMs }) => cpuMs));
      wall[variant].push(...times.map(({ wallMs }) => wallMs));
    }
  }
  const ratios = (of: Record<Variant, number[]>): Summary =>
    summarise(of.pluvio.map((value, at) => value / (of.bare[at] ?? Number.NaN)));
  return {
    bare_ms: summarise(cpu.bare),
    pluvio_ms: summarise(cpu.pluvio),
    ratio: ratios(cpu),
    wall_ratio: ratios(wall),
  };
}

async function measure(options: BenchOptions): Promise<ReentryResult> {
  const before = machine();
  const kernels: Record<string, KernelReentry> = {};
  for (const { name, arg } of chosen(LONG_RUNS, options.only)) {
    const found = await measureKernel(name, arg, options);
    kernels[name] = found;
    progress(`${name}: ${found.ratio.median} of bare (${found.bare_ms.median} ms)`);
  }
  const ratios = Object.values(kernels).map(({ ratio }) => ratio.median);
  return {
    benchmark: 'reentry',
    machine: before,
    rounds: options.rounds,
    ratio: round(median(ratios)),
    ratio_min: Math.min(...ratios),
    ratio_max: Math.max(...ratios),
    wall_ratio: round(median(Object.values(kernels).map(({ wall_ratio }) => wall_ratio.median))),
    per_kernel: kernels,
  };
}

function format(result: ReentryResult): string {
  const rows = Object.entries(result.per_kernel).map(([name, { bare_ms, pluvio_ms, ratio }]) => [
    name,
    bare_ms.median.toFixed(0),
    pluvio_ms.median.toFixed(0),
    spread(ratio),
  ]);
  rows.push(['**median**', '', '', `**${result.ratio.toFixed(2)}**`]);
  return `${machineLine(result.machine)}\n\n${formatTable(['kernel', 'bare, ms', 'Pluvio, ms', 'Pluvio / bare'], rows)}`;
}

export const reentry: Benchmark<ReentryResult> = {
  question: 'How long does one long call take, against the bare engine that cannot leave its baseline code?',
  measure,
  format,
};
