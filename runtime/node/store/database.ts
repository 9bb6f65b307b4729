/**
 * Opens the database: connection, settings, format version.
 *
 * Invariants:
 * 1. A committed transaction has been synchronised to the device (WAL, `synchronous = FULL`).
 * 2. A database is of the newest format version when `openDatabase` has returned; each step of the way was one transaction.
 * 3. A database of a later version, or of another program, is not changed.
 */
import { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import type { StoreLimits } from './limits.ts';
import { isDamage } from './sqlite-errors.ts';
import { APPLICATION_ID, MIGRATIONS, type MigrationStep } from './schema.ts';

export const MEMORY_PATH = ':memory:';
const PAGE_BYTES = 4096;

/** What a connection is set to. On macOS only F_FULLFSYNC reaches the device. */
const settings = (limits: StoreLimits): readonly string[] => [
  'journal_mode = WAL',
  'synchronous = FULL',
  'fullfsync = ON',
  'checkpoint_fullfsync = ON',
  'foreign_keys = OFF',
  'trusted_schema = OFF',
  'cell_size_check = ON',
  'temp_store = MEMORY',
  'mmap_size = 0',
  `cache_size = -${Math.ceil(limits.cacheBytes / 1024)}`,
  `wal_autocheckpoint = ${Math.ceil(limits.walBytes / PAGE_BYTES)}`,
  `journal_size_limit = ${2 * limits.walBytes}`,
  `max_page_count = ${Math.floor(limits.databaseBytes / PAGE_BYTES)}`,
];

/**
 * Opens the database at a path and brings it to the newest format version.
 * @throws PluvioError `STORE_VERSION`, `STORE_DAMAGED`; and what SQLite throws
 */
export function openDatabase(path: string, limits: StoreLimits, steps = MIGRATIONS): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    const kind = numberOf(db, 'PRAGMA application_id');
    if (kind !== APPLICATION_ID && (kind !== 0 || numberOf(db, 'PRAGMA schema_version') !== 0)) {
      throw new PluvioError('STORE_DAMAGED', `${path} is a database of another program; move it away`, { path });
    }
    checkVersion(db, path, steps);
    for (const setting of settings(limits)) db.exec(`PRAGMA ${setting}`);
    migrate(db, path, steps);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function checkVersion(db: DatabaseSync, path: string, steps: readonly MigrationStep[]): number {
  const version = numberOf(db, 'PRAGMA user_version');
  const newest = steps.at(-1)?.version ?? 0;
  if (version <= newest) return version;
  const message = `database ${path} has format version ${version}; this program reads versions up to ${newest}`;
  throw new PluvioError('STORE_VERSION', message, { path, version, newest });
}

/**
 * Applies the steps that the database has not had, each in one transaction.
 * @throws PluvioError `STORE_VERSION`
 */
export function migrate(db: DatabaseSync, path: string, steps: readonly MigrationStep[]): void {
  for (const { version, statements } of steps) {
    if (version <= checkVersion(db, path, steps)) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      for (const statement of statements) db.exec(statement);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      db.exec(`PRAGMA user_version = ${version}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** What SQLite's own check of structures finds; empty: nothing. Indexes are compared with their tables only in a full check. */
export function checkStructure(db: DatabaseSync, how: 'quick' | 'full'): string[] {
  try {
    const rows = db.prepare(how === 'full' ? 'PRAGMA integrity_check(20)' : 'PRAGMA quick_check(20)').all();
    const findings = rows.map((row) => String(Object.values(row)[0]));
    return findings.length === 1 && findings[0] === 'ok' ? [] : findings;
  } catch (error) {
    // Some damage ends the check itself.
    if (isDamage(error)) return [String(error)];
    throw error;
  }
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}
