/** Text of SVG elements. Coordinates are pixels, written with at most one decimal, so that equal input gives equal bytes. */

export type Attributes = Readonly<Record<string, string | number>>;

/** Colours that people who see few colours can tell apart too. */
export const COLOURS = {
  background: '#ffffff',
  frame: '#d0d7de',
  grid: '#e6e9ed',
  text: '#1f2328',
  faint: '#59636e',
  grey: '#8c959f',
  blue: '#0072b2',
  orange: '#e69f00',
  red: '#d55e00',
  green: '#009e73',
  purple: '#a8509f',
} as const;

const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

const attributeText = (value: string | number): string =>
  escaped(typeof value === 'number' ? String(Math.round(value * 10) / 10) : value);

/** An element; its content is text of other elements. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attributeText(value)}"`);
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`;
}

export const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string =>
  element('line', { x1, y1, x2, y2, stroke, 'stroke-width': width });

export const label = (x: number, y: number, text: string, attributes: Attributes = {}): string =>
  element('text', { x, y, fill: COLOURS.text, ...attributes }, escaped(text));

export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
}

/** Widths of characters are not known: the mean of the fonts above. */
const CHARACTER_WIDTH = 6.6;
const SWATCH = 12;
const LEGEND_GAP = 22;

export function legend(x: number, y: number, entries: readonly LegendEntry[]): string[] {
  let at = x;
  return entries.flatMap(({ name, colour }) => {
    const left = at;
    at += SWATCH + 6 + name.length * CHARACTER_WIDTH + LEGEND_GAP;
    return [
      element('rect', { x: left, y: y - 10, width: SWATCH, height: SWATCH, rx: 2, fill: colour }),
      label(left + SWATCH + 6, y, name),
    ];
  });
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** Below the title, smaller. */
  readonly subtitle: string;
  readonly content: readonly string[];
}

/** Room for title, subtitle and legend. */
export const HEADER_HEIGHT = 92;

/** A picture on a light card of its own, which also reads on dark pages. */
export function picture({ width, height, title, subtitle, content }: Picture): string {
  const card = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8, stroke: COLOURS.frame };
  const parts = [
    element('title', {}, escaped(title)),
    element('rect', { ...card, fill: COLOURS.background }),
    label(20, 30, title, { 'font-size': 17, 'font-weight': 600 }),
    label(20, 50, subtitle, { fill: COLOURS.faint }),
    ...content,
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': FONT,
    'font-size': 12,
  };
  return `${element('svg', attributes, `\n${parts.join('\n')}\n`)}\n`;
}
