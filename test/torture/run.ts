/**
 * `npm run torture -- --seed 1 --minutes 5`: generated programs, stopped at every safepoint, until the time is over.
 *
 * Progress goes to stderr; the last line of stdout is JSON. Ends with 1 if any program gave a difference, crashed its process or hung.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import { OP, OPCODES, type OpName } from '../../runtime/wasm/index.ts';
import type { Settings } from './messages.ts';
import { Pool } from './pool.ts';

const USAGE = `npm run torture -- [options]
  --seed N       which programs (default 1)
  --minutes N    how long (default 5)
  --programs N   at most so many
  --from N       number of the first (default 0)
  --mode M       way of unwinding: throw, flag or both (default both)
  --jobs N       processes (default 2)
  --out DIR      where what is found goes (default: a folder of the system for temporary files)
  --plant NAME   report a difference for every program with this instruction, to try the reduction
  --json         no progress`;

const UNWINDS: Readonly<Record<string, readonly UnwindMode[]>> = {
  throw: ['throw'],
  flag: ['flag'],
  both: ['throw', 'flag'],
};
const REPORT_MS = 10_000;

interface Options {
  readonly settings: Settings;
  readonly minutes: number;
  readonly from: number;
  readonly programs: number;
  readonly jobs: number;
  readonly quiet: boolean;
}

/** The options, or what is wrong with them. */
function readOptions(): Options | string {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '5' },
      programs: { type: 'string' },
      from: { type: 'string', default: '0' },
      mode: { type: 'string', default: 'both' },
      jobs: { type: 'string', default: '2' },
      out: { type: 'string', default: join(tmpdir(), 'pluvio-torture') },
      plant: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return USAGE;
  const { plant } = values;
  const unwinds = UNWINDS[values.mode];
  if (unwinds === undefined) return `--mode is ${values.mode}; it must be throw, flag or both`;
  if (plant !== undefined && !Object.hasOwn(OP, plant)) return `--plant is ${plant}, which is no instruction`;
  const numbers = [values.seed, values.minutes, values.from, values.jobs, values.programs ?? '1'].map(Number);
  if (numbers.some((number) => !Number.isFinite(number) || number < 0)) return `a number is malformed\n${USAGE}`;
  const [seed = 1, minutes = 5, from = 0, jobs = 2] = numbers;
  return {
    settings: { seed, unwinds, plant: plant as OpName | undefined, out: values.out }, // a key of OP, checked above
    minutes,
    from,
    programs: values.programs === undefined ? Number.POSITIVE_INFINITY : Number(values.programs),
    jobs: Math.max(1, jobs),
    quiet: values.json,
  };
}

/** How to run one program again. */
const commandOf = (seed: number, number: number): string =>
  `npm run torture -- --seed ${seed} --from ${number} --programs 1 --jobs 1`;

async function main(options: Options): Promise<number> {
  const { settings, minutes, from, programs, jobs, quiet } = options;
  const started = performance.now();
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  const pool = new Pool(settings, jobs, {
    first: from,
    end: from + programs,
    deadlineMs: started + minutes * 60_000,
    onFinding: ({ number, kind, detail }) =>
      say(`program ${number}: ${kind}\n${detail.slice(0, 2000)}\n  again: ${commandOf(settings.seed, number)}`),
    onNotReduced: (number) => say(`program ${number} could not be reduced; it is in ${settings.out} as it is`),
    onReduced: (number, file, sizeBytes) => say(`program ${number} reduced to ${sizeBytes} bytes: ${file}.txt`),
  });
  const summary = () => {
    const elapsedMinutes = (performance.now() - started) / 60_000;
    return {
      ...pool.counts,
      differences: pool.differences,
      crashes: pool.crashes,
      hangs: pool.hangs,
      coveredInstructions: pool.covered.size,
      allInstructions: OPCODES.length,
      findings: pool.findings.map(({ number, kind }) => ({ number, kind })),
      seed: settings.seed,
      from,
      jobs,
      minutes: Math.round(elapsedMinutes * 100) / 100,
      programsPerSecond: Math.round((pool.counts.programs / elapsedMinutes / 60) * 10) / 10,
    };
  };
  const timer = setInterval(() => {
    const { programs: done, safepoints, differences, programsPerSecond } = summary();
    say(`${done} programs, ${safepoints} stops, ${differences} differences, ${programsPerSecond} programs/s`);
  }, REPORT_MS);
  await pool.run();
  clearInterval(timer);
  const missing = OPCODES.filter((_, row) => !pool.covered.has(row)).map(({ name }) => name);
  say(missing.length === 0 ? 'every instruction was covered' : `not covered: ${missing.join(' ')}`);
  process.stdout.write(`${JSON.stringify(summary())}\n`);
  return pool.findings.length > 0 ? 1 : 0;
}

const options = readOptions();
if (typeof options === 'string') {
  process.stderr.write(`${options}\n`);
  process.exitCode = options === USAGE ? 0 : 2;
} else process.exitCode = await main(options);
