/** Curves over a logarithmic axis. */
import { decadeScale, linearScale, logScale, type Scale, tickText } from './scale.ts';
import { COLOURS, element, HEADER_HEIGHT, label, legend, type LegendEntry, line, picture } from './svg.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the spread. */
  readonly min?: number;
  readonly max?: number;
}

export interface Curve extends LegendEntry {
  readonly points: readonly Point[];
  /** A baseline rather than a result. */
  readonly dashed?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  /** Ticks with their text, where powers of ten will not do. */
  readonly x: { readonly label: string; readonly ticks?: readonly (readonly [value: number, text: string])[] };
  readonly y: { readonly label: string; readonly kind: 'log' | 'linear' };
  readonly curves: readonly Curve[];
}

const WIDTH = 820;
const HEIGHT = 460;
const LEFT = 76;
const RIGHT = 30;
const TOP = HEADER_HEIGHT + 22;
const BOTTOM = HEIGHT - 60;

function scaleOfX({ ticks }: LineChart['x'], values: readonly number[]): Scale {
  if (ticks === undefined) return decadeScale(values, LEFT, WIDTH - RIGHT);
  const places = ticks.map(([value]) => value);
  return logScale(Math.min(...places), Math.max(...places), LEFT, WIDTH - RIGHT, places);
}

export function lineChart({ title, subtitle, x, y, curves }: LineChart): string {
  const points = curves.flatMap((curve) => curve.points);
  const heights = points.flatMap((point) => [point.y, point.min ?? point.y, point.max ?? point.y]);
  const scaleX = scaleOfX(
    x,
    points.map((point) => point.x),
  );
  const scaleY = (y.kind === 'log' ? decadeScale : linearScale)(heights, BOTTOM, TOP);
  const textX = new Map(x.ticks);
  const content: string[] = legend(20, 76, curves);
  for (const tick of scaleY.ticks) {
    content.push(line(LEFT, scaleY.at(tick), WIDTH - RIGHT, scaleY.at(tick), COLOURS.grid));
    content.push(label(LEFT - 8, scaleY.at(tick) + 4, tickText(tick), { 'text-anchor': 'end', fill: COLOURS.faint }));
  }
  for (const tick of scaleX.ticks) {
    const text = textX.get(tick) ?? tickText(tick);
    content.push(line(scaleX.at(tick), TOP, scaleX.at(tick), BOTTOM, COLOURS.grid));
    content.push(label(scaleX.at(tick), BOTTOM + 18, text, { 'text-anchor': 'middle', fill: COLOURS.faint }));
  }
  content.push(line(LEFT, BOTTOM, WIDTH - RIGHT, BOTTOM, COLOURS.grey));
  content.push(label((LEFT + WIDTH - RIGHT) / 2, BOTTOM + 42, x.label, { 'text-anchor': 'middle' }));
  content.push(label(20, TOP - 14, y.label));
  for (const curve of curves) content.push(...curveParts(curve, scaleX.at, scaleY.at));
  return picture({ width: WIDTH, height: HEIGHT, title, subtitle, content });
}

function curveParts(
  { colour, points, dashed }: Curve,
  atX: (value: number) => number,
  atY: (value: number) => number,
): string[] {
  const places = points.map((point) => `${atX(point.x).toFixed(1)},${atY(point.y).toFixed(1)}`);
  const stroke = { fill: 'none', stroke: colour, 'stroke-width': 2, 'stroke-linejoin': 'round' };
  return [
    element('polyline', {
      points: places.join(' '),
      ...stroke,
      ...(dashed === true ? { 'stroke-dasharray': '5 4' } : {}),
    }),
    ...points.flatMap((point) => {
      const { min = point.y, max = point.y } = point;
      const spread = max > min ? [line(atX(point.x), atY(min), atX(point.x), atY(max), colour)] : [];
      return [...spread, element('circle', { cx: atX(point.x), cy: atY(point.y), r: 3, fill: colour })];
    }),
  ];
}
