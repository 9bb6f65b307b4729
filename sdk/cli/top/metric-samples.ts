/** Samples out of Prometheus' text format, as far as `top` needs them. */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));

/** Samples by the name of their metric; lines that are none are passed over. */
export function readSamples(text: string): ReadonlyMap<string, readonly MetricSample[]> {
  const samples = new Map<string, MetricSample[]>();
  for (const line of text.split('\n')) {
    const [, name, labelText = '', valueText] = SAMPLE.exec(line) ?? [];
    const value = Number(valueText);
    if (name === undefined || Number.isNaN(value)) continue;
    const labels = [...labelText.matchAll(LABEL)].map(
      ([, label = '', inner = '']) => [label, unescaped(inner)] as const,
    );
    const known = samples.get(name) ?? [];
    known.push({ labels: Object.fromEntries(labels), value });
    samples.set(name, known);
  }
  return samples;
}
