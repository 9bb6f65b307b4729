import { parseArgs } from 'node:util';
import { type EngineChoice, engineChoice } from './engine-choice.ts';

/** What every benchmark is told. */
export interface BenchOptions {
  /** One JSON object as the last line of standard output, in place of a table. */
  readonly json: boolean;
  /** A fraction of the work: shows that everything runs, measures nothing. */
  readonly quick: boolean;
  /** How often each variant runs in a process of its own. */
  readonly rounds: number;
  /** Names of kernels, programs or modules to take; all if empty. */
  readonly only: readonly string[];
  /** Names of variants to compare with the bare engine; all if empty. */
  readonly variants: readonly string[];
  /** What runs the variants. */
  readonly engine: EngineChoice;
  /** Also the sizes between and beyond: the points of a curve. Takes minutes. */
  readonly growth: boolean;
}

/** @throws TypeError for an unknown option, RangeError for a value that an option cannot have */
export function parseOptions(args: readonly string[]): {
  readonly names: readonly string[];
  readonly options: BenchOptions;
} {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      variants: { type: 'string', multiple: true, default: [] },
      engine: { type: 'string', default: 'node' },
      growth: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds is "${values.rounds}"; it must be 1 or more`);
  const names = (lists: readonly string[]): string[] => lists.flatMap((list) => list.split(','));
  return {
    names: positionals,
    options: {
      json: values.json,
      quick: values.quick,
      rounds,
      only: names(values.only),
      variants: names(values.variants),
      engine: engineChoice(values.engine),
      growth: values.growth,
    },
  };
}

/** The entries that `--only` names, or all. @throws RangeError if it names none of them */
export function chosen<T extends { readonly name: string }>(
  entries: readonly T[],
  only: readonly string[],
): readonly T[] {
  const taken = entries.filter(({ name }) => only.length === 0 || only.includes(name));
  if (taken.length === 0) throw new RangeError(`--only names none of: ${entries.map(({ name }) => name).join(', ')}`);
  return taken;
}
