/**
 * Checkpoints of workers, each whole on its base, and which of them are kept: the newest, one of each of the last hours, and
 * pinned ones.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import type { StoreLimits } from './limits.ts';
import { damaged, many, one, prepareAll, run } from './statements.ts';
import type { Checkpoint, CheckpointInfo, StoredCheckpoint } from './types.ts';
import type { WorkerRow } from './worker-rows.ts';

/** Why a checkpoint is kept. */
const KEEP = { recent: 0, hourly: 1, pinned: 2 } as const;
const HOUR_MS = 3_600_000;

interface InfoRow {
  readonly row: number;
  readonly keep: number;
  readonly id: number;
  readonly base: string;
  readonly input_seq: number;
  readonly fuel_used: string;
  readonly memory_pages: number;
  readonly resumable: number;
  readonly at_ms: number;
  readonly size_bytes: number;
}

interface CheckpointRow extends InfoRow {
  readonly crc: number;
  readonly side: Uint8Array | null;
  readonly delta: Uint8Array | null;
}

const FACTS = 'base, input_seq, fuel_used, memory_pages, resumable, at_ms, size_bytes';

const SQL = {
  insert: `INSERT INTO checkpoint (worker, keep, id, ${FACTS}, crc, side, delta)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  byId: `SELECT row, keep, id, ${FACTS}, crc, side, delta FROM checkpoint WHERE worker = ? AND keep IN (0, 1, 2) AND id = ?`,
  history: `SELECT row, keep, id, ${FACTS} FROM checkpoint WHERE worker = ? ORDER BY id DESC`,
  leaving: 'SELECT row, id, at_ms FROM checkpoint WHERE worker = ? AND keep = 0 AND id <= ? ORDER BY id',
  keep: 'UPDATE checkpoint SET keep = ? WHERE row = ?',
  drop: 'DELETE FROM checkpoint WHERE row = ?',
  expire: 'DELETE FROM checkpoint WHERE worker = ? AND keep = 1 AND at_ms < ?',
  roots: `WITH RECURSIVE root (base) AS (
      SELECT * FROM (SELECT base FROM checkpoint WHERE base > ?1 ORDER BY base LIMIT 1)
      UNION ALL
      SELECT (SELECT base FROM checkpoint WHERE base > root.base ORDER BY base LIMIT 1) FROM root
        WHERE root.base IS NOT NULL LIMIT ?2)
    SELECT base FROM root WHERE base IS NOT NULL`,
  forget: 'DELETE FROM checkpoint WHERE worker = ?',
} as const;

export class CheckpointRows {
  readonly #sql;
  readonly #limits: StoreLimits;

  constructor(db: DatabaseSync, limits: StoreLimits) {
    this.#sql = prepareAll(db, SQL);
    this.#limits = limits;
  }

  /** Adds a checkpoint and lets those go that need not be kept any more; gives its number. */
  add(worker: WorkerRow, checkpoint: Checkpoint, pin: boolean, nowMs: number): number {
    const { base, delta, side, inputSeq, fuelUsed, memoryPages, resumable, atMs } = checkpoint;
    const id = ++worker.last_checkpoint;
    const crc = checkpointCrc(checkpoint);
    const sizeBytes = (delta?.length ?? 0) + (side?.length ?? 0);
    run(
      this.#sql.insert,
      ...[worker.id, pin ? KEEP.pinned : KEEP.recent, id, base, inputSeq, fuelUsed, memoryPages, resumable ? 1 : 0],
      ...[atMs, sizeBytes, crc, side, delta],
    );
    this.#retain(worker, nowMs);
    return id;
  }

  #retain(worker: WorkerRow, nowMs: number): void {
    const { checkpointsKept, checkpointHours } = this.#limits;
    const since = nowMs - checkpointHours * HOUR_MS;
    let added = false;
    const newestLeaving = worker.last_checkpoint - checkpointsKept;
    for (const { row, at_ms } of many<InfoRow>(this.#sql.leaving, worker.id, newestLeaving)) {
      const hour = Math.floor(at_ms / HOUR_MS) + 1;
      if (at_ms < since || hour <= worker.kept_hour || checkpointHours === 0) run(this.#sql.drop, row);
      else {
        run(this.#sql.keep, KEEP.hourly, row);
        worker.kept_hour = hour;
        added = true;
      }
    }
    if (added) run(this.#sql.expire, worker.id, since);
  }

  history(worker: WorkerRow): CheckpointInfo[] {
    return many<InfoRow>(this.#sql.history, worker.id).map(infoOf);
  }

  /** @throws PluvioError `WORKER_DAMAGED` */
  get(worker: WorkerRow, id = worker.last_checkpoint): StoredCheckpoint | undefined {
    const row = one<CheckpointRow>(this.#sql.byId, worker.id, id);
    if (!row) return undefined;
    const { sizeBytes: _sizeBytes, ...info } = infoOf(row);
    const checkpoint = { ...info, delta: row.delta, side: row.side };
    if (checkpointCrc(checkpoint) === row.crc) return checkpoint;
    const message = damaged(`checkpoint ${id} of worker "${worker.name}"`);
    throw new PluvioError('WORKER_DAMAGED', message, { worker: worker.name, checkpoint: id });
  }

  /** Why the newest checkpoint cannot be read; undefined: it can, or there is none. */
  faultOf(worker: WorkerRow, budget: { bytes: number }): PluvioError | undefined {
    try {
      const newest = this.get(worker);
      budget.bytes -= (newest?.delta?.length ?? 0) + (newest?.side?.length ?? 0);
      if (newest || worker.last_checkpoint === 0) return undefined;
      const message = `checkpoint ${worker.last_checkpoint} of worker "${worker.name}" is missing`;
      return new PluvioError('WORKER_DAMAGED', message, { worker: worker.name });
    } catch (error) {
      if (error instanceof PluvioError) return error;
      throw error;
    }
  }

  /** @throws PluvioError `CHECKPOINT_NOT_FOUND` */
  pin(worker: WorkerRow, id: number, pinned: boolean): void {
    const row = one<CheckpointRow>(this.#sql.byId, worker.id, id);
    if (!row) throw checkpointNotFound(worker.name, id);
    if ((row.keep === KEEP.pinned) !== pinned) run(this.#sql.keep, pinned ? KEEP.pinned : KEEP.recent, row.row);
  }

  /** Digests that checkpoints need, in their order, those after `after`. */
  roots(after: string, limit: number): string[] {
    return many<{ base: string }>(this.#sql.roots, after, limit).map(({ base }) => base);
  }

  forget(worker: WorkerRow): void {
    run(this.#sql.forget, worker.id);
  }
}

export const checkpointNotFound = (worker: string, id: number): PluvioError =>
  new PluvioError('CHECKPOINT_NOT_FOUND', `worker "${worker}" has no checkpoint ${id} (any more)`, { worker, id });

const checkpointCrc = (checkpoint: Checkpoint): number => {
  const { base, delta, side, inputSeq, fuelUsed, memoryPages, resumable, atMs } = checkpoint;
  return checksum(base, inputSeq, fuelUsed, memoryPages, resumable ? 1 : 0, atMs, side, delta);
};

const infoOf = (row: InfoRow): CheckpointInfo => ({
  id: row.id,
  base: row.base,
  inputSeq: row.input_seq,
  fuelUsed: row.fuel_used,
  memoryPages: row.memory_pages,
  resumable: row.resumable === 1,
  atMs: row.at_ms,
  pinned: row.keep === KEEP.pinned,
  sizeBytes: row.size_bytes,
});
