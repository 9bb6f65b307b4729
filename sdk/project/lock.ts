/** pluvio.lock: what a build gave, so that another one can be held against it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { Project } from './load-project.ts';

export const LOCK_FILE = 'pluvio.lock';

export interface Lock {
  readonly lockVersion: 1;
  readonly compiler: string | null;
  readonly module: string;
  readonly bundle: string;
}

const FIELDS = ['compiler', 'module', 'bundle'] as const satisfies readonly (keyof Lock)[];

/** Leaves a lock alone that says the same. */
export async function writeLock({ folder }: Project, lock: Lock): Promise<void> {
  const path = join(folder, LOCK_FILE);
  const text = `${JSON.stringify(lock, null, 2)}\n`;
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeFile(path, text);
}

/** @throws PluvioError `LOCK_MISMATCH`, `FILE_FAILED`: there is no lock */
export async function checkLock({ folder }: Project, lock: Lock): Promise<void> {
  const path = join(folder, LOCK_FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PluvioError('FILE_FAILED', `cannot read ${path}: ${String(cause)}`, { path }, { cause });
  });
  let kept: Partial<Lock> | null;
  try {
    kept = JSON.parse(text) as Partial<Lock> | null; // compared, not used
  } catch (cause) {
    throw new PluvioError('LOCK_MISMATCH', `${path} is not JSON; it must be what a build wrote`, { path }, { cause });
  }
  for (const field of FIELDS) {
    if (kept?.[field] === lock[field]) continue;
    throw new PluvioError(
      'LOCK_MISMATCH',
      `the build gave ${field} ${String(lock[field])}; ${path} says ${String(kept?.[field])}`,
      { path, field },
    );
  }
}
