/**
 * `npm run conformance -- DIR`: the official test suite, or that of WASI 0.1, in modes. docs/testing.md tells more.
 *
 * The exit code is 0 if nothing failed, 1 if something did, 2 if the command line is wrong.
 */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EXPECTATIONS } from './expectations.ts';
import { type ModeName, MODES } from './mode.ts';
import type { Report } from './report.ts';
import { runSuite } from './suite.ts';

const USAGE = `usage: npm run conformance -- [--wasi] DIR [options]
  DIR          the folder of the suite: its .wast scripts, or with --wasi its programs and their descriptions
  --only GLOB  runs the files whose paths in DIR match, as in 'simd_*.wast' or '**/path_*'; again: those too
  --modes LIST of ${MODES.join(', ')}; default: all
  --jobs N     threads for scripts; default 1
  --seed N     of the choice of safepoints in calls that pass very many; default 1
  --json       prints the last line only: counts by mode, as JSON
  --help       prints this
Progress goes to standard error. Exit code: 0 nothing failed, 1 something did, 2 wrong command line.`;

const OPTIONS = {
  wasi: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  modes: { type: 'string', default: MODES.join(',') },
  jobs: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

class UsageError extends Error {}

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new UsageError(`--${name} is "${text}"; it must be a whole number from ${least}`);
  }
  return value;
}

function modesOf(list: string): ModeName[] {
  const names = list.split(',');
  const unknown = names.find((name) => !MODES.some((mode) => mode === name));
  if (unknown !== undefined) throw new UsageError(`there is no mode "${unknown}"`);
  return MODES.filter((mode) => names.includes(mode));
}

async function main(): Promise<number> {
  const { values, positionals } = parse();
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new UsageError('one folder must be given');
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`"${folder}" is no folder`);
  }
  const run = values.wasi ? (await import('./wasi-suite.ts')).runWasiSuite : runSuite;
  const report = await run({
    folder,
    modes: modesOf(values.modes),
    expectations: EXPECTATIONS,
    ...(values.only === undefined ? {} : { only: values.only }),
    seed: wholeNumber('seed', values.seed, 0),
    jobs: wholeNumber('jobs', values.jobs, 1),
    onFile: (file, done, count) => console.error(`${done}/${count} ${file}`),
  });
  if (report.isEmpty) throw new UsageError(`"${folder}" has no files that match`);
  print(report, values.json);
  return report.failures.length === 0 ? 0 : 1;
}

function print(report: Report, lastLineOnly: boolean): void {
  if (!lastLineOnly) {
    for (const failure of report.failures) console.log(failure);
    console.log(report.summary);
  }
  console.log(JSON.stringify(report.counts));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
