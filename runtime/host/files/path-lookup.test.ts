import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Errno } from '../errno.ts';
import { buildBaseTree, type Files } from './base-tree.ts';
import { FileTree } from './file-tree.ts';
import type { Inode } from './inode.ts';
import { findInode, MAX_LINKS, resolvePath } from './path-lookup.ts';

const SEED = 20_261_122;

const treeOf = (files: Files): FileTree =>
  new FileTree(
    buildBaseTree({ '/': { ...files }, '/outside': { secret: '' } }),
    { scratchBytes: 1000, maxInodes: 100 },
    () => 1n,
  );
const rootOf = (tree: FileTree) => tree.directory(tree.base.roots[0]!.ino);

const TREE = treeOf({
  'a/b/c': 'file',
  'a/up': { symlink: '../x' },
  x: 'x',
  link: { symlink: 'a' },
  slash: { symlink: 'a/' },
  absolute: { symlink: '/x' },
  far: { symlink: '../outside/secret' },
  l0: { symlink: 'l1' },
  l1: { symlink: 'l0' },
  dangling: { symlink: 'a/none' },
});

describe.each([
  ['a/b/c', 'file'],
  ['./a//b/../b/./c', 'file'],
  ['link/b/c', 'file'],
  ['a/up', 'file'],
  ['link/up', 'file'],
  ['link', 'directory'],
  ['slash/b', 'directory'],
  ['.', 'directory'],
  ['a/..', 'directory'],
  ['a/', 'directory'],
  ['x/', 'errno notdir'],
  ['x/.', 'errno notdir'],
  ['none/..', 'errno noent'],
  ['x/y', 'errno notdir'],
  ['', 'errno noent'],
  ['..', 'errno notcapable'],
  ['a/../..', 'errno notcapable'],
  ['a/b/../../../a', 'errno notcapable'],
  ['/a', 'errno notcapable'],
  ['absolute', 'errno notcapable'],
  ['far', 'errno notcapable'],
  ['l0', 'errno loop'],
  ['l0/x', 'errno loop'],
  ['dangling', 'errno noent'],
  ['n'.repeat(256), 'errno nametoolong'],
])('%s', (path, expected) => {
  test(`gives ${expected}`, () => {
    const find = (): string => {
      try {
        return findInode(TREE, rootOf(TREE), path, true).kind;
      } catch (error) {
        if (error instanceof Errno) return error.message;
        throw error;
      }
    };
    expect(find()).toBe(expected);
  });
});

test('a link that is not followed is found itself; one that leads nowhere leads to a free name', () => {
  expect(findInode(TREE, rootOf(TREE), 'link', false).kind).toBe('symlink');
  expect(resolvePath(TREE, rootOf(TREE), 'dangling', true)).toMatchObject({ name: 'none', inode: undefined });
  expect(resolvePath(TREE, rootOf(TREE), 'link/', false).inode?.kind).toBe('symlink');
});

test('a chain of links is followed as far as the limit goes', () => {
  const chain = (length: number): Files => ({
    end: '',
    ...Object.fromEntries(Array.from({ length }, (_, at) => [`c${at}`, { symlink: at === 0 ? 'end' : `c${at - 1}` }])),
  });
  const tree = treeOf(chain(MAX_LINKS + 1));
  expect(findInode(tree, rootOf(tree), `c${MAX_LINKS - 1}`, true).kind).toBe('file');
  expect(() => findInode(tree, rootOf(tree), `c${MAX_LINKS}`, true)).toThrow('loop');
});

test('no path leads out of the directory it starts from', () => {
  const component = fc.constantFrom('a', 'b', 'l', 'm', '.', '..', '', 'secret', 'outside');
  const path = fc.array(component, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
  const property = fc.property(path, path, path, fc.boolean(), (first, second, asked, fromBelow) => {
    const links: Files = {
      'a/l': { symlink: first || '.' },
      'a/b/m': { symlink: second || '.' },
      l: { symlink: second || '.' },
    };
    const tree = treeOf(links);
    const start = fromBelow ? tree.lookup(rootOf(tree), 'a')! : rootOf(tree);
    if (start.kind !== 'directory') throw new Error('a is a directory');
    let found: Inode;
    try {
      found = findInode(tree, start, asked, true);
    } catch (error) {
      if (error instanceof Errno) return;
      throw error;
    }
    const below = new Set<number>();
    const visit = (ino: number): void => {
      below.add(ino);
      const inode = tree.inode(ino);
      if (inode.kind === 'directory') for (const entry of inode.entries.after(0)) visit(entry.ino);
    };
    visit(start.ino);
    expect(below).toContain(found.ino);
  });
  fc.assert(property, { seed: SEED, numRuns: 2000 });
});
