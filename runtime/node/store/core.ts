/**
 * The store itself: one connection, groups of requests as transactions. Synchronous; it runs in a thread of its own or in place.
 *
 * Invariants:
 * 1. `execute` answers a group when its transaction is committed, or tells each request why it was not done.
 * 2. A request that fails leaves nothing behind and does not hinder the others of its group: each runs in a savepoint, and if
 *    the whole transaction fails, each is tried again in a transaction of its own.
 * 3. After an error of the device (`fatal`) nothing is executed any more: what the file system holds is only known after the
 *    database is opened again.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type EncodedError, PluvioError } from '../../errors/index.ts';
import type { StoreLimits } from './limits.ts';
import { type Context, type OperationName, OPERATIONS } from './operations.ts';
import { isFatal, isSqlite, storeError } from './sqlite-errors.ts';
import { prepareAll, run } from './statements.ts';
import { openTables, type Tables } from './tables.ts';

export interface StoreRequest {
  readonly operation: OperationName;
  readonly args: readonly unknown[];
}

export type StoreAnswer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: EncodedError };

/** How often settled inputs whose time is over are let go, and how many at once. */
const EXPIRE_EVERY_MS = 1000;
const EXPIRED_AT_ONCE = 500;

const CONTROL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  save: 'SAVEPOINT request',
  release: 'RELEASE request',
  undo: 'ROLLBACK TO request',
} as const;

export class StoreCore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #tables: Tables;
  readonly #control;
  #expiredMs = 0;
  #fatal: PluvioError | undefined;
  transactions = 0;

  /** Takes a connection that `openDatabase` opened. */
  constructor(db: DatabaseSync, path: string, limits: StoreLimits) {
    this.#db = db;
    this.#path = path;
    this.#tables = openTables(db, limits);
    this.#control = prepareAll(db, CONTROL);
  }

  /** Why nothing is executed any more; undefined: everything is well. */
  get fatal(): PluvioError | undefined {
    return this.#fatal;
  }

  execute(requests: readonly StoreRequest[], nowMs: number): StoreAnswer[] {
    const context = { tables: this.#tables, nowMs };
    if (!requests.some(({ operation }) => OPERATIONS[operation].writes)) {
      return requests.map((request) => this.#alone(context, request));
    }
    try {
      return this.#group(context, requests);
    } catch (error) {
      this.#abandon(error);
      if (requests.length === 1) return [this.#refusal(error)];
    }
    return requests.flatMap((request) => this.#retry(context, request));
  }

  #retry(context: Context, request: StoreRequest): StoreAnswer[] {
    try {
      return this.#group(context, [request]);
    } catch (error) {
      this.#abandon(error);
      return [this.#refusal(error)];
    }
  }

  /** One transaction. What fails in one request is answered; what fails the transaction is thrown. */
  #group(context: Context, requests: readonly StoreRequest[]): StoreAnswer[] {
    if (this.#fatal) throw this.#fatal;
    const { begin, commit } = this.#control;
    run(begin);
    this.transactions++;
    this.#expire(context);
    const answers = requests.map((request) => this.#saved(context, request));
    run(commit);
    return answers;
  }

  #saved(context: Context, request: StoreRequest): StoreAnswer {
    const { save, release, undo } = this.#control;
    if (!OPERATIONS[request.operation].writes) return this.#alone(context, request);
    run(save);
    try {
      const value = perform(context, request);
      this.#tables.workers.flush();
      run(release);
      return { ok: true, value };
    } catch (error) {
      this.#tables.workers.forget();
      // SQLite ends the transaction itself when it cannot go on: then it is over for all of the group.
      if (!this.#db.isTransaction || isFatal(error)) throw error;
      run(undo);
      run(release);
      return this.#refusal(error);
    }
  }

  /** A request that only reads. */
  #alone(context: Context, request: StoreRequest): StoreAnswer {
    try {
      if (this.#fatal) throw this.#fatal;
      return { ok: true, value: perform(context, request) };
    } catch (error) {
      if (isFatal(error)) this.#abandon(error);
      return this.#refusal(error);
    } finally {
      this.#tables.workers.forget();
    }
  }

  #expire({ tables, nowMs }: Context): void {
    if (Math.abs(nowMs - this.#expiredMs) < EXPIRE_EVERY_MS) return; // a clock may be set back
    const gone = tables.journal.expire(tables.workers, nowMs, EXPIRED_AT_ONCE);
    if (gone < EXPIRED_AT_ONCE) this.#expiredMs = nowMs;
  }

  #abandon(error: unknown): void {
    this.#tables.workers.forget();
    if (this.#db.isTransaction) tryRun(this.#control.rollback);
    if (isFatal(error)) this.#fatal ??= storeError(error, this.#path);
  }

  #refusal(error: unknown): StoreAnswer {
    return { ok: false, error: (isSqlite(error) ? storeError(error, this.#path) : asCoded(error)).toJSON() };
  }

  /** Writes a consistent copy of the database to a new file. Everything else waits meanwhile. */
  copyTo(path: string): void {
    this.#db.prepare('VACUUM INTO ?').run(path);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}

function perform(context: Context, { operation, args }: StoreRequest): unknown {
  // The client made the arguments for this operation: `Arguments` and `Result` are derived from the same table.
  const perform = OPERATIONS[operation].run as (context: Context, ...args: readonly unknown[]) => unknown;
  return perform(context, ...args);
}

function tryRun(statement: StatementSync): void {
  try {
    run(statement);
  } catch {
    // The transaction is over already.
  }
}

function asCoded(error: unknown): PluvioError {
  if (error instanceof PluvioError) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new PluvioError('INTERNAL', `the store failed: ${message}`, {}, { cause: error });
}
