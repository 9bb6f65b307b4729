/** Tables of limits: each with its default and its range, checked by one rule. */
import { PluvioError } from '../errors/index.ts';

export interface LimitRow {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Of what it counts, for messages. */
  readonly unit: string;
}

/**
 * Fills in defaults and checks every limit against its range.
 * @param label what a limit of this table is called in messages, as "node limit"
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveLimits<Name extends string>(
  table: Readonly<Record<Name, LimitRow>>,
  limits: Partial<Readonly<Record<Name, number>>>,
  label: string,
): Readonly<Record<Name, number>> {
  for (const name of Object.keys(limits)) {
    if (!Object.hasOwn(table, name)) {
      throw new PluvioError('LIMIT_OUT_OF_RANGE', `there is no ${label} "${name}"`, { limit: name });
    }
  }
  const entries = Object.entries<LimitRow>(table).map(([name, row]) => {
    const value = limits[name as Name] ?? row.default; // keys of the table
    if (!Number.isInteger(value) || value < row.min || value > row.max) {
      throw new PluvioError(
        'LIMIT_OUT_OF_RANGE',
        `${label} ${name} is ${value}; it must be a whole number from ${row.min} to ${row.max} ${row.unit}`,
        { limit: name, min: row.min, max: row.max },
      );
    }
    return [name, value] as const;
  });
  return Object.fromEntries(entries) as Record<Name, number>; // one entry per key, above
}
