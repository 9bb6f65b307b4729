/** Paths: everything that names a file by text. */
import { fail } from '../errno.ts';
import type { Inode } from '../files/inode.ts';
import { findInode, resolvePath, type Target } from '../files/path-lookup.ts';
import { LOOKUPFLAGS, RIGHTS } from './constants.ts';
import type { WasiContext } from './context.ts';
import { define, type Result, type WasiFunction } from './define.ts';
import { setTimes, writeFilestat } from './filestat.ts';
import { openPath } from './path-open.ts';

const encoder = new TextEncoder();

/** Where a path leads, its last component not followed. */
function target(wasi: WasiContext, fd: number, pathAt: number, pathBytes: number): Target {
  const path = wasi.memory.readPath(pathAt, pathBytes, wasi.limits.maxPathBytes);
  return resolvePath(wasi.tree, wasi.descriptors.directory(fd).inode, path, false);
}

/** What a path leads to. */
function found(wasi: WasiContext, fd: number, flags: number, pathAt: number, pathBytes: number): Inode {
  const path = wasi.memory.readPath(pathAt, pathBytes, wasi.limits.maxPathBytes);
  return findInode(wasi.tree, wasi.descriptors.directory(fd).inode, path, (flags & LOOKUPFLAGS.symlink_follow) !== 0);
}

/** The name that a path says something is to have; `.` and `..` name what is there already. */
function freeName({ name, inode }: Target): string {
  if (name === undefined || inode !== undefined) fail('exist');
  return name;
}

function createDirectory(wasi: WasiContext, fd: number, pathAt: number, pathBytes: number): Result {
  const place = target(wasi, fd, pathAt, pathBytes);
  wasi.tree.createDirectory(place.directory, freeName(place));
  return undefined;
}

function setPathTimes(
  wasi: WasiContext,
  fd: number,
  flags: number,
  pathAt: number,
  pathBytes: number,
  accessed: bigint,
  modified: bigint,
  fstflags: number,
): Result {
  return setTimes(wasi, found(wasi, fd, flags, pathAt, pathBytes), accessed, modified, fstflags);
}

function link(
  wasi: WasiContext,
  oldFd: number,
  oldFlags: number,
  oldAt: number,
  oldBytes: number,
  newFd: number,
  newAt: number,
  newBytes: number,
): Result {
  const inode = found(wasi, oldFd, oldFlags, oldAt, oldBytes);
  const place = target(wasi, newFd, newAt, newBytes);
  const name = freeName(place);
  if (place.wantsDirectory) fail('noent');
  if (inode.kind === 'directory') fail('perm');
  wasi.tree.link(inode, place.directory, name);
  return undefined;
}

function readLink(
  wasi: WasiContext,
  fd: number,
  pathAt: number,
  pathBytes: number,
  buffer: number,
  sizeBytes: number,
  resultAt: number,
): Result {
  const { memory } = wasi;
  memory.check(resultAt, 4);
  memory.check(buffer, sizeBytes);
  const inode = found(wasi, fd, 0, pathAt, pathBytes);
  if (inode.kind !== 'symlink') fail('inval');
  const bytes = encoder.encode(inode.target).subarray(0, sizeBytes);
  memory.writeBytes(buffer, bytes);
  memory.writeU32(resultAt, bytes.length);
  return undefined;
}

function removeDirectory(wasi: WasiContext, fd: number, pathAt: number, pathBytes: number): Result {
  const { directory, name, endsUp } = target(wasi, fd, pathAt, pathBytes);
  if (name === undefined) fail(endsUp ? 'notempty' : 'inval');
  wasi.tree.removeDirectory(directory, name);
  return undefined;
}

function unlinkFile(wasi: WasiContext, fd: number, pathAt: number, pathBytes: number): Result {
  const { directory, name, inode, wantsDirectory } = target(wasi, fd, pathAt, pathBytes);
  if (name === undefined) fail('isdir');
  if (wantsDirectory && inode !== undefined && inode.kind !== 'directory') fail('notdir');
  wasi.tree.unlink(directory, name);
  return undefined;
}

function rename(
  wasi: WasiContext,
  oldFd: number,
  oldAt: number,
  oldBytes: number,
  newFd: number,
  newAt: number,
  newBytes: number,
): Result {
  const from = target(wasi, oldFd, oldAt, oldBytes);
  const to = target(wasi, newFd, newAt, newBytes);
  if (from.name === undefined || to.name === undefined) fail('busy');
  if (from.inode === undefined) fail('noent');
  const isDirectory = from.inode.kind === 'directory';
  if (!isDirectory && (from.wantsDirectory || to.wantsDirectory)) fail('notdir');
  wasi.tree.rename(from.directory, from.name, to.directory, to.name);
  return undefined;
}

function symlink(
  wasi: WasiContext,
  targetAt: number,
  targetBytes: number,
  fd: number,
  pathAt: number,
  pathBytes: number,
): Result {
  const text = wasi.memory.readPath(targetAt, targetBytes, wasi.limits.maxPathBytes);
  if (text === '') fail('noent');
  if (text.startsWith('/')) fail('notcapable'); // no lookup would follow it
  const place = target(wasi, fd, pathAt, pathBytes);
  const name = freeName(place);
  if (place.wantsDirectory) fail('noent');
  wasi.tree.createSymlink(place.directory, name, text);
  return undefined;
}

export const PATH_FUNCTIONS = {
  path_create_directory: define(['i32', 'i32', 'i32'], [[0, RIGHTS.path_create_directory]], createDirectory),
  path_filestat_get: define(
    ['i32', 'i32', 'i32', 'i32', 'i32'],
    [[0, RIGHTS.path_filestat_get]],
    (wasi, fd, flags, pathAt, pathBytes, address) =>
      writeFilestat(wasi, address, found(wasi, fd, flags, pathAt, pathBytes)),
  ),
  path_filestat_set_times: define(
    ['i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i32'],
    [[0, RIGHTS.path_filestat_set_times]],
    setPathTimes,
  ),
  path_link: define(
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    [
      [0, RIGHTS.path_link_source],
      [4, RIGHTS.path_link_target],
    ],
    link,
  ),
  path_open: define(['i32', 'i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i32', 'i32'], [[0, RIGHTS.path_open]], openPath),
  path_readlink: define(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [[0, RIGHTS.path_readlink]], readLink),
  path_remove_directory: define(['i32', 'i32', 'i32'], [[0, RIGHTS.path_remove_directory]], removeDirectory),
  path_rename: define(
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    [
      [0, RIGHTS.path_rename_source],
      [3, RIGHTS.path_rename_target],
    ],
    rename,
  ),
  path_symlink: define(['i32', 'i32', 'i32', 'i32', 'i32'], [[2, RIGHTS.path_symlink]], symlink),
  path_unlink_file: define(['i32', 'i32', 'i32'], [[0, RIGHTS.path_unlink_file]], unlinkFile),
} as const satisfies Record<string, WasiFunction>;
