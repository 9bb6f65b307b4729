/** The runs that BENCHMARKS.md and its pictures are made of, and their results as files. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import type { BenchmarkName, ResultOf } from './benchmarks.ts';

const ON_BUN = ['--engine', 'bun', '--variants', 'pluvio'] as const;

/** Arguments of `run.ts`, the benchmark first, in the order in which they run. */
export const RUNS = {
  overhead: ['overhead'],
  'overhead-bun': ['overhead', ...ON_BUN],
  real: ['real', '--variants', 'pluvio,asyncify_fuel'],
  'real-bun': ['real', ...ON_BUN],
  reentry: ['reentry'],
  instrument: ['instrument', '--growth'],
  unwind: ['unwind', '--growth'],
  snapshot: ['snapshot', '--growth'],
  fork: ['fork'],
  workers: ['workers'],
  http: ['http'],
  density: ['density'],
  wake: ['wake'],
  fairness: ['fairness'],
  journal: ['journal'],
  checkpoint: ['checkpoint'],
  call: ['call'],
  component: ['component'],
  cli: ['cli'],
  project: ['project'],
} as const satisfies Readonly<Record<string, readonly [BenchmarkName, ...string[]]>>;
export type RunName = keyof typeof RUNS;
export const RUN_NAMES = Object.keys(RUNS) as readonly RunName[]; // the record has exactly these keys

/** What a run gives. */
export type ResultOfRun<Name extends RunName> = ResultOf<(typeof RUNS)[Name][0]>;

export const isRunName = (name: string): name is RunName => Object.hasOwn(RUNS, name);

export const RESULTS_FOLDER = fileURLToPath(new URL('./results/', import.meta.url));

/** A run's result, or undefined if the folder has none. */
export function readResult<Name extends RunName>(folder: string, name: Name): ResultOfRun<Name> | undefined {
  const path = join(folder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ResultOfRun<Name>) : undefined; // written by writeResult
}

/** @param json The line that `run.ts --json` gives. */
export async function writeResult(folder: string, name: RunName, json: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), await format(json, { parser: 'json', printWidth: 120 }));
}
