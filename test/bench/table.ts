import { round, type Summary } from './statistics.ts';

/** A Markdown table, aligned so that it also reads well as text: the first column to the left, the others to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0);
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [first, ...others] = lines.map((line) => line.map(cell));
  return [first ?? [], rule, ...others].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A ratio with its ends. */
export const spread = ({ median, min, max }: Summary): string =>
  `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

/** A quantity with its ends. */
export const range = ({ median, min, max }: Summary): string => `${round(median)} (${round(min)}–${round(max)})`;
