/**
 * Link counts and parents of a restored tree: computed from its entries, and refused where entries contradict each other.
 *
 * Boundary: second half of `loadTree`; the inodes of the state are in the tree, without links.
 */
import { assert } from '../../errors/index.ts';
import type { StateField } from '../state-field.ts';
import type { FileTree } from './file-tree.ts';
import type { DirectoryInode, Inode } from './inode.ts';

interface References {
  /** How many entries more or fewer than in the base name an inode. */
  readonly delta: Map<number, number>;
  /** For added entries: the directory that they are in. */
  readonly parents: Map<number, number>;
}

/**
 * Sets `links` and `parent` of every inode of the state.
 * @throws PluvioError `SNAPSHOT_MALFORMED`
 */
export function linkInodes(tree: FileTree, state: StateField, openings: ReadonlyMap<number, number>): void {
  const field = state.get('inodes');
  const references = countReferences(tree, field);
  for (const [ino, delta] of references.delta) {
    const total = baseLinks(tree, ino) + delta;
    const isUnlisted = total > 0 && delta !== 0 && !tree.inodes.has(ino);
    if (total < 0 || isUnlisted)
      field.malformed(`such that inode ${ino}, whose entries differ from the base, is listed`);
  }
  for (const inode of tree.inodes.values()) {
    const names = baseLinks(tree, inode.ino) + (references.delta.get(inode.ino) ?? 0);
    if (inode.kind === 'directory') linkDirectory(tree, field, inode, names, references);
    else inode.links = names;
    const isOpen = openings.has(inode.ino);
    if (inode.links === 0 && !isOpen) field.malformed(`such that something names inode ${inode.ino} or has it open`);
  }
  for (const ino of references.parents.keys()) checkReachesRoot(tree, field, ino);
  for (const ino of openings.keys()) checkOpen(tree, field, ino, references);
}

function kindOf(tree: FileTree, ino: number): Inode['kind'] | undefined {
  return tree.inodes.get(ino)?.kind ?? tree.base.nodes[ino]?.kind;
}

const isRoot = (tree: FileTree, ino: number): boolean => tree.base.nodes[ino]?.parent === ino;

/** Entries that name an inode in the base tree. */
function baseLinks(tree: FileTree, ino: number): number {
  return ino < tree.base.nodes.length && !isRoot(tree, ino) ? 1 : 0;
}

function countReferences(tree: FileTree, field: StateField): References {
  const delta = new Map<number, number>();
  const parents = new Map<number, number>();
  const count = (ino: number, by: number): void => void delta.set(ino, (delta.get(ino) ?? 0) + by);
  for (const gone of tree.goneDirectories) {
    const node = tree.base.nodes[gone];
    if (node?.kind === 'directory') for (const { ino } of node.entries) count(ino, -1);
  }
  for (const directory of tree.inodes.values()) {
    if (directory.kind !== 'directory') continue;
    const base = tree.base.nodes[directory.ino];
    for (const name of directory.entries.removed) {
      const position = base?.kind === 'directory' ? base.positions.get(name) : undefined;
      const entry = base?.kind === 'directory' && position !== undefined ? base.entries[position] : undefined;
      assert(entry !== undefined, 'removed names are names of the base');
      count(entry.ino, -1);
    }
    for (const { name, ino } of directory.entries.added) {
      const exists = tree.inodes.has(ino) || (ino < tree.base.nodes.length && !tree.goneDirectories.has(ino));
      if (!exists || isRoot(tree, ino))
        field.malformed(`such that entry "${name}" of inode ${directory.ino} names a listed inode`);
      count(ino, 1);
      parents.set(ino, directory.ino);
    }
  }
  return { delta, parents };
}

function linkDirectory(
  tree: FileTree,
  field: StateField,
  inode: DirectoryInode,
  names: number,
  references: References,
): void {
  const base = tree.base.nodes[inode.ino];
  if (isRoot(tree, inode.ino)) {
    inode.parent = inode.ino;
  } else if (names === 1) {
    inode.parent = references.parents.get(inode.ino) ?? base?.parent ?? inode.ino;
  } else if (names !== 0 || inode.entries.count > 0) {
    field.malformed(`such that directory ${inode.ino} is named once, or not at all and empty`);
  } else {
    inode.parent = base?.parent ?? 1;
    inode.links = 0;
    return;
  }
  const isDirectory = (ino: number): boolean => kindOf(tree, ino) === 'directory';
  let subdirectories = inode.entries.added.filter(({ ino }) => isDirectory(ino)).length;
  if (base?.kind === 'directory') {
    const removed = new Set(inode.entries.removed);
    subdirectories += base.subdirectories;
    if (removed.size > 0)
      subdirectories -= base.entries.filter(({ name, ino }) => removed.has(name) && isDirectory(ino)).length;
  }
  inode.links = 2 + subdirectories;
}

/** Follows the parents of an added directory to a root; a ring of directories has none. */
function checkReachesRoot(tree: FileTree, field: StateField, start: number): void {
  if (kindOf(tree, start) !== 'directory') return;
  const seen = new Set<number>();
  for (let ino = start; !isRoot(tree, ino);) {
    if (seen.has(ino)) field.malformed(`such that directory ${start} is below a preopened directory`);
    seen.add(ino);
    const inode = tree.inodes.get(ino);
    ino = inode?.kind === 'directory' ? inode.parent : (tree.base.nodes[ino]?.parent ?? ino);
  }
}

function checkOpen(tree: FileTree, field: StateField, ino: number, references: References): void {
  if (tree.inodes.has(ino)) return;
  const isNamed = isRoot(tree, ino) || baseLinks(tree, ino) + (references.delta.get(ino) ?? 0) > 0;
  if (!isNamed || tree.goneDirectories.has(ino)) field.malformed(`such that inode ${ino}, which is open, is listed`);
}
