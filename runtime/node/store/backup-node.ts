/**
 * A copy of a whole node while it runs, and a node laid out from one.
 *
 * A backup is a folder: `node.sqlite` (a copy of the database at one moment), `blobs/` (every blob that this copy names),
 * `files/` (what else the node asked to keep) and `backup.json` (what must be there, with digests).
 *
 * Invariants:
 * 1. `backup.json` is written last: a folder without it is no backup.
 * 2. Every blob that the copy of the database names is in the backup with the content of its digest, or the backup fails; with
 *    `allowMissing` it lists those that are not.
 * 3. Nothing is laid out before everything was checked, and the data directory appears in one step.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type BlobStore, type Digest, isDigest } from '../../bundle/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { openBlobFolder } from '../blob-folder.ts';
import { checkStructure } from './database.ts';
import { databasePath } from './open-store.ts';
import { layersOf, namedBlobs } from './named-blobs.ts';
import { syncFile, syncFolderOf } from './synced-files.ts';
import type { NodeStore } from './types.ts';

const FORMAT = 1;
/** The file that makes a folder a backup. */
export const BACKUP_DESCRIPTION = 'backup.json';
const DATABASE = 'node.sqlite';
const BLOBS = 'blobs';
const FILES = 'files';

interface FileEntry {
  readonly path: string;
  readonly sha256: string;
}

interface Description {
  readonly format: typeof FORMAT;
  readonly createdMs: number;
  readonly database: string;
  readonly blobs: readonly Digest[];
  /** Blobs that the node itself did not have whole. */
  readonly missing: readonly Digest[];
  readonly files: readonly FileEntry[];
}

export interface BackupProgress {
  readonly phase: 'database' | 'blobs' | 'files' | 'check';
  readonly done: number;
  readonly total: number;
}

export interface BackupOptions {
  readonly store: NodeStore;
  readonly blobs: BlobStore;
  /** A folder that does not exist or is empty. */
  readonly target: string;
  /** Where `files` are. */
  readonly dataDir?: string;
  /** Other files of the data directory that belong to the node, by their path in it; those that are missing are left out. */
  readonly files?: readonly string[];
  /** Whether a backup is made though the node itself lacks blobs that it needs. Default: no. */
  readonly allowMissing?: boolean;
  /** Keeps blobs from being collected until the function that it gives is called. */
  readonly hold?: () => Promise<() => void> | (() => void);
  readonly nowMs?: number;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * Writes a backup of a running node; gives the digests of blobs that the node itself lacks.
 * @throws PluvioError `BACKUP_TARGET`, `BACKUP_FAILED`
 */
export async function backupNode(options: BackupOptions): Promise<readonly Digest[]> {
  const { store, target, hold, onProgress = () => undefined } = options;
  await refuseUsed(target);
  await mkdir(target, { recursive: true, mode: 0o700 });
  const release = await hold?.();
  try {
    onProgress({ phase: 'database', done: 0, total: 1 });
    const database = join(target, DATABASE);
    await store.backup(database);
    onProgress({ phase: 'database', done: 1, total: 1 });
    const { copied, missing } = await copyBlobs(database, options, onProgress);
    const files = await copyFiles(options, onProgress);
    await rm(join(target, BLOBS, 'incoming'), { recursive: true, force: true });
    const createdMs = options.nowMs ?? Date.now();
    const description: Description = {
      format: FORMAT,
      createdMs,
      database: await sha256Of(database),
      blobs: copied,
      missing,
      files,
    };
    await writeSynced(join(target, BACKUP_DESCRIPTION), JSON.stringify(description));
    return missing;
  } catch (cause) {
    if (cause instanceof PluvioError) throw cause;
    throw failed(target, String(cause), cause);
  } finally {
    release?.();
  }
}

async function copyBlobs(
  database: string,
  { blobs: from, target, allowMissing = false }: BackupOptions,
  onProgress: (progress: BackupProgress) => void,
): Promise<{ readonly copied: Digest[]; readonly missing: Digest[] }> {
  const to = await openBlobFolder(join(target, BLOBS));
  const { manifests, needed, wished } = await namedBlobs(database);
  const copied = new Set<Digest>();
  const missing = new Set<Digest>();
  const copy = async (digest: Digest, withLayers: boolean): Promise<void> => {
    if (missing.has(digest) || (copied.has(digest) && !withLayers)) return;
    const bytes = await from.get(digest).catch((cause: unknown) => {
      if (!isLacking(cause)) throw cause;
      if (!allowMissing) throw failed(target, `the node lacks blob ${digest} that it needs: ${cause.message}`, cause);
      missing.add(digest);
      return undefined;
    });
    if (!bytes) return;
    await to.put(digest, bytes);
    copied.add(digest);
    if (withLayers) for (const layer of layersOf(bytes)) await copy(layer, false);
  };
  let done = 0;
  const total = manifests.size + needed.size + wished.size;
  const progress = (): void => onProgress({ phase: 'blobs', done: ++done, total });
  for (const digest of manifests) await copy(digest, true).then(progress);
  for (const digest of needed) await copy(digest, false).then(progress);
  for (const digest of wished) {
    if (await from.has(digest)) await copy(digest, true);
    progress();
  }
  return { copied: [...copied].sort(), missing: [...missing].sort() };
}

const isLacking = (error: unknown): error is PluvioError =>
  error instanceof PluvioError && (error.code === 'BLOB_NOT_FOUND' || error.code === 'BLOB_DAMAGED');

async function copyFiles(
  { dataDir, files = [], target }: BackupOptions,
  onProgress: (progress: BackupProgress) => void,
): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  for (const [at, path] of files.entries()) {
    const from = join(dataDir ?? '', inside(path));
    if (dataDir !== undefined && existsSync(from)) {
      const to = join(target, FILES, path);
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await copyFile(from, to);
      syncFile(to);
      entries.push({ path, sha256: await sha256Of(to) });
    }
    onProgress({ phase: 'files', done: at + 1, total: files.length });
  }
  return entries;
}

/**
 * Checks a backup and lays a data directory out from it.
 * @throws PluvioError `BACKUP_TARGET`, `BACKUP_DAMAGED`, `BACKUP_FAILED`
 */
export async function restoreNode(
  source: string,
  dataDir: string,
  onProgress: (progress: BackupProgress) => void = () => undefined,
): Promise<void> {
  await refuseUsed(dataDir);
  const description = await readDescription(source);
  const target = resolve(dataDir);
  const laying = `${target}.restoring`;
  try {
    await rm(laying, { recursive: true, force: true });
    await mkdir(dirname(databasePath(laying)), { recursive: true, mode: 0o700 });
    await layOut(source, description, laying, onProgress);
    if (existsSync(target)) await rmdir(target);
    await rename(laying, target);
    syncFolderOf(target);
  } catch (cause) {
    await rm(laying, { recursive: true, force: true });
    if (cause instanceof PluvioError) throw cause;
    throw failed(dataDir, String(cause), cause);
  }
}

async function layOut(
  source: string,
  { database, blobs, files, missing }: Description,
  laying: string,
  onProgress: (progress: BackupProgress) => void,
): Promise<void> {
  const folder = await openBlobFolder(join(laying, BLOBS));
  for (const [at, digest] of blobs.entries()) {
    const path = join(source, BLOBS, 'sha256', digest.slice(7, 9), digest.slice(7));
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw broken(path, 'it cannot be read', cause);
    });
    await folder.put(digest, new Uint8Array(bytes)).catch((cause: unknown) => {
      const isDamage = cause instanceof PluvioError && cause.code === 'BUNDLE_DIGEST';
      throw isDamage ? broken(path, 'its content is not that of its digest', cause) : cause;
    });
    onProgress({ phase: 'blobs', done: at + 1, total: blobs.length });
  }
  for (const { path, sha256 } of files) {
    await copyChecked(join(source, FILES, inside(path)), join(laying, path), sha256);
  }
  await copyChecked(join(source, DATABASE), databasePath(laying), database);
  onProgress({ phase: 'check', done: 0, total: 1 });
  checkDatabase(databasePath(laying));
  const { manifests, needed } = await namedBlobs(databasePath(laying));
  const excused = new Set<string>(missing);
  for (const digest of [...manifests, ...needed]) {
    if (excused.has(digest)) continue;
    const layers = manifests.has(digest) ? layersOf(await blobOf(folder, digest, source)) : [];
    for (const part of [digest, ...layers]) {
      if (!excused.has(part) && !(await folder.has(part))) throw broken(join(source, BLOBS), `blob ${part} is missing`);
    }
  }
  onProgress({ phase: 'check', done: 1, total: 1 });
}

const blobOf = (folder: BlobStore, digest: Digest, source: string): Promise<Uint8Array> =>
  folder.get(digest).catch((cause: unknown) => {
    throw broken(join(source, BLOBS), `blob ${digest} is missing`, cause);
  });

function checkDatabase(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const [finding] = checkStructure(db, 'full');
    if (finding !== undefined) throw broken(path, finding);
  } finally {
    db.close();
  }
}

async function copyChecked(from: string, to: string, sha256: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to).catch((cause: unknown) => {
    throw broken(from, 'it cannot be read', cause);
  });
  if ((await sha256Of(to)) !== sha256) throw broken(from, 'it was changed');
  syncFile(to);
  syncFolderOf(to);
}

async function readDescription(source: string): Promise<Description> {
  const path = join(source, BACKUP_DESCRIPTION);
  let value: Partial<Description>;
  try {
    value = JSON.parse(await readFile(path, 'utf8')) as Partial<Description>; // every field is checked below
  } catch (cause) {
    throw broken(path, 'it cannot be read', cause);
  }
  const { format, database, blobs, files, missing, createdMs } = value;
  if (format !== FORMAT) throw broken(path, `format ${String(format)}; this program reads ${FORMAT}`);
  const areFiles =
    Array.isArray(files) && files.every(({ path, sha256 }) => typeof path === 'string' && typeof sha256 === 'string');
  if (
    !areDigests(blobs) ||
    !areDigests(missing) ||
    !areFiles ||
    typeof database !== 'string' ||
    typeof createdMs !== 'number'
  ) {
    throw broken(path, 'a field is missing');
  }
  return { format, createdMs, database, blobs, missing, files };
}

const areDigests = (value: unknown): value is Digest[] =>
  Array.isArray(value) && value.every((digest: unknown) => typeof digest === 'string' && isDigest(digest));

/** @throws PluvioError `BACKUP_TARGET` */
async function refuseUsed(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new PluvioError(
      'BACKUP_TARGET',
      `cannot use ${folder}: ${error.message}`,
      { path: folder },
      { cause: error },
    );
  });
  if (names.length === 0) return;
  const message = `${folder} is not empty; name a folder that does not exist or is empty`;
  throw new PluvioError('BACKUP_TARGET', message, { path: folder });
}

/** A path that stays inside the folder that it is joined to. */
function inside(path: string): string {
  const plain = normalize(path);
  if (!plain.startsWith('..') && !plain.startsWith('/') && plain !== '.') return plain;
  throw new PluvioError('BACKUP_DAMAGED', `the file "${path}" of a backup lies outside of it`, { path });
}

async function writeSynced(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  syncFile(path);
  syncFolderOf(path);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const failed = (path: string, reason: string, cause: unknown): PluvioError =>
  new PluvioError('BACKUP_FAILED', `cannot write ${path}: ${reason}`, { path }, { cause });

const broken = (path: string, why: string, cause?: unknown): PluvioError =>
  new PluvioError('BACKUP_DAMAGED', `backup file ${path}: ${why}`, { path }, { cause });
