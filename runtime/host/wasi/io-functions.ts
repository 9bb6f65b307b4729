/** Reading, writing and seeking. */
import { toFileSize } from '../files/file-size.ts';
import { Errno, fail } from '../errno.ts';
import type { Abi } from './abi.ts';
import { FDFLAGS, RIGHTS } from './constants.ts';
import type { WasiContext } from './context.ts';
import { define, type Result, type WasiFunction } from './define.ts';
import type { FileDescriptor, StreamDescriptor } from './descriptors.ts';
import { OUTPUT_WRITE_MAX_BYTES } from './transfer-limits.ts';

/** The regular file behind a descriptor; pipes and terminals have no positions. */
export function fileOf({ descriptors }: WasiContext, fd: number): FileDescriptor {
  const descriptor = descriptors.get(fd);
  if (descriptor.kind === 'file') return descriptor;
  return descriptor.kind === 'directory' ? fail('isdir') : fail('spipe');
}

function readFile(file: FileDescriptor, offset: number, vectors: readonly Uint8Array[]): number {
  let done = 0;
  for (const vector of vectors) {
    const count = file.inode.content.read(offset + done, vector);
    done += count;
    if (count < vector.length) break;
  }
  return done;
}

/** Writes as much as the quota allows; fails only if nothing was written. */
function writeFile(
  { tree }: WasiContext,
  file: FileDescriptor,
  offset: number,
  vectors: readonly Uint8Array[],
): number {
  let done = 0;
  for (const vector of vectors) {
    let count: number;
    try {
      count = tree.write(file.inode, offset + done, vector);
    } catch (error) {
      if (error instanceof Errno && done > 0) break;
      throw error;
    }
    done += count;
    if (count < vector.length) break;
  }
  return done;
}

function read(wasi: WasiContext, fd: number, vectorsAt: number, count: number, resultAt: number): Result {
  const { memory, stdin } = wasi;
  const descriptor = wasi.descriptors.get(fd);
  memory.check(resultAt, 4);
  const vectors = memory.readVectors(vectorsAt, count);
  if (descriptor.kind === 'file') {
    const done = readFile(descriptor, descriptor.offset, vectors);
    descriptor.offset += done;
    memory.writeU32(resultAt, done);
    return undefined;
  }
  if (descriptor.kind !== 'stdin') fail(descriptor.kind === 'directory' ? 'isdir' : 'badf');
  if ((descriptor.flags & FDFLAGS.nonblock) !== 0 && !stdin.ready) {
    stdin.request();
    fail('again');
  }
  return wasi.waits.run(
    {
      attempt: () => takeStdin(wasi, vectorsAt, count, resultAt),
      changed: () => stdin.fill(),
      wake: { input: true },
    },
    wasi.waits.resumed(memory.restartState()),
  );
}

/** The memory may have grown or been replaced since the call began: the vectors are read again. */
function takeStdin(
  { memory, stdin }: WasiContext,
  vectorsAt: number,
  count: number,
  resultAt: number,
): number | undefined {
  memory.check(resultAt, 4);
  const vectors = memory.readVectors(vectorsAt, count);
  const isEmpty = vectors.every((vector) => vector.length === 0);
  if (!isEmpty && !stdin.ready) return undefined;
  if (!isEmpty && stdin.available === 0 && stdin.failed) fail('io');
  let done = 0;
  for (const vector of vectors) done += stdin.take(vector);
  memory.writeU32(resultAt, done);
  return 0;
}

function write(wasi: WasiContext, fd: number, vectorsAt: number, count: number, resultAt: number): Result {
  const { memory } = wasi;
  const descriptor = wasi.descriptors.get(fd);
  memory.check(resultAt, 4);
  const vectors = memory.readVectors(vectorsAt, count);
  if (descriptor.kind === 'directory') fail('isdir');
  if (descriptor.kind !== 'file') return writeOutput(wasi, descriptor, vectors, resultAt);
  const append = (descriptor.flags & FDFLAGS.append) !== 0;
  const offset = append ? descriptor.inode.content.sizeBytes : descriptor.offset;
  const done = writeFile(wasi, descriptor, offset, vectors);
  descriptor.offset = offset + done;
  memory.writeU32(resultAt, done);
  return undefined;
}

function gather(vectors: readonly Uint8Array[]): Uint8Array {
  const total = vectors.reduce((sum, vector) => sum + vector.length, 0);
  const bytes = new Uint8Array(Math.min(total, OUTPUT_WRITE_MAX_BYTES));
  let at = 0;
  for (const vector of vectors) {
    const part = vector.subarray(0, bytes.length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Hands the bytes over at the first execution of the call; every execution waits until they are taken. */
function writeOutput(
  wasi: WasiContext,
  to: StreamDescriptor,
  vectors: readonly Uint8Array[],
  resultAt: number,
): Result {
  const { memory } = wasi;
  if (to.kind === 'stdin') fail('badf');
  const output = wasi[to.kind];
  const resumed = wasi.waits.resumed(memory.restartState());
  if (resumed === undefined) {
    if ((to.flags & FDFLAGS.nonblock) !== 0 && output.waiting !== undefined) fail('again');
    const bytes = gather(vectors);
    if (bytes.length > 0) output.write(bytes);
    memory.writeU32(resultAt, bytes.length);
    if ((to.flags & FDFLAGS.nonblock) !== 0) return undefined;
  }
  const attempt = (): number | undefined => {
    if (output.waiting !== undefined) return undefined;
    return output.takeFailure() ? fail('io') : 0;
  };
  return wasi.waits.run({ attempt, changed: () => output.waiting ?? Promise.resolve() }, resumed);
}

function pread(
  wasi: WasiContext,
  fd: number,
  vectorsAt: number,
  count: number,
  offset: bigint,
  resultAt: number,
): Result {
  const file = fileOf(wasi, fd);
  wasi.memory.check(resultAt, 4);
  const vectors = wasi.memory.readVectors(vectorsAt, count);
  wasi.memory.writeU32(resultAt, readFile(file, toFileSize(offset), vectors));
  return undefined;
}

function pwrite(
  wasi: WasiContext,
  fd: number,
  vectorsAt: number,
  count: number,
  offset: bigint,
  resultAt: number,
): Result {
  const file = fileOf(wasi, fd);
  wasi.memory.check(resultAt, 4);
  const vectors = wasi.memory.readVectors(vectorsAt, count);
  wasi.memory.writeU32(resultAt, writeFile(wasi, file, toFileSize(offset), vectors));
  return undefined;
}

function whenceOf(abi: Abi, whence: number): Abi['whence'][number] {
  return abi.whence[whence] ?? fail('inval');
}

function seek(wasi: WasiContext, fd: number, delta: bigint, whence: number, resultAt: number): Result {
  const file = fileOf(wasi, fd);
  const origin = { start: 0, current: file.offset, end: file.inode.content.sizeBytes }[whenceOf(wasi.abi, whence)];
  const offset = BigInt(origin) + BigInt.asIntN(64, delta);
  if (offset < 0n) fail('inval');
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) fail('overflow');
  wasi.memory.writeU64(resultAt, offset);
  file.offset = Number(offset);
  return undefined;
}

/** Asking for the current position needs no right to change it. */
function seekChecked(wasi: WasiContext, fd: number, delta: bigint, whence: number, resultAt: number): Result {
  const asksOnly = delta === 0n && wasi.abi.whence[whence] === 'current';
  const { rights } = wasi.descriptors.get(fd);
  if ((rights & RIGHTS.fd_seek) === 0 && !(asksOnly && (rights & RIGHTS.fd_tell) !== 0)) fail('notcapable');
  return seek(wasi, fd, delta, whence, resultAt);
}

export const IO_FUNCTIONS = {
  fd_read: define(['i32', 'i32', 'i32', 'i32'], [[0, RIGHTS.fd_read]], read),
  fd_write: define(['i32', 'i32', 'i32', 'i32'], [[0, RIGHTS.fd_write]], write),
  fd_pread: define(['i32', 'i32', 'i32', 'i64', 'i32'], [[0, RIGHTS.fd_read | RIGHTS.fd_seek]], pread),
  fd_pwrite: define(['i32', 'i32', 'i32', 'i64', 'i32'], [[0, RIGHTS.fd_write | RIGHTS.fd_seek]], pwrite),
  fd_seek: define(['i32', 'i64', 'i32', 'i32'], [], seekChecked),
  fd_tell: define(['i32', 'i32'], [[0, RIGHTS.fd_tell]], (wasi, fd, resultAt) => {
    wasi.memory.writeU64(resultAt, BigInt(fileOf(wasi, fd).offset));
    return undefined;
  }),
} as const satisfies Record<string, WasiFunction>;
