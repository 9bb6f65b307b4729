/**
 * Runs all that BENCHMARKS.md reports, keeps the results, draws the pictures and rewrites the tables:
 * `node test/bench/all.ts [NAME…] [--rounds N] [--quick]`. With `--quick` everything goes to a temporary folder.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { progress } from './benchmark.ts';
import { drawAll, PICTURES_FOLDER } from './plots.ts';
import { rewriteDocument } from './report.ts';
import { isRunName, RESULTS_FOLDER, RUN_NAMES, type RunName, RUNS, writeResult } from './results.ts';

const SCRIPT = fileURLToPath(new URL('./run.ts', import.meta.url));

/** The JSON line that a run ends with. @throws Error if it fails */
async function runOne(name: RunName, more: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [SCRIPT, ...RUNS[name], ...more, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  const last = output.trimEnd().split('\n').at(-1);
  if (code !== 0 || last === undefined) throw new Error(`${name} ended with exit code ${code}`);
  return last;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !isRunName(name));
if (unknown.length > 0)
  throw new RangeError(`there is no run "${unknown.join('", "')}"; there are: ${RUN_NAMES.join(', ')}`);
const names = positionals.length === 0 ? RUN_NAMES : positionals.filter(isRunName);
const more = [
  ...(values.quick ? ['--quick'] : []),
  ...(values.rounds === undefined ? [] : ['--rounds', values.rounds]),
];
const aside = values.quick ? mkdtempSync(join(tmpdir(), 'pluvio-bench-')) : undefined;
const results = aside ?? RESULTS_FOLDER;
for (const name of names) {
  progress(`== ${name}`);
  await writeResult(results, name, await runOne(name, more));
}
const drawn = drawAll(results, aside ?? PICTURES_FOLDER);
if (aside === undefined) await rewriteDocument(results);
process.stdout.write(`${names.length} results in ${results}, ${drawn.length} pictures\n`);
