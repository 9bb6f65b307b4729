/**
 * wasi:io/error and wasi:io/streams.
 *
 * Invariants:
 * 1. Nothing is read or written before it is known that the call does not wait: a call that waits is executed again from its start.
 * 2. What was written is handed over in the same call. Flushing waits until it was taken.
 * 3. A stream that an operation has failed on is closed.
 */
import type { Pending } from '../../engine/pending.ts';
import { Errno } from '../errno.ts';
import type { Output } from '../system/output.ts';
import { trap } from '../guest-trap.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { codeOf, done, err, type ErrorCode, ok, type Outcome } from './outcome.ts';
import { takeBody } from './http/http-incoming.ts';
import { makesRoomFor, roomOf, writeBody } from './http/http-outgoing.ts';
import { isStreamReady, waitFor } from './poll.ts';
import {
  adopt,
  ERROR,
  type FileOutput,
  type InputStream,
  type IoError,
  type OutputStream,
  POLLABLE,
  type StreamPollable,
} from './resources.ts';

type StreamError = { readonly tag: 'last-operation-failed'; readonly val: IoError } | { readonly tag: 'closed' };
type StreamOutcome<Value> = Outcome<Value, StreamError>;

const CLOSED = err<StreamError>({ tag: 'closed' });
/** Bytes of one read, whatever is asked for. */
const READ_MAX_BYTES = 2 ** 20;
/** Bytes that may be written at once. */
const WRITE_MAX_BYTES = 2 ** 16;
/** What WIT allows `blocking-write-and-flush` and `blocking-write-zeroes-and-flush`. */
const BLOCKING_WRITE_MAX_BYTES = 4096;

function failed(wasi: Wasi2Context, code: ErrorCode): Outcome<never, StreamError> {
  return err({ tag: 'last-operation-failed', val: adopt(wasi, { resource: ERROR, kind: 'error', code }) });
}

const subscription = (stream: InputStream | OutputStream): StreamPollable => ({
  resource: POLLABLE,
  kind: 'stream',
  stream,
});

/** The call again when the streams are ready, or what it gives. */
function whenReady<Value>(
  wasi: Wasi2Context,
  streams: readonly (InputStream | OutputStream)[],
  work: () => Value,
): Value | Pending {
  const stream = streams.find((each) => !isStreamReady(wasi, each));
  return stream === undefined ? work() : waitFor(wasi, [subscription(stream)]);
}

// --- input ---

/** Up to so many bytes that are there. Undefined: the stream has ended; `broken`: before its end. */
function take(wasi: Wasi2Context, stream: InputStream, most: number): Uint8Array | 'broken' | undefined {
  if (stream.kind === 'stdin') {
    const { stdin } = wasi;
    stdin.request();
    if (!stdin.ready) return new Uint8Array();
    if (stdin.available === 0) return undefined;
    const bytes = new Uint8Array(Math.min(most, stdin.available));
    stdin.take(bytes);
    return bytes;
  }
  if (stream.kind === 'body input') return takeBody(wasi, stream, most);
  const { content } = stream.inode;
  if (stream.offset >= content.sizeBytes) return undefined;
  const bytes = new Uint8Array(Math.min(most, content.sizeBytes - stream.offset));
  stream.offset += content.read(stream.offset, bytes);
  return bytes;
}

function read(wasi: Wasi2Context, stream: InputStream, most: bigint): StreamOutcome<Uint8Array> {
  if (most === 0n) return ok(new Uint8Array());
  if (stream.kind === 'stdin' && wasi.stdin.available === 0 && wasi.stdin.takeFailure()) return failed(wasi, 'io');
  const bytes = take(wasi, stream, most < READ_MAX_BYTES ? Number(most) : READ_MAX_BYTES);
  if (bytes === 'broken') return failed(wasi, 'pipe');
  return bytes === undefined ? CLOSED : ok(bytes);
}

function skip(wasi: Wasi2Context, stream: InputStream, most: bigint): StreamOutcome<bigint> {
  const outcome = read(wasi, stream, most);
  return outcome.tag === 'ok' ? ok(BigInt(outcome.val?.length ?? 0)) : outcome;
}

// --- output ---

/** What an operation of an output finds before it does anything: undefined if it may go on. */
function trouble(wasi: Wasi2Context, stream: OutputStream): Outcome<never, StreamError> | undefined {
  if (stream.closed) return CLOSED;
  if (stream.kind !== 'stdout' && stream.kind !== 'stderr') return undefined;
  if (!wasi[stream.kind].takeFailure()) return undefined;
  stream.closed = true;
  return failed(wasi, 'io');
}

function checkWrite(wasi: Wasi2Context, stream: OutputStream): StreamOutcome<bigint> {
  const found = trouble(wasi, stream);
  if (found !== undefined) return found;
  const room = stream.kind === 'body output' ? roomOf(wasi, stream) : WRITE_MAX_BYTES;
  const isReady = isStreamReady(wasi, stream);
  stream.permit = isReady ? room : 0;
  // Nothing would ever make room in a body that is full, unless an answer is under way.
  if (room === 0 && isReady) return CLOSED;
  return ok(BigInt(stream.permit));
}

/** False: there is no room. @throws Errno */
function put(wasi: Wasi2Context, stream: OutputStream, bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true;
  if (stream.kind === 'body output') return writeBody(wasi, stream, bytes);
  if (stream.kind === 'file output') writeFile(wasi, stream, bytes);
  else outputOf(wasi, stream.kind).write(bytes);
  return true;
}

const outputOf = (wasi: Wasi2Context, kind: 'stdout' | 'stderr'): Output => wasi[kind];

function writeFile({ tree }: Wasi2Context, stream: FileOutput, bytes: Uint8Array): void {
  const { inode } = stream;
  for (let at = 0; at < bytes.length;) {
    const count = tree.write(inode, stream.offset ?? inode.content.sizeBytes, bytes.subarray(at));
    at += count;
    if (stream.offset !== undefined) stream.offset += count;
  }
}

function write(wasi: Wasi2Context, stream: OutputStream, bytes: Uint8Array): StreamOutcome<never> {
  const found = trouble(wasi, stream);
  if (found !== undefined) return found;
  if (bytes.length > stream.permit)
    trap(`cannot write ${bytes.length} bytes: check-write has allowed ${stream.permit}`);
  stream.permit -= bytes.length;
  try {
    if (put(wasi, stream, bytes)) return done;
    stream.closed = true;
    return CLOSED;
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    stream.closed = true;
    return failed(wasi, codeOf(error));
  }
}

const flush = (wasi: Wasi2Context, stream: OutputStream): StreamOutcome<never> => trouble(wasi, stream) ?? done;

/** Writes as soon as the stream takes it. */
function writeWhenReady(wasi: Wasi2Context, stream: OutputStream, bytes: Uint8Array): StreamOutcome<never> | Pending {
  return whenReady(wasi, [stream], () => {
    if (stream.kind === 'body output' && roomOf(wasi, stream) < bytes.length) {
      return makesRoomFor(wasi, stream, bytes.length) ? waitFor(wasi, [subscription(stream)]) : CLOSED;
    }
    stream.permit = Math.max(stream.permit, bytes.length);
    return write(wasi, stream, bytes);
  });
}

function zeroes(count: bigint, most: number): Uint8Array {
  if (count > BigInt(most)) trap(`cannot write ${count} zeroes: it must be at most ${most}`);
  return new Uint8Array(Number(count));
}

function checkedBlocking(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= BLOCKING_WRITE_MAX_BYTES) return bytes;
  return trap(`cannot write ${bytes.length} bytes at once: it must be at most ${BLOCKING_WRITE_MAX_BYTES}`);
}

/** Moves what is there from one stream to the other. */
function splice(wasi: Wasi2Context, to: OutputStream, from: InputStream, most: bigint): StreamOutcome<bigint> {
  const room = checkWrite(wasi, to);
  if (room.tag === 'err') return room;
  const bytes = read(wasi, from, most < BigInt(to.permit) ? most : BigInt(to.permit));
  if (bytes.tag === 'err') return bytes;
  const written = write(wasi, to, bytes.val ?? new Uint8Array());
  return written.tag === 'err' ? written : ok(BigInt(bytes.val?.length ?? 0));
}

const subscribe = (wasi: Wasi2Context, stream: InputStream | OutputStream) => adopt(wasi, subscription(stream));

export const STREAM_INTERFACES = {
  'wasi:io/error@0.2': () => ({
    '[method]error.to-debug-string': ({ code }: IoError) => code,
  }),
  'wasi:io/streams@0.2': (wasi) => ({
    '[method]input-stream.read': (self: InputStream, most: bigint) => read(wasi, self, most),
    '[method]input-stream.blocking-read': (self: InputStream, most: bigint) =>
      whenReady(wasi, [self], () => read(wasi, self, most)),
    '[method]input-stream.skip': (self: InputStream, most: bigint) => skip(wasi, self, most),
    '[method]input-stream.blocking-skip': (self: InputStream, most: bigint) =>
      whenReady(wasi, [self], () => skip(wasi, self, most)),
    '[method]input-stream.subscribe': (self: InputStream) => subscribe(wasi, self),
    '[method]output-stream.check-write': (self: OutputStream) => checkWrite(wasi, self),
    '[method]output-stream.write': (self: OutputStream, bytes: Uint8Array) => write(wasi, self, bytes),
    '[method]output-stream.blocking-write-and-flush': (self: OutputStream, bytes: Uint8Array) =>
      writeWhenReady(wasi, self, checkedBlocking(bytes)),
    '[method]output-stream.flush': (self: OutputStream) => flush(wasi, self),
    '[method]output-stream.blocking-flush': (self: OutputStream) => whenReady(wasi, [self], () => flush(wasi, self)),
    '[method]output-stream.subscribe': (self: OutputStream) => subscribe(wasi, self),
    '[method]output-stream.write-zeroes': (self: OutputStream, count: bigint) =>
      trouble(wasi, self) ?? write(wasi, self, zeroes(count, self.permit)),
    '[method]output-stream.blocking-write-zeroes-and-flush': (self: OutputStream, count: bigint) =>
      writeWhenReady(wasi, self, zeroes(count, BLOCKING_WRITE_MAX_BYTES)),
    '[method]output-stream.splice': (self: OutputStream, from: InputStream, most: bigint) =>
      splice(wasi, self, from, most),
    '[method]output-stream.blocking-splice': (self: OutputStream, from: InputStream, most: bigint) =>
      whenReady(wasi, self.closed ? [] : [self, from], () => splice(wasi, self, from, most)),
  }),
} as const satisfies Record<string, InterfaceOf>;
