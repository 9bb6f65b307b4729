/**
 * The read-only file trees that a worker starts from: the bundle's files, mounted at preopened directories.
 *
 * Boundary: built once from plain data and shared by all workers that start from the same data; nothing here ever changes.
 *
 * Invariants:
 * 1. Inodes are numbered from 1 without gaps, in an order that follows from the paths alone (preopens and names sorted by their
 *    UTF-16 code units, parents before children), so a snapshot can name a base inode by its number.
 * 2. The entries of a directory have the cookies FIRST_COOKIE, FIRST_COOKIE + 1, … in the order of their names.
 */
import { PluvioError } from '../../errors/index.ts';

/** A file of a bundle: its bytes, its text (as UTF-8), or a symbolic link. */
export type FileSource = Uint8Array | string | { readonly symlink: string };

/** Path below the mount point to content. Components are separated by `/`; a path that ends with `/` is an empty directory. */
export type Files = Readonly<Record<string, FileSource>>;

/** Cookies 1 and 2 stand for the entries `.` and `..`. */
export const FIRST_COOKIE = 3;

/** The longest name of a directory entry, in bytes of UTF-8. */
export const NAME_MAX_BYTES = 255;

export interface BaseEntry {
  readonly name: string;
  readonly ino: number;
}

export type BaseNode =
  | { readonly kind: 'file'; readonly parent: number; readonly bytes: Uint8Array }
  | { readonly kind: 'symlink'; readonly parent: number; readonly target: string }
  | BaseDirectory;

export interface BaseDirectory {
  readonly kind: 'directory';
  /** Inode of the parent; its own for the root of a preopen. */
  readonly parent: number;
  /** In cookie order. */
  readonly entries: readonly BaseEntry[];
  /** Position in `entries` by name. */
  readonly positions: ReadonlyMap<string, number>;
  /** How many of the entries are directories. */
  readonly subdirectories: number;
}

export interface BaseTree {
  /** By inode number; index 0 is unused. */
  readonly nodes: readonly (BaseNode | undefined)[];
  /** Preopened directories in descriptor order: the guest's path and the inode of its root. */
  readonly roots: readonly { readonly guestPath: string; readonly ino: number }[];
  /** What a snapshot names this tree by, see `layoutOf`. */
  readonly layout: BaseLayout;
}

/** Number of inodes, bytes of content, and a 53-bit hash over every path with its kind and length. */
export interface BaseLayout {
  readonly inodes: number;
  readonly sizeBytes: number;
  readonly pathsHash: number;
}

type Draft = Map<string, Draft> | FileSource;

const NO_FILES: Files = {};
const encoder = new TextEncoder();
const invalid = (path: string, found: string, expected: string): never => {
  throw new PluvioError('INVALID_ARGUMENT', `cannot mount file "${path}": ${found}; ${expected}`, { path });
};

/** Whether text may be the name of a directory entry. */
export function isEntryName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || !name.isWellFormed() || /[/\0]/.test(name)) return false;
  return name.length <= NAME_MAX_BYTES && encoder.encode(name).length <= NAME_MAX_BYTES;
}

function draftOf(files: Files): Map<string, Draft> {
  const root = new Map<string, Draft>();
  for (const [path, source] of Object.entries(files)) {
    const names = path.split('/');
    if (names[0] === '') names.shift();
    const isDirectory = names.at(-1) === '';
    if (isDirectory) names.pop();
    const last = isDirectory ? undefined : names.pop();
    let directory = root;
    for (const name of names) {
      if (!isEntryName(name))
        invalid(path, `"${name}" is no file name`, 'a component is 1 to 255 bytes, not . or .., without / and NUL');
      const found = directory.get(name) ?? new Map<string, Draft>();
      directory.set(name, found);
      directory =
        found instanceof Map ? found : invalid(path, `"${name}" is also a file`, 'it must be a directory only');
    }
    if (last === undefined) continue;
    if (!isEntryName(last))
      invalid(path, `"${last}" is no file name`, 'a component is 1 to 255 bytes, not . or .., without / and NUL');
    if (directory.has(last)) invalid(path, 'it is given twice', 'every path must be given once');
    directory.set(last, checkedSource(path, source));
  }
  return root;
}

function checkedSource(path: string, source: FileSource): FileSource {
  if (typeof source === 'string' || source instanceof Uint8Array) return source;
  const { symlink } = source;
  if (typeof symlink !== 'string' || symlink === '' || symlink.includes('\0') || !symlink.isWellFormed()) {
    invalid(
      path,
      'it is neither bytes, text nor a symbolic link',
      'give a Uint8Array, a string or { symlink: target }',
    );
  }
  return source;
}

/** A 53-bit hash of text, not cryptographic: it tells trees apart that differ by accident. */
function addToHash(hash: { low: number; high: number }, text: string): void {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    hash.low = Math.imul(hash.low ^ unit, 0x01000193);
    hash.high = Math.imul(hash.high ^ unit ^ (hash.low >>> 15), 0x85ebca6b);
  }
}

/**
 * Builds the tree of all preopens.
 * @throws PluvioError `INVALID_ARGUMENT` if a path or a guest path is not usable
 */
export function buildBaseTree(preopens: Readonly<Record<string, Files>>): BaseTree {
  const nodes: (BaseNode | undefined)[] = [undefined];
  const hash = { low: 0x811c9dc5, high: 0x9747b28c };
  let sizeBytes = 0;

  function place(draft: Draft, parent: number, path: string): number {
    const ino = nodes.length;
    nodes.push(undefined);
    if (draft instanceof Map) {
      addToHash(hash, `${path}/\n`);
      const names = [...draft.keys()].sort((a, b) => (a < b ? -1 : 1));
      const entries: BaseEntry[] = [];
      let subdirectories = 0;
      for (const name of names) {
        const child = draft.get(name) ?? '';
        if (child instanceof Map) subdirectories++;
        entries.push({ name, ino: place(child, ino, `${path}/${name}`) });
      }
      const positions = new Map(names.map((name, position) => [name, position]));
      nodes[ino] = { kind: 'directory', parent: parent === 0 ? ino : parent, entries, positions, subdirectories };
    } else if (typeof draft === 'string' || draft instanceof Uint8Array) {
      const bytes = typeof draft === 'string' ? encoder.encode(draft) : draft;
      sizeBytes += bytes.length;
      addToHash(hash, `${path} ${bytes.length}\n`);
      nodes[ino] = { kind: 'file', parent, bytes };
    } else {
      addToHash(hash, `${path} -> ${draft.symlink}\n`);
      nodes[ino] = { kind: 'symlink', parent, target: draft.symlink };
    }
    return ino;
  }

  const roots = Object.keys(preopens)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((guestPath) => {
      if (guestPath === '' || guestPath.includes('\0') || !guestPath.isWellFormed()) {
        throw new PluvioError(
          'INVALID_ARGUMENT',
          `cannot preopen "${guestPath}": a guest path must be non-empty text without NUL`,
        );
      }
      return { guestPath, ino: place(draftOf(preopens[guestPath] ?? {}), 0, guestPath) };
    });
  const pathsHash = (hash.high >>> 11) * 2 ** 32 + (hash.low >>> 0);
  return { nodes, roots, layout: { inodes: nodes.length - 1, sizeBytes, pathsHash } };
}

const cache = new WeakMap<object, BaseTree>();

/**
 * The tree of `preopens`, or of `files` alone mounted at `/`. Built once per object: do not change the object, or bytes in it,
 * afterwards.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function baseTreeOf(options: {
  readonly files?: Files;
  readonly preopens?: Readonly<Record<string, Files>>;
}): BaseTree {
  if (options.files !== undefined && options.preopens !== undefined) {
    throw new PluvioError('INVALID_ARGUMENT', 'cannot mount both `files` and `preopens`: give one of them');
  }
  const key = options.preopens ?? options.files ?? NO_FILES;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const tree = buildBaseTree(options.preopens ?? { '/': options.files ?? NO_FILES });
  cache.set(key, tree);
  return tree;
}
