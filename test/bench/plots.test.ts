import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BENCHMARKS } from './benchmarks.ts';
import { barChart } from './plot/bar-chart.ts';
import { lineChart } from './plot/line-chart.ts';
import { decadeScale, linearScale, logScale } from './plot/scale.ts';
import { drawAll, PICTURES_FOLDER } from './plots.ts';
import { documentWith } from './report.ts';
import { RESULTS_FOLDER, RUN_NAMES, RUNS, writeResult } from './results.ts';

const SUMMARY = { median: 1.5, mad: 0.1, min: 1.25, max: 2, count: 3 };
const MACHINE = { engine: 'V8 <1>', platform: 'linux', cpu: 'a "cpu"', cores: 2, memoryGiB: 4, load: 0 };
const COMPARISON = { bare_ms: SUMMARY, ratio: SUMMARY, asyncify_ratio: SUMMARY, first_ratio: SUMMARY, skipped: {} };
const OVERHEAD = {
  machine: MACHINE,
  geomean: 1.5,
  asyncify_geomean: 1.5,
  asyncify_unmetered_geomean: null, // NaN, as JSON has it
  first_geomean: 1.5,
  per_kernel: { fib: COMPARISON },
};

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pluvio-plots-'));
  await writeResult(folder, 'overhead', JSON.stringify(OVERHEAD));
});
afterAll(() => rmSync(folder, { recursive: true }));

const filesOf = (pictures: string, names: readonly string[]): string[] =>
  names.map((name) => readFileSync(join(pictures, name), 'utf8'));

test('draws what there are results of, the same bytes each time', () => {
  const names = drawAll(folder, folder);
  expect(names).toEqual(['overhead.svg']);
  const [first] = filesOf(folder, names);
  drawAll(folder, folder);
  expect(filesOf(folder, names)).toEqual([first]);
  expect(first).toContain('V8 &lt;1&gt;');
  expect(first).not.toContain('NaN');
  expect(first).not.toContain('no metering'); // a series without a mean was not measured
});

test('a section of the document is made of its result; others stay', async () => {
  const section = (name: string): string => `<!-- results: ${name} -->\n\nold ${name}\n\n<!-- end of results -->\n`;
  const filled = await documentWith(`# Title\n\n${section('overhead')}\n${section('real')}`, folder);
  expect(filled).not.toContain('old overhead');
  expect(filled).toMatch(/\| fib +\| +2 \| 1\.50 \(1\.25–2\.00\) \| +– \|/);
  expect(filled).toContain('old real');
  expect(await documentWith(filled, folder)).toBe(filled);
  await expect(documentWith(section('nothing'), folder)).rejects.toThrow(RangeError);
});

describe('what is committed', () => {
  test('the pictures in docs/plots are what the results give', () => {
    const drawn = drawAll(RESULTS_FOLDER, folder);
    expect(drawn.length).toBeGreaterThan(0);
    expect(readdirSync(PICTURES_FOLDER).sort()).toEqual([...drawn].sort());
    expect(filesOf(PICTURES_FOLDER, drawn)).toEqual(filesOf(folder, drawn));
  });

  test('every benchmark has a run, and a row in BENCHMARKS.md; no figures there are put by hand', () => {
    const benchmarks = Object.keys(BENCHMARKS).sort();
    expect([...new Set(RUN_NAMES.map((name) => RUNS[name][0]))].sort()).toEqual(benchmarks);
    const document = readFileSync(new URL('../../BENCHMARKS.md', import.meta.url), 'utf8');
    const byHand = document.replace(/<!-- results: [^]*?<!-- end of results -->/g, '');
    expect([...byHand.matchAll(/^\| `([a-z]+)` /gm)].map(([, name]) => name).sort()).toEqual(benchmarks);
    expect(byHand).not.toMatch(/[\d.]+ \([\d.]+–[\d.]+\)|load average \d/); // a figure with its ends, a machine
  });

  test('BENCHMARKS.md has a section for every run, and shows the pictures that there are', async () => {
    const document = readFileSync(new URL('../../BENCHMARKS.md', import.meta.url), 'utf8');
    for (const name of RUN_NAMES) expect(document).toContain(`<!-- results: ${name} -->`);
    const shown = [...document.matchAll(/\(docs\/plots\/([^)]+)\)/g)].map(([, name]) => name);
    expect(shown.sort()).toEqual(readdirSync(PICTURES_FOLDER).sort());
    expect(await documentWith(document, RESULTS_FOLDER)).toBe(document);
  });
});

test('scales put values at pixels', () => {
  expect(decadeScale([3, 250], 0, 300).ticks).toEqual([1, 10, 100, 1000]);
  expect(decadeScale([3, 250], 0, 300).at(10)).toBeCloseTo(100);
  expect(decadeScale([10, 10], 0, 100).ticks).toEqual([10, 100]);
  expect(logScale(0.5, 2, 0, 100, [0.1, 1, 5]).ticks).toEqual([1]);
  expect(logScale(0.5, 2, 0, 100, []).at(8)).toBe(100);
  expect(linearScale([0.5, 1.7], 100, 0).ticks).toEqual([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]);
});

test('charts have a shape for each value', () => {
  const bars = barChart({
    title: 'a & b',
    subtitle: '',
    axis: 'ratio',
    series: [
      { name: 'one', colour: 'red' },
      { name: 'two', colour: 'blue' },
    ],
    groups: [{ name: 'x', bars: [{ value: 2, min: 1, max: 3 }, undefined] }],
  });
  expect(bars.match(/<rect /g)).toHaveLength(1 + 2 + 1); // the card, the legend, the bar
  expect(bars).toContain('a &amp; b');
  const lines = lineChart({
    title: '',
    subtitle: '',
    x: { label: 'depth' },
    y: { label: 'ms', kind: 'log' },
    curves: [{ name: 'c', colour: 'red', points: [1, 10, 100].map((x) => ({ x, y: x * x })) }],
  });
  expect(lines.match(/<circle /g)).toHaveLength(3);
});
