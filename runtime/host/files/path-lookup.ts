/**
 * Path resolution within a directory: `..`, symbolic links, and the promise that no path leads out of it.
 *
 * Boundary: turns text into a (directory, name) pair or an inode of a FileTree; changes nothing.
 *
 * Invariants:
 * 1. `trail` holds the directories from the start of the lookup down to the current one. `..` takes one off and never the first,
 *    so a lookup cannot leave its start, whatever links it meets and wherever directories were moved.
 * 2. An absolute path, also as the target of a link, fails with `notcapable`: what it means is not below the start.
 * 3. At most MAX_LINKS links are followed, and the text that is still to be resolved never exceeds MAX_LINKS times the longest path.
 */
import { fail } from '../errno.ts';
import { NAME_MAX_BYTES } from './base-tree.ts';
import type { FileTree } from './file-tree.ts';
import type { DirectoryInode, Inode } from './inode.ts';

/** How many symbolic links one lookup follows before it fails with `loop`. */
export const MAX_LINKS = 40;

export interface Target {
  /** The directory that the path's last component is in. */
  readonly directory: DirectoryInode;
  /** The last component; undefined: the path ended with `.` or `..`, and `inode` is that directory. */
  readonly name: string | undefined;
  /** What is there; undefined: nothing. */
  readonly inode: Inode | undefined;
  /** Whether the path says that it means a directory (a slash at its end). */
  readonly wantsDirectory: boolean;
  /** Whether the last component was `..`. */
  readonly endsUp: boolean;
}

const encoder = new TextEncoder();

/**
 * Resolves a path to the place of its last component. With `followLast` a symbolic link there is followed too, also when it leads to
 * where nothing is; without, a slash at the end does not make it followed either (as Linux does for removing and renaming).
 * @throws Errno `noent`, `notdir`, `loop`, `notcapable`, `nametoolong`
 */
export function resolvePath(tree: FileTree, start: DirectoryInode, path: string, followLast: boolean): Target {
  if (path === '') fail('noent');
  const trail: DirectoryInode[] = [start];
  const pending: string[] = []; // a stack: the next component is the last element
  let wantsDirectory = pushComponents(pending, path);
  let links = 0;
  let endsUp = false;
  for (;;) {
    const current = trail.at(-1) ?? start;
    const name = pending.pop();
    if (name === undefined)
      return { directory: current, name: undefined, inode: current, wantsDirectory: true, endsUp };
    endsUp = name === '..';
    if (name === '.') continue;
    if (endsUp) {
      if (trail.length === 1) fail('notcapable');
      trail.pop();
      continue;
    }
    if (name.length > NAME_MAX_BYTES || encoder.encode(name).length > NAME_MAX_BYTES) fail('nametoolong');
    const inode = tree.lookup(current, name);
    const isLast = pending.length === 0;
    if (inode?.kind === 'symlink' && (!isLast || followLast)) {
      if (++links > MAX_LINKS) fail('loop');
      const endsWithSlash = pushComponents(pending, inode.target);
      if (isLast) wantsDirectory ||= endsWithSlash;
      continue;
    }
    if (isLast) return { directory: current, name, inode, wantsDirectory, endsUp };
    if (inode === undefined) fail('noent');
    if (inode.kind !== 'directory') fail('notdir');
    trail.push(inode);
  }
}

/** Puts the components of a path on the stack; whether it ends with a slash. */
function pushComponents(pending: string[], path: string): boolean {
  if (path.startsWith('/')) fail('notcapable');
  const components = path.split('/');
  for (let at = components.length - 1; at >= 0; at--) {
    const component = components[at] ?? '';
    if (component !== '') pending.push(component);
  }
  return path.endsWith('/');
}

/**
 * Resolves a path to what is there.
 * @throws Errno as `resolvePath`; `noent` if nothing is there, `notdir` if a slash follows what is no directory
 */
export function findInode(tree: FileTree, start: DirectoryInode, path: string, followLast: boolean): Inode {
  const { inode, wantsDirectory } = resolvePath(tree, start, path, followLast || path.endsWith('/'));
  if (inode === undefined) fail('noent');
  if (wantsDirectory && inode.kind !== 'directory') fail('notdir');
  return inode;
}
