import { round } from '../bench/statistics.ts';
import type { SoakResult, SoakSample } from './campaign.ts';
import { QUANTITIES, type QuantityName } from './quantities.ts';
import { slopeOf, type Verdict, verdictOf } from './slope.ts';

/** Of one quantity of one node. */
export interface Trend {
  readonly first: number;
  readonly last: number;
  /** Null: too short to tell. */
  readonly per_hour: number | null;
  readonly verdict: Verdict;
}

/** What a soak prints last. */
export interface SoakSummary {
  readonly minutes: number;
  readonly operations: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly workers_left: number;
  /** Quantities that grow, by node. */
  readonly grows: readonly string[];
  /** One for each node. */
  readonly nodes: readonly Readonly<Record<QuantityName, Trend>>[];
  readonly seed: number;
}

/** The first part of a run fills caches and warms code up: a fifth, and not less than a minute. */
const WARM_SHARE = 0.2;
const WARM_MIN_MS = 60_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;

function trendOf(name: QuantityName, samples: readonly SoakSample[], forMs: number): Trend {
  const { read, mostPerHour, settlesMs } = QUANTITIES[name];
  const from = Math.max(WARM_MIN_MS, WARM_SHARE * forMs) + settlesMs;
  const slope = slopeOf(
    samples
      .filter(({ atMs }) => atMs >= from)
      .map(({ atMs, holdings }) => ({ hours: atMs / MS_PER_HOUR, value: read(holdings) })),
  );
  const values = samples.map(({ holdings }) => round(read(holdings)));
  return {
    first: values[0] ?? Number.NaN,
    last: values.at(-1) ?? Number.NaN,
    per_hour: slope ? round(slope.perHour) : null,
    verdict: verdictOf(slope, mostPerHour),
  };
}

export function soakSummary(
  { operations, errors, samples, workersLeft }: SoakResult,
  forMs: number,
  seed: number,
): SoakSummary {
  const names = Object.keys(QUANTITIES) as QuantityName[]; // the table has exactly these keys
  const nodes = samples.map(
    (list) =>
      Object.fromEntries(names.map((name) => [name, trendOf(name, list, forMs)])) as Record<QuantityName, Trend>,
  );
  const grows = nodes.flatMap((trends, index) =>
    names.filter((name) => trends[name].verdict === 'grows').map((name) => `${name} of node ${index}`),
  );
  return { minutes: round(forMs / MS_PER_MINUTE), operations, errors, workers_left: workersLeft, grows, nodes, seed };
}
