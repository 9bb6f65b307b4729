/**
 * One row per worker of this node: the numbers that its journal has come to.
 *
 * Invariant: a request changes rows in memory and `flush` writes each changed row once; a request that fails drops them.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import type { DamagedWorker, OpenJournal } from './types.ts';
import { many, one, prepareAll, run } from './statements.ts';

export interface WorkerRow {
  readonly id: number;
  readonly name: string;
  frozen: number;
  last_seq: number;
  covered_seq: number;
  unsettled: number;
  /** Settled inputs that are kept for their key alone. */
  kept: number;
  last_checkpoint: number;
  /** Number of the last hour of which a checkpoint is kept, plus one. */
  kept_hour: number;
}

const SQL = {
  find: `SELECT id, name, frozen, last_seq, covered_seq, unsettled, kept, last_checkpoint, kept_hour FROM worker WHERE name = ?`,
  insert: 'INSERT INTO worker (name) VALUES (?)',
  update: `UPDATE worker SET frozen = ?, last_seq = ?, covered_seq = ?, unsettled = ?, kept = ?, last_checkpoint = ?,
    kept_hour = ? WHERE id = ?`,
  rename: 'UPDATE worker SET name = ? WHERE id = ?',
  drop: 'DELETE FROM worker WHERE id = ?',
  keptGone: 'UPDATE worker SET kept = kept - 1 WHERE id = ?',
  open: 'SELECT name, frozen, unsettled FROM worker WHERE frozen = 1 OR unsettled > 0 ORDER BY name',
  page: 'SELECT id, name FROM worker WHERE id > ? ORDER BY id LIMIT ?',
  damage: 'INSERT OR REPLACE INTO damage (worker, code, reason) VALUES (?, ?, ?)',
  damaged: 'SELECT worker, code, reason FROM damage ORDER BY worker',
  undamage: 'DELETE FROM damage WHERE worker = ?',
} as const;

export class WorkerRows {
  readonly #sql;
  readonly #rows = new Map<string, WorkerRow | undefined>();
  readonly #before = new Map<string, string>();

  constructor(db: DatabaseSync) {
    this.#sql = prepareAll(db, SQL);
  }

  /** The row of a worker that this node has; the same object until `flush` or `drop`. */
  find(name: string): WorkerRow | undefined {
    if (this.#rows.has(name)) return this.#rows.get(name);
    const row = one<WorkerRow>(this.#sql.find, name);
    this.#rows.set(name, row);
    if (row) this.#before.set(name, JSON.stringify(row));
    return row;
  }

  /** Workers with inputs that are not settled, and frozen ones. */
  openJournals(): OpenJournal[] {
    const rows = many<{ name: string; frozen: number; unsettled: number }>(this.#sql.open);
    return rows.map(({ name, frozen, unsettled }) => ({ worker: name, frozen: frozen !== 0, unsettled }));
  }

  /** @throws PluvioError `WORKER_NOT_FOUND` */
  get(name: string): WorkerRow {
    const row = this.find(name);
    if (row) return row;
    throw new PluvioError('WORKER_NOT_FOUND', `the store of this node has no worker "${name}"`, { worker: name });
  }

  /** The row of a worker, made if it is not there. */
  open(name: string): WorkerRow {
    const row = this.find(name);
    if (row) return row;
    run(this.#sql.insert, name);
    this.#rows.delete(name);
    return this.get(name);
  }

  /** @throws PluvioError `WORKER_EXISTS` */
  create(name: string): WorkerRow {
    if (this.find(name)) {
      throw new PluvioError('WORKER_EXISTS', `the store of this node already has a worker "${name}"`, { worker: name });
    }
    return this.open(name);
  }

  rename(row: WorkerRow, name: string): void {
    this.flush();
    run(this.#sql.rename, name, row.id);
  }

  drop(row: WorkerRow): void {
    run(this.#sql.drop, row.id);
    run(this.#sql.undamage, row.name);
    this.#rows.delete(row.name);
    this.#before.delete(row.name);
  }

  /** An input that was kept for its key is gone. */
  keptGone(id: number): void {
    run(this.#sql.keptGone, id);
  }

  /** Writes what changed and forgets what was read. */
  flush(): void {
    for (const [name, row] of this.#rows) {
      if (!row || this.#before.get(name) === JSON.stringify(row)) continue;
      const { frozen, last_seq, covered_seq, unsettled, kept, last_checkpoint, kept_hour, id } = row;
      run(this.#sql.update, frozen, last_seq, covered_seq, unsettled, kept, last_checkpoint, kept_hour, id);
    }
    this.forget();
  }

  /** Forgets what was read and changed. */
  forget(): void {
    this.#rows.clear();
    this.#before.clear();
  }

  /** Workers in the order of their numbers, those after `after`. */
  page(after: number, limit: number): { readonly id: number; readonly name: string }[] {
    return many<{ readonly id: number; readonly name: string }>(this.#sql.page, after, limit);
  }

  markDamaged({ worker, code, reason }: DamagedWorker): void {
    run(this.#sql.damage, worker, code, reason);
  }

  clearDamage(worker: string): void {
    run(this.#sql.undamage, worker);
  }

  damaged(): DamagedWorker[] {
    return many<DamagedWorker>(this.#sql.damaged).map((row) => ({ ...row }));
  }
}
