/**
 * Inodes of a worker's file tree.
 *
 * Boundary: data and the entry list of one directory; linking and counting is the tree's.
 */
import { type BaseDirectory, FIRST_COOKIE } from './base-tree.ts';
import type { FileContent } from './content.ts';

interface InodeFields {
  readonly ino: number;
  /** Hard links; for a directory 2 + subdirectories, or 0 once removed. */
  links: number;
  /** Open descriptors. An inode without links and openings is gone. */
  openings: number;
  /** Whether it differs from the base tree or is not in it: only such inodes are in a snapshot. */
  changed: boolean;
  accessedNs: bigint;
  modifiedNs: bigint;
  changedNs: bigint;
}

export interface FileInode extends InodeFields {
  readonly kind: 'file';
  readonly content: FileContent;
}

export interface DirectoryInode extends InodeFields {
  readonly kind: 'directory';
  /** Inode of the parent; its own for a root. */
  parent: number;
  readonly entries: EntryList;
}

export interface SymlinkInode extends InodeFields {
  readonly kind: 'symlink';
  readonly target: string;
}

export type Inode = FileInode | DirectoryInode | SymlinkInode;

export interface Entry {
  readonly name: string;
  readonly ino: number;
  /** Position of this entry in the directory, for ever; grows with every entry that is added. */
  readonly cookie: number;
}

/** The entries of a directory: those of the base tree, less the removed ones, plus the added ones. Its order is that of the cookies. */
export class EntryList {
  private readonly base: BaseDirectory | undefined;
  private readonly removedNames = new Set<string>();
  private readonly addedEntries = new Map<string, Entry>();
  private next: number;

  constructor(base: BaseDirectory | undefined) {
    this.base = base;
    this.next = FIRST_COOKIE + (base?.entries.length ?? 0);
  }

  get count(): number {
    return (this.base?.entries.length ?? 0) - this.removedNames.size + this.addedEntries.size;
  }

  /** The cookie that the next added entry gets. */
  get nextCookie(): number {
    return this.next;
  }

  /** Names of the base tree that are no longer here, sorted. */
  get removed(): string[] {
    return [...this.removedNames].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Entries that are not of the base tree, in cookie order. */
  get added(): Entry[] {
    return [...this.addedEntries.values()];
  }

  isAdded(name: string): boolean {
    return this.addedEntries.has(name);
  }

  get(name: string): number | undefined {
    const added = this.addedEntries.get(name);
    if (added !== undefined) return added.ino;
    const position = this.base?.positions.get(name);
    return position === undefined || this.removedNames.has(name) ? undefined : this.base?.entries[position]?.ino;
  }

  /** Adds an entry whose name is free. */
  add(name: string, ino: number): void {
    this.addedEntries.set(name, { name, ino, cookie: this.next++ });
  }

  /** Removes an entry; whether it was an added one. */
  remove(name: string): boolean {
    if (this.addedEntries.delete(name)) return true;
    this.removedNames.add(name);
    return false;
  }

  /** Entries behind the one with that cookie, in order. */
  *after(cookie: number): Generator<Entry> {
    const base = this.base?.entries ?? [];
    for (let position = Math.max(0, cookie - FIRST_COOKIE + 1); position < base.length; position++) {
      const entry = base[position];
      if (entry !== undefined && !this.removedNames.has(entry.name))
        yield { ...entry, cookie: FIRST_COOKIE + position };
    }
    for (const entry of this.addedEntries.values()) if (entry.cookie > cookie) yield entry;
  }

  /** Takes up checked state of a snapshot. */
  load(removed: readonly string[], added: readonly Entry[], nextCookie: number): void {
    this.removedNames.clear();
    this.addedEntries.clear();
    for (const name of removed) this.removedNames.add(name);
    for (const entry of added) this.addedEntries.set(entry.name, entry);
    this.next = nextCookie;
  }
}
