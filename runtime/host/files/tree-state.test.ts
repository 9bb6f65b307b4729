import fc from 'fast-check';
import { expect, test } from 'vitest';
import { throughBytes } from '../../../test/wasi/hand-guest.ts';
import { Errno } from '../errno.ts';
import { StateField } from '../state-field.ts';
import { buildBaseTree } from './base-tree.ts';
import { FileTree } from './file-tree.ts';
import type { DirectoryInode, Inode } from './inode.ts';
import { encodeTree, loadTree } from './tree-state.ts';

const SEED = 20_261_122;
const LIMITS = { scratchBytes: 5000, maxInodes: 12 };
const BASE = buildBaseTree({ '/': { 'a/b/c': 'file', 'a/d/': '', e: 'text', f: { symlink: 'e' } } });
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

const newTree = (): FileTree => new FileTree(BASE, LIMITS, () => 42n);

/** Everything that can be seen of a tree: paths, inodes, links, cookies, contents; and what quotas say. */
function describeTree(tree: FileTree, open: readonly Inode[]): unknown {
  const seen: unknown[] = [];
  const show = (path: string, inode: Inode): void => {
    const content = inode.kind === 'file' ? readAll(inode) : inode.kind === 'symlink' ? inode.target : inode.parent;
    seen.push([path, inode.ino, inode.kind, inode.links, inode.openings, inode.modifiedNs, content]);
    if (inode.kind !== 'directory') return;
    for (const { name, ino, cookie } of inode.entries.after(0)) show(`${path}/${name} ${cookie}`, tree.inode(ino));
  };
  show('', tree.directory(1));
  for (const inode of open) show('open', inode);
  return { seen, quotas: [tree.bytes.used, tree.inodeQuota.used, tree.entryQuota.used], next: tree.nextInode };
}

function readAll(inode: Inode & { kind: 'file' }): string {
  const bytes = new Uint8Array(inode.content.sizeBytes);
  inode.content.read(0, bytes);
  return new TextDecoder().decode(bytes);
}

/** All directories and files that are reachable, in a stable order. */
function reachable(tree: FileTree): { directories: DirectoryInode[]; inodes: Inode[] } {
  const directories: DirectoryInode[] = [];
  const inodes = new Set<Inode>();
  const visit = (directory: DirectoryInode): void => {
    directories.push(directory);
    for (const { ino } of directory.entries.after(0)) {
      const inode = tree.inode(ino);
      inodes.add(inode);
      if (inode.kind === 'directory') visit(inode);
    }
  };
  visit(tree.directory(1));
  return { directories, inodes: [...inodes] };
}

const step = fc.record({
  kind: fc.constantFrom(
    'file',
    'mkdir',
    'symlink',
    'link',
    'unlink',
    'rmdir',
    'rename',
    'write',
    'resize',
    'open',
    'close',
  ),
  pick: fc.nat(1000),
  other: fc.nat(1000),
  name: fc.constantFrom(...NAMES),
  to: fc.constantFrom(...NAMES),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function apply(tree: FileTree, open: Inode[], { kind, pick, other, name, to }: Step): void {
  const { directories, inodes } = reachable(tree);
  const directory = directories[pick % directories.length]!;
  const inode = inodes[other % Math.max(1, inodes.length)];
  const file = [...inodes, ...open][other % Math.max(1, inodes.length + open.length)];
  if (kind === 'file') tree.createFile(directory, name);
  else if (kind === 'mkdir') tree.createDirectory(directory, name);
  else if (kind === 'symlink') tree.createSymlink(directory, name, to);
  else if (kind === 'link' && inode !== undefined) tree.link(inode, directory, name);
  else if (kind === 'unlink') tree.unlink(directory, name);
  else if (kind === 'rmdir') tree.removeDirectory(directory, name);
  else if (kind === 'rename') tree.rename(directory, name, directories[other % directories.length]!, to);
  else if (kind === 'write' && file?.kind === 'file')
    tree.write(file, pick, new TextEncoder().encode(name.repeat(other % 300)));
  else if (kind === 'resize' && file?.kind === 'file') tree.resize(file, other);
  else if (kind === 'open' && inode !== undefined && inode.kind !== 'symlink') {
    tree.open(inode);
    open.push(inode);
  } else if (kind === 'close') {
    const closed = open.pop();
    if (closed !== undefined) tree.close(closed);
  }
}

test('after any operations a tree comes back from its state as it was, and goes on in the same way', () => {
  const property = fc.property(
    fc.array(step, { maxLength: 40 }),
    fc.array(step, { maxLength: 10 }),
    (before, after) => {
      const tree = newTree();
      const open: Inode[] = [];
      const run = (on: FileTree, opened: Inode[], steps: readonly Step[]): string[] =>
        steps.map((one) => {
          try {
            apply(on, opened, one);
            return 'done';
          } catch (error) {
            if (error instanceof Errno) return error.message;
            throw error;
          }
        });
      run(tree, open, before);

      const openings = new Map<number, number>();
      for (const { ino } of open) openings.set(ino, (openings.get(ino) ?? 0) + 1);
      const state = throughBytes(encodeTree(tree, null));
      const copy = newTree();
      loadTree(copy, new StateField(state, 'files'), null, openings, 100);
      const copyOpen = open.map(({ ino }) => copy.inode(ino));
      for (const inode of copyOpen) copy.open(inode);

      expect(describeTree(copy, copyOpen)).toEqual(describeTree(tree, open));
      expect(throughBytes(encodeTree(copy, null))).toEqual(state);
      expect(run(copy, copyOpen, after)).toEqual(run(tree, open, after));
      expect(describeTree(copy, copyOpen)).toEqual(describeTree(tree, open));
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 400 });
});

test('everything removed gives every quota back', () => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const tree = newTree();
    const open: Inode[] = [];
    for (const one of steps) {
      try {
        apply(tree, open, one);
      } catch (error) {
        if (!(error instanceof Errno)) throw error;
      }
    }
    const empty = (directory: DirectoryInode): void => {
      for (const { name, ino } of [...directory.entries.after(0)]) {
        const inode = tree.inode(ino);
        if (inode.kind === 'directory') empty(inode);
        if (inode.kind === 'directory') tree.removeDirectory(directory, name);
        else tree.unlink(directory, name);
      }
    };
    empty(tree.directory(1));
    for (const inode of open) tree.close(inode);
    expect([tree.bytes.used, tree.inodeQuota.used, tree.entryQuota.used]).toEqual([0, 0, 0]);
    expect([...tree.inodes.keys()]).toEqual([1]);
  });
  fc.assert(property, { seed: SEED, numRuns: 200 });
});

test('a file that was moved out of a removed base directory has one name', () => {
  const tree = newTree();
  const a = tree.directory(2);
  const b = tree.lookup(a, 'b') as DirectoryInode; // a directory of BASE
  tree.rename(b, 'c', a, 'moved');
  tree.removeDirectory(a, 'b');
  const copy = newTree();
  loadTree(copy, new StateField(encodeTree(tree, null), 'files'), null, new Map(), 100);
  const again = copy.directory(2);
  expect(copy.lookup(again, 'moved')?.links).toBe(1);
  expect(again.links).toBe(3);
  copy.unlink(again, 'moved');
  expect(copy.inodes.has(4)).toBe(false);
});
