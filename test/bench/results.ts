/** The runs that BENCHMARKS.md and its pictures are made of, and their results as files. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import type { CallResult } from './call.ts';
import type { ComponentResult } from './component.ts';
import type { CliResult } from './cli.ts';
import type { DensityResult } from './density.ts';
import type { FairnessResult } from './fairness.ts';
import type { ForkResult } from './fork.ts';
import type { HttpResult } from './http.ts';
import type { InstrumentResult } from './instrument.ts';
import type { CheckpointResult } from './checkpoint.ts';
import type { JournalResult } from './journal.ts';
import type { OverheadResult } from './overhead.ts';
import type { RealResult } from './real.ts';
import type { ReentryResult } from './reentry.ts';
import type { SnapshotResult } from './snapshot.ts';
import type { UnwindResult } from './unwind.ts';
import type { WakeResult } from './wake.ts';

/** What each run gives. */
export interface Results {
  readonly overhead: OverheadResult;
  readonly 'overhead-bun': OverheadResult;
  readonly real: RealResult;
  readonly 'real-bun': RealResult;
  readonly reentry: ReentryResult;
  readonly instrument: InstrumentResult;
  readonly unwind: UnwindResult;
  readonly snapshot: SnapshotResult;
  readonly fork: ForkResult;
  readonly http: HttpResult;
  readonly density: DensityResult;
  readonly wake: WakeResult;
  readonly fairness: FairnessResult;
  readonly journal: JournalResult;
  readonly checkpoint: CheckpointResult;
  readonly call: CallResult;
  readonly component: ComponentResult;
  readonly cli: CliResult;
}
export type RunName = keyof Results;

const ON_BUN = ['--engine', 'bun', '--variants', 'pluvio'];

/** Arguments of `run.ts`, in the order in which they run. */
export const RUNS: Readonly<Record<RunName, readonly string[]>> = {
  overhead: ['overhead'],
  'overhead-bun': ['overhead', ...ON_BUN],
  real: ['real', '--variants', 'pluvio,asyncify_fuel'],
  'real-bun': ['real', ...ON_BUN],
  reentry: ['reentry'],
  instrument: ['instrument', '--growth'],
  unwind: ['unwind', '--growth'],
  snapshot: ['snapshot', '--growth'],
  fork: ['fork'],
  http: ['http'],
  density: ['density'],
  wake: ['wake'],
  fairness: ['fairness'],
  journal: ['journal'],
  checkpoint: ['checkpoint'],
  call: ['call'],
  component: ['component'],
  cli: ['cli'],
};
export const RUN_NAMES = Object.keys(RUNS) as readonly RunName[]; // the record has exactly these keys

export const isRunName = (name: string): name is RunName => Object.hasOwn(RUNS, name);

export const RESULTS_FOLDER = fileURLToPath(new URL('./results/', import.meta.url));

/** A run's result, or undefined if the folder has none. */
export function readResult<Name extends RunName>(folder: string, name: Name): Results[Name] | undefined {
  const path = join(folder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results[Name]) : undefined; // written by writeResult
}

/** @param json The line that `run.ts --json` gives. */
export async function writeResult(folder: string, name: RunName, json: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), await format(json, { parser: 'json', printWidth: 120 }));
}
