/**
 * The engine's module cache as a folder of files.
 *
 * Boundary: bytes by key. A file carries the SHA-256 of its content, so that a torn or altered one reads as absent.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModuleCache } from '../engine/index.ts';

const DIGEST_BYTES = 32;

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Opens the cache; the folder is made if it is missing. Failing to read or write is a miss, never an error. */
export async function openModuleCache(folder: string): Promise<ModuleCache> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let nextTemporary = 0;
  const pathOf = (key: string): string => join(folder, sha256(Buffer.from(key, 'utf8')).toString('hex'));
  return {
    get: async (key) => {
      const file = await readFile(pathOf(key)).catch(() => undefined);
      if (!file || file.length < DIGEST_BYTES) return undefined;
      const content = file.subarray(DIGEST_BYTES);
      return sha256(content).equals(file.subarray(0, DIGEST_BYTES)) ? content : undefined;
    },
    put: async (key, bytes) => {
      const temporary = `${pathOf(key)}.${process.pid}.${nextTemporary++}.part`;
      try {
        await writeFile(temporary, Buffer.concat([sha256(bytes), bytes]), { mode: 0o600 });
        await rename(temporary, pathOf(key));
      } catch {
        await rm(temporary, { force: true });
      }
    },
  };
}
