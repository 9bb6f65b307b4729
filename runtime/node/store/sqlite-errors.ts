import { type ErrorCode, PluvioError } from '../../errors/index.ts';

interface SqliteRow {
  readonly code: ErrorCode;
  /** What to do, for people. */
  readonly advice: string;
  /** Whether the connection is of no use any more. */
  readonly fatal?: true;
}

/** What SQLite's result codes stand for: extended codes first, then primary ones. https://sqlite.org/rescode.html */
const BY_EXTENDED: Readonly<Record<number, SqliteRow>> = {
  // A write that fails for another reason than ENOSPC: a quota or a limit on file sizes.
  778: { code: 'STORE_FULL', advice: 'make room on the disk, or raise the quota or limit on file sizes' },
};
const BY_PRIMARY: Readonly<Record<number, SqliteRow>> = {
  8: { code: 'STORE_FAILED', advice: 'make the folder and its files writable' },
  10: { code: 'STORE_FAILED', advice: 'check the disk, then open the store again', fatal: true },
  11: { code: 'STORE_DAMAGED', advice: 'open the store again, which takes over what is readable, or restore a backup' },
  13: { code: 'STORE_FULL', advice: 'make room on the disk or raise the limit databaseBytes' },
  14: { code: 'STORE_FAILED', advice: 'check that the folder exists and may be read and written' },
  26: { code: 'STORE_DAMAGED', advice: 'restore a backup' },
};

interface SqliteError extends Error {
  readonly errcode: number;
}

const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';

const rowOf = (error: SqliteError): SqliteRow | undefined =>
  BY_EXTENDED[error.errcode] ?? BY_PRIMARY[error.errcode & 0xff];

/** Whether the connection must be closed after that error. */
export const isFatal = (error: unknown): boolean => isSqliteError(error) && rowOf(error)?.fatal === true;

/** Whether the error says that the content of the file is not that of a database. */
export const isDamage = (error: unknown): boolean => isSqliteError(error) && rowOf(error)?.code === 'STORE_DAMAGED';

/** Whether the error is of the whole transaction and not of one request's data. */
export const isSqlite = isSqliteError;

/** An error of SQLite or of the file system as a coded one that names the database. */
export function storeError(error: unknown, path: string): PluvioError {
  if (error instanceof PluvioError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const row = isSqliteError(error) ? rowOf(error) : undefined;
  if (row) {
    const message = `cannot use the database ${path}: ${reason}; ${row.advice}`;
    return new PluvioError(row.code, message, { path }, { cause: error });
  }
  if (isSqliteError(error) && (error.errcode & 0xff) === 1) {
    return new PluvioError('INTERNAL', `the store made a statement that fails: ${reason}`, { path }, { cause: error });
  }
  return new PluvioError('STORE_FAILED', `cannot use the database ${path}: ${reason}`, { path }, { cause: error });
}
