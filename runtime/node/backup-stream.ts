/**
 * A backup of the running node as one tar stream.
 *
 * The backup is laid out whole, in a folder of the node's own, before the first byte is sent: what cannot be written is an error and not a
 * stream that breaks off, and no request says where on its machine a node writes.
 *
 * Invariants:
 * 1. `backup.json` is the last file of the stream: what was cut off is no backup.
 * 2. One backup at a time. Its folder goes when the stream ends, however it does, a reader that takes nothing any more included, and when a node
 *    starts that finds one.
 * 3. Private keys of the node are not in it.
 */
import { type EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pack, type Pack } from 'tar-stream';
import type { BlobStore } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { pulledStream, type PullRules } from './pulled-stream.ts';
import { REVOCATIONS_FILE } from './security/revocations.ts';
import { BACKUP_DESCRIPTION, backupNode, type NodeStore } from './store/index.ts';

const FOLDER = 'backing-up';
const PREFIX = 'pluvio-backup-';

export interface BackupStreamOptions {
  readonly store: NodeStore;
  readonly blobs: BlobStore;
  readonly dataDir: string | undefined;
  /** Keeps blobs from being collected until what it gives is called. */
  readonly hold: () => () => void;
  readonly pulling: PullRules;
}

export class BackupStreams {
  readonly #options: BackupStreamOptions;
  #isBusy = false;

  constructor(options: BackupStreamOptions) {
    this.#options = options;
  }

  /** Removes what a process left that ended in the middle. */
  async recover(): Promise<void> {
    const { dataDir } = this.#options;
    if (dataDir !== undefined) await rm(join(dataDir, FOLDER), { recursive: true, force: true });
  }

  /**
   * Takes a backup; gives it as a tar.
   * @param allowMissing Take it though the node itself lacks blobs that it needs.
   * @throws PluvioError `BACKUP_FAILED`, `STORE_BUSY` another one is being taken
   */
  async open(allowMissing: boolean): Promise<ReadableStream<Uint8Array>> {
    if (this.#isBusy) throw new PluvioError('STORE_BUSY', 'another backup of this node is being taken');
    this.#isBusy = true;
    const { store, blobs, dataDir, hold, pulling } = this.#options;
    let folder: string | undefined;
    const leave = async (): Promise<void> => {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      this.#isBusy = false;
    };
    try {
      folder = await ownFolder(dataDir);
      await backupNode({
        store,
        blobs,
        target: folder,
        allowMissing,
        hold,
        nowMs: pulling.clock.now(),
        ...(dataDir === undefined ? {} : { dataDir, files: [REVOCATIONS_FILE] }),
      });
    } catch (error) {
      await leave();
      throw error;
    }
    return tarOf(folder, pulling, leave);
  }
}

/** The files of a folder as a tar; `over` is called when nobody reads it any more. */
function tarOf(folder: string, rules: PullRules, over: () => Promise<void>): ReadableStream<Uint8Array> {
  const tar = pack();
  addFolder(tar, folder).catch((error: unknown) =>
    tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  const chunks = (tar as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return pulledStream(chunks, rules, async () => {
    tar.destroy(); // whoever packs it ends
    await over();
  });
}

async function ownFolder(dataDir: string | undefined): Promise<string> {
  if (dataDir === undefined) return mkdtemp(join(tmpdir(), PREFIX));
  await mkdir(join(dataDir, FOLDER), { recursive: true, mode: 0o700 });
  return mkdtemp(join(dataDir, FOLDER, PREFIX));
}

async function addFolder(tar: Pack, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const last = join(folder, BACKUP_DESCRIPTION);
  for (const path of [...paths.filter((each) => each !== last).sort(), last]) {
    const { size } = await stat(path);
    const entry = tar.entry({ name: relative(folder, path).replaceAll('\\', '/'), size, mode: 0o600 });
    for await (const chunk of createReadStream(path)) {
      if (!entry.write(chunk)) await drainedOrClosed(entry);
      if (entry.destroyed) return; // nobody reads it any more
    }
    entry.end(undefined);
    await once(entry, 'close');
  }
  tar.finalize();
}

async function drainedOrClosed(entry: EventEmitter): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(entry, 'drain', { signal }), once(entry, 'close', { signal })]);
  } finally {
    over.abort(); // nobody listens on
  }
}
