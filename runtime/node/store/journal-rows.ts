/**
 * Inputs of workers.
 *
 * A row goes through: unsettled -> settled -> covered (a checkpoint has taken it). An input without a key is gone when it is
 * settled and covered; one with a key then loses its body and is kept for its outcome, for a time and up to a number.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import type { StoreLimits } from './limits.ts';
import { damaged, each, many, one, prepareAll, run } from './statements.ts';
import { type AppendedInput, INPUT_KINDS, type JournalInput, type NewInput } from './types.ts';
import type { WorkerRow, WorkerRows } from './worker-rows.ts';

export interface InputRow {
  readonly seq: number;
  readonly kind: number;
  readonly at_ms: number;
  readonly settled_ms: number | null;
  readonly kept_ms: number | null;
  readonly crc: number;
  readonly outcome_crc: number | null;
  readonly key: string | null;
  readonly info: string;
  readonly body: Uint8Array | null;
  readonly outcome: Uint8Array | null;
}

const COLUMNS = 'seq, kind, at_ms, settled_ms, kept_ms, crc, outcome_crc, key, info, body, outcome';

const SQL = {
  byKey: `SELECT ${COLUMNS} FROM input WHERE worker = ? AND key = ?`,
  bySeq: `SELECT ${COLUMNS} FROM input WHERE worker = ? AND seq = ?`,
  stateBySeq: 'SELECT id, key, settled_ms FROM input WHERE worker = ? AND seq = ?',
  insert: 'INSERT INTO input (worker, seq, kind, at_ms, crc, key, info, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  lay: `INSERT INTO input (worker, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  settle: 'UPDATE input SET settled_ms = ?, outcome_crc = ?, outcome = ? WHERE id = ?',
  settleKept:
    'UPDATE input SET settled_ms = ?1, kept_ms = ?1, outcome_crc = ?2, outcome = ?3, body = NULL WHERE id = ?4',
  drop: 'DELETE FROM input WHERE id = ?',
  keyOf: 'SELECT id, kept_ms FROM input WHERE worker = ? AND key = ? AND settled_ms IS NOT NULL AND seq <= ?',
  cover: `DELETE FROM input WHERE worker = ? AND seq > ? AND seq <= ? AND key IS NULL AND settled_ms IS NOT NULL`,
  coverKept: `UPDATE input SET kept_ms = settled_ms, body = NULL
    WHERE worker = ? AND seq > ? AND seq <= ? AND key IS NOT NULL AND settled_ms IS NOT NULL`,
  trim: `DELETE FROM input WHERE id IN (
    SELECT id FROM input WHERE worker = ? AND seq <= ? AND kept_ms IS NOT NULL ORDER BY seq LIMIT ?)`,
  expired: 'SELECT id, worker FROM input WHERE kept_ms IS NOT NULL AND kept_ms < ? LIMIT ?',
  pending: `SELECT ${COLUMNS} FROM input WHERE worker = ?1 AND seq > ?2 AND (settled_ms IS NULL OR seq > ?3)
    ORDER BY seq LIMIT ?4`,
  all: `SELECT ${COLUMNS} FROM input WHERE worker = ? ORDER BY seq`,
  forget: 'DELETE FROM input WHERE worker = ?',
} as const;

const inputCrc = (seq: number, kind: number, key: string | null, info: string, body: Uint8Array): number =>
  checksum(seq, kind, key, info, body);
const outcomeCrc = (seq: number, key: string | null, outcome: Uint8Array): number => checksum(seq, key, outcome);

export class JournalRows {
  readonly #sql;
  readonly #limits: StoreLimits;

  constructor(db: DatabaseSync, limits: StoreLimits) {
    this.#sql = prepareAll(db, SQL);
    this.#limits = limits;
  }

  /**
   * Adds an input, or finds the one of that key.
   * @throws PluvioError `WORKER_MOVING` or `MAILBOX_FULL`
   */
  append(worker: WorkerRow, input: NewInput<string>, nowMs: number): AppendedInput {
    const known = input.key === null ? undefined : one<InputRow>(this.#sql.byKey, worker.id, input.key);
    if (known) return { seq: known.seq, known: { outcome: this.#outcome(worker, known) } };
    if (worker.frozen) {
      throw new PluvioError('WORKER_MOVING', `worker "${worker.name}" is being moved and takes no inputs`);
    }
    if (this.isFull(worker)) {
      const message = `worker "${worker.name}" has ${worker.unsettled} unsettled inputs, its limit`;
      throw new PluvioError('MAILBOX_FULL', message, { worker: worker.name, limit: this.#limits.mailboxInputs });
    }
    const seq = worker.last_seq + 1;
    const kind = INPUT_KINDS.indexOf(input.kind);
    const { key, info, body } = input;
    const crc = inputCrc(seq, kind, key, info, body);
    run(this.#sql.insert, worker.id, seq, kind, nowMs, crc, key, info, body);
    worker.last_seq = seq;
    worker.unsettled++;
    return { seq };
  }

  isFull(worker: WorkerRow): boolean {
    return worker.unsettled >= this.#limits.mailboxInputs;
  }

  /** Settles an input unless it is settled; `covered_seq` of the row is that of the end of the transaction. */
  settle(worker: WorkerRow, seq: number, outcome: Uint8Array, nowMs: number): void {
    if (seq < 1 || seq > worker.last_seq) {
      const message = `cannot settle input ${seq} of worker "${worker.name}", whose last input is ${worker.last_seq}`;
      throw new PluvioError('INVALID_ARGUMENT', message, { worker: worker.name, seq, lastSeq: worker.last_seq });
    }
    const input = one<{ id: number; key: string | null; settled_ms: number | null }>(
      this.#sql.stateBySeq,
      worker.id,
      seq,
    );
    if (!input || input.settled_ms !== null) return;
    worker.unsettled--;
    const { id, key } = input;
    if (seq > worker.covered_seq) run(this.#sql.settle, nowMs, outcomeCrc(seq, key, outcome), outcome, id);
    else if (key === null) run(this.#sql.drop, id);
    else {
      run(this.#sql.settleKept, nowMs, outcomeCrc(seq, key, outcome), outcome, id);
      worker.kept++;
      this.#trim(worker);
    }
  }

  /** No input up to `seq` will be given again. */
  cover(worker: WorkerRow, seq: number): void {
    const before = worker.covered_seq;
    if (seq <= before) return;
    if (seq > worker.last_seq) {
      const message = `worker "${worker.name}" cannot have taken input ${seq}; its last one is ${worker.last_seq}`;
      throw new PluvioError('INVALID_ARGUMENT', message, { worker: worker.name, seq, lastSeq: worker.last_seq });
    }
    run(this.#sql.cover, worker.id, before, seq);
    worker.kept += run(this.#sql.coverKept, worker.id, before, seq);
    worker.covered_seq = seq;
    this.#trim(worker);
  }

  /** Lets a covered input go whose key was kept, so that another one may have it. */
  forgetKey(worker: WorkerRow, key: string): void {
    const known = one<{ id: number; kept_ms: number | null }>(this.#sql.keyOf, worker.id, key, worker.covered_seq);
    if (!known) return;
    run(this.#sql.drop, known.id);
    if (known.kept_ms !== null) worker.kept--;
  }

  #trim(worker: WorkerRow): void {
    const excess = worker.kept - this.#limits.keptInputs;
    if (excess > 0) worker.kept -= run(this.#sql.trim, worker.id, worker.covered_seq, excess);
  }

  /** Lets some inputs go whose keys were kept long enough; tells how many. */
  expire(workers: WorkerRows, nowMs: number, limit: number): number {
    const rows = many<{ id: number; worker: number }>(this.#sql.expired, nowMs - this.#limits.keptMs, limit);
    for (const { id, worker } of rows) {
      run(this.#sql.drop, id);
      workers.keptGone(worker);
    }
    return rows.length;
  }

  /** What a worker that has taken inputs up to `afterSeq` must still take. */
  pending(worker: WorkerRow, afterSeq: number, limit: number): JournalInput<string>[] {
    const inputs: JournalInput<string>[] = [];
    let readBytes = 0;
    for (const row of each<InputRow>(this.#sql.pending, worker.id, afterSeq, worker.covered_seq, limit)) {
      inputs.push(this.#input(worker, row));
      readBytes += row.body?.length ?? 0;
      if (readBytes >= this.#limits.readBytes) break;
    }
    return inputs;
  }

  /** The first reason why an input that must still be taken cannot be read; undefined: there is none. */
  faultOf(worker: WorkerRow, budget: { bytes: number }): PluvioError | undefined {
    try {
      for (const row of each<InputRow>(this.#sql.pending, worker.id, 0, worker.covered_seq, -1)) {
        this.#input(worker, row);
        budget.bytes -= row.body?.length ?? 0;
        if (budget.bytes < 0) break;
      }
      return undefined;
    } catch (error) {
      if (error instanceof PluvioError) return error;
      throw error;
    }
  }

  outcome(worker: WorkerRow, which: number | string): { seq: number; outcome: Uint8Array | null } | undefined {
    const statement = typeof which === 'number' ? this.#sql.bySeq : this.#sql.byKey;
    const row = one<InputRow>(statement, worker.id, which);
    return row && { seq: row.seq, outcome: this.#outcome(worker, row) };
  }

  /** Rows as they are, checked, for another node. */
  exportAll(worker: WorkerRow): InputRow[] {
    return many<InputRow>(this.#sql.all, worker.id).map((row) => {
      if (row.body !== null) this.#input(worker, row);
      else this.#outcome(worker, row);
      return row;
    });
  }

  /** Lays out a row of another journal; its checksums are made anew. */
  lay(worker: WorkerRow, row: Omit<InputRow, 'crc' | 'outcome_crc'>): void {
    const { seq, kind, at_ms, settled_ms, kept_ms, key, info, body, outcome } = row;
    const crc = body === null ? 0 : inputCrc(seq, kind, key, info, body);
    const crcOfOutcome = outcome === null ? null : outcomeCrc(seq, key, outcome);
    run(
      this.#sql.lay,
      worker.id,
      ...[seq, kind, at_ms, settled_ms, kept_ms, crc, crcOfOutcome, key, info],
      body,
      outcome,
    );
    if (settled_ms === null) worker.unsettled++;
    if (kept_ms !== null) worker.kept++;
  }

  forget(worker: WorkerRow): void {
    run(this.#sql.forget, worker.id);
  }

  #input(worker: WorkerRow, row: InputRow): JournalInput<string> {
    const { seq, key, info, body, at_ms } = row;
    const kind = INPUT_KINDS[row.kind];
    if (body === null || kind === undefined || inputCrc(seq, row.kind, key, info, body) !== row.crc) {
      throw damagedInput(worker, seq);
    }
    const outcome = this.#outcome(worker, row);
    return { seq, kind, key, body, info, atMs: at_ms, outcome };
  }

  #outcome(worker: WorkerRow, row: InputRow): Uint8Array | null {
    if (row.outcome === null) return null;
    if (outcomeCrc(row.seq, row.key, row.outcome) !== row.outcome_crc) throw damagedInput(worker, row.seq);
    return row.outcome;
  }
}

const damagedInput = ({ name }: WorkerRow, seq: number): PluvioError =>
  new PluvioError('WORKER_DAMAGED', damaged(`input ${seq} of worker "${name}"`), { worker: name, seq });
