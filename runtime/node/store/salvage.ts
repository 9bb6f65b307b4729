/**
 * Takes what is readable of a damaged database over into a new one, row by row.
 *
 * Invariants:
 * 1. The damaged file is kept, under another name, until somebody removes it.
 * 2. A worker of which rows may be missing is listed as damaged; those that are whole are as before.
 * 3. A crash in the middle leaves the damaged file where it was: the new one takes its place in one step.
 */
import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { openDatabase } from './database.ts';
import type { StoreLimits } from './limits.ts';
import { isSqlite } from './sqlite-errors.ts';
import { syncFile, syncFolderOf } from './synced-files.ts';

/** Tables in the order in which they are read, and their integer primary keys. */
const TABLES: Readonly<Record<string, string>> = {
  worker: 'id',
  record: 'id',
  checkpoint: 'row',
  link: 'row',
  input: 'id',
  sent: 'id',
  outbox: 'id',
  timer: 'id',
  subscription: 'id',
  damage: 'id',
  mark: 'id',
};

/** Reading goes on after an unreadable row at growing distances, up to this one. */
const MAX_JUMP = 2 ** 40;

/**
 * Replaces the database by what is readable of it; gives the path of the damaged one.
 * @throws PluvioError `STORE_DAMAGED` if not even its tables can be read
 */
export function salvage(path: string, limits: StoreLimits, findings: readonly string[]): string {
  const fresh = `${path}.salvaged`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(fresh + suffix, { force: true });
  const from = new DatabaseSync(path);
  const to = openDatabase(fresh, limits);
  try {
    from.exec('PRAGMA cell_size_check = ON');
    from.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    to.exec('BEGIN');
    const lost = Object.entries(TABLES).filter(([table, key]) => copyTable(from, to, table, key) > 0);
    markSuspects(
      to,
      lost.map(([table]) => table),
    );
    to.exec('COMMIT');
    to.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the database ${path} is damaged and nothing of it can be taken over (${reason}); restore a backup`;
    throw new PluvioError('STORE_DAMAGED', message, { path, findings }, { cause: error });
  } finally {
    from.close();
    to.close();
  }
  return putInPlace(path, fresh);
}

function putInPlace(path: string, fresh: string): string {
  let number = 1;
  while (existsSync(`${path}.damaged-${number}`)) number++;
  const keptAs = `${path}.damaged-${number}`;
  syncFile(fresh);
  linkOrCopy(path, keptAs);
  // Its log was worked in; one that is left would be taken for that of the new database.
  for (const suffix of ['-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, keptAs + suffix);
  renameSync(fresh, path);
  syncFolderOf(path);
  return keptAs;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // a file system without links
    syncFile(to);
  }
}

/** Copies the readable rows; tells how often some could not be read. */
function copyTable(from: DatabaseSync, to: DatabaseSync, table: string, key: string): number {
  const isThere = from.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(table);
  if (isThere === undefined) return 0; // one of an earlier format version
  const columns = to
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .map((row) => String(row['name']));
  const insert = to.prepare(
    `INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const next = from.prepare(`SELECT ${columns.join(', ')} FROM ${table} NOT INDEXED WHERE ${key} >= ? ORDER BY ${key}`);
  let gaps = 0;
  let at = 0;
  let jump = 1;
  while (jump <= MAX_JUMP) {
    const start = at;
    try {
      for (const row of next.iterate(at)) {
        insert.run(...columns.map((column) => row[column] ?? null));
        at = Number(row[key]) + 1;
        jump = 1;
      }
      return gaps;
    } catch (error) {
      if (!isSqlite(error)) throw error;
      if (at > start) gaps++;
      else if (jump === 1) gaps++;
      at += jump;
      jump *= 2;
    }
  }
  return gaps;
}

interface Suspect {
  readonly name: string;
  readonly reason: string;
}

/** What shows that rows of a worker are missing. */
const SUSPECTS = [
  `SELECT w.name, 'inputs are missing' AS reason FROM worker w WHERE w.last_seq - w.covered_seq <>
    (SELECT count(*) FROM input i WHERE i.worker = w.id AND i.seq > w.covered_seq AND i.seq <= w.last_seq)`,
  `SELECT w.name, 'unsettled inputs are missing' AS reason FROM worker w WHERE w.unsettled <>
    (SELECT count(*) FROM input i WHERE i.worker = w.id AND i.settled_ms IS NULL)`,
  `SELECT w.name, 'remembered keys are missing' AS reason FROM worker w WHERE w.kept <>
    (SELECT count(*) FROM input i WHERE i.worker = w.id AND i.kept_ms IS NOT NULL)`,
  `SELECT w.name, 'its newest checkpoint is missing' AS reason FROM worker w WHERE w.last_checkpoint > 0 AND NOT EXISTS
    (SELECT 1 FROM checkpoint c WHERE c.worker = w.id AND c.id = w.last_checkpoint)`,
  `WITH RECURSIVE chain (worker, id, depth) AS (
      SELECT w.id, c.id, l.depth FROM worker w JOIN checkpoint c ON c.worker = w.id AND c.id = w.last_checkpoint
        JOIN link l ON l.row = c.row
      UNION ALL SELECT worker, id - 1, depth - 1 FROM chain WHERE depth > 0)
    SELECT DISTINCT w.name, 'a checkpoint that its newest one stands on is missing' AS reason FROM chain
    JOIN worker w ON w.id = chain.worker
    WHERE NOT EXISTS (SELECT 1 FROM checkpoint c WHERE c.worker = chain.worker AND c.id = chain.id)`,
  `SELECT w.name, 'its document is missing' AS reason FROM worker w WHERE NOT EXISTS
    (SELECT 1 FROM record r WHERE r.collection = 'workers' AND r.key = w.name)`,
  `SELECT r.key AS name, 'its journal is missing' AS reason FROM record r WHERE r.collection = 'workers'
    AND json_type(r.document, '$.movedTo') IS NULL AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.name = r.key)`,
] as const;

/** Lists workers of which something is missing; what belongs to nobody that could be named stands for all (`*`). */
function markSuspects(db: DatabaseSync, lost: readonly string[]): void {
  const mark = db.prepare(`INSERT OR IGNORE INTO damage (worker, code, reason) VALUES (?, ?, ?)`);
  for (const sql of SUSPECTS) {
    const rows = db.prepare(sql).all() as unknown as Suspect[]; // both columns are text
    for (const { name, reason } of rows)
      mark.run(name, 'WORKER_DAMAGED', `${reason}: pages of the database were damaged`);
  }
  if (lost.length > 0) mark.run('*', 'STORE_DAMAGED', `rows of these tables were lost: ${lost.join(', ')}`);
  db.exec('DELETE FROM link WHERE row NOT IN (SELECT row FROM checkpoint)'); // its number may be given again
  // Counts follow from rows.
  db.exec(`UPDATE worker SET
    unsettled = (SELECT count(*) FROM input i WHERE i.worker = worker.id AND i.settled_ms IS NULL),
    kept = (SELECT count(*) FROM input i WHERE i.worker = worker.id AND i.kept_ms IS NOT NULL)`);
}
