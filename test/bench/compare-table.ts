import type { Comparison, Means } from './compare.ts';
import { type Machine, machineLine } from './machine.ts';
import type { Summary } from './statistics.ts';
import { formatTable, spread } from './table.ts';

const cell = (summary: Summary | undefined): string => (summary === undefined ? '–' : spread(summary));
const mean = (value: number | null): string =>
  value === null || Number.isNaN(value) ? '–' : `**${value.toFixed(2)}**`;

/** What has been measured of a subject, for standard error. */
export function progressLine(name: string, found: Comparison): string {
  const parts = [
    { what: 'Pluvio', ratio: found.ratio },
    { what: 'Asyncify', ratio: found.asyncify_unmetered_ratio },
    { what: 'Asyncify with fuel', ratio: found.asyncify_ratio },
  ].flatMap(({ what, ratio }) => (ratio === undefined ? [] : [`${what} ${ratio.median}`]));
  return `${name}, to bare: ${parts.join(', ')}`;
}

/** Comparisons by name, with their means; also of a result that was read from JSON, where NaN is null. */
export function comparisonTable(found: Readonly<Record<string, Comparison>>, means: Means, kind: string): string {
  const rows = Object.entries(found).map(([name, one]) => [
    name,
    one.bare_ms.median.toFixed(0),
    cell(one.ratio),
    cell(one.asyncify_unmetered_ratio),
    cell(one.asyncify_ratio),
    cell(one.first_ratio),
  ]);
  rows.push([
    '**geometric mean**',
    '',
    mean(means.geomean),
    mean(means.asyncify_unmetered_geomean),
    mean(means.asyncify_geomean),
    mean(means.first_geomean),
  ]);
  const header = [
    kind,
    'bare, ms',
    'Pluvio / bare',
    'Asyncify / bare',
    'Asyncify with fuel / bare',
    'first call: Pluvio / bare',
  ];
  return formatTable(header, rows);
}

/** The table, where it was measured, and why variants are missing. */
export function comparisonText(
  found: Readonly<Record<string, Comparison>>,
  means: Means,
  kind: string,
  machine: Machine,
): string {
  const reasons = Object.entries(found).flatMap(([name, { skipped }]) =>
    Object.entries(skipped).map(([variant, reason]) => `${name} was not measured as ${variant}: ${reason}`),
  );
  return [machineLine(machine), comparisonTable(found, means, kind), ...reasons].join('\n\n');
}
