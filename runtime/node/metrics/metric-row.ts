/** What a row of the table of metrics is made of. */

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricRow<T extends MetricType = MetricType> {
  readonly type: T;
  /** Base unit, as in the name; empty: a plain count. */
  readonly unit: 'seconds' | 'bytes' | 'ratio' | '';
  readonly labels: readonly string[];
  readonly help: string;
  readonly buckets?: readonly number[];
}

/** Of every metric that is told per worker. */
export const WORKER_LABELS = ['worker', 'tenant'] as const;

type Unit = MetricRow['unit'];

export const counter = (unit: Unit, labels: readonly string[], help: string): MetricRow<'counter'> => ({
  type: 'counter',
  unit,
  labels,
  help,
});

export const gauge = (unit: Unit, labels: readonly string[], help: string): MetricRow<'gauge'> => ({
  type: 'gauge',
  unit,
  labels,
  help,
});

export const histogram = (
  unit: Unit,
  labels: readonly string[],
  buckets: readonly number[],
  help: string,
): MetricRow<'histogram'> => ({ type: 'histogram', unit, labels, help, buckets });
