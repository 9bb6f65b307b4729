/** A backup on its way from a node into a folder. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Extract, extract } from 'tar-stream';
import { PluvioError } from '../../runtime/errors/index.ts';
import { fileFailure } from './failure.ts';

const LAST_FILE = 'backup.json';

export interface Unpacked {
  readonly files: number;
  readonly sizeBytes: number;
}

/**
 * Writes the files of a backup into a folder that does not exist or is empty.
 * @throws PluvioError `BACKUP_TARGET`, `BACKUP_DAMAGED` it is not whole, `FILE_FAILED`
 */
export async function unpackBackup(tar: AsyncIterable<Uint8Array>, folder: string): Promise<Unpacked> {
  const root = resolve(folder);
  await refuseUsed(root);
  const entries = extract();
  const feeding = feed(tar, entries);
  feeding.catch(() => undefined); // told by the loop
  let files = 0;
  let sizeBytes = 0;
  let last = '';
  try {
    for await (const entry of entries) {
      const { name, type, size = 0 } = entry.header;
      const path = resolve(root, name);
      if (type !== 'file' || !path.startsWith(root + sep))
        throw damaged(folder, `it has an entry "${name}" of type ${type}`);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await pipeline(Readable.from(entry), createWriteStream(path, { mode: 0o600, flags: 'wx', flush: true }));
      files++;
      sizeBytes += size;
      last = name;
    }
    await feeding;
  } catch (cause) {
    if (cause instanceof PluvioError) throw cause;
    throw fileFailure('write backup', folder, cause);
  }
  if (last !== LAST_FILE) throw damaged(folder, 'it broke off');
  return { files, sizeBytes };
}

async function feed(tar: AsyncIterable<Uint8Array>, entries: Extract): Promise<void> {
  try {
    for await (const chunk of tar)
      if (!entries.write(chunk)) await Promise.race([once(entries, 'drain'), once(entries, 'close')]);
    entries.end(undefined);
  } catch (error) {
    entries.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

const damaged = (folder: string, why: string): PluvioError =>
  new PluvioError('BACKUP_DAMAGED', `the backup that came for ${folder} is not whole: ${why}`, { path: folder });

async function refuseUsed(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw fileFailure('write backup', root, cause);
  });
  if ((await readdir(root)).length === 0) return;
  throw new PluvioError('BACKUP_TARGET', `${root} is not empty; name a folder that does not exist or is empty`, {
    path: join(root),
  });
}
