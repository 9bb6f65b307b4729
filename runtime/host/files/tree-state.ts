/**
 * A file tree as state of a snapshot, and back.
 *
 * Boundary: only what differs from the base tree travels. The base tree is named by its layout (number of inodes, bytes, hash over
 * paths, kinds and lengths) and, where the embedder gives one, an identity of its contents; base inodes by their number.
 *
 * Invariants:
 * 1. The same tree gives the same state: inodes by number, removed names sorted, added entries by cookie.
 * 2. Counts and parents are not in the state but follow from the entries, so a forged state cannot contradict itself there. What it
 *    can get wrong (a name twice, a directory with two parents or none, a ring of directories, an inode that nothing reaches, a quota
 *    exceeded) is refused before the tree is used.
 */
import { PluvioError } from '../../errors/index.ts';
import { Errno } from '../errno.ts';
import type { StateField } from '../state-field.ts';
import { type BaseNode, FIRST_COOKIE, isEntryName } from './base-tree.ts';
import { BLOCK_BYTES, FileContent } from './content.ts';
import type { FileTree } from './file-tree.ts';
import { type Entry, EntryList, type Inode } from './inode.ts';
import { linkInodes } from './tree-links.ts';

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** The state of a tree: plain data. */
export function encodeTree(tree: FileTree, baseId: string | null): unknown {
  const changed = [...tree.inodes.values()].filter((inode) => inode.changed).sort((a, b) => a.ino - b.ino);
  return {
    base: { ...tree.base.layout, id: baseId },
    nextInode: tree.nextInode,
    gone: [...tree.goneDirectories].sort((a, b) => a - b),
    inodes: changed.map(encodeInode),
  };
}

function encodeInode(inode: Inode): unknown {
  const common = {
    ino: inode.ino,
    kind: inode.kind,
    timesNs: [inode.accessedNs, inode.modifiedNs, inode.changedNs],
  };
  if (inode.kind === 'symlink') return { ...common, target: inode.target };
  if (inode.kind === 'file') {
    const { content } = inode;
    return { ...common, sizeBytes: content.sizeBytes, baseBytes: content.baseBytes, blocks: content.writtenBlocks() };
  }
  const { removed, added, nextCookie } = inode.entries;
  return { ...common, removed, added: added.map(({ name, ino, cookie }) => [name, ino, cookie]), nextCookie };
}

/** How often each inode is open, by number. */
export type Openings = ReadonlyMap<number, number>;

/**
 * Takes up the state of a tree. The tree's descriptors are opened by the caller afterwards; `openings` tells which inodes they hold.
 * @throws PluvioError `SNAPSHOT_MALFORMED`, `SNAPSHOT_MISMATCH`
 */
export function loadTree(
  tree: FileTree,
  state: StateField,
  baseId: string | null,
  openings: Openings,
  maxPathBytes: number,
): void {
  checkBase(tree, state.get('base'), baseId);
  const nextInode = state.get('nextInode').integer(tree.base.nodes.length);
  tree.reset(nextInode);
  let before = 0;
  for (const field of state.get('gone').array()) {
    const ino = field.integer(before + 1, tree.base.nodes.length - 1);
    const node = tree.base.nodes[ino];
    if (node?.kind !== 'directory' || node.parent === ino)
      field.malformed('the inode of a directory of the base that can be removed');
    tree.goneDirectories.add(ino);
    before = ino;
  }
  before = 0;
  for (const field of state.get('inodes').array()) {
    const ino = field.get('ino').integer(before + 1, nextInode - 1);
    if (tree.goneDirectories.has(ino)) field.get('ino').malformed('an inode that is not in files.gone');
    withinLimits(field, () => loadInode(tree, field, ino, maxPathBytes));
    before = ino;
  }
  linkInodes(tree, state, openings);
}

function checkBase(tree: FileTree, state: StateField, baseId: string | null): void {
  for (const name of ['inodes', 'sizeBytes', 'pathsHash'] as const) {
    const field = state.get(name);
    const own = tree.base.layout[name];
    if (field.integer(0) !== own) field.mismatch(`${own}, as in the files that this host mounts`);
  }
  const id = state.get('id');
  const text = id.isNull ? undefined : id.text();
  if (text !== undefined && baseId !== null && text !== baseId)
    id.mismatch(`"${baseId}", the identity of the files that this host mounts`);
}

/** Tells a quota that is exceeded as a mismatch of that field. */
function withinLimits(field: StateField, load: () => void): void {
  try {
    load();
  } catch (error) {
    if (error instanceof Errno) {
      throw new PluvioError(
        'SNAPSHOT_MISMATCH',
        `field ${field.path} exceeds scratchBytes or maxInodes of this host; raise the limit`,
        {
          field: field.path,
        },
      );
    }
    throw error;
  }
}

function loadInode(tree: FileTree, field: StateField, ino: number, maxPathBytes: number): void {
  const kind = field.get('kind').oneOf(['file', 'directory', 'symlink']);
  const base = tree.base.nodes[ino];
  if (base !== undefined && base.kind !== kind) field.get('kind').mismatch(`"${base.kind}", as in the base`);
  if (base === undefined) tree.inodeQuota.take(1);
  const [accessed, modified, changed] = field.get('timesNs').tuple(3);
  const fields = {
    ino,
    links: 0,
    openings: 0,
    changed: true,
    accessedNs: accessed.unsigned64(),
    modifiedNs: modified.unsigned64(),
    changedNs: changed.unsigned64(),
  };
  if (kind === 'file') {
    const content = new FileContent(base?.kind === 'file' ? base.bytes : NO_BYTES, tree.bytes);
    loadContent(content, field);
    tree.inodes.set(ino, { ...fields, kind, content });
  } else if (kind === 'symlink') {
    const target = field.get('target').text();
    if (base === undefined) tree.bytes.take(checkedTarget(field.get('target'), target, maxPathBytes));
    else if (base.kind === 'symlink' && base.target !== target)
      field.get('target').mismatch(`"${base.target}", as in the base`);
    tree.inodes.set(ino, { ...fields, kind, target });
  } else {
    tree.inodes.set(ino, { ...fields, kind, parent: ino, entries: loadEntries(tree, field, base) });
  }
}

function checkedTarget(field: StateField, target: string, maxPathBytes: number): number {
  const sizeBytes = encoder.encode(target).length;
  if (sizeBytes === 0 || sizeBytes > maxPathBytes)
    field.mismatch(`text of 1 to ${maxPathBytes} bytes, the limit maxPathBytes`);
  return sizeBytes;
}

function loadContent(content: FileContent, field: StateField): void {
  const sizeBytes = field.get('sizeBytes').integer(0);
  const baseBytes = field.get('baseBytes').integer(0, Math.min(sizeBytes, content.base.length));
  let before = -1;
  const blocks = field
    .get('blocks')
    .array()
    .map((block): [number, Uint8Array] => {
      const [indexField, bytesField] = block.tuple(2);
      const index = indexField.integer(before + 1, Math.max(0, Math.ceil(sizeBytes / BLOCK_BYTES) - 1));
      const bytes = bytesField.bytes();
      const room = Math.min(BLOCK_BYTES, sizeBytes - index * BLOCK_BYTES);
      if (bytes.length > room) bytesField.malformed(`at most ${room} bytes, what the file has there`);
      before = index;
      return [index, bytes];
    });
  content.load(sizeBytes, baseBytes, blocks);
}

function loadEntries(tree: FileTree, field: StateField, base: BaseNode | undefined): EntryList {
  const directory = base?.kind === 'directory' ? base : undefined;
  const removed: string[] = [];
  for (const item of field.get('removed').array()) {
    const name = item.text();
    if (directory?.positions.has(name) !== true) item.mismatch('a name in the base');
    const last = removed.at(-1);
    if (last !== undefined && name <= last) item.malformed(`a name after "${last}"`);
    removed.push(name);
  }
  const nextCookie = field.get('nextCookie').integer(FIRST_COOKIE + (directory?.entries.length ?? 0));
  const names = new Set<string>();
  const isRemoved = new Set(removed);
  let before = FIRST_COOKIE + (directory?.entries.length ?? 0) - 1;
  const added = field
    .get('added')
    .array()
    .map((item): Entry => {
      const [nameField, inoField, cookieField] = item.tuple(3);
      const name = nameField.text();
      if (!isEntryName(name)) nameField.malformed('a file name');
      const isInBase = directory?.positions.has(name) === true && !isRemoved.has(name);
      if (names.has(name) || isInBase) nameField.malformed('a name that is free');
      names.add(name);
      before = cookieField.integer(before + 1, nextCookie - 1);
      return { name, ino: inoField.integer(1, tree.nextInode - 1), cookie: before };
    });
  tree.entryQuota.take(added.length);
  const entries = new EntryList(directory);
  entries.load(removed, added, nextCookie);
  return entries;
}
