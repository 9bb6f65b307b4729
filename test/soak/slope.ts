/** A line through samples over time, and whether it rises. */
export interface Sample {
  readonly hours: number;
  readonly value: number;
}

export interface Slope {
  readonly perHour: number;
  /** Standard error of that. */
  readonly error: number;
}

/** Fewer samples make no line worth looking at. */
export const SAMPLES_MIN = 8;

/** The line of least squares; undefined: there are too few samples, or all are of one moment. */
export function slopeOf(samples: readonly Sample[]): Slope | undefined {
  const count = samples.length;
  if (count < SAMPLES_MIN) return undefined;
  const meanOf = (read: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + read(sample), 0) / count;
  const middle = { hours: meanOf(({ hours }) => hours), value: meanOf(({ value }) => value) };
  let xx = 0;
  let xy = 0;
  for (const { hours, value } of samples) {
    xx += (hours - middle.hours) ** 2;
    xy += (hours - middle.hours) * (value - middle.value);
  }
  if (xx === 0) return undefined;
  const perHour = xy / xx;
  const rest = samples.reduce(
    (sum, { hours, value }) => sum + (value - middle.value - perHour * (hours - middle.hours)) ** 2,
    0,
  );
  return { perHour, error: Math.sqrt(rest / (count - 2) / xx) };
}

export type Verdict = 'steady' | 'grows' | 'too short';

/** It grows if it surely rises, and by more in an hour than is allowed. */
export function verdictOf(slope: Slope | undefined, mostPerHour: number): Verdict {
  if (!slope) return 'too short';
  return slope.perHour - 2 * slope.error > 0 && slope.perHour > mostPerHour ? 'grows' : 'steady';
}
