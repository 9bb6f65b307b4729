/** Tables of limits: each with its default and its range, checked by one rule. */
import { PluvioError } from '../errors/index.ts';

export interface LimitRow {
  readonly default: number;
  /** Default: 0. */
  readonly min?: number;
  readonly max: number;
  /** Of what it counts, for messages. */
  readonly unit: string;
}

/** Values by name; what is left out, or undefined, says nothing. */
export type AskedLimits<Name extends string> = { readonly [Each in Name]?: number | undefined };

/**
 * Fills in what is left out and checks every limit against its range.
 * @param label What a limit of this table is called in messages, as "node limit".
 * @param base What holds where `asked` says nothing; what it leaves out has the default of the table.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveLimits<Name extends string>(
  table: Readonly<Record<Name, LimitRow>>,
  asked: AskedLimits<Name>,
  label = 'limit',
  base: AskedLimits<Name> = {},
): Readonly<Record<Name, number>> {
  for (const name of Object.keys(asked)) {
    if (!Object.hasOwn(table, name)) {
      throw new PluvioError('LIMIT_OUT_OF_RANGE', `there is no ${label} "${name}"`, { limit: name });
    }
  }
  const entries = Object.entries<LimitRow>(table).map(([key, row]) => {
    const name = key as Name; // a key of the table
    const { min = 0, max, unit } = row;
    const value = asked[name] ?? base[name] ?? row.default;
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new PluvioError(
        'LIMIT_OUT_OF_RANGE',
        `${label} ${name} is ${value}; it must be a whole number from ${min} to ${max} ${unit}`,
        { limit: name, min, max },
      );
    }
    return [name, value] as const;
  });
  return Object.fromEntries(entries) as Record<Name, number>; // one entry per key, above
}
