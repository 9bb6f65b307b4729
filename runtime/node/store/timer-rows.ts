/** Durable timers and subscriptions of workers. */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import { nextCronMs } from './cron.ts';
import type { StoreLimits } from './limits.ts';
import { damaged, many, one, prepareAll, run } from './statements.ts';
import type { NewTimer, TimerEntry } from './types.ts';
import type { WorkerRow } from './worker-rows.ts';

export interface TimerRow {
  readonly id: number;
  readonly worker: string;
  readonly name: string;
  readonly due_ms: number;
  readonly cron: string | null;
  readonly crc: number;
  readonly payload: Uint8Array;
}

const COLUMNS = 't.id, w.name AS worker, t.name, t.due_ms, t.cron, t.crc, t.payload';

const SQL = {
  set: `INSERT INTO timer (worker, name, due_ms, cron, crc, payload) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (worker, name) DO UPDATE SET
      due_ms = excluded.due_ms, cron = excluded.cron, crc = excluded.crc, payload = excluded.payload`,
  clear: 'DELETE FROM timer WHERE worker = ? AND name = ?',
  forget: 'DELETE FROM timer WHERE worker = ?',
  due: `SELECT ${COLUMNS} FROM timer t JOIN worker w ON w.id = t.worker
    WHERE t.due_ms <= ? AND w.frozen = 0 AND w.unsettled < ? ORDER BY t.due_ms, t.id LIMIT ?`,
  next: `SELECT t.due_ms FROM timer t JOIN worker w ON w.id = t.worker WHERE w.frozen = 0 AND w.unsettled < ?
    ORDER BY t.due_ms LIMIT 1`,
  all: `SELECT ${COLUMNS} FROM timer t JOIN worker w ON w.id = t.worker WHERE t.worker = ? ORDER BY t.name`,
  subscribe: 'INSERT OR IGNORE INTO subscription (worker, topic) VALUES (?, ?)',
  unsubscribe: 'DELETE FROM subscription WHERE worker = ? AND topic = ?',
  unsubscribeAll: 'DELETE FROM subscription WHERE worker = ?',
  subscribers: `SELECT w.name FROM subscription s JOIN worker w ON w.id = s.worker WHERE s.topic = ? ORDER BY s.id`,
  topics: 'SELECT topic FROM subscription WHERE worker = ? ORDER BY topic',
} as const;

const crcOf = (name: string, dueMs: number, cron: string | null, payload: Uint8Array): number =>
  checksum(name, dueMs, cron, payload);

export class TimerRows {
  readonly #sql;
  readonly #limits: StoreLimits;

  constructor(db: DatabaseSync, limits: StoreLimits) {
    this.#sql = prepareAll(db, SQL);
    this.#limits = limits;
  }

  /** @throws PluvioError `INVALID_ARGUMENT` for a cron expression */
  set(worker: WorkerRow, { id, dueMs, cron = null, payload }: NewTimer): void {
    if (cron !== null) nextCronMs(cron, dueMs);
    run(this.#sql.set, worker.id, id, dueMs, cron, crcOf(id, dueMs, cron, payload), payload);
  }

  clear(worker: WorkerRow, id: string): void {
    run(this.#sql.clear, worker.id, id);
  }

  replaceAll(worker: WorkerRow, timers: readonly NewTimer[]): void {
    run(this.#sql.forget, worker.id);
    for (const timer of timers) this.set(worker, timer);
  }

  /** Timers whose time has come, of workers that can take an input. */
  due(nowMs: number, limit: number): TimerRow[] {
    return many<TimerRow>(this.#sql.due, nowMs, this.#limits.mailboxInputs, limit);
  }

  /** Takes a timer that fires away, or sets it to its next time. */
  fired(worker: WorkerRow, { name, due_ms, cron, payload }: TimerRow, nowMs: number): void {
    const next = cron === null ? undefined : nextCronMs(cron, Math.max(nowMs, due_ms));
    if (next === undefined) this.clear(worker, name);
    else this.set(worker, { id: name, dueMs: next, cron, payload });
  }

  /** As for `due`: a timer that cannot fire yet does not count. */
  nextDueMs(): number | undefined {
    return one<{ due_ms: number }>(this.#sql.next, this.#limits.mailboxInputs)?.due_ms;
  }

  all(worker: WorkerRow): TimerEntry[] {
    return many<TimerRow>(this.#sql.all, worker.id).map(timerOf);
  }

  // Topics.

  subscribe(worker: WorkerRow, topic: string): void {
    run(this.#sql.subscribe, worker.id, topic);
  }

  unsubscribe(worker: WorkerRow, topic: string): void {
    run(this.#sql.unsubscribe, worker.id, topic);
  }

  replaceTopics(worker: WorkerRow, topics: readonly string[]): void {
    run(this.#sql.unsubscribeAll, worker.id);
    for (const topic of topics) this.subscribe(worker, topic);
  }

  subscribers(topic: string): string[] {
    return many<{ name: string }>(this.#sql.subscribers, topic).map(({ name }) => name);
  }

  topics(worker: WorkerRow): string[] {
    return many<{ topic: string }>(this.#sql.topics, worker.id).map(({ topic }) => topic);
  }

  forget(worker: WorkerRow): void {
    run(this.#sql.forget, worker.id);
    run(this.#sql.unsubscribeAll, worker.id);
  }
}

/** The key of the input that a timer becomes. */
export const timerKey = (id: string, dueMs: number): string => `t:${id}:${dueMs}`;

/** @throws PluvioError `WORKER_DAMAGED` */
export function timerOf({ worker, name, due_ms, cron, crc, payload }: TimerRow): TimerEntry {
  if (crcOf(name, due_ms, cron, payload) !== crc) {
    throw new PluvioError('WORKER_DAMAGED', damaged(`timer "${name}" of worker "${worker}"`), { worker });
  }
  return { worker, id: name, dueMs: due_ms, cron, payload };
}
