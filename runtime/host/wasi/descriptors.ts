/**
 * The descriptor table: what the guest has open, with rights, flags and offset.
 *
 * Invariants:
 * 1. A new descriptor gets the lowest free number.
 * 2. A descriptor never holds a right that means nothing for its kind, and rights are only ever taken away.
 * 3. Every file and directory here is counted in its inode's `openings`.
 */
import { fail } from '../errno.ts';
import type { FileTree } from '../files/file-tree.ts';
import type { DirectoryInode, FileInode } from '../files/inode.ts';
import { RIGHTS } from './constants.ts';

interface DescriptorFields {
  rights: number;
  inheriting: number;
  /** `fdflags`. */
  flags: number;
}

export interface StreamDescriptor extends DescriptorFields {
  readonly kind: 'stdin' | 'stdout' | 'stderr';
}

export interface FileDescriptor extends DescriptorFields {
  readonly kind: 'file';
  readonly inode: FileInode;
  offset: number;
}

export interface DirectoryDescriptor extends DescriptorFields {
  readonly kind: 'directory';
  readonly inode: DirectoryInode;
  /** Guest's path of a preopened directory. */
  readonly preopen: string | undefined;
}

export type Descriptor = StreamDescriptor | FileDescriptor | DirectoryDescriptor;

export class DescriptorTable {
  private readonly table = new Map<number, Descriptor>();
  private readonly maxOpenFiles: number;
  private readonly tree: FileTree;
  private lowestFree = 0;

  constructor(maxOpenFiles: number, tree: FileTree) {
    this.maxOpenFiles = maxOpenFiles;
    this.tree = tree;
  }

  get count(): number {
    return this.table.size;
  }

  /** All of them, by number. */
  entries(): [fd: number, descriptor: Descriptor][] {
    return [...this.table].sort(([a], [b]) => a - b);
  }

  /** @throws Errno `badf` */
  get(fd: number): Descriptor {
    return this.table.get(fd) ?? fail('badf');
  }

  find(fd: number): Descriptor | undefined {
    return this.table.get(fd);
  }

  /**
   * A directory, for a path lookup.
   * @throws Errno `badf`, `notdir`
   */
  directory(fd: number): DirectoryDescriptor {
    const descriptor = this.get(fd);
    return descriptor.kind === 'directory' ? descriptor : fail('notdir');
  }

  /**
   * The descriptor, if it has all these rights.
   * @throws Errno `badf`, `notcapable`; `isdir` for reading a directory
   */
  withRights(fd: number, rights: number): Descriptor {
    const descriptor = this.get(fd);
    if ((descriptor.rights & rights) === rights) return descriptor;
    if (descriptor.kind === 'directory' && (rights & RIGHTS.fd_read) !== 0) fail('isdir');
    return fail('notcapable');
  }

  /** Fails with `mfile` if there is no room for one more. */
  checkRoom(): void {
    if (this.table.size >= this.maxOpenFiles) fail('mfile');
  }

  /** Puts a descriptor at the lowest free number. */
  add(descriptor: Descriptor): number {
    while (this.table.has(this.lowestFree)) this.lowestFree++;
    const fd = this.lowestFree;
    this.put(fd, descriptor);
    return fd;
  }

  /** Puts a descriptor at a free number. */
  put(fd: number, descriptor: Descriptor): void {
    this.table.set(fd, descriptor);
    if ('inode' in descriptor) this.tree.open(descriptor.inode);
  }

  /** @throws Errno `badf` */
  close(fd: number): void {
    const descriptor = this.get(fd);
    this.table.delete(fd);
    this.lowestFree = Math.min(this.lowestFree, fd);
    if ('inode' in descriptor) this.tree.close(descriptor.inode);
  }

  /**
   * Moves a descriptor to another number that is in use, whose descriptor is closed.
   * @throws Errno `badf`
   */
  renumber(from: number, to: number): void {
    const descriptor = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.table.delete(from);
    this.table.set(to, descriptor);
    this.lowestFree = Math.min(this.lowestFree, from);
  }

  /** Forgets everything, without closing: the tree is replaced too. */
  clear(): void {
    this.table.clear();
    this.lowestFree = 0;
  }
}
