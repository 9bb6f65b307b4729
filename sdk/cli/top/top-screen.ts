/** A view of `top` as text. */
import { sizeText } from '../terminal.ts';
import type { TopRow, TopView } from './top-rows.ts';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const UNITS = ['', 'k', 'M', 'G', 'T'] as const;

/** 1234567 as `1.2M`. */
export function shortNumber(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${rest >= 99.5 || Number.isInteger(rest) ? Math.round(rest) : rest.toFixed(1)}${UNITS[unit] ?? ''}`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const or = (value: number | null, text: (value: number) => string): string => (value === null ? '-' : text(value));

const COLUMNS: readonly { readonly title: string; readonly cell: (row: TopRow) => string; readonly left?: true }[] = [
  { title: 'NAME', cell: ({ name }) => name, left: true },
  { title: 'STATUS', cell: ({ status }) => status, left: true },
  { title: 'CPU', cell: ({ cpuShare }) => or(cpuShare, percent) },
  { title: 'FUEL/S', cell: ({ fuelPerSecond }) => or(fuelPerSecond, shortNumber) },
  { title: 'MEMORY', cell: ({ memoryBytes }) => sizeText(memoryBytes) },
  { title: 'CALLS/S', cell: ({ callsPerSecond }) => or(callsPerSecond, shortNumber) },
  { title: 'MAILBOX', cell: ({ mailbox }) => or(mailbox, String) },
];

/** Lines of the screen, cut to its size. */
export function screenOf({ rows, node }: TopView, size: ScreenSize): string {
  const facts = [
    `${node.workers} workers`,
    `cpu ${or(node.cpuShare, percent)}`,
    `memory ${or(node.residentBytes, sizeText)}`,
    `calls ${or(node.callsPerSecond, shortNumber)}/s`,
  ].join('   ');
  const cells = [COLUMNS.map(({ title }) => title), ...rows.map((row) => COLUMNS.map(({ cell }) => cell(row)))];
  const shown = cells.slice(0, Math.max(2, size.rows - 3));
  const widths = COLUMNS.map((_, column) => Math.max(...shown.map((line) => line[column]?.length ?? 0)));
  const lines = shown.map((line) =>
    line
      .map((cell, at) => (COLUMNS[at]?.left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [facts, '', ...lines].map((line) => `${line.slice(0, size.columns)}\n`).join('');
}
