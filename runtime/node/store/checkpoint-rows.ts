/**
 * Checkpoints of workers, and which of them are kept: the newest, one of each of the last hours, pinned ones, and those that
 * one of these stands on.
 *
 * Invariants:
 * 1. A checkpoint is whole on its base, or a change of the one with the number before. The table `link` has how many it stands on.
 * 2. What a checkpoint stands on is there as long as it is: one that need not be kept for itself stays as a link of the chain.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import type { StoreLimits } from './limits.ts';
import { damaged, many, one, prepareAll, run } from './statements.ts';
import type { Checkpoint, CheckpointInfo, StoredCheckpoint } from './types.ts';
import type { WorkerRow } from './worker-rows.ts';

/** Why a checkpoint is kept; `link`: another one stands on it. */
const KEEP = { recent: 0, hourly: 1, pinned: 2, link: 3 } as const;
type Keep = (typeof KEEP)[keyof typeof KEEP];
const HOUR_MS = 3_600_000;

interface PlaceRow {
  readonly row: number;
  readonly id: number;
}

interface InfoRow extends PlaceRow {
  readonly keep: number;
  readonly base: string;
  readonly input_seq: number;
  readonly fuel_used: string;
  readonly memory_pages: number;
  readonly resumable: number;
  readonly at_ms: number;
  readonly size_bytes: number;
  readonly depth: number;
}

interface CheckpointRow extends InfoRow {
  readonly crc: number;
  readonly side: Uint8Array | null;
  readonly delta: Uint8Array | null;
}

const FACTS = 'base, input_seq, fuel_used, memory_pages, resumable, at_ms, size_bytes';
const INFO = `c.row AS row, keep, id, ${FACTS}, coalesce(depth, 0) AS depth`;
const LINKED = 'checkpoint c LEFT JOIN link l ON l.row = c.row';
/** All of them, in a way that has the index find a number. */
const ANY = `keep IN (${Object.values(KEEP).join(', ')})`;

const SQL = {
  insert: `INSERT INTO checkpoint (worker, keep, id, ${FACTS}, crc, side, delta)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING row`,
  link: 'INSERT INTO link (row, depth) VALUES (?, ?)',
  byId: `SELECT ${INFO}, crc, side, delta FROM ${LINKED} WHERE worker = ? AND ${ANY} AND id = ?`,
  parent: `SELECT base, coalesce(depth, 0) AS depth, delta IS NULL AS bundled FROM ${LINKED} WHERE worker = ? AND ${ANY} AND id = ?`,
  history: `SELECT ${INFO} FROM ${LINKED} WHERE worker = ? ORDER BY id DESC`,
  leaving: 'SELECT row, id, at_ms FROM checkpoint WHERE worker = ? AND keep = 0 AND id <= ? ORDER BY id',
  expiring: 'SELECT row, id FROM checkpoint WHERE worker = ? AND keep = 1 AND at_ms < ?',
  onTop: `SELECT 1 FROM checkpoint c JOIN link l ON l.row = c.row WHERE worker = ? AND ${ANY} AND id = ?`,
  below: 'SELECT row, id FROM checkpoint WHERE worker = ? AND keep = 3 AND id = ?',
  keep: 'UPDATE checkpoint SET keep = ? WHERE row = ?',
  drop: 'DELETE FROM checkpoint WHERE row = ?',
  unlink: 'DELETE FROM link WHERE row = ?',
  roots: `WITH RECURSIVE root (base) AS (
      SELECT * FROM (SELECT base FROM checkpoint WHERE base > ?1 ORDER BY base LIMIT 1)
      UNION ALL
      SELECT (SELECT base FROM checkpoint WHERE base > root.base ORDER BY base LIMIT 1) FROM root
        WHERE root.base IS NOT NULL LIMIT ?2)
    SELECT base FROM root WHERE base IS NOT NULL`,
  forgetLinks: 'DELETE FROM link WHERE row IN (SELECT row FROM checkpoint WHERE worker = ?)',
  forget: 'DELETE FROM checkpoint WHERE worker = ?',
} as const;

export class CheckpointRows {
  readonly #sql;
  readonly #limits: StoreLimits;

  constructor(db: DatabaseSync, limits: StoreLimits) {
    this.#sql = prepareAll(db, SQL);
    this.#limits = limits;
  }

  /**
   * Adds a checkpoint and lets those go that need not be kept any more; gives its number.
   * @throws PluvioError `INVALID_ARGUMENT` its parent is not the newest one
   */
  add(worker: WorkerRow, checkpoint: Checkpoint, pin: boolean, nowMs: number): number {
    const depth = checkpoint.parent === undefined ? 0 : this.#depthOn(worker, checkpoint.parent, checkpoint.base);
    const id = this.#insert(worker, checkpoint, depth, pin ? KEEP.pinned : KEEP.recent);
    this.#retain(worker, nowMs);
    return id;
  }

  /** How many a change of that checkpoint stands on. */
  #depthOn(worker: WorkerRow, parent: number, base: string): number {
    const row = one<{ base: string; depth: number; bundled: number }>(this.#sql.parent, worker.id, parent);
    if (row?.base === base && row.bundled === 0 && parent === worker.last_checkpoint) return row.depth + 1;
    const message = `a checkpoint of worker "${worker.name}" cannot be a change of checkpoint ${parent} on ${base}; the newest one is ${worker.last_checkpoint}`;
    throw new PluvioError('INVALID_ARGUMENT', message, { worker: worker.name, parent, newest: worker.last_checkpoint });
  }

  #insert(worker: WorkerRow, checkpoint: Checkpoint, depth: number, keep: Keep): number {
    const { base, delta, side, inputSeq, fuelUsed, memoryPages, resumable, atMs } = checkpoint;
    const id = ++worker.last_checkpoint;
    const crc = checkpointCrc(checkpoint, depth);
    const sizeBytes = (delta?.length ?? 0) + (side?.length ?? 0);
    const inserted = one<{ row: number }>(
      this.#sql.insert,
      ...[worker.id, keep, id, base, inputSeq, fuelUsed, memoryPages, resumable ? 1 : 0],
      ...[atMs, sizeBytes, crc, side, delta],
    );
    if (depth > 0) run(this.#sql.link, inserted?.row ?? 0, depth); // an insert that did not throw has a row
    return id;
  }

  #retain(worker: WorkerRow, nowMs: number): void {
    const { checkpointsKept, checkpointHours } = this.#limits;
    const since = nowMs - checkpointHours * HOUR_MS;
    let added = false;
    const newestLeaving = worker.last_checkpoint - checkpointsKept;
    for (const place of many<InfoRow>(this.#sql.leaving, worker.id, newestLeaving)) {
      const { row, at_ms } = place;
      const hour = Math.floor(at_ms / HOUR_MS) + 1;
      if (at_ms < since || hour <= worker.kept_hour || checkpointHours === 0) this.#drop(worker, place);
      else {
        run(this.#sql.keep, KEEP.hourly, row);
        worker.kept_hour = hour;
        added = true;
      }
    }
    if (!added) return;
    for (const place of many<PlaceRow>(this.#sql.expiring, worker.id, since)) this.#drop(worker, place);
  }

  /** A checkpoint that is not kept for itself: it goes, and with it the links that nothing else stands on. */
  #drop(worker: WorkerRow, place: PlaceRow): void {
    for (let at: PlaceRow | undefined = place; at !== undefined;) {
      if (one(this.#sql.onTop, worker.id, at.id + 1) !== undefined) {
        run(this.#sql.keep, KEEP.link, at.row);
        return;
      }
      run(this.#sql.drop, at.row);
      if (run(this.#sql.unlink, at.row) === 0) return; // it was whole
      at = one<PlaceRow>(this.#sql.below, worker.id, at.id - 1);
    }
  }

  history(worker: WorkerRow): CheckpointInfo[] {
    return many<InfoRow>(this.#sql.history, worker.id).map(infoOf);
  }

  /** @throws PluvioError `WORKER_DAMAGED`, also for one that it stands on */
  get(worker: WorkerRow, id = worker.last_checkpoint): StoredCheckpoint | undefined {
    const rows = this.#chain(worker, id);
    const top = rows.at(-1);
    if (top === undefined) return undefined;
    const { sizeBytes: _sizeBytes, ...info } = infoOf(top);
    const below = rows.slice(0, -1).map(({ delta, side }) => ({ delta, side }));
    return { ...info, delta: top.delta, side: top.side, below };
  }

  /** A checkpoint and those that it stands on, the whole one first; empty: there is none. @throws as `get` */
  chainOf(worker: WorkerRow, id: number): Checkpoint[] {
    return this.#chain(worker, id).map(checkpointOf);
  }

  /** Lays the chain of another worker out for one that has no checkpoints. */
  lay(worker: WorkerRow, chain: readonly Checkpoint[]): void {
    chain.forEach((checkpoint, depth) => {
      this.#insert(worker, checkpoint, depth, depth + 1 < chain.length ? KEEP.link : KEEP.recent);
    });
  }

  #chain(worker: WorkerRow, id: number): CheckpointRow[] {
    const top = one<CheckpointRow>(this.#sql.byId, worker.id, id);
    if (top === undefined) return [];
    const rows = [this.#checked(worker, top, top)];
    for (let depth = top.depth - 1; depth >= 0; depth--) {
      const at = id - top.depth + depth;
      const row = one<CheckpointRow>(this.#sql.byId, worker.id, at);
      if (row?.depth !== depth) throw brokenChain(worker, id, at, missing);
      rows.unshift(this.#checked(worker, row, top));
    }
    return rows;
  }

  #checked(worker: WorkerRow, row: CheckpointRow, top: CheckpointRow): CheckpointRow {
    if (row.base === top.base && checkpointCrc(checkpointOf(row), row.depth) === row.crc) return row;
    if (row.id !== top.id) throw brokenChain(worker, top.id, row.id, damaged);
    const message = damaged(`checkpoint ${row.id} of worker "${worker.name}"`);
    throw new PluvioError('WORKER_DAMAGED', message, { worker: worker.name, checkpoint: row.id });
  }

  /** Why the newest checkpoint cannot be read; undefined: it can, or there is none. */
  faultOf(worker: WorkerRow, budget: { bytes: number }): PluvioError | undefined {
    try {
      const newest = this.get(worker);
      if (newest === undefined && worker.last_checkpoint > 0) {
        const message = missing(`checkpoint ${worker.last_checkpoint} of worker "${worker.name}"`);
        return new PluvioError('WORKER_DAMAGED', message, { worker: worker.name });
      }
      const layers = newest === undefined ? [] : [newest, ...newest.below];
      for (const { delta, side } of layers) budget.bytes -= (delta?.length ?? 0) + (side?.length ?? 0);
      return undefined;
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
    run(this.#sql.forgetLinks, worker.id);
    run(this.#sql.forget, worker.id);
  }
}

export const checkpointNotFound = (worker: string, id: number): PluvioError =>
  new PluvioError('CHECKPOINT_NOT_FOUND', `worker "${worker}" has no checkpoint ${id} (any more)`, { worker, id });

const missing = (what: string): string => `${what} is missing`;

function brokenChain({ name }: WorkerRow, id: number, link: number, state: (link: string) => string): PluvioError {
  const message = state(`checkpoint ${link} of worker "${name}", which checkpoint ${id} stands on,`);
  return new PluvioError('WORKER_DAMAGED', message, { worker: name, checkpoint: id, link });
}

function checkpointCrc(checkpoint: Checkpoint, depth: number): number {
  const { base, delta, side, inputSeq, fuelUsed, memoryPages, resumable, atMs } = checkpoint;
  const link = depth === 0 ? [] : [depth];
  return checksum(base, inputSeq, fuelUsed, memoryPages, resumable ? 1 : 0, atMs, side, delta, ...link);
}

const checkpointOf = (row: CheckpointRow): Checkpoint => ({
  base: row.base,
  delta: row.delta,
  side: row.side,
  inputSeq: row.input_seq,
  fuelUsed: row.fuel_used,
  memoryPages: row.memory_pages,
  resumable: row.resumable === 1,
  atMs: row.at_ms,
});

const infoOf = (row: InfoRow): CheckpointInfo => ({
  id: row.id,
  parent: row.depth === 0 ? null : row.id - 1,
  base: row.base,
  inputSeq: row.input_seq,
  fuelUsed: row.fuel_used,
  memoryPages: row.memory_pages,
  resumable: row.resumable === 1,
  atMs: row.at_ms,
  pinned: row.keep === KEEP.pinned,
  sizeBytes: row.size_bytes,
});
