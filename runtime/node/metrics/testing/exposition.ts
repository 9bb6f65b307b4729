/** A strict reader of Prometheus' text format 0.0.4, for tests: what promtool would complain of is an error. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

function fail(line: string, problem: string): never {
  throw new Error(`${problem}: ${line}`);
}

function numberOf(text: string, line: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  if (text === 'NaN' || text === 'Nan') return NaN;
  return NUMBER.test(text) ? Number(text) : fail(line, 'no number');
}

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const match = LABEL.exec(rest) ?? fail(line, 'bad label');
    const [whole, name = '', value = ''] = match;
    if (Object.hasOwn(labels, name)) fail(line, 'label twice');
    labels[name] = value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
    rest = rest.slice(whole.length);
  }
  return labels;
}

interface Draft {
  name: string;
  help: string | undefined;
  type: string | undefined;
  samples: Sample[];
}

/** @throws Error that names the line */
export function parseExposition(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Draft>();
  const seen = new Set<string>();
  let current: Draft | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (!NAME.test(name)) fail(line, 'bad name');
      if (current?.name !== name) {
        if (families.has(name)) fail(line, 'family twice');
        families.set(name, (current = { name, help: undefined, type: undefined, samples: [] }));
      }
      if (current.samples.length > 0) fail(line, 'comment after samples');
      if (kind === 'HELP') current.help = current.help === undefined ? rest : fail(line, 'HELP twice');
      else current.type = current.type === undefined && rest in SUFFIXES ? rest : fail(line, 'bad or second TYPE');
      continue;
    }
    const match = SAMPLE.exec(line) ?? fail(line, 'no sample');
    const [, name = '', labelText = '', valueText = ''] = match;
    const family = current ?? fail(line, 'sample without TYPE');
    const suffix = name.startsWith(family.name) ? name.slice(family.name.length) : fail(line, 'of another family');
    if (!SUFFIXES[family.type ?? '']?.includes(suffix)) fail(line, `not of a ${family.type}`);
    const sample = { name, labels: labelsOf(labelText, line), value: numberOf(valueText, line) };
    const key = `${name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) fail(line, 'series twice');
    seen.add(key);
    family.samples.push(sample);
  }
  return [...families.values()].map(checkFamily);
}

function checkFamily({ name, help, type, samples }: Draft): Family {
  if (help === undefined || help === '' || type === undefined) throw new Error(`${name} lacks HELP or TYPE`);
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`counter ${name} must end in _total`);
  if (type !== 'counter' && /_(total|count|sum|bucket)$/.test(name))
    throw new Error(`${type} ${name} has a reserved end`);
  if (/_(milliseconds|ms|kilobytes|megabytes|minutes|percent)(_|$)/.test(name))
    throw new Error(`${name} has no base unit`);
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) throw new Error(`counter ${name} below 0`);
  if (type === 'histogram') checkHistogram(name, samples);
  return { name, type, help, samples };
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const keyOf = ({ labels: { le: _, ...rest } }: Sample): string => JSON.stringify(Object.entries(rest).sort());
  for (const [key, group] of Map.groupBy(samples, keyOf)) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const bounds = buckets.map(({ labels }) => numberOf(labels['le'] ?? '', `${name} ${key}`));
    const rises = (values: readonly number[]): boolean =>
      values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
    const isWhole = bounds.at(-1) === Infinity && buckets.at(-1)?.value === count;
    if (!isWhole || !rises(bounds) || !rises(buckets.map(({ value }) => value)))
      throw new Error(`histogram ${name} ${key}`);
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`histogram ${name} has no sum`);
  }
}
