/**
 * Runs benchmarks: see `usage`.
 *
 * Standard output has a table for people, or, with `--json`, one JSON object per benchmark and line. Progress is on standard error.
 */
import type { Benchmark } from './benchmark.ts';
import { call } from './call.ts';
import { checkpoint } from './checkpoint.ts';
import { cli } from './cli.ts';
import { component } from './component.ts';
import { density } from './density.ts';
import { fairness } from './fairness.ts';
import { fork } from './fork.ts';
import { http } from './http.ts';
import { instrument } from './instrument.ts';
import { parseOptions } from './options.ts';
import { journal } from './journal.ts';
import { overhead } from './overhead.ts';
import { project } from './project.ts';
import { real } from './real.ts';
import { reentry } from './reentry.ts';
import { snapshot } from './snapshot.ts';
import { unwind } from './unwind.ts';
import { wake } from './wake.ts';
import { workers } from './workers.ts';

/** A benchmark whose result only its own `format` reads. */
const entry = <Result extends object>({ question, measure, format }: Benchmark<Result>) => ({
  question,
  run: async (options: Parameters<typeof measure>[0]): Promise<string> => {
    const result = await measure(options);
    return options.json ? JSON.stringify(result) : `${question}\n\n${format(result)}\n`;
  },
});

const BENCHMARKS = {
  overhead: entry(overhead),
  real: entry(real),
  reentry: entry(reentry),
  instrument: entry(instrument),
  snapshot: entry(snapshot),
  unwind: entry(unwind),
  fork: entry(fork),
  workers: entry(workers),
  http: entry(http),
  density: entry(density),
  wake: entry(wake),
  fairness: entry(fairness),
  journal: entry(journal),
  checkpoint: entry(checkpoint),
  call: entry(call),
  component: entry(component),
  cli: entry(cli),
  project: entry(project),
};

function usage(): string {
  const names = Object.entries(BENCHMARKS).map(([name, { question }]) => `  ${name.padEnd(12)}${question}`);
  const options =
    '[--json] [--quick] [--rounds N] [--growth] [--only KERNEL,…] [--variants pluvio,…] [--engine node|bun]';
  return `usage: node test/bench/run.ts NAME… ${options}\n${names.join('\n')}\n`;
}

const isBenchmark = (name: string): name is keyof typeof BENCHMARKS => Object.hasOwn(BENCHMARKS, name);

try {
  const { names, options } = parseOptions(process.argv.slice(2));
  const known = names.filter(isBenchmark);
  if (known.length === 0 || known.length < names.length) {
    process.stderr.write(usage());
    process.exitCode = 2;
  } else {
    for (const name of known) process.stdout.write(`${await BENCHMARKS[name].run(options)}\n`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
