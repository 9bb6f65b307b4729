import type { BenchOptions } from './options.ts';

/** One question: how it is measured and how its answer reads. */
export interface Benchmark<Result extends object = object> {
  readonly question: string;
  readonly measure: (options: BenchOptions) => Promise<Result>;
  readonly format: (result: Result) => string;
}

/** What stands on standard error while a benchmark runs. */
export const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** The items, beginning with another one each round, so that none is always measured first. */
export const rotated = <T>(items: readonly T[], round: number): readonly T[] => {
  const from = round % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
};
