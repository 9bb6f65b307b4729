/** Resources of WASI 0.2 as plain data. */
import type { FileInode } from '../files/inode.ts';
import type { StateField } from '../state-field.ts';
import type { Wasi2Context } from './context.ts';
import { encodeHttp, HTTP_KINDS, isHttp, readHttp } from './http/http-state.ts';
import { ERROR_CODES } from './outcome.ts';
import {
  DESCRIPTOR,
  DIRECTORY_STREAM,
  ERROR,
  INPUT_STREAM,
  NETWORK,
  OUTPUT_STREAM,
  POLLABLE,
  TERMINAL_INPUT,
  TERMINAL_OUTPUT,
  type Wasi2Resource,
} from './resources.ts';

const PERMIT_MAX = 2 ** 16;

export function encodeResource(resource: Wasi2Resource, indices: ReadonlyMap<Wasi2Resource, number>): unknown {
  if (isHttp(resource)) return encodeHttp(resource, indices);
  const { kind } = resource;
  switch (kind) {
    case 'clock': {
      const { startMonotonicNs, startRealtimeNs, deadlineNs } = resource;
      return { kind, startMonotonicNs, startRealtimeNs, deadlineNs };
    }
    case 'stream':
      return { kind, stream: indices.get(resource.stream) };
    case 'future':
      return { kind, future: indices.get(resource.future) };
    case 'error':
      return { kind, code: resource.code };
    case 'stdin':
      return { kind };
    case 'stdout':
    case 'stderr':
      return { kind, permit: resource.permit, closed: resource.closed };
    case 'file input':
      return { kind, ino: resource.inode.ino, offset: resource.offset };
    case 'file output': {
      const { permit, closed, offset, inode } = resource;
      return { kind, permit, closed, ino: inode.ino, offset: offset ?? null };
    }
    case 'file':
      return { kind, ino: resource.inode.ino, read: resource.read, write: resource.write };
    case 'directory':
      return { kind, ino: resource.inode.ino };
    case 'entries':
      return { kind, ino: resource.inode.ino, cookie: resource.cookie };
    case 'token':
      return { kind, resource: resource.resource };
  }
}

const KINDS = [
  'clock',
  'stream',
  'future',
  'error',
  'stdin',
  'stdout',
  'stderr',
  'file input',
  'file output',
  'file',
  'directory',
  'entries',
  'token',
  ...HTTP_KINDS,
] as const satisfies readonly Wasi2Resource['kind'][];

/** Kinds that have an inode open. */
const WITH_INODE: ReadonlySet<string> = new Set(['file input', 'file output', 'file', 'directory', 'entries']);

/** The field of the inode that a resource has open, if its kind has one. */
export function inodeField(field: StateField): StateField | undefined {
  return WITH_INODE.has(field.get('kind').oneOf(KINDS)) ? field.get('ino') : undefined;
}

/** Reads a resource; those before it are there. The inodes are in the tree. */
export function readResource(
  wasi: Wasi2Context,
  field: StateField,
  before: readonly Wasi2Resource[],
  monotonicNs: bigint,
): Wasi2Resource {
  const kind = field.get('kind').oneOf(KINDS);
  switch (kind) {
    case 'clock':
      return readClock(field, monotonicNs);
    case 'stream': {
      const index = field.get('stream');
      const stream = before[index.integer(0, Math.max(0, before.length - 1))];
      if (stream?.resource !== INPUT_STREAM && stream?.resource !== OUTPUT_STREAM) {
        return index.malformed('the index of a stream before it');
      }
      return { resource: POLLABLE, kind, stream };
    }
    case 'future': {
      const index = field.get('future');
      const future = before[index.integer(0, Math.max(0, before.length - 1))];
      if (future?.kind !== 'future response' && future?.kind !== 'future trailers') {
        return index.malformed('the index of a future before it');
      }
      return { resource: POLLABLE, kind, future };
    }
    case 'error':
      return { resource: ERROR, kind, code: field.get('code').oneOf(ERROR_CODES) };
    case 'stdin':
      return { resource: INPUT_STREAM, kind };
    case 'stdout':
    case 'stderr':
      return { resource: OUTPUT_STREAM, kind, ...readOutput(field) };
    case 'file input': {
      const offset = field.get('offset').integer(0);
      return { resource: INPUT_STREAM, kind, inode: fileAt(wasi, field.get('ino')), offset };
    }
    case 'file output': {
      const at = field.get('offset');
      const offset = at.isNull ? undefined : at.integer(0);
      return { resource: OUTPUT_STREAM, kind, ...readOutput(field), inode: fileAt(wasi, field.get('ino')), offset };
    }
    case 'file': {
      const [read, write] = [field.get('read').boolean(), field.get('write').boolean()];
      return { resource: DESCRIPTOR, kind, inode: fileAt(wasi, field.get('ino')), read, write };
    }
    case 'directory':
      return { resource: DESCRIPTOR, kind, inode: directoryAt(wasi, field.get('ino')) };
    case 'entries': {
      const cookie = field.get('cookie').integer(0);
      return { resource: DIRECTORY_STREAM, kind, inode: directoryAt(wasi, field.get('ino')), cookie };
    }
    case 'token':
      return { resource: field.get('resource').oneOf([TERMINAL_INPUT, TERMINAL_OUTPUT, NETWORK]), kind };
    default:
      return readHttp(kind, field, before);
  }
}

const readOutput = (field: StateField): { permit: number; closed: boolean } => ({
  permit: field.get('permit').integer(0, PERMIT_MAX),
  closed: field.get('closed').boolean(),
});

function readClock(field: StateField, monotonicNs: bigint): Wasi2Resource {
  const startMonotonicNs = field.get('startMonotonicNs').unsigned64();
  if (startMonotonicNs > monotonicNs) field.get('startMonotonicNs').malformed(`at most ${monotonicNs}, monotonicNs`);
  return {
    resource: POLLABLE,
    kind: 'clock',
    startMonotonicNs,
    startRealtimeNs: field.get('startRealtimeNs').unsigned64(),
    deadlineNs: field.get('deadlineNs').unsigned64(),
    restored: true,
  };
}

function fileAt({ tree }: Wasi2Context, field: StateField): FileInode {
  const inode = tree.inode(field.integer(1));
  return inode.kind === 'file' ? inode : field.malformed('the inode of a file');
}

function directoryAt({ tree }: Wasi2Context, field: StateField) {
  const inode = tree.inode(field.integer(1));
  return inode.kind === 'directory' ? inode : field.malformed('the inode of a directory');
}
