import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PluvioError } from '../errors/index.ts';

/** Folders that nodes of this process have open. */
const ours = new Set<string>();

/**
 * Keeps a second node off a data directory: a file with the process's number. One that a killed process left does not count.
 * @throws PluvioError `STORE_FAILED`
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'node.pid');
  const holder = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (ours.has(folder) || (holder !== process.pid && isAlive(holder))) {
    const message = `data directory ${folder} is used by process ${holder}; one node at a time may use it (if it is not a node, remove ${path})`;
    throw new PluvioError('STORE_FAILED', message, { path, process: holder });
  }
  ours.add(folder);
  await writeFile(path, String(process.pid), { mode: 0o600 });
  return async () => {
    await rm(path, { force: true });
    ours.delete(folder);
  };
}

function isAlive(processId: number): boolean {
  if (!Number.isSafeInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
