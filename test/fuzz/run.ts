/**
 * The fuzzer: hostile modules, snapshots, bundles, host calls and requests, by the million.
 *
 *     npm run fuzz -- --seed 1 --minutes 5 [--cases N] [--target NAME]… [--jobs N] [--case K] [--out FOLDER] [--json]
 *
 * `--case K` repeats one case of a seed (with the same `--target`, if there was one). Progress goes to stderr; the last line of stdout is
 * JSON. Exit 1: there was a finding; its input is in the out folder, a file each, reduced.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign, type Totals } from './campaign.ts';
import { summaryOf } from './summary.ts';
import { TARGET_NAMES, type TargetName } from './targets.ts';

const PROGRESS_MS = 10_000;
const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    cases: { type: 'string' },
    target: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '1' },
    case: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} is ${text}; it must be a number from 0`);
  process.exit(2);
}

function targetsOf(asked: readonly string[] | undefined): readonly TargetName[] {
  if (asked === undefined) return TARGET_NAMES;
  const found = TARGET_NAMES.filter((name) => asked.includes(name));
  if (found.length === asked.length) return found;
  console.error(`--target is ${asked.join(', ')}; there are ${TARGET_NAMES.join(', ')}`);
  process.exit(2);
}

const single = values.case === undefined ? undefined : numberOf('case', values.case);
const seed = numberOf('seed', values.seed);
const minutes = values.minutes === undefined ? undefined : numberOf('minutes', values.minutes);
const cases = values.cases === undefined ? undefined : numberOf('cases', values.cases);
const out = values.out === undefined ? mkdtempSync(join(tmpdir(), 'pluvio-fuzz-')) : resolve(values.out);
mkdirSync(out, { recursive: true });

const start = performance.now();
let shown = start;
function showProgress({ cases: done, findings }: Totals): void {
  const now = performance.now();
  if (now - shown < PROGRESS_MS) return;
  shown = now;
  const seconds = (now - start) / 1000;
  console.error(
    `${done} cases in ${seconds.toFixed(0)} s, ${(done / seconds).toFixed(0)}/s, ${findings.size} findings`,
  );
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const totals = await runCampaign({
  signal: stop.signal,
  seed,
  targets: targetsOf(values.target),
  first: single ?? 0,
  cases: single === undefined ? (cases ?? (minutes === undefined ? 20_000 : Infinity)) : 1,
  timeMs: minutes === undefined ? Infinity : minutes * MINUTE_MS,
  jobs: numberOf('jobs', values.jobs),
  out,
  onProgress: showProgress,
});
const summary = summaryOf(totals, seed, (performance.now() - start) / MINUTE_MS);
for (const { target, caseNumber, signature, count, report, file } of totals.findings.values()) {
  console.error(`\n${count} × ${target}, case ${caseNumber}: ${signature}\n${report}\ninput: ${file ?? 'not written'}`);
}
if (!values.json) {
  console.error(JSON.stringify({ coded: totals.coded, ran: totals.ran }, undefined, 2));
  if (totals.findings.size > 0) console.error(`inputs of findings are in ${out}`);
}
console.log(JSON.stringify(summary));
process.exit(totals.findings.size > 0 ? 1 : 0);
