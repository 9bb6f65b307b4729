/**
 * Directories of this machine, read whole for a guest, whose files live in memory.
 *
 * Boundary: reading only. Regular files, directories and symbolic links (not followed) are taken; devices, sockets and pipes are left
 * out, and so is what cannot be read, with a note.
 */
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { fileFailure } from '../failure.ts';
import { UsageError } from '../usage-error.ts';

/** What the directories of one run may hold together. */
export const DIRECTORY_LIMITS = {
  entries: 10_000,
  bytes: 512 * 2 ** 20,
} as const;

export interface DirectoryMount {
  readonly hostPath: string;
  /** Below the guest's root, without a slash at either end; empty: the root itself. */
  readonly guestPath: string;
  /** Whether changes go back to the host. */
  readonly isWrittenBack: boolean;
}

interface EntryTimes {
  readonly modifiedNs: bigint;
}

export type HostEntry = EntryTimes &
  (
    | { readonly kind: 'file'; readonly bytes: Uint8Array }
    | { readonly kind: 'directory' }
    | { readonly kind: 'symlink'; readonly target: string }
  );

/**
 * Reads `HOST` or `HOST::GUEST`. Without a guest path the guest sees the directory under the same path as the host does.
 * @throws UsageError
 */
export function parseMount(text: string, isWrittenBack: boolean): DirectoryMount {
  const at = text.indexOf('::');
  const hostPath = at < 0 ? text : text.slice(0, at);
  const guest = at < 0 ? text : text.slice(at + 2);
  const parts = guest.split('/').filter((part) => part !== '' && part !== '.');
  const option = isWrittenBack ? '--dir' : '--copy-dir';
  if (hostPath === '' || guest === '') throw new UsageError(`${option} is "${text}"; it must be HOST or HOST::GUEST`);
  if (parts.includes('..')) {
    throw new UsageError(
      `${option} "${text}" has .. in the guest's path`,
      `name the guest's path: ${option} ${hostPath}::/data`,
    );
  }
  return { hostPath, guestPath: parts.join('/'), isWrittenBack };
}

/**
 * Entries of all mounts by guest path, parents before children.
 * @throws PluvioError `FILE_FAILED`, `INVALID_ARGUMENT` for mounts that overlap or hold too much
 */
export async function readDirectories(
  mounts: readonly DirectoryMount[],
  warn: (text: string) => void,
): Promise<Map<string, HostEntry>> {
  const entries = new Map<string, HostEntry>();
  let totalBytes = 0;

  const add = (guestPath: string, entry: HostEntry): void => {
    const before = entries.get(guestPath);
    if (before !== undefined && (before.kind !== 'directory' || entry.kind !== 'directory')) {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `cannot mount /${guestPath} twice: directories of the guest must not overlap in files`,
      );
    }
    totalBytes += entry.kind === 'file' ? entry.bytes.byteLength : 0;
    entries.set(guestPath, entry);
    checkRoom(entries.size, totalBytes);
  };

  const visit = async (hostPath: string, guestPath: string): Promise<void> => {
    for (const name of (await readdir(hostPath)).sort()) {
      const from = join(hostPath, name);
      const to = guestPath === '' ? name : `${guestPath}/${name}`;
      try {
        const entry = await readEntry(from, totalBytes);
        if (entry === undefined) continue;
        add(to, entry);
        if (entry.kind === 'directory') await visit(from, to);
      } catch (error) {
        if (error instanceof PluvioError) throw error;
        warn(fileFailure('read', from, error).message);
      }
    }
  };

  for (const { hostPath, guestPath } of mounts) {
    await checkDirectory(hostPath);
    const parts = guestPath === '' ? [] : guestPath.split('/');
    parts.forEach((_, index) => add(parts.slice(0, index + 1).join('/'), { kind: 'directory', modifiedNs: 0n }));
    await visit(hostPath, guestPath);
  }
  return entries;
}

async function checkDirectory(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => Promise.reject(fileFailure('read directory', path, cause)));
  if (!found.isDirectory())
    throw new PluvioError('FILE_FAILED', `cannot read directory ${path}: it is not a directory`, { path });
}

function checkRoom(entryCount: number, totalBytes: number): void {
  if (entryCount <= DIRECTORY_LIMITS.entries && totalBytes <= DIRECTORY_LIMITS.bytes) return;
  throw new PluvioError(
    'INVALID_ARGUMENT',
    `the directories of the guest hold more than ${DIRECTORY_LIMITS.entries} entries or ${DIRECTORY_LIMITS.bytes} bytes; give a smaller one`,
    { maxEntries: DIRECTORY_LIMITS.entries, maxBytes: DIRECTORY_LIMITS.bytes },
  );
}

async function readEntry(path: string, takenBytes: number): Promise<HostEntry | undefined> {
  const found = await lstat(path, { bigint: true });
  const times = { modifiedNs: found.mtimeNs };
  if (found.isDirectory()) return { ...times, kind: 'directory' };
  if (found.isSymbolicLink()) return { ...times, kind: 'symlink', target: await readlink(path) };
  if (!found.isFile()) return undefined;
  checkRoom(0, takenBytes + Number(found.size));
  const bytes = await readFile(path);
  return { ...times, kind: 'file', bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
