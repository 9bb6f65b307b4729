import { fail } from '../errno.ts';
import type { DirectoryInode, Inode } from '../files/inode.ts';
import { resolvePath, type Target } from '../files/path-lookup.ts';
import {
  FDFLAGS_ALL,
  LOOKUPFLAGS,
  OFLAGS,
  OFLAGS_ALL,
  RIGHTS,
  RIGHTS_ALL,
  RIGHTS_OF_KIND,
  RIGHTS_TO_WRITE,
} from './constants.ts';
import type { WasiContext } from './context.ts';
import type { Result } from './define.ts';

interface Request {
  readonly oflags: number;
  readonly rights: number;
  readonly inheriting: number;
  readonly flags: number;
}

const has = (flags: number, flag: number): boolean => (flags & flag) !== 0;

/** path_open, see the specification of `path_open` in snapshot_preview1. */
export function openPath(
  wasi: WasiContext,
  fd: number,
  dirflags: number,
  pathAt: number,
  pathBytes: number,
  oflags: number,
  rights: bigint,
  inheriting: bigint,
  flags: number,
  resultAt: number,
): Result {
  const { memory, descriptors, limits } = wasi;
  const start = descriptors.directory(fd);
  memory.check(resultAt, 4);
  if (oflags > OFLAGS_ALL || flags > FDFLAGS_ALL) fail('inval');
  const path = memory.readPath(pathAt, pathBytes, limits.maxPathBytes);
  const request: Request = { oflags, rights: knownRights(rights), inheriting: knownRights(inheriting), flags };
  const needed =
    (has(oflags, OFLAGS.creat) ? RIGHTS.path_create_file : 0) |
    (has(oflags, OFLAGS.trunc) ? RIGHTS.path_filestat_set_size : 0);
  if ((start.rights & needed) !== needed) fail('notcapable');
  if (((request.rights | request.inheriting) & ~start.inheriting) !== 0) fail('notcapable');
  descriptors.checkRoom();
  const endsWithSlash = path.endsWith('/');
  const mustBeNew = has(oflags, OFLAGS.creat) && (endsWithSlash || has(oflags, OFLAGS.excl));
  const followLast = !mustBeNew && (endsWithSlash || has(dirflags, LOOKUPFLAGS.symlink_follow));
  const inode = openTarget(wasi, resolvePath(wasi.tree, start.inode, path, followLast), request);
  memory.writeU32(resultAt, addDescriptor(wasi, inode, request));
  return undefined;
}

/** The rights of the interface: other bits mean nothing. */
function knownRights(rights: bigint): number {
  return Number(BigInt.asUintN(32, rights)) & RIGHTS_ALL;
}

/** The inode to open: found, created or cut to nothing, as the flags say. */
function openTarget(
  wasi: WasiContext,
  target: Target,
  { oflags, rights }: Request,
): Exclude<Inode, { kind: 'symlink' }> {
  const { inode } = target;
  const wantsDirectory = has(oflags, OFLAGS.directory);
  const creates = has(oflags, OFLAGS.creat);
  if (creates && wantsDirectory) fail('inval');
  if (creates && target.wantsDirectory && target.name !== undefined) fail('isdir');
  if (inode === undefined) {
    return creates && target.name !== undefined ? wasi.tree.createFile(target.directory, target.name) : fail('noent');
  }
  if (creates && has(oflags, OFLAGS.excl)) fail('exist');
  if (inode.kind === 'symlink') fail(wantsDirectory ? 'notdir' : 'loop');
  if (inode.kind === 'directory') {
    if (has(oflags, OFLAGS.creat | OFLAGS.trunc)) fail('isdir');
    if (has(rights, RIGHTS_TO_WRITE)) fail('isdir');
    return inode;
  }
  if (wantsDirectory || target.wantsDirectory) fail('notdir');
  if (has(oflags, OFLAGS.trunc)) wasi.tree.resize(inode, 0);
  return inode;
}

function addDescriptor(
  { descriptors }: WasiContext,
  inode: Exclude<Inode, { kind: 'symlink' }>,
  request: Request,
): number {
  const rights = request.rights & RIGHTS_OF_KIND[inode.kind];
  if (inode.kind === 'file') {
    return descriptors.add({ kind: 'file', inode, offset: 0, rights, inheriting: 0, flags: request.flags });
  }
  const { inheriting, flags } = request;
  return descriptors.add({ kind: 'directory', inode, preopen: undefined, rights, inheriting, flags });
}

/** The most rights that a preopened directory passes on. */
export const PREOPEN_INHERITING = RIGHTS_OF_KIND.directory | RIGHTS_OF_KIND.file;

/** A descriptor for a preopened directory: all rights. */
export function preopenDescriptor(inode: DirectoryInode, guestPath: string) {
  return {
    kind: 'directory' as const,
    inode,
    preopen: guestPath,
    rights: RIGHTS_OF_KIND.directory,
    inheriting: PREOPEN_INHERITING,
    flags: 0,
  };
}
