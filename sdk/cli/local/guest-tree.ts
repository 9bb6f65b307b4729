/**
 * The guest's file tree before and after a run, in terms of the state that WASI puts into a snapshot.
 *
 * Files are the base tree, as a node mounts them from a bundle, so that a run can go on there. What a bundle's files cannot say
 * (empty directories, symbolic links, times) is put on top of it as if the guest had made it, and so travels in the snapshot.
 */
import { buildBaseTree } from '../../../runtime/host/files/base-tree.ts';
import { FileTree } from '../../../runtime/host/files/file-tree.ts';
import type { DirectoryInode, Inode } from '../../../runtime/host/files/inode.ts';
import { encodeTree, loadTree } from '../../../runtime/host/files/tree-state.ts';
import { StateField } from '../../../runtime/host/state-field.ts';
import { type HostModule, WASI_LIMITS } from '../../../runtime/index.ts';
import { brokenPathRule } from '../../../runtime/bundle/paths.ts';
import type { HostEntry } from './host-directory.ts';

/** Limits of a local run: as much as WASI allows, since nobody shares this process. */
export const LOCAL_WASI_LIMITS = {
  scratchBytes: WASI_LIMITS.scratchBytes.max,
  maxInodes: WASI_LIMITS.maxInodes.max,
} as const;

const TREE_LIMITS = { ...LOCAL_WASI_LIMITS, maxPathBytes: WASI_LIMITS.maxPathBytes.max };

type BaseFiles = Readonly<Record<string, Uint8Array>>;

const isBaseFile = (path: string, entry: HostEntry): boolean =>
  entry.kind === 'file' && brokenPathRule(path) === undefined;

/** The entries that a bundle can carry as its files. */
export function baseFilesOf(entries: ReadonlyMap<string, HostEntry>): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [path, entry] of entries)
    if (entry.kind === 'file' && isBaseFile(path, entry)) files.set(path, entry.bytes);
  return files;
}

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
const openTree = (files: BaseFiles): FileTree => new FileTree(buildBaseTree({ '/': files }), TREE_LIMITS, nowNs);

function rootOf(tree: FileTree): DirectoryInode {
  return tree.directory(tree.base.roots[0]?.ino ?? 1);
}

/** Sets up a host that has not run with the entries that its base files lack, and with the times of all. */
export function layEntries(host: HostModule, files: BaseFiles, entries: ReadonlyMap<string, HostEntry>): void {
  if (entries.size === 0) return;
  const tree = openTree(files);
  for (const [path, entry] of entries) addEntry(tree, path, entry);
  // Adding to a directory changes its times: they are set last.
  for (const [path, { modifiedNs }] of entries) {
    const inode = findInode(tree, path);
    if (inode !== undefined && modifiedNs > 0n) tree.setTimes(inode, modifiedNs, modifiedNs);
  }
  host.restore(withWasiState(host.snapshot(), { files: encodeTree(tree, null) }));
}

function addEntry(tree: FileTree, path: string, entry: HostEntry): void {
  if (isBaseFile(path, entry)) return;
  const at = path.lastIndexOf('/');
  const parent = at < 0 ? rootOf(tree) : findInode(tree, path.slice(0, at));
  const name = path.slice(at + 1);
  if (parent?.kind !== 'directory' || tree.lookup(parent, name) !== undefined) return;
  if (entry.kind === 'directory') tree.createDirectory(parent, name);
  else if (entry.kind === 'symlink') tree.createSymlink(parent, name, entry.target);
  else tree.write(tree.createFile(parent, name), 0, entry.bytes);
}

function findInode(tree: FileTree, path: string): Inode | undefined {
  let at: Inode | undefined = rootOf(tree);
  for (const name of path === '' ? [] : path.split('/')) {
    at = at.kind === 'directory' ? tree.lookup(at, name) : undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

interface WasiState {
  readonly files: unknown;
  readonly stdin: { readonly buffered: Uint8Array; readonly ended: boolean };
  /** What has inodes open: of WASI 0.1, or of 0.2. */
  readonly descriptors?: readonly { readonly ino?: number }[];
  readonly resources?: readonly { readonly ino?: number }[];
}

/** The host of a component keeps WASI's state among those of other hosts. */
const WASI_2 = 'wasi:0.2';
interface ComponentState {
  readonly hosts: { readonly [WASI_2]: WasiState };
}

const isComponent = (state: object): state is ComponentState => 'hosts' in state;

/** The part of a host's state that is WASI's; it comes from the host of the same process. */
export function wasiState(state: unknown): WasiState {
  const own = state as WasiState | ComponentState;
  return isComponent(own) ? own.hosts[WASI_2] : own;
}

/** The state with some fields of WASI's changed. */
export function withWasiState(state: unknown, changes: Partial<WasiState>): unknown {
  const own = state as WasiState | ComponentState;
  if (!isComponent(own)) return { ...own, ...changes };
  return { ...own, hosts: { ...own.hosts, [WASI_2]: { ...own.hosts[WASI_2], ...changes } } };
}

export interface GuestEntry {
  readonly kind: Inode['kind'];
  readonly inode: Inode;
  /** Whether it has exactly the bytes or the target of the base. */
  readonly isBase: boolean;
}

/** Everything below the root by path, parents first. */
function entriesOf(tree: FileTree): Map<string, GuestEntry> {
  const entries = new Map<string, GuestEntry>();
  const visit = (directory: DirectoryInode, prefix: string): void => {
    for (const { name, ino } of directory.entries.after(0)) {
      const inode = tree.inode(ino);
      entries.set(prefix + name, { kind: inode.kind, inode, isBase: isUntouched(tree, inode) });
      if (inode.kind === 'directory') visit(inode, `${prefix}${name}/`);
    }
  };
  visit(rootOf(tree), '');
  return entries;
}

function isUntouched(tree: FileTree, inode: Inode): boolean {
  const base = tree.base.nodes[inode.ino];
  if (base === undefined) return false;
  if (inode.kind !== 'file' || base.kind !== 'file') return true;
  const { content } = inode;
  return (
    content.sizeBytes === base.bytes.length &&
    content.baseBytes === base.bytes.length &&
    content.writtenBlocks().length === 0
  );
}

/** The guest's tree as it is now, from the state of its host. */
export function guestEntries(files: BaseFiles, hostState: unknown): Map<string, GuestEntry> {
  const tree = openTree(files);
  const { files: state, descriptors = [], resources = [] } = wasiState(hostState);
  const openings = new Map<number, number>();
  for (const { ino } of [...descriptors, ...resources])
    if (ino !== undefined) openings.set(ino, (openings.get(ino) ?? 0) + 1);
  loadTree(tree, new StateField(state, 'files'), null, openings, TREE_LIMITS.maxPathBytes);
  return entriesOf(tree);
}

/** The guest's tree as it is in a bundle's files alone. */
export const baseEntries = (files: BaseFiles): Map<string, GuestEntry> => entriesOf(openTree(files));

export function contentOf(entry: GuestEntry): Uint8Array {
  if (entry.inode.kind !== 'file') return new Uint8Array();
  const bytes = new Uint8Array(entry.inode.content.sizeBytes);
  entry.inode.content.read(0, bytes);
  return bytes;
}
