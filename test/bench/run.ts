/**
 * Runs benchmarks: see `usage`.
 *
 * Standard output has a table for people, or, with `--json`, one JSON object per benchmark and line. Progress is on standard error.
 */
import type { Benchmark } from './benchmark.ts';
import { type BenchmarkName, BENCHMARKS } from './benchmarks.ts';
import { type BenchOptions, parseOptions } from './options.ts';

async function answerTo(name: BenchmarkName, options: BenchOptions): Promise<string> {
  const { question, measure, format } = BENCHMARKS[name] as Benchmark; // whose result only its own `format` reads
  const result = await measure(options);
  return options.json ? JSON.stringify(result) : `${question}\n\n${format(result)}\n`;
}

function usage(): string {
  const names = Object.entries(BENCHMARKS).map(([name, { question }]) => `  ${name.padEnd(12)}${question}`);
  const options =
    '[--json] [--quick] [--rounds N] [--growth] [--only KERNEL,…] [--variants pluvio,…] [--engine node|bun]';
  return `usage: node test/bench/run.ts NAME… ${options}\n${names.join('\n')}\n`;
}

const isBenchmark = (name: string): name is BenchmarkName => Object.hasOwn(BENCHMARKS, name);

try {
  const { names, options } = parseOptions(process.argv.slice(2));
  const known = names.filter(isBenchmark);
  if (known.length === 0 || known.length < names.length) {
    process.stderr.write(usage());
    process.exitCode = 2;
  } else {
    for (const name of known) process.stdout.write(`${await answerTo(name, options)}\n`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
