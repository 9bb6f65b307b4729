/**
 * Brings what the guest changed in its copy of a directory back to the machine.
 *
 * Invariants:
 * 1. Only entries that differ between the guest's tree before and after are touched.
 * 2. Nothing outside a mounted directory is touched: no symbolic link of the machine is followed below it, and none that points out of
 *    it is made.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, rmdir, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { fileFailure } from '../failure.ts';
import { contentOf, type GuestEntry } from './guest-tree.ts';
import type { DirectoryMount } from './host-directory.ts';

type Entries = ReadonlyMap<string, GuestEntry>;

export interface WriteBackReport {
  readonly written: number;
  readonly removed: number;
  /** Guest paths of new or changed files outside every directory that is written back. */
  readonly discarded: readonly string[];
  /** What could not be written, as text. */
  readonly failures: readonly string[];
}

/** Brings changes back to the mounts that ask for it. A failure does not keep the others from being written. */
export async function writeBack(
  mounts: readonly DirectoryMount[],
  before: Entries,
  after: Entries,
): Promise<WriteBackReport> {
  const failures: string[] = [];
  const discarded: string[] = [];
  let removed = 0;
  let written = 0;
  const attempt = async (host: HostPlace, action: () => Promise<void>): Promise<boolean> => {
    try {
      await action();
      return true;
    } catch (error) {
      failures.push(
        (error instanceof PluvioError ? error : fileFailure('write', join(host.root, host.path), error)).message,
      );
      return false;
    }
  };
  for (const [path, entry] of [...before].reverse()) {
    const place = placeOf(mounts, path);
    if (place === undefined || after.get(path)?.kind === entry.kind) continue;
    if (await attempt(place, () => removeEntry(place, entry))) removed++;
  }
  for (const [path, entry] of after) {
    if (!isChanged(before.get(path), entry)) continue;
    const place = placeOf(mounts, path);
    if (place === undefined) {
      if (entry.kind === 'file' && !isCopied(mounts, path)) discarded.push(`/${path}`);
    } else if (await attempt(place, () => writeEntry(place, entry))) written++;
  }
  return { written, removed, discarded, failures };
}

function isChanged(before: GuestEntry | undefined, after: GuestEntry): boolean {
  if (before?.kind !== after.kind) return true;
  if (after.inode.kind === 'symlink')
    return before.inode.kind !== 'symlink' || before.inode.target !== after.inode.target;
  if (after.kind === 'directory' || (before.isBase && after.isBase && before.inode.ino === after.inode.ino))
    return false;
  return Buffer.compare(contentOf(before), contentOf(after)) !== 0;
}

/** A place below a mounted directory of this machine. */
interface HostPlace {
  readonly root: string;
  /** Relative to the root, not empty. */
  readonly path: string;
}

function mountOf(mounts: readonly DirectoryMount[], path: string): DirectoryMount | undefined {
  return mounts
    .filter(({ guestPath }) => guestPath === '' || path.startsWith(`${guestPath}/`))
    .toSorted((a, b) => b.guestPath.length - a.guestPath.length)[0];
}

const isCopied = (mounts: readonly DirectoryMount[], path: string): boolean =>
  mountOf(mounts, path)?.isWrittenBack === false;

function placeOf(mounts: readonly DirectoryMount[], path: string): HostPlace | undefined {
  const mount = mountOf(mounts, path);
  if (mount?.isWrittenBack !== true) return undefined;
  const { hostPath, guestPath } = mount;
  return { root: hostPath, path: guestPath === '' ? path : path.slice(guestPath.length + 1) };
}

/** The path, after every directory on the way was checked to be one, or made. */
async function reach({ root, path }: HostPlace, makes: boolean): Promise<string> {
  const parts = path.split('/');
  let at = root;
  for (const part of parts.slice(0, -1)) {
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined && makes) await mkdir(at);
    else if (found?.isDirectory() !== true) {
      throw new PluvioError('FILE_FAILED', `cannot write ${join(root, path)}: ${at} is not a directory`, { path: at });
    }
  }
  return join(at, parts.at(-1) ?? '');
}

async function removeEntry(place: HostPlace, { kind }: GuestEntry): Promise<void> {
  const path = await reach(place, false);
  if (kind !== 'directory') return rm(path, { force: true });
  try {
    await rmdir(path);
  } catch (error) {
    // Gone already, or it holds what the guest never saw.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTEMPTY')))
      throw error;
  }
}

async function writeEntry(place: HostPlace, entry: GuestEntry): Promise<void> {
  const path = await reach(place, true);
  const found = await lstat(path).catch(() => undefined);
  if (entry.kind === 'directory') {
    if (found?.isDirectory() !== true) await mkdir(path);
    return;
  }
  if (found?.isSymbolicLink() === true) await rm(path);
  if (entry.inode.kind === 'symlink') {
    checkTarget(place, entry.inode.target);
    if (found?.isFile() === true) await rm(path);
    return symlink(entry.inode.target, path);
  }
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o666);
  try {
    await file.writeFile(contentOf(entry));
    const seconds = Number(entry.inode.modifiedNs / 1000n) / 1e6;
    if (seconds > 0) await file.utimes(seconds, seconds);
  } finally {
    await file.close();
  }
}

function checkTarget({ root, path }: HostPlace, target: string): void {
  const end = posix.normalize(posix.join(posix.dirname(path), target));
  if (!target.startsWith('/') && end !== '..' && !end.startsWith('../')) return;
  throw new PluvioError(
    'FILE_FAILED',
    `cannot make the symbolic link ${join(root, path)}: its target ${target} lies outside of ${root}`,
  );
}
