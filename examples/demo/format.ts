/** Figures as people read them. */
const KILO = 1000;

export function formatBytes(bytes: number): string {
  if (bytes < KILO) return `${bytes} B`;
  const [value, unit] = bytes < KILO ** 2 ? [bytes / KILO, 'kB'] : [bytes / KILO ** 2, 'MB'];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

export const formatMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

export const formatPercent = (fraction: number): string => `${Math.round(fraction * 100)} %`;

/** The middle of the values; of an even number, the higher of the two. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
