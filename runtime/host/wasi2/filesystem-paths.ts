/** wasi:filesystem: everything that names a file by text. */
import type { ComponentFunction } from '../component/component-host.ts';
import { fail } from '../errno.ts';
import type { DirectoryInode, Inode } from '../files/inode.ts';
import { findInode, resolvePath, type Target } from '../files/path-lookup.ts';
import type { Wasi2Context } from './context.ts';
import { setTimesOf, statOf, type NewTimestamp } from './file-status.ts';
import { attempt } from './outcome.ts';
import { adopt, checkRoom, DESCRIPTOR, type Descriptor } from './resources.ts';

interface PathFlags {
  readonly symlinkFollow: boolean;
}

interface OpenFlags {
  readonly create: boolean;
  readonly directory: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

interface AccessFlags {
  readonly read: boolean;
  readonly write: boolean;
  readonly mutateDirectory: boolean;
}

const encoder = new TextEncoder();

function checked({ maxPathBytes }: Wasi2Context, path: string): string {
  if (path.length > maxPathBytes || encoder.encode(path).length > maxPathBytes) fail('nametoolong');
  return path.includes('\0') ? fail('inval') : path;
}

const directoryOf = (self: Descriptor): DirectoryInode => (self.kind === 'directory' ? self.inode : fail('notdir'));

/** Where a path leads, its last component not followed. */
const target = (wasi: Wasi2Context, self: Descriptor, path: string): Target =>
  resolvePath(wasi.tree, directoryOf(self), checked(wasi, path), false);

/** What a path leads to. */
const found = (wasi: Wasi2Context, self: Descriptor, { symlinkFollow }: PathFlags, path: string): Inode =>
  findInode(wasi.tree, directoryOf(self), checked(wasi, path), symlinkFollow);

/** The name that a path says something is to have; `.` and `..` name what is there already. */
function freeName({ name, inode }: Target): string {
  return name === undefined || inode !== undefined ? fail('exist') : name;
}

function createDirectory(wasi: Wasi2Context, self: Descriptor, path: string): void {
  const place = target(wasi, self, path);
  wasi.tree.createDirectory(place.directory, freeName(place));
}

function link(wasi: Wasi2Context, inode: Inode, to: Descriptor, path: string): void {
  const place = target(wasi, to, path);
  const name = freeName(place);
  if (place.wantsDirectory) fail('noent');
  wasi.tree.link(inode, place.directory, name);
}

function symlink(wasi: Wasi2Context, self: Descriptor, text: string, path: string): void {
  if (checked(wasi, text) === '') fail('noent');
  if (text.startsWith('/')) fail('notcapable'); // no lookup would follow it
  const place = target(wasi, self, path);
  const name = freeName(place);
  if (place.wantsDirectory) fail('noent');
  wasi.tree.createSymlink(place.directory, name, text);
}

function readLink(wasi: Wasi2Context, self: Descriptor, path: string): string {
  const inode = found(wasi, self, { symlinkFollow: false }, path);
  return inode.kind === 'symlink' ? inode.target : fail('inval');
}

function removeDirectory(wasi: Wasi2Context, self: Descriptor, path: string): void {
  const { directory, name, endsUp } = target(wasi, self, path);
  if (name === undefined) return fail(endsUp ? 'notempty' : 'inval');
  wasi.tree.removeDirectory(directory, name);
}

function unlinkFile(wasi: Wasi2Context, self: Descriptor, path: string): void {
  const { directory, name, inode, wantsDirectory } = target(wasi, self, path);
  if (name === undefined) return fail('isdir');
  if (wantsDirectory && inode !== undefined && inode.kind !== 'directory') fail('notdir');
  wasi.tree.unlink(directory, name);
}

function rename(wasi: Wasi2Context, self: Descriptor, path: string, to: Descriptor, newPath: string): void {
  const old = target(wasi, self, path);
  const place = target(wasi, to, newPath);
  if (old.name === undefined || place.name === undefined) return fail('busy');
  if (old.inode === undefined) return fail('noent');
  if (old.inode.kind !== 'directory' && (old.wantsDirectory || place.wantsDirectory)) fail('notdir');
  wasi.tree.rename(old.directory, old.name, place.directory, place.name);
}

/** What is to be opened: found, made, or cut to nothing, as the flags say. */
function openTarget(wasi: Wasi2Context, place: Target, open: OpenFlags, access: AccessFlags): Inode {
  const { inode } = place;
  if (open.create && open.directory) fail('inval');
  if (open.create && place.wantsDirectory && place.name !== undefined) fail('isdir');
  if (inode === undefined) {
    return open.create && place.name !== undefined ? wasi.tree.createFile(place.directory, place.name) : fail('noent');
  }
  if (open.create && open.exclusive) fail('exist');
  if (inode.kind === 'directory') return open.create || open.truncate || access.write ? fail('isdir') : inode;
  if (inode.kind === 'file' && (open.directory || place.wantsDirectory)) fail('notdir');
  if (inode.kind === 'file' && open.truncate) wasi.tree.resize(inode, 0);
  return inode;
}

function openAt(
  wasi: Wasi2Context,
  self: Descriptor,
  { symlinkFollow }: PathFlags,
  path: string,
  open: OpenFlags,
  access: AccessFlags,
): Descriptor {
  const { read, write } = access;
  checkRoom(wasi);
  const endsWithSlash = path.endsWith('/');
  const mustBeNew = open.create && (endsWithSlash || open.exclusive);
  const follow = !mustBeNew && (endsWithSlash || symlinkFollow);
  const place = resolvePath(wasi.tree, directoryOf(self), checked(wasi, path), follow);
  if (open.truncate && !write && place.inode?.kind === 'file') fail('inval');
  const inode = openTarget(wasi, place, open, access);
  if (inode.kind === 'symlink') return fail(open.directory ? 'notdir' : 'loop');
  return inode.kind === 'file'
    ? adopt(wasi, { resource: DESCRIPTOR, kind: 'file', inode, read, write })
    : adopt(wasi, { resource: DESCRIPTOR, kind: 'directory', inode });
}

export const PATH_FUNCTIONS = (
  wasi: Wasi2Context,
  hashOf: (inode: Inode) => unknown,
): Readonly<Record<`[method]descriptor.${string}-at`, ComponentFunction>> => ({
  '[method]descriptor.create-directory-at': (self: Descriptor, path: string) =>
    attempt((): undefined => void createDirectory(wasi, self, path)),
  '[method]descriptor.stat-at': (self: Descriptor, flags: PathFlags, path: string) =>
    attempt(() => statOf(found(wasi, self, flags, path))),
  '[method]descriptor.set-times-at': (
    self: Descriptor,
    flags: PathFlags,
    path: string,
    accessed: NewTimestamp,
    modified: NewTimestamp,
  ) => attempt((): undefined => void setTimesOf(wasi, found(wasi, self, flags, path), accessed, modified)),
  '[method]descriptor.link-at': (self: Descriptor, flags: PathFlags, path: string, to: Descriptor, newPath: string) =>
    attempt((): undefined => void link(wasi, found(wasi, self, flags, path), to, newPath)),
  '[method]descriptor.open-at': (
    self: Descriptor,
    flags: PathFlags,
    path: string,
    open: OpenFlags,
    access: AccessFlags,
  ) => attempt(() => openAt(wasi, self, flags, path, open, access)),
  '[method]descriptor.readlink-at': (self: Descriptor, path: string) => attempt(() => readLink(wasi, self, path)),
  '[method]descriptor.remove-directory-at': (self: Descriptor, path: string) =>
    attempt((): undefined => void removeDirectory(wasi, self, path)),
  '[method]descriptor.rename-at': (self: Descriptor, path: string, to: Descriptor, newPath: string) =>
    attempt((): undefined => void rename(wasi, self, path, to, newPath)),
  '[method]descriptor.symlink-at': (self: Descriptor, text: string, path: string) =>
    attempt((): undefined => void symlink(wasi, self, text, path)),
  '[method]descriptor.unlink-file-at': (self: Descriptor, path: string) =>
    attempt((): undefined => void unlinkFile(wasi, self, path)),
  '[method]descriptor.metadata-hash-at': (self: Descriptor, flags: PathFlags, path: string) =>
    attempt(() => hashOf(found(wasi, self, flags, path))),
});
