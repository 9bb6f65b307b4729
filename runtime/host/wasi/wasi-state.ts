/**
 * The state of a WASI host in a snapshot. docs/resume-contract.md is the specification.
 *
 * Invariants:
 * 1. The same state gives the same data, field by field and in the same order.
 * 2. Every field is checked before it is used; a message names it.
 */
import { PluvioError } from '../../errors/index.ts';
import { ERRNO } from '../errno.ts';
import type { Inode } from '../files/inode.ts';
import { encodeTree, loadTree } from '../files/tree-state.ts';
import { StateField } from '../state-field.ts';
import { FDFLAGS_ALL, RIGHTS_OF_KIND } from './constants.ts';
import type { WasiContext } from './context.ts';
import type { Descriptor } from './descriptors.ts';
import { type StringList, stringList } from '../system/options.ts';
import { PREOPEN_INHERITING } from './path-open.ts';

export const WASI_STATE_VERSION = 1;

const ERRNO_MAX = Math.max(...Object.values(ERRNO));
const FD_MAX = 0x7fff_ffff;

/** The state as plain data. */
export function encodeState(wasi: WasiContext, filesId: string | null): unknown {
  const { waits, stdin } = wasi;
  return {
    version: WASI_STATE_VERSION,
    args: [...wasi.args.strings],
    env: [...wasi.env.strings],
    monotonicNs: wasi.clock.lastMonotonicNs,
    waits: { begun: waits.begun, completed: waits.completed === undefined ? null : { ...waits.completed } },
    stdin: { buffered: stdin.bufferedCopy(), ended: stdin.ended },
    files: encodeTree(wasi.tree, filesId),
    descriptors: wasi.descriptors.entries().map(([fd, descriptor]) => encodeDescriptor(fd, descriptor)),
  };
}

function encodeDescriptor(fd: number, descriptor: Descriptor): unknown {
  const { kind, rights, inheriting, flags } = descriptor;
  const common = { fd, kind, rights, inheriting, flags };
  if (descriptor.kind === 'file') return { ...common, ino: descriptor.inode.ino, offset: descriptor.offset };
  if (descriptor.kind === 'directory')
    return { ...common, ino: descriptor.inode.ino, preopen: descriptor.preopen ?? null };
  return common;
}

/**
 * Takes up state that `encodeState` gave, into a fresh context.
 * @throws PluvioError `SNAPSHOT_VERSION`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_MISMATCH`
 */
export function loadState(wasi: WasiContext, data: unknown, path: string, filesId: string | null): void {
  const state = new StateField(data, path);
  const version = state.get('version').integer(0);
  if (version !== WASI_STATE_VERSION) {
    throw new PluvioError('SNAPSHOT_VERSION', `field ${path}.version is ${version}; it must be ${WASI_STATE_VERSION}`);
  }
  const args = readStrings(state.get('args'));
  const env = readStrings(state.get('env'));
  for (const field of state.get('env').array()) if (!field.text().includes('=', 1)) field.malformed('NAME=value');
  const monotonicNs = state.get('monotonicNs').unsigned64();
  const buffered = state.get('stdin').get('buffered').bytes();
  const ended = state.get('stdin').get('ended').boolean();
  const begun = state.get('waits').get('begun').integer(0);
  const completed = readCompleted(state.get('waits').get('completed'), begun);
  const fields = state.get('descriptors').array();
  if (fields.length > wasi.limits.maxOpenFiles) {
    state.get('descriptors').mismatch(`an array of at most ${wasi.limits.maxOpenFiles}, the limit maxOpenFiles`);
  }

  loadTree(wasi.tree, state.get('files'), filesId, countOpenings(fields), wasi.limits.maxPathBytes);
  wasi.descriptors.clear();
  let before = -1;
  for (const field of fields) {
    before = field.get('fd').integer(before + 1, FD_MAX);
    wasi.descriptors.put(before, readDescriptor(wasi, field));
  }
  Object.assign(wasi.args, args);
  Object.assign(wasi.env, env);
  wasi.clock.restore(monotonicNs);
  wasi.stdin.restore(buffered, ended);
  wasi.waits.restore(begun, completed);
}

function readStrings(field: StateField): StringList {
  return stringList(
    field.path,
    field.array().map((item) => item.text()),
  );
}

function readCompleted(field: StateField, begun: number): { operation: number; errno: number } | undefined {
  if (field.isNull) return undefined;
  return { operation: field.get('operation').integer(1, begun), errno: field.get('errno').integer(0, ERRNO_MAX) };
}

function countOpenings(fields: readonly StateField[]): Map<number, number> {
  const openings = new Map<number, number>();
  for (const field of fields) {
    if (field.get('ino').isNull) continue;
    const ino = field.get('ino').integer(1);
    openings.set(ino, (openings.get(ino) ?? 0) + 1);
  }
  return openings;
}

function readDescriptor(wasi: WasiContext, field: StateField): Descriptor {
  const kind = field.get('kind').oneOf(['stdin', 'stdout', 'stderr', 'file', 'directory']);
  const subset = (name: string, of: number): number => {
    const mask = field.get(name).integer(0, 2 ** 30 - 1);
    return (mask & ~of) === 0
      ? mask
      : field.get(name).malformed(`a subset of the rights ${of} of a ${kind} descriptor`);
  };
  const rights = subset('rights', RIGHTS_OF_KIND[kind]);
  const inheriting = subset('inheriting', kind === 'directory' ? PREOPEN_INHERITING : 0);
  const common = { rights, inheriting, flags: field.get('flags').integer(0, FDFLAGS_ALL) };
  if (kind !== 'file' && kind !== 'directory') return { ...common, kind };
  const inode = readInode(wasi, field.get('ino'));
  if (kind === 'file') {
    if (inode.kind !== 'file') return field.get('ino').malformed('the inode of a file');
    return { ...common, kind, inode, offset: field.get('offset').integer(0) };
  }
  if (inode.kind !== 'directory') return field.get('ino').malformed('the inode of a directory');
  return { ...common, kind, inode, preopen: readPreopen(wasi, field.get('preopen'), inode.ino) };
}

function readInode({ tree }: WasiContext, field: StateField): Inode {
  const ino = field.integer(1, tree.nextInode - 1);
  if (!tree.inodes.has(ino) && tree.base.nodes[ino] === undefined) field.malformed('an inode that exists');
  return tree.inode(ino);
}

function readPreopen({ tree }: WasiContext, field: StateField, ino: number): string | undefined {
  if (field.isNull) return undefined;
  const guestPath = field.text();
  const isMounted = tree.base.roots.some((root) => root.guestPath === guestPath && root.ino === ino);
  return isMounted ? guestPath : field.mismatch('a preopened directory of this host, at its inode');
}
