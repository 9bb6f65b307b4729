/**
 * Blobs in a folder: `<folder>/sha256/<first two digits>/<64 digits>`.
 *
 * Invariants:
 * 1. A blob that has its name is complete and on disk: it is written under another name, synchronised, then renamed, then the
 *    folder is synchronised. A crash leaves at most a file in `<folder>/incoming`, which the next opening removes.
 * 2. What `get` gives has the content that its digest stands for.
 */
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlobStore, blobNotFound, type Digest, digestOf, equalBytes, isDigest } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { nodeCodecs } from './codecs.ts';
import type { AtRestSeal } from './security/at-rest.ts';

const BLOBS = 'sha256';
const INCOMING = 'incoming';

const PLAIN: AtRestSeal = { encrypt: (plain) => plain, decrypt: (stored) => stored };

/**
 * Opens a folder as a store of blobs, and makes it if it is not there. One process at a time may have it open.
 * @param seal How blobs lie on disk; default: as they are. A blob that lies as it is is read in any case.
 * @throws PluvioError `STORE_FAILED`
 */
export async function openBlobFolder(folder: string, seal: AtRestSeal = PLAIN): Promise<BlobStore> {
  const incoming = join(folder, INCOMING);
  await inStore(incoming, async () => {
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
    await mkdir(join(folder, BLOBS), { recursive: true });
  });
  const fileOf = (digest: Digest): string => {
    const hex = digest.slice('sha256:'.length);
    return join(folder, BLOBS, hex.slice(0, 2), hex);
  };
  let serial = 0;
  return {
    has: (digest) => inStore(fileOf(digest), async () => (await unlessMissing(stat(fileOf(digest)))) !== undefined),
    get: (digest) => inStore(fileOf(digest), () => readBlob(fileOf(digest), digest, seal)),
    put: (digest, bytes) =>
      inStore(fileOf(digest), async () => {
        const file = fileOf(digest);
        await checkContent(bytes, digest, 'BUNDLE_DIGEST', 'the blob to store as');
        const present = await unlessMissing(readFile(file));
        if (present !== undefined && isSame(present, bytes, digest, seal)) return; // a damaged one is replaced
        await writeBlob(join(incoming, String(serial++)), file, seal.encrypt(bytes, digest));
      }),
    delete: (digest) =>
      inStore(fileOf(digest), async () => {
        if ((await unlessMissing(stat(fileOf(digest)))) === undefined) return false;
        await rm(fileOf(digest), { force: true });
        return true;
      }),
    list: () => listBlobs(join(folder, BLOBS)),
  };
}

function isSame(stored: Uint8Array, bytes: Uint8Array, digest: Digest, seal: AtRestSeal): boolean {
  try {
    return equalBytes(seal.decrypt(stored, digest), bytes);
  } catch {
    return false; // under a key that is gone, or damaged
  }
}

async function readBlob(file: string, digest: Digest, seal: AtRestSeal): Promise<Uint8Array> {
  const buffer = await unlessMissing(readFile(file));
  if (buffer === undefined) throw blobNotFound(digest);
  const plain = seal.decrypt(buffer, digest);
  const bytes = new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
  await checkContent(bytes, digest, 'BLOB_DAMAGED', 'the stored blob');
  return bytes;
}

async function checkContent(
  bytes: Uint8Array,
  digest: Digest,
  code: 'BUNDLE_DIGEST' | 'BLOB_DAMAGED',
  what: string,
): Promise<void> {
  const found = await digestOf(bytes, nodeCodecs);
  if (found === digest) return;
  throw new PluvioError(code, `${what} ${digest} has the content of ${found}`, { digest, found });
}

async function writeBlob(temporary: string, file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeSynced(temporary, bytes);
    await mkdir(dirname(file), { recursive: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
  await syncFolder(dirname(dirname(file)));
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* listBlobs(folder: string): AsyncGenerator<{ readonly digest: Digest; readonly sizeBytes: number }> {
  for await (const shard of await opendir(folder)) {
    for await (const entry of await opendir(join(folder, shard.name))) {
      const digest = `sha256:${entry.name}`;
      const found = isDigest(digest) ? await unlessMissing(stat(join(folder, shard.name, entry.name))) : undefined;
      if (found !== undefined && isDigest(digest)) yield { digest, sizeBytes: found.size };
    }
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Runs `work`; what the file system throws becomes a coded error that names the file. */
async function inStore<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof PluvioError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('STORE_FAILED', `cannot use ${file}: ${reason}`, { file }, { cause });
  }
}
