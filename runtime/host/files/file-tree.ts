/**
 * The file tree of one worker: inodes above a shared read-only base tree, wholly in memory.
 *
 * Boundary: operations on inodes and (directory, name) pairs; paths and symbolic links are `path-lookup.ts`'s, rights and
 * descriptors are WASI's. Failures are thrown as `Errno`.
 *
 * Invariants:
 * 1. A base inode gets an object here only when it is first used, so a worker costs what it touches.
 * 2. `links` of a file or symbolic link is the number of entries that name it; of a directory 2 plus its subdirectories, 0 once it
 *    was removed. An inode without links and openings leaves the tree and gives back its quota.
 * 3. A directory other than a root is named by exactly one entry, or by none and then it is empty and cannot be filled.
 * 4. Reading changes nothing, not even the access time (as with the mount option noatime).
 */
import { assert } from '../../errors/index.ts';
import { fail } from '../errno.ts';
import { type BaseTree, isEntryName, NAME_MAX_BYTES } from './base-tree.ts';
import { FileContent } from './content.ts';
import { type DirectoryInode, EntryList, type FileInode, type Inode, type SymlinkInode } from './inode.ts';
import { Quota } from './quota.ts';

export interface FileTreeLimits {
  /** Bytes that writing may cost: file contents, copied blocks, targets of symbolic links. */
  readonly scratchBytes: number;
  /** Inodes that are not of the base tree; also the number of entries that are not. */
  readonly maxInodes: number;
}

/** What a changed time stamp is set to. */
export type NowNs = () => bigint;

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

export class FileTree {
  readonly base: BaseTree;
  readonly bytes: Quota;
  readonly inodeQuota: Quota;
  readonly entryQuota: Quota;
  /** Inodes that were used so far, by number. */
  readonly inodes = new Map<number, Inode>();
  /** Directories of the base tree that are gone. */
  readonly goneDirectories = new Set<number>();
  nextInode: number;
  private readonly nowNs: NowNs;

  constructor(base: BaseTree, limits: FileTreeLimits, nowNs: NowNs) {
    this.base = base;
    this.bytes = new Quota(limits.scratchBytes);
    this.inodeQuota = new Quota(limits.maxInodes);
    this.entryQuota = new Quota(limits.maxInodes);
    this.nextInode = base.nodes.length;
    this.nowNs = nowNs;
  }

  /** Forgets everything that differs from the base tree. */
  reset(nextInode: number): void {
    this.inodes.clear();
    this.goneDirectories.clear();
    for (const quota of [this.bytes, this.inodeQuota, this.entryQuota]) quota.used = 0;
    this.nextInode = nextInode;
  }

  /** The inode of that number, which the caller knows to exist. */
  inode(ino: number): Inode {
    const known = this.inodes.get(ino);
    if (known !== undefined) return known;
    const made = this.fromBase(ino);
    this.inodes.set(ino, made);
    return made;
  }

  directory(ino: number): DirectoryInode {
    const inode = this.inode(ino);
    assert(inode.kind === 'directory', `inode ${ino} is a directory`);
    return inode;
  }

  private fromBase(ino: number): Inode {
    const node = this.base.nodes[ino];
    assert(node !== undefined, `inode ${ino} exists`);
    const fields = { ino, openings: 0, changed: false, accessedNs: 0n, modifiedNs: 0n, changedNs: 0n };
    if (node.kind === 'file')
      return { ...fields, kind: 'file', links: 1, content: new FileContent(node.bytes, this.bytes) };
    if (node.kind === 'symlink') return { ...fields, kind: 'symlink', links: 1, target: node.target };
    const { parent, subdirectories } = node;
    return { ...fields, kind: 'directory', links: 2 + subdirectories, parent, entries: new EntryList(node) };
  }

  private isRoot(inode: DirectoryInode): boolean {
    return inode.parent === inode.ino;
  }

  lookup(directory: DirectoryInode, name: string): Inode | undefined {
    const ino = directory.entries.get(name);
    return ino === undefined ? undefined : this.inode(ino);
  }

  // Creating

  /** Makes an empty file; the name is free. */
  createFile(directory: DirectoryInode, name: string): FileInode {
    const fields = this.newInode(directory, name);
    const inode: FileInode = { ...fields, kind: 'file', links: 0, content: new FileContent(NO_BYTES, this.bytes) };
    return this.enter(directory, name, inode);
  }

  createDirectory(directory: DirectoryInode, name: string): DirectoryInode {
    const fields = this.newInode(directory, name);
    return this.enter(directory, name, {
      ...fields,
      kind: 'directory',
      links: 2,
      parent: directory.ino,
      entries: new EntryList(undefined),
    });
  }

  createSymlink(directory: DirectoryInode, name: string, target: string): SymlinkInode {
    this.bytes.take(encoder.encode(target).length);
    try {
      const fields = this.newInode(directory, name);
      return this.enter(directory, name, { ...fields, kind: 'symlink', links: 0, target });
    } catch (error) {
      this.bytes.give(encoder.encode(target).length);
      throw error;
    }
  }

  /** Checks everything that can refuse a new inode, takes its quota, and gives the fields that all kinds have. */
  private newInode(directory: DirectoryInode, name: string): Omit<FileInode, 'kind' | 'links' | 'content'> {
    this.checkNewEntry(directory, name);
    if (this.entryQuota.free === 0) fail('nospc');
    this.inodeQuota.take(1);
    const now = this.nowNs();
    const times = { accessedNs: now, modifiedNs: now, changedNs: now };
    return { ino: this.nextInode++, openings: 0, changed: true, ...times };
  }

  private checkNewEntry(directory: DirectoryInode, name: string): void {
    if (directory.links === 0) fail('noent');
    if (!isEntryName(name)) fail(encoder.encode(name).length > NAME_MAX_BYTES ? 'nametoolong' : 'inval');
    if (directory.entries.get(name) !== undefined) fail('exist');
  }

  private enter<Kind extends Inode>(directory: DirectoryInode, name: string, inode: Kind): Kind {
    this.inodes.set(inode.ino, inode);
    this.addEntry(directory, name, inode);
    return inode;
  }

  private addEntry(directory: DirectoryInode, name: string, inode: Inode): void {
    this.entryQuota.take(1);
    directory.entries.add(name, inode.ino);
    if (inode.kind === 'directory') {
      inode.parent = directory.ino;
      directory.links++;
    } else {
      inode.links++;
    }
    this.touch(directory, inode);
  }

  private dropEntry(directory: DirectoryInode, name: string, inode: Inode): void {
    if (directory.entries.remove(name)) this.entryQuota.give(1);
    if (inode.kind === 'directory') directory.links--;
    else inode.links--;
    this.touch(directory, inode);
  }

  private touch(directory: DirectoryInode, inode: Inode): void {
    const now = this.nowNs();
    directory.modifiedNs = now;
    directory.changedNs = now;
    directory.changed = true;
    inode.changedNs = now;
    inode.changed = true;
  }

  // Linking

  /** One more name for a file or symbolic link; the name is free. */
  link(inode: Inode, directory: DirectoryInode, name: string): void {
    if (inode.kind === 'directory') fail('perm');
    this.checkNewEntry(directory, name);
    this.addEntry(directory, name, inode);
  }

  unlink(directory: DirectoryInode, name: string): void {
    const inode = this.lookup(directory, name) ?? fail('noent');
    if (inode.kind === 'directory') fail('isdir');
    this.dropEntry(directory, name, inode);
    this.release(inode);
  }

  removeDirectory(directory: DirectoryInode, name: string): void {
    const inode = this.lookup(directory, name) ?? fail('noent');
    if (inode.kind !== 'directory') fail('notdir');
    if (inode.entries.count > 0) fail('notempty');
    this.dropEntry(directory, name, inode);
    inode.links = 0;
    this.release(inode);
  }

  /** Gives an inode another name; what had that name before is replaced. */
  rename(from: DirectoryInode, fromName: string, to: DirectoryInode, toName: string): void {
    const inode = this.lookup(from, fromName) ?? fail('noent');
    const replaced = this.lookup(to, toName);
    if (replaced === inode) return;
    if (inode.kind === 'directory' && this.isInside(inode, to)) fail('inval');
    if (replaced?.kind === 'directory' && this.isInside(replaced, from)) fail('notempty');
    if (replaced !== undefined) this.checkReplaceable(inode, replaced);
    else this.checkNewEntry(to, toName);
    const room = this.entryQuota.free + (from.entries.isAdded(fromName) ? 1 : 0) + (to.entries.isAdded(toName) ? 1 : 0);
    if (room === 0) fail('nospc');
    if (replaced?.kind === 'directory') this.removeDirectory(to, toName);
    else if (replaced !== undefined) this.unlink(to, toName);
    this.dropEntry(from, fromName, inode);
    this.addEntry(to, toName, inode);
  }

  private checkReplaceable(inode: Inode, replaced: Inode): void {
    if (inode.kind !== 'directory') {
      if (replaced.kind === 'directory') fail('isdir');
      return;
    }
    if (replaced.kind !== 'directory') fail('notdir');
    if (replaced.entries.count > 0) fail('notempty');
  }

  /** Whether `directory` is `ancestor` or below it. */
  private isInside(ancestor: DirectoryInode, directory: DirectoryInode): boolean {
    for (let at = directory; ; at = this.directory(at.parent)) {
      if (at === ancestor) return true;
      if (at.links === 0 || this.isRoot(at)) return false;
    }
  }

  // Openings and attributes

  open(inode: Inode): void {
    inode.openings++;
  }

  close(inode: Inode): void {
    inode.openings--;
    this.release(inode);
  }

  /** Lets an inode go that nothing names and nobody has open. */
  private release(inode: Inode): void {
    if (inode.links > 0 || inode.openings > 0) return;
    this.inodes.delete(inode.ino);
    const isBase = inode.ino < this.base.nodes.length;
    if (!isBase) this.inodeQuota.give(1);
    if (inode.kind === 'file') this.bytes.give(inode.content.chargeBytes());
    if (inode.kind === 'symlink' && !isBase) this.bytes.give(encoder.encode(inode.target).length);
    if (inode.kind === 'directory' && isBase) this.goneDirectories.add(inode.ino);
  }

  write(inode: FileInode, offset: number, bytes: Uint8Array): number {
    const count = inode.content.write(offset, bytes);
    if (count > 0) this.contentChanged(inode);
    return count;
  }

  resize(inode: FileInode, sizeBytes: number): void {
    inode.content.resize(sizeBytes);
    this.contentChanged(inode);
  }

  private contentChanged(inode: FileInode): void {
    const now = this.nowNs();
    inode.modifiedNs = now;
    inode.changedNs = now;
    inode.changed = true;
  }

  /** Sets time stamps; undefined leaves one as it is. */
  setTimes(inode: Inode, accessedNs: bigint | undefined, modifiedNs: bigint | undefined): void {
    if (accessedNs !== undefined) inode.accessedNs = accessedNs;
    if (modifiedNs !== undefined) inode.modifiedNs = modifiedNs;
    inode.changedNs = this.nowNs();
    inode.changed = true;
  }
}
