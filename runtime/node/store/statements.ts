import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type Statements<Sql extends Record<string, string>> = { readonly [Name in keyof Sql]: StatementSync };

/** Every statement of a table of SQL, prepared once. */
export function prepareAll<const Sql extends Record<string, string>>(db: DatabaseSync, sql: Sql): Statements<Sql> {
  const prepared = Object.entries(sql).map(([name, text]) => [name, db.prepare(text)] as const);
  return Object.fromEntries(prepared) as Statements<Sql>; // one statement per key
}

/** The first row. The tables are STRICT: `Row` is what the columns of the statement are declared as. */
export function one<Row>(statement: StatementSync, ...values: SQLInputValue[]): Row | undefined {
  return statement.get(...values) as Row | undefined;
}

/** All rows; as for `one`. */
export function many<Row>(statement: StatementSync, ...values: SQLInputValue[]): Row[] {
  return statement.all(...values) as Row[];
}

/** Rows one by one; as for `one`. */
export function each<Row>(statement: StatementSync, ...values: SQLInputValue[]): Iterable<Row> {
  return statement.iterate(...values) as Iterable<Row>;
}

/** How many rows a statement changed. */
export const run = (statement: StatementSync, ...values: SQLInputValue[]): number =>
  Number(statement.run(...values).changes);

export const damaged = (what: string): string => `${what} does not have the checksum that was stored with it`;
