/** How long people wait for a project of a template: for a whole build, and for the answer of code that they have just saved. */
import { devChanges } from '../templates/newcomer.ts';
import { type Benchmark, progress } from './benchmark.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary } from './statistics.ts';
import { formatTable, range } from './table.ts';

export interface ProjectResult {
  readonly benchmark: 'project';
  readonly machine: Machine;
  readonly rounds: number;
  /** `pluvio build` in a folder that has not been built, from the start of the command to its end, in seconds. */
  readonly build_s: Summary;
  /** From the start of `pluvio dev` until the worker runs. */
  readonly start_s: Summary;
  /** From a saved file until the new code has answered a call. */
  readonly dev_s: Summary;
}

const ROWS = {
  build_s: 'pluvio build',
  start_s: 'pluvio dev, until it runs',
  dev_s: 'saved, until the new code answers',
} as const satisfies Partial<Record<keyof ProjectResult, string>>;

async function measure({ rounds }: BenchOptions): Promise<ProjectResult> {
  const where = machine();
  const seconds: { name: string; value: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [name, ms] of await devChanges()) seconds.push({ name, value: ms / 1000 });
    progress(`round ${round} of ${rounds}`);
  }
  const of = (beginning: string): Summary =>
    summarise(seconds.flatMap(({ name, value }) => (name.startsWith(beginning) ? [value] : [])));
  return {
    benchmark: 'project',
    machine: where,
    rounds,
    build_s: of('pluvio build'),
    start_s: of('dev starts'),
    dev_s: of('change'),
  };
}

function format(result: ProjectResult): string {
  const rows = (Object.keys(ROWS) as (keyof typeof ROWS)[]).map((key) => [ROWS[key], range(result[key])]); // the table's own
  return `${machineLine(result.machine)}; template assemblyscript-service\n\n${formatTable(['', 's'], rows)}`;
}

export const project: Benchmark<ProjectResult> = {
  question: 'How long is the way from saved code to its answer?',
  measure,
  format,
};
