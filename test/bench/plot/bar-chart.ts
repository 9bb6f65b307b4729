/** Ratios to a baseline as bars to the right (more) and left (less) of a line at 1, on a logarithmic scale. */
import { logScale, tickText } from './scale.ts';
import { COLOURS, element, HEADER_HEIGHT, label, legend, type LegendEntry, line, picture } from './svg.ts';

export interface Bar {
  readonly value: number;
  /** Ends of the spread. */
  readonly min?: number;
  readonly max?: number;
}

export interface BarGroup {
  readonly name: string;
  /** In the order of the series; undefined: not measured. */
  readonly bars: readonly (Bar | undefined)[];
  /** Set apart from the others, as a mean is. */
  readonly isMean?: boolean;
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly axis: string;
  readonly series: readonly LegendEntry[];
  readonly groups: readonly BarGroup[];
}

const WIDTH = 820;
const LEFT = 130;
const RIGHT = 60;
const BAR_HEIGHT = 10;
const GROUP_GAP = 12;
const AXIS_HEIGHT = 52;
const TICKS = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20];

/** The ends of the axis: ticks beyond all values, and beyond 1. */
function ends(groups: readonly BarGroup[]): { low: number; high: number } {
  const values = groups.flatMap(({ bars }) =>
    bars.flatMap((bar) => (bar === undefined ? [] : [bar.value, bar.min ?? bar.value, bar.max ?? bar.value])),
  );
  const low = Math.min(0.9, ...values);
  const high = Math.max(1.4, ...values);
  return {
    low: TICKS.findLast((tick) => tick <= low) ?? 0.1,
    high: TICKS.find((tick) => tick >= high) ?? high,
  };
}

export function barChart({ title, subtitle, axis, series, groups }: BarChart): string {
  const { low, high } = ends(groups);
  const scale = logScale(low, high, LEFT, WIDTH - RIGHT, TICKS);
  const groupHeight = series.length * BAR_HEIGHT + GROUP_GAP;
  const bottom = HEADER_HEIGHT + groups.length * groupHeight + 4;
  const content: string[] = legend(20, 76, series);
  for (const tick of scale.ticks) {
    content.push(line(scale.at(tick), HEADER_HEIGHT - 4, scale.at(tick), bottom, COLOURS.grid));
    content.push(label(scale.at(tick), bottom + 17, tickText(tick), { 'text-anchor': 'middle', fill: COLOURS.faint }));
  }
  groups.forEach((group, index) => {
    const top = HEADER_HEIGHT + index * groupHeight + GROUP_GAP / 2;
    content.push(...groupParts(group, top, series, scale.at));
  });
  content.push(line(scale.at(1), HEADER_HEIGHT - 4, scale.at(1), bottom, COLOURS.text, 1.5));
  content.push(label((LEFT + WIDTH - RIGHT) / 2, bottom + 38, axis, { 'text-anchor': 'middle' }));
  return picture({ width: WIDTH, height: bottom + AXIS_HEIGHT, title, subtitle, content });
}

function groupParts(
  group: BarGroup,
  top: number,
  series: readonly LegendEntry[],
  at: (value: number) => number,
): string[] {
  const weight = group.isMean === true ? { 'font-weight': 600 } : {};
  const middle = top + (series.length * BAR_HEIGHT) / 2;
  const parts = [label(LEFT - 10, middle + 4, group.name, { 'text-anchor': 'end', ...weight })];
  group.bars.forEach((bar, index) => {
    if (bar === undefined) return;
    const y = top + index * BAR_HEIGHT;
    const start = Math.min(at(1), at(bar.value));
    const width = Math.max(1, Math.abs(at(bar.value) - at(1)));
    const fill = series[index]?.colour ?? COLOURS.grey;
    parts.push(element('rect', { x: start, y, width, height: BAR_HEIGHT - 2, fill }));
    const { min = bar.value, max = bar.value } = bar;
    const centre = y + (BAR_HEIGHT - 2) / 2;
    if (max > min) parts.push(line(at(min), centre, at(max), centre, COLOURS.text));
    const end = Math.max(at(1), at(bar.value), at(max)) + 5;
    parts.push(
      label(end, y + BAR_HEIGHT - 2, bar.value.toFixed(2), { 'font-size': 10, fill: COLOURS.faint, ...weight }),
    );
  });
  return parts;
}
