/**
 * Messages for workers that are not here, and what was sent since the last checkpoint.
 *
 * Invariant: messages of one sender to one worker leave in the order in which they were sent: one that waits holds back those
 * behind it, and while there is one, later ones of the pair come here too.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import type { StoreLimits } from './limits.ts';
import { damaged, each, many, one, prepareAll, run } from './statements.ts';
import type { OutboxEntry } from './types.ts';
import type { WorkerRow } from './worker-rows.ts';

export interface OutboxRow {
  readonly id: number;
  readonly sender: string;
  readonly target: string;
  readonly next_ms: number;
  readonly attempts: number;
  readonly at_ms: number;
  readonly crc: number;
  readonly key: string;
  readonly info: string;
  readonly body: Uint8Array;
}

export interface SentEffect {
  readonly seq: number;
  readonly key: string;
}

export type Outgoing = Pick<OutboxRow, 'sender' | 'target' | 'at_ms' | 'attempts' | 'key' | 'info' | 'body'>;

const COLUMNS = 'id, sender, target, next_ms, attempts, at_ms, crc, key, info, body';

const SQL = {
  insert: `INSERT INTO outbox (sender, target, next_ms, attempts, at_ms, crc, key, info, body)
    VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)`,
  waits: 'SELECT id FROM outbox WHERE sender = ? AND target = ? LIMIT 1',
  due: `SELECT ${COLUMNS} FROM outbox o WHERE next_ms <= ?1 AND NOT EXISTS (
      SELECT 1 FROM outbox b WHERE b.sender = o.sender AND b.target = o.target AND b.id < o.id AND b.next_ms > ?1)
    ORDER BY id LIMIT ?2`,
  done: 'DELETE FROM outbox WHERE id = ?',
  failed: 'UPDATE outbox SET next_ms = ?, attempts = attempts + 1 WHERE id = ?',
  bySender: `SELECT ${COLUMNS} FROM outbox WHERE sender = ? ORDER BY id`,
  forget: 'DELETE FROM outbox WHERE sender = ?',
  rename: 'UPDATE outbox SET sender = ?, crc = ? WHERE id = ?',
  isSent: 'SELECT id FROM sent WHERE worker = ? AND key = ?',
  sent: 'INSERT INTO sent (worker, seq, key) VALUES (?, ?, ?)',
  allSent: 'SELECT seq, key FROM sent WHERE worker = ? ORDER BY id',
  clearSent: 'DELETE FROM sent WHERE worker = ? AND seq < ?',
} as const;

const crcOf = ({ sender, target, key, info, body }: Outgoing): number => checksum(sender, target, key, info, body);

export class OutboxRows {
  readonly #sql;
  readonly #limits: StoreLimits;

  constructor(db: DatabaseSync, limits: StoreLimits) {
    this.#sql = prepareAll(db, SQL);
    this.#limits = limits;
  }

  add(message: Outgoing): void {
    const { sender, target, attempts, at_ms, key, info, body } = message;
    run(this.#sql.insert, sender, target, attempts, at_ms, crcOf(message), key, info, body);
  }

  /** Whether a message of that pair waits here. */
  holds(sender: string, target: string): boolean {
    return one(this.#sql.waits, sender, target) !== undefined;
  }

  /** Messages whose time has come; a damaged one is handed to `onDamaged` and left out. */
  due(nowMs: number, limit: number, onDamaged: (sender: string, id: number) => void): OutboxEntry<string>[] {
    const entries: OutboxEntry<string>[] = [];
    let readBytes = 0;
    for (const row of each<OutboxRow>(this.#sql.due, nowMs, limit)) {
      if (crcOf(row) === row.crc) entries.push(entryOf(row));
      else onDamaged(row.sender, row.id);
      readBytes += row.body.length;
      if (readBytes >= this.#limits.readBytes) break;
    }
    return entries;
  }

  done(id: number): void {
    run(this.#sql.done, id);
  }

  failed(id: number, nextMs: number): void {
    run(this.#sql.failed, nextMs, id);
  }

  /** @throws PluvioError `WORKER_DAMAGED` */
  bySender(sender: string): OutboxRow[] {
    return many<OutboxRow>(this.#sql.bySender, sender).map((row) => {
      if (crcOf(row) === row.crc) return row;
      throw new PluvioError('WORKER_DAMAGED', damaged(`message ${row.key} of worker "${sender}"`), { worker: sender });
    });
  }

  forget(sender: string): void {
    run(this.#sql.forget, sender);
  }

  rename(from: string, to: string): void {
    for (const row of this.bySender(from)) run(this.#sql.rename, to, crcOf({ ...row, sender: to }), row.id);
  }

  // What was sent since the last checkpoint.

  isSent(worker: WorkerRow, key: string): boolean {
    return one(this.#sql.isSent, worker.id, key) !== undefined;
  }

  markSent(worker: WorkerRow, seq: number, key: string): void {
    run(this.#sql.sent, worker.id, seq, key);
  }

  allSent(worker: WorkerRow): SentEffect[] {
    return many<SentEffect>(this.#sql.allSent, worker.id).map(({ seq, key }) => ({ seq, key }));
  }

  /** Effects that were done before input `seq` was taken will not be done again. */
  clearSent(worker: WorkerRow, seq = Infinity): void {
    run(this.#sql.clearSent, worker.id, Math.min(seq, Number.MAX_SAFE_INTEGER));
  }
}

const entryOf = ({ id, sender, target, key, info, body, at_ms, attempts }: OutboxRow): OutboxEntry<string> => ({
  id,
  from: sender,
  to: target,
  key,
  body,
  info,
  atMs: at_ms,
  attempts,
});
