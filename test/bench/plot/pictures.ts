/** The pictures of BENCHMARKS.md: what is drawn of which run. */
import type { Comparison, Means } from '../compare.ts';
import { readResult } from '../results.ts';
import type { Summary } from '../statistics.ts';
import { type Bar, barChart, type BarGroup } from './bar-chart.ts';
import { lineChart, type Point } from './line-chart.ts';
import { COLOURS, type LegendEntry } from './svg.ts';

const PLUVIO: LegendEntry = { name: 'Pluvio', colour: COLOURS.blue };
const ASYNCIFY: LegendEntry = { name: 'Asyncify, no metering (loops cannot be stopped)', colour: COLOURS.orange };
const ASYNCIFY_FUEL: LegendEntry = { name: 'Asyncify with fuel', colour: COLOURS.red };

const AXIS = 'time on a core, bare engine = 1 (logarithmic; lines: smallest and largest of the rounds)';

const bar = (summary: Summary | undefined): Bar | undefined =>
  summary && { value: summary.median, min: summary.min, max: summary.max };

/** A mean that was measured; in JSON, NaN is null. */
const meanBar = (value: number | null): Bar | undefined =>
  value === null || Number.isNaN(value) ? undefined : { value };

function comparisonChart(
  title: string,
  engine: string,
  found: Readonly<Record<string, Comparison>>,
  means: Means,
): string {
  const columns = [
    { legend: PLUVIO, of: (one: Comparison) => one.ratio, mean: means.geomean },
    { legend: ASYNCIFY, of: (one: Comparison) => one.asyncify_unmetered_ratio, mean: means.asyncify_unmetered_geomean },
    { legend: ASYNCIFY_FUEL, of: (one: Comparison) => one.asyncify_ratio, mean: means.asyncify_geomean },
  ].filter(({ mean }) => meanBar(mean) !== undefined);
  const groups: BarGroup[] = Object.entries(found).map(([name, one]) => ({
    name,
    bars: columns.map(({ of }) => bar(of(one))),
  }));
  const mean = { name: 'geometric mean', bars: columns.map((column) => meanBar(column.mean)), isMean: true };
  return barChart({
    title,
    subtitle: `Never stopped, warm. ${engine}`,
    axis: AXIS,
    series: columns.map(({ legend }) => legend),
    groups: [...groups, mean],
  });
}

const spreadPoint = (x: number, { median, min, max }: Summary): Point => ({ x, y: median, min, max });

const SIZE_TICKS = [
  [0.001, '1 KB'],
  [0.01, '10 KB'],
  [0.1, '100 KB'],
  [1, '1 MB'],
  [10, '10 MB'],
  [40, '40 MB'],
] as const;
const SIZE_LABEL = 'size of function bodies (logarithmic)';

function instrumentTimes(folder: string): string | undefined {
  const result = readResult(folder, 'instrument');
  if (result === undefined || result.by_size.length === 0) return undefined;
  const { by_size, machine } = result;
  const curve = (read: (entry: (typeof by_size)[number]) => Summary): Point[] =>
    by_size.map((entry) => spreadPoint(entry.code_mb, read(entry)));
  return lineChart({
    title: 'Making a module stoppable, by its size',
    subtitle: `Decoding, validating and instrumenting; parts of one large module. ${machine.engine}`,
    x: { label: SIZE_LABEL, ticks: SIZE_TICKS },
    y: { label: 'milliseconds (logarithmic)', kind: 'log' },
    curves: [
      { name: 'first in a process', colour: COLOURS.red, points: curve(({ cold_wall_ms }) => cold_wall_ms) },
      { name: 'warm', colour: COLOURS.blue, points: curve(({ warm_ms }) => warm_ms) },
      {
        name: 'for scale: V8 compiles the result, eagerly',
        colour: COLOURS.grey,
        dashed: true,
        points: curve(({ compile_eager_ms }) => compile_eager_ms),
      },
    ],
  });
}

function instrumentRatios(folder: string): string | undefined {
  const result = readResult(folder, 'instrument');
  if (result === undefined || result.by_size.length === 0) return undefined;
  const { by_size, machine } = result;
  return lineChart({
    title: 'What an instrumented module costs, by the size of the original',
    subtitle: `Ratios to the original. ${machine.engine}`,
    x: { label: SIZE_LABEL, ticks: SIZE_TICKS },
    y: { label: 'ratio', kind: 'linear' },
    curves: [
      {
        name: 'size of the file',
        colour: COLOURS.blue,
        points: by_size.map((entry) => ({ x: entry.code_mb, y: entry.size_ratio })),
      },
      {
        name: 'time to compile it, eagerly',
        colour: COLOURS.orange,
        points: by_size.map((entry) => spreadPoint(entry.code_mb, entry.compile_eager_ratio)),
      },
    ],
  });
}

function unwindTimes(folder: string): string | undefined {
  const result = readResult(folder, 'unwind');
  if (result === undefined) return undefined;
  const { by_depth, machine } = result;
  const curve = (read: (entry: (typeof by_depth)[number]) => Summary): Point[] =>
    by_depth.map((entry) => spreadPoint(entry.depth, read(entry)));
  return lineChart({
    title: 'Leaving a stack and coming back, by its depth',
    subtitle: `Warm, by the clock. ${machine.engine}`,
    x: { label: 'activations on the stack (logarithmic)' },
    y: { label: 'microseconds (logarithmic)', kind: 'log' },
    curves: [
      { name: 'stop', colour: COLOURS.blue, points: curve(({ stop_us }) => stop_us) },
      { name: 'resume', colour: COLOURS.green, points: curve(({ resume_us }) => resume_us) },
      {
        name: 'for scale: bare throw through it',
        colour: COLOURS.grey,
        dashed: true,
        points: curve(({ bare_throw_us }) => bare_throw_us),
      },
    ],
  });
}

const MEMORY_TICKS = [
  [2 ** 16, '64 KiB'],
  [2 ** 20, '1 MiB'],
  [2 ** 24, '16 MiB'],
  [2 ** 28, '256 MiB'],
  [2 ** 30, '1 GiB'],
] as const;

function snapshotTimes(folder: string): string | undefined {
  const result = readResult(folder, 'snapshot');
  if (result === undefined || result.by_memory.length === 0) return undefined;
  const { by_memory, machine } = result;
  const curve = (read: (entry: (typeof by_memory)[number]) => Summary): Point[] =>
    by_memory.map((entry) => spreadPoint(entry.memory_bytes, read(entry)));
  return lineChart({
    title: 'From a stopped worker to bytes and back, by its memory',
    subtitle: `Memory full of random bytes; warm, by the clock. ${machine.engine}`,
    x: { label: 'memory (logarithmic)', ticks: MEMORY_TICKS },
    y: { label: 'milliseconds (logarithmic)', kind: 'log' },
    curves: [
      { name: 'capture', colour: COLOURS.blue, points: curve(({ capture_ms }) => capture_ms) },
      { name: 'restore', colour: COLOURS.green, points: curve(({ restore_ms }) => restore_ms) },
      { name: 'delta of 1 %, both', colour: COLOURS.purple, points: curve(({ delta_ms }) => delta_ms) },
      {
        name: 'for scale: memory copied out and into a bare instance',
        colour: COLOURS.grey,
        dashed: true,
        points: by_memory.map((entry) => ({ x: entry.memory_bytes, y: entry.ms.median / entry.copy_ratio.median })),
      },
    ],
  });
}

function overheadChart(folder: string, name: 'overhead' | 'overhead-bun'): string | undefined {
  const result = readResult(folder, name);
  return (
    result && comparisonChart('What being stoppable costs: kernels', result.machine.engine, result.per_kernel, result)
  );
}

function realChart(folder: string, name: 'real' | 'real-bun'): string | undefined {
  const result = readResult(folder, name);
  return (
    result &&
    comparisonChart('What being stoppable costs: real programs', result.machine.engine, result.per_program, result)
  );
}

/** By file name: draws from the results in a folder; undefined if the folder lacks what it takes. */
export const PICTURES: Readonly<Record<string, (folder: string) => string | undefined>> = {
  'overhead.svg': (folder) => overheadChart(folder, 'overhead'),
  'overhead-bun.svg': (folder) => overheadChart(folder, 'overhead-bun'),
  'real.svg': (folder) => realChart(folder, 'real'),
  'real-bun.svg': (folder) => realChart(folder, 'real-bun'),
  'instrument-time.svg': instrumentTimes,
  'instrument-ratio.svg': instrumentRatios,
  'unwind.svg': unwindTimes,
  'snapshot.svg': snapshotTimes,
};
