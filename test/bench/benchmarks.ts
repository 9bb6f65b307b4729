/** All benchmarks, by name. */
import { call } from './call.ts';
import { checkpoint } from './checkpoint.ts';
import { cli } from './cli.ts';
import { component } from './component.ts';
import { density } from './density.ts';
import { fairness } from './fairness.ts';
import { fork } from './fork.ts';
import { http } from './http.ts';
import { instrument } from './instrument.ts';
import { journal } from './journal.ts';
import { overhead } from './overhead.ts';
import { project } from './project.ts';
import { real } from './real.ts';
import { reentry } from './reentry.ts';
import { snapshot } from './snapshot.ts';
import { unwind } from './unwind.ts';
import { wake } from './wake.ts';
import { workers } from './workers.ts';

export const BENCHMARKS = {
  overhead,
  real,
  reentry,
  instrument,
  snapshot,
  unwind,
  fork,
  workers,
  http,
  density,
  wake,
  fairness,
  journal,
  checkpoint,
  call,
  component,
  cli,
  project,
};
export type BenchmarkName = keyof typeof BENCHMARKS;

/** What a benchmark gives. */
export type ResultOf<Name extends BenchmarkName> = Awaited<ReturnType<(typeof BENCHMARKS)[Name]['measure']>>;
