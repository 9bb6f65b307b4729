/** Opens a core: the database checked, brought to the newest version, what is damaged found. */
import { type DatabaseSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PluvioError } from '../../errors/index.ts';
import { StoreCore } from './core.ts';
import { checkStructure, MEMORY_PATH, openDatabase } from './database.ts';
import type { StoreLimits } from './limits.ts';
import { salvage } from './salvage.ts';
import { storeError } from './sqlite-errors.ts';
import type { OpenReport } from './store-link.ts';

export interface CoreOptions {
  /** Of the database; `:memory:` keeps nothing. */
  readonly path: string;
  readonly limits: StoreLimits;
  /** How the database is checked; `full` also compares indexes with tables. Default: quick. */
  readonly check?: 'quick' | 'full';
  /** Whether a damaged database is refused, or what is readable of it taken over. Default: salvage. */
  readonly onDamage?: 'salvage' | 'refuse';
}

export interface OpenedCore {
  readonly core: StoreCore;
  readonly report: OpenReport;
}

/** @throws PluvioError `STORE_FAILED`, `STORE_FULL`, `STORE_DAMAGED`, `STORE_VERSION` */
export function openCore(options: CoreOptions): OpenedCore {
  const { path, limits, check = 'quick', onDamage = 'salvage' } = options;
  try {
    if (path === MEMORY_PATH) return { core: new StoreCore(openDatabase(path, limits), path, limits), report: SOUND };
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const found = openChecked(path, limits, check);
    if ('db' in found) return { core: new StoreCore(found.db, path, limits), report: SOUND };
    if (onDamage === 'refuse') throw damagedError(path, found.findings);
    const keptAs = salvage(path, limits, found.findings);
    const report = { findings: found.findings, keptAs };
    return { core: new StoreCore(openDatabase(path, limits), path, limits), report };
  } catch (error) {
    throw storeError(error, path);
  }
}

const SOUND: OpenReport = { findings: [], keptAs: null };

function openChecked(
  path: string,
  limits: StoreLimits,
  check: 'quick' | 'full',
): { readonly db: DatabaseSync } | { readonly findings: readonly string[] } {
  let db: DatabaseSync;
  try {
    db = openDatabase(path, limits);
  } catch (error) {
    const coded = storeError(error, path);
    // A database of another program, or one whose first page cannot be read, is left as it is.
    if (coded.code !== 'STORE_DAMAGED' || error instanceof PluvioError) throw coded;
    return { findings: [coded.message] };
  }
  const findings = checkStructure(db, check);
  if (findings.length === 0) return { db };
  db.close();
  return { findings };
}

function damagedError(path: string, findings: readonly string[]): PluvioError {
  const message = `the database ${path} is damaged: ${findings.slice(0, 3).join('; ')}; restore a backup, or open it with salvage`;
  return new PluvioError('STORE_DAMAGED', message, { path, findings });
}
