/** From values to pixels. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Powers of ten from the one at or below `low` to the one at or above `high`. */
function decades(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(high) - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** A logarithmic scale over the given ends; values beyond them stay at the edge. */
export function logScale(low: number, high: number, from: number, to: number, ticks: readonly number[]): Scale {
  const span = Math.log(high / low);
  return {
    at: (value) => from + (clamp(Math.log(value / low) / span, 0, 1) || 0) * (to - from),
    ticks: ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001),
  };
}

/** A logarithmic scale over whole powers of ten. */
export function decadeScale(values: readonly number[], from: number, to: number): Scale {
  const ticks = decades(Math.min(...values), Math.max(...values));
  return logScale(ticks[0] ?? 1, ticks.at(-1) ?? 10, from, to, ticks);
}

const STEPS = [0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10];
const TICKS_MAX = 7;

/** A linear scale from zero. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const high = Math.max(...values, 1e-9);
  const step = STEPS.find((size) => high / size <= TICKS_MAX) ?? 10 ** Math.ceil(Math.log10(high / TICKS_MAX));
  const end = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return { at: (value) => from + (value / end) * (to - from), ticks };
}

/** A number as a tick: no more digits than it needs. */
export const tickText = (value: number): string =>
  value >= 1000 ? value.toLocaleString('en-US', { maximumFractionDigits: 0 }) : String(Number(value.toPrecision(3)));
