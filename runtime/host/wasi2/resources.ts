import type { BodyInput, BodyOutput, FutureResponse, FutureTrailers, HttpResource } from './http/http-resources.ts';
import type { DirectoryInode, FileInode, Inode } from '../files/inode.ts';
import { fail } from '../errno.ts';
import { RESOURCE_BYTES } from './held-bytes.ts';
import type { ErrorCode } from './outcome.ts';
import { limitTrap } from '../guest-trap.ts';
import type { Wasi2Context } from './context.ts';

export const POLLABLE = 'wasi:io/poll@0.2/pollable';
export const ERROR = 'wasi:io/error@0.2/error';
export const INPUT_STREAM = 'wasi:io/streams@0.2/input-stream';
export const OUTPUT_STREAM = 'wasi:io/streams@0.2/output-stream';
export const DESCRIPTOR = 'wasi:filesystem/types@0.2/descriptor';
export const DIRECTORY_STREAM = 'wasi:filesystem/types@0.2/directory-entry-stream';
export const TERMINAL_INPUT = 'wasi:cli/terminal-input@0.2/terminal-input';
export const TERMINAL_OUTPUT = 'wasi:cli/terminal-output@0.2/terminal-output';
export const NETWORK = 'wasi:sockets/network@0.2/network';

/** Ready when a clock has reached a time. */
export interface ClockPollable {
  readonly resource: typeof POLLABLE;
  readonly kind: 'clock';
  /** When it was made, by both clocks: the way to another host counts as waiting. */
  readonly startMonotonicNs: bigint;
  readonly startRealtimeNs: bigint;
  /** By the monotonic clock. */
  readonly deadlineNs: bigint;
  /** Whether it came with a snapshot; then the wall clock may end it, too. */
  readonly restored: boolean;
}

/** Ready when a read or a write of a stream does not wait. */
export interface StreamPollable {
  readonly resource: typeof POLLABLE;
  readonly kind: 'stream';
  readonly stream: InputStream | OutputStream;
}

/** Ready when an answer is there; trailers always are. */
export interface FuturePollable {
  readonly resource: typeof POLLABLE;
  readonly kind: 'future';
  readonly future: FutureResponse | FutureTrailers;
}

export type Pollable = ClockPollable | StreamPollable | FuturePollable;

/** Why the last operation of a stream failed. */
export interface IoError {
  readonly resource: typeof ERROR;
  readonly kind: 'error';
  readonly code: ErrorCode;
}

export interface StandardInput {
  readonly resource: typeof INPUT_STREAM;
  readonly kind: 'stdin';
}

export interface FileInput {
  readonly resource: typeof INPUT_STREAM;
  readonly kind: 'file input';
  readonly inode: FileInode;
  offset: number;
}

export type InputStream = StandardInput | FileInput | BodyInput;

interface OutputFields {
  readonly resource: typeof OUTPUT_STREAM;
  /** Bytes that may be written before `check-write` is asked again. */
  permit: number;
  /** An operation has failed: every other one finds the stream closed. */
  closed: boolean;
}

export interface StandardOutput extends OutputFields {
  readonly kind: 'stdout' | 'stderr';
}

export interface FileOutput extends OutputFields {
  readonly kind: 'file output';
  readonly inode: FileInode;
  /** Undefined: at the end, wherever that is. */
  offset: number | undefined;
}

export type OutputStream = StandardOutput | FileOutput | BodyOutput;

export interface FileDescriptor {
  readonly resource: typeof DESCRIPTOR;
  readonly kind: 'file';
  readonly inode: FileInode;
  readonly read: boolean;
  readonly write: boolean;
}

export interface DirectoryDescriptor {
  readonly resource: typeof DESCRIPTOR;
  readonly kind: 'directory';
  readonly inode: DirectoryInode;
}

export type Descriptor = FileDescriptor | DirectoryDescriptor;

/** The entries of a directory behind the one that was read last. */
export interface DirectoryStream {
  readonly resource: typeof DIRECTORY_STREAM;
  readonly kind: 'entries';
  readonly inode: DirectoryInode;
  cookie: number;
}

/** Says that a standard stream is a terminal, or stands for the network; has no methods that do anything. */
export interface Token {
  readonly resource: typeof TERMINAL_INPUT | typeof TERMINAL_OUTPUT | typeof NETWORK;
  readonly kind: 'token';
}

export type Wasi2Resource =
  Pollable | IoError | InputStream | OutputStream | Descriptor | DirectoryStream | Token | HttpResource;

/** The inode that a resource has open. A pollable has, too: its stream may be given up before it is. */
export function inodeOf(resource: Wasi2Resource): Inode | undefined {
  if (resource.kind === 'stream') return inodeOf(resource.stream);
  return 'inode' in resource ? resource.inode : undefined;
}

/** For functions that can say so. @throws Errno `mfile` at the limit */
export function checkRoom({ live, maxResources, holdings }: Wasi2Context): void {
  if (live.size >= maxResources || holdings.maxBytes - holdings.usedBytes < RESOURCE_BYTES) fail('mfile');
}

/** Hands a new resource to the guest; undefined: there is no room for what it holds. Traps past the limit of their number. */
export function offer<Made extends Wasi2Resource>(wasi: Wasi2Context, made: Made): Made | undefined {
  const { live, maxResources, holdings, tree } = wasi;
  if (live.size >= maxResources) {
    limitTrap(
      `cannot make ${made.resource}: the guest holds ${live.size} resources; maxOpenFiles allows ${maxResources}`,
    );
  }
  if (!holdings.hasRoomFor(made)) return undefined;
  holdings.hold(made);
  live.add(made);
  const inode = inodeOf(made);
  if (inode !== undefined) tree.open(inode);
  return made;
}

/** The same, where there is no other way to say that there is no room than a trap. */
export function adopt<Made extends Wasi2Resource>(wasi: Wasi2Context, made: Made): Made {
  const { usedBytes, maxBytes } = wasi.holdings;
  return (
    offer(wasi, made) ??
    limitTrap(
      `cannot make ${made.resource}: the host holds ${usedBytes} bytes for the guest; heldBytes allows ${maxBytes}`,
    )
  );
}

/** The guest has given it up. */
export function release({ live, tree, holdings, sending }: Wasi2Context, resource: Wasi2Resource): void {
  if (!live.delete(resource)) return;
  const inode = inodeOf(resource);
  if (inode !== undefined) tree.close(inode);
  for (const gone of holdings.letGo(resource)) if (gone.kind === 'future response') sending.giveUp(gone);
}
