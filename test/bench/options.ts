import { parseArgs } from 'node:util';

/** What every benchmark is told. */
export interface BenchOptions {
  /** One JSON object as the last line of standard output, in place of a table. */
  readonly json: boolean;
  /** A fraction of the work: shows that everything runs, measures nothing. */
  readonly quick: boolean;
  /** How often each variant runs in a process of its own. */
  readonly rounds: number;
  /** Names of kernels or modules to take; all if empty. */
  readonly only: readonly string[];
}

/** @throws TypeError for an unknown option, RangeError for rounds that are no positive number */
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
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds is "${values.rounds}"; it must be 1 or more`);
  const only = values.only.flatMap((list) => list.split(','));
  return { names: positionals, options: { json: values.json, quick: values.quick, rounds, only } };
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
