/** A sample of one quantity: the middle, how far values lie from it, and the ends. */
export interface Summary {
  readonly median: number;
  /** Median of the absolute deviations from the median. */
  readonly mad: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** @throws RangeError if there are no values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  if (low === undefined || high === undefined) throw new RangeError('the median of no values');
  return (low + high) / 2;
}

/** The median of the second half: what repetitions take once the engine has settled. @throws RangeError if there are no values */
export const warmMedian = (values: readonly number[]): number => median(values.slice(values.length >> 1));

/** @throws RangeError if there are no values */
export function summarise(values: readonly number[]): Summary {
  const middle = median(values);
  return {
    median: round(middle),
    mad: round(median(values.map((value) => Math.abs(value - middle)))),
    min: round(Math.min(...values)),
    max: round(Math.max(...values)),
    count: values.length,
  };
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The geometric mean: what an average of ratios is. */
export const geomean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** Four significant digits: more than any of these measurements has. */
export const round = (value: number): number => Number(value.toPrecision(4));
