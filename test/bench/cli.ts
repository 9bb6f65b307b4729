/** How long the command takes that does nothing but say its version, against an empty program of the same engine. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { median, round, summarise, type Summary } from './statistics.ts';
import { formatTable, range, spread } from './table.ts';

const MAIN = fileURLToPath(new URL('../../dist/sdk/cli/main.js', import.meta.url));
const STARTS = 30;
const QUICK_STARTS = 2;

/** Arguments of Node for each. The last two are there to compare: a command that reads the command table, and help, which reads all of it. */
const PROGRAMS = {
  empty: ['-e', '0'],
  version: [MAIN, '--version'],
  'version -o json': [MAIN, 'version', '-o', 'json'],
  help: [MAIN, 'help'],
} as const satisfies Record<string, readonly string[]>;
type ProgramName = keyof typeof PROGRAMS;
const NAMES = Object.keys(PROGRAMS) as readonly ProgramName[]; // the table has exactly these keys

export interface CliResult {
  readonly benchmark: 'cli';
  readonly machine: Machine;
  readonly rounds: number;
  /** Of each program in a round. */
  readonly starts: number;
  /** `pluvio --version` to `node -e 0`. */
  readonly ratio: number;
  readonly per_program: Readonly<Record<ProgramName, { readonly ms: Summary; readonly ratio: Summary }>>;
}

/** @throws Error if the program fails */
function startMs(program: ProgramName): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, PROGRAMS[program], { encoding: 'utf8' });
  const elapsedMs = performance.now() - begin;
  if (status !== 0) throw new Error(`${program} ended with exit code ${String(status)}: ${stderr}`);
  return elapsedMs;
}

function measureRound(starts: number): Record<ProgramName, number> {
  const times: Record<ProgramName, number[]> = { empty: [], version: [], 'version -o json': [], help: [] };
  for (let turn = 0; turn < starts; turn++) {
    for (const program of rotated(NAMES, turn)) times[program].push(startMs(program));
  }
  const middle = (program: ProgramName): number => median(times[program]);
  return {
    empty: middle('empty'),
    version: middle('version'),
    'version -o json': middle('version -o json'),
    help: middle('help'),
  };
}

function measure({ quick, rounds }: BenchOptions): Promise<CliResult> {
  if (!existsSync(MAIN)) throw new Error(`there is no ${MAIN}; \`npm run build\` makes it`);
  const where = machine();
  const starts = quick ? QUICK_STARTS : STARTS;
  for (const program of NAMES) startMs(program); // files are read, the cache of compiled code is there
  const runs = Array.from({ length: rounds }, (_, index) => {
    const run = measureRound(starts);
    progress(`round ${index + 1} of ${rounds}`);
    return run;
  });
  const resultOf = (program: ProgramName) => ({
    ms: summarise(runs.map((run) => run[program])),
    ratio: summarise(runs.map((run) => run[program] / run.empty)),
  });
  const perProgram = {
    empty: resultOf('empty'),
    version: resultOf('version'),
    'version -o json': resultOf('version -o json'),
    help: resultOf('help'),
  };
  return Promise.resolve({
    benchmark: 'cli',
    machine: where,
    rounds,
    starts,
    ratio: round(perProgram.version.ratio.median),
    per_program: perProgram,
  });
}

function format({ machine: where, starts, per_program }: CliResult): string {
  const rows = NAMES.map((name) => {
    const { ms, ratio } = per_program[name];
    return [
      name === 'empty' ? 'node -e 0' : `pluvio ${name === 'version' ? '--version' : name}`,
      range(ms),
      spread(ratio),
    ];
  });
  return `${machineLine(where)}; ${starts} starts a round\n\n${formatTable(['command', 'ms', 'to node -e 0'], rows)}`;
}

export const cli: Benchmark<CliResult> = {
  question: 'How long does the command take to start?',
  measure,
  format,
};
