/**
 * Variants of one program against the bare engine: each in a process of its own, taking turns within a round, so that a round's
 * ratio is between neighbours in time.
 */
import { fileURLToPath } from 'node:url';
import { asyncified } from './asyncify.ts';
import { rotated } from './benchmark.ts';
import type { BenchOptions } from './options.ts';
import { geomean, median, round, summarise, type Summary } from './statistics.ts';
import type { Elapsed } from './stopwatch.ts';

/** `asyncify_fuel` is metered, as ours is; `asyncify` is not. */
const STOPPABLE = ['pluvio', 'asyncify', 'asyncify_fuel'] as const;
type Stoppable = (typeof STOPPABLE)[number];
export type Variant = 'bare' | Stoppable;

/** What one process of a variant reports: the times of its calls, and what each of them gave. */
export interface VariantTimes {
  readonly times: readonly Elapsed[];
  readonly result: number;
}

/** Something to measure. */
export interface Subject {
  readonly name: string;
  readonly module: URL;
  /** Runs a variant's form of the module in a process of its own. */
  readonly run: (variant: Variant, path: string) => Promise<VariantTimes>;
}

/** Ratios are of time on a core, to the bare engine. What was not measured is undefined. */
export interface Comparison {
  readonly bare_ms: Summary;
  readonly ratio: Summary | undefined;
  /** Asyncify with fuel. */
  readonly asyncify_ratio: Summary | undefined;
  readonly asyncify_unmetered_ratio: Summary | undefined;
  /** Ours by the clock. */
  readonly wall_ratio: Summary | undefined;
  /** Ours, of each process's first call. */
  readonly first_ratio: Summary | undefined;
  /** Why a variant was not measured, by its name. */
  readonly skipped: Readonly<Record<string, string>>;
}

interface Measured {
  readonly steady: Elapsed;
  readonly first: Elapsed;
}

const middle = (times: readonly Elapsed[]): Elapsed => ({
  wallMs: median(times.map(({ wallMs }) => wallMs)),
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
});

function modulePath(module: URL, variant: Variant): string {
  if (variant === 'asyncify') return asyncified(module, 'unmetered');
  if (variant === 'asyncify_fuel') return asyncified(module, 'metered');
  return fileURLToPath(module);
}

/** The variants that can be made, and why others can't. */
function variantsOf(
  subject: Subject,
  wanted: readonly Stoppable[],
): { paths: ReadonlyMap<Variant, string>; skipped: Record<string, string> } {
  const paths = new Map<Variant, string>([['bare', modulePath(subject.module, 'bare')]]);
  const skipped: Record<string, string> = {};
  for (const variant of wanted) {
    try {
      paths.set(variant, modulePath(subject.module, variant));
    } catch (error) {
      skipped[variant] = error instanceof Error ? error.message : String(error);
    }
  }
  return { paths, skipped };
}

/** The variants that `--variants` names, or all. @throws RangeError for another name */
export function chosenVariants({ variants }: BenchOptions): readonly Stoppable[] {
  const unknown = variants.find((name) => !STOPPABLE.some((known) => known === name));
  if (unknown !== undefined) throw new RangeError(`--variants names "${unknown}"; it knows ${STOPPABLE.join(', ')}`);
  return STOPPABLE.filter((name) => variants.length === 0 || variants.includes(name));
}

/**
 * Measures a subject.
 * @throws Error if a variant gives another result than the bare engine
 */
export async function compare(subject: Subject, wanted: readonly Stoppable[], rounds: number): Promise<Comparison> {
  const { paths, skipped } = variantsOf(subject, wanted);
  const measured = new Map<Variant, Measured[]>([...paths.keys()].map((variant) => [variant, []]));
  let expected: number | undefined;
  for (let turn = 0; turn < rounds; turn++) {
    for (const [variant, path] of rotated([...paths], turn)) {
      const { times, result } = await subject.run(variant, path);
      const [first, ...later] = times;
      if (first === undefined) throw new Error(`${subject.name} as ${variant} reported no times`);
      expected ??= result;
      if (result !== expected) throw new Error(`${subject.name} as ${variant} gave ${result}, others ${expected}`);
      measured.get(variant)?.push({ first, steady: middle(later) });
    }
  }
  const bare = measured.get('bare') ?? [];
  const ratios = (variant: Stoppable, read: (one: Measured) => number): Summary | undefined => {
    const values = measured.get(variant)?.map((one, at) => {
      const base = bare[at];
      return base === undefined ? Number.NaN : read(one) / read(base);
    });
    return values === undefined ? undefined : summarise(values);
  };
  const steady = (one: Measured): number => one.steady.cpuMs;
  return {
    bare_ms: summarise(bare.map(steady)),
    ratio: ratios('pluvio', steady),
    asyncify_ratio: ratios('asyncify_fuel', steady),
    asyncify_unmetered_ratio: ratios('asyncify', steady),
    wall_ratio: ratios('pluvio', (one) => one.steady.wallMs),
    first_ratio: ratios('pluvio', (one) => one.first.cpuMs),
    skipped,
  };
}

/** Over several subjects; NaN (in JSON null) where nothing was measured. */
export interface Means {
  readonly geomean: number;
  readonly worst: number;
  readonly worst_name: string;
  readonly asyncify_geomean: number;
  readonly asyncify_worst: number;
  readonly asyncify_unmetered_geomean: number;
  readonly wall_geomean: number;
  readonly first_geomean: number;
}

export function meansOf(found: Readonly<Record<string, Comparison>>): Means {
  const medians = (read: (one: Comparison) => Summary | undefined): number[] =>
    Object.values(found).flatMap((one) => read(one)?.median ?? []);
  const mean = (read: (one: Comparison) => Summary | undefined): number => round(geomean(medians(read)));
  const worst = Math.max(...medians(({ ratio }) => ratio));
  return {
    geomean: mean(({ ratio }) => ratio),
    worst,
    worst_name: Object.keys(found).find((name) => found[name]?.ratio?.median === worst) ?? '',
    asyncify_geomean: mean(({ asyncify_ratio }) => asyncify_ratio),
    asyncify_worst: Math.max(...medians(({ asyncify_ratio }) => asyncify_ratio)),
    asyncify_unmetered_geomean: mean(({ asyncify_unmetered_ratio }) => asyncify_unmetered_ratio),
    wall_geomean: mean(({ wall_ratio }) => wall_ratio),
    first_geomean: mean(({ first_ratio }) => first_ratio),
  };
}
