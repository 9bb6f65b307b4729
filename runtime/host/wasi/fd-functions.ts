/** Descriptors: attributes, sizes, rights, directories. */
import { fail } from '../errno.ts';
import { ADVICE_COUNT, FDFLAGS_ALL, PREOPENTYPE_DIR, RIGHTS } from './constants.ts';
import type { WasiContext } from './context.ts';
import { define, type Result, type WasiFunction } from './define.ts';
import type { Descriptor } from './descriptors.ts';
import { filetypeOf, setTimes, streamFiletype, writeFilestat } from './filestat.ts';
import { toFileSize } from '../files/file-size.ts';
import { fileOf } from './io-functions.ts';
import { readDirectory } from './readdir.ts';

const FDSTAT_BYTES = 24;
const PRESTAT_BYTES = 8;

const inodeOf = (descriptor: Descriptor) => ('inode' in descriptor ? descriptor.inode : undefined);

function advise(wasi: WasiContext, fd: number, _offset: bigint, _length: bigint, advice: number): Result {
  fileOf(wasi, fd);
  if (advice >= ADVICE_COUNT) fail('inval');
  return undefined;
}

function allocate(wasi: WasiContext, fd: number, offset: bigint, length: bigint): Result {
  const { inode } = fileOf(wasi, fd);
  const bytes = toFileSize(length);
  if (bytes === 0) fail('inval');
  const end = toFileSize(BigInt.asUintN(64, offset) + BigInt(bytes));
  if (end > inode.content.sizeBytes) wasi.tree.resize(inode, end);
  return undefined;
}

function writeFdstat(wasi: WasiContext, fd: number, address: number): Result {
  const { memory } = wasi;
  const descriptor = wasi.descriptors.get(fd);
  const inode = inodeOf(descriptor);
  memory.bytes(address, FDSTAT_BYTES).fill(0);
  memory.writeU8(address, inode === undefined ? streamFiletype(wasi) : filetypeOf(inode));
  memory.writeU16(address + 2, descriptor.flags);
  memory.writeU64(address + 8, BigInt(descriptor.rights));
  memory.writeU64(address + 16, BigInt(descriptor.inheriting));
  return undefined;
}

function setFlags({ descriptors }: WasiContext, fd: number, flags: number): Result {
  if (flags > FDFLAGS_ALL) fail('inval');
  descriptors.get(fd).flags = flags;
  return undefined;
}

/** Rights beyond the known ones are none that a descriptor has. */
function setRights({ descriptors }: WasiContext, fd: number, rights: bigint, inheriting: bigint): Result {
  const descriptor = descriptors.get(fd);
  const isSubset = (asked: bigint, held: number): boolean => (BigInt.asUintN(64, asked) & ~BigInt(held)) === 0n;
  if (!isSubset(rights, descriptor.rights) || !isSubset(inheriting, descriptor.inheriting)) fail('notcapable');
  descriptor.rights = Number(rights);
  descriptor.inheriting = Number(inheriting);
  return undefined;
}

function preopenOf({ descriptors }: WasiContext, fd: number): Uint8Array {
  const descriptor = descriptors.get(fd);
  if (descriptor.kind !== 'directory' || descriptor.preopen === undefined) fail('badf');
  return new TextEncoder().encode(descriptor.preopen);
}

function writePrestat(wasi: WasiContext, fd: number, address: number): Result {
  const path = preopenOf(wasi, fd);
  wasi.memory.check(address, PRESTAT_BYTES);
  wasi.memory.writeU32(address, PREOPENTYPE_DIR);
  wasi.memory.writeU32(address + 4, path.length);
  return undefined;
}

function writePrestatName(wasi: WasiContext, fd: number, address: number, sizeBytes: number): Result {
  const path = preopenOf(wasi, fd);
  if (path.length > sizeBytes) fail('nametoolong');
  wasi.memory.writeBytes(address, path);
  return undefined;
}

/** A preopened directory stays where it is: its number is what the guest's libc knows it by. */
/** A preopened directory is a descriptor like any other: it may be replaced, and stays preopened under another number. */
function renumber({ descriptors }: WasiContext, from: number, to: number): Result {
  descriptors.renumber(from, to);
  return undefined;
}

function setFdTimes(wasi: WasiContext, fd: number, accessed: bigint, modified: bigint, flags: number): Result {
  return setTimes(wasi, inodeOf(wasi.descriptors.get(fd)) ?? fail('inval'), accessed, modified, flags);
}

/** Everything is in memory and in the snapshot: there is nothing to flush. */
const flush = (): Result => undefined;

export const FD_FUNCTIONS = {
  fd_advise: define(['i32', 'i64', 'i64', 'i32'], [[0, RIGHTS.fd_advise]], advise),
  fd_allocate: define(['i32', 'i64', 'i64'], [[0, RIGHTS.fd_allocate]], allocate),
  fd_close: define(['i32'], [], ({ descriptors }, fd) => {
    descriptors.close(fd);
    return undefined;
  }),
  fd_datasync: define(['i32'], [[0, RIGHTS.fd_datasync]], flush),
  fd_sync: define(['i32'], [[0, RIGHTS.fd_sync]], flush),
  fd_fdstat_get: define(['i32', 'i32'], [], writeFdstat),
  fd_fdstat_set_flags: define(['i32', 'i32'], [[0, RIGHTS.fd_fdstat_set_flags]], setFlags),
  fd_fdstat_set_rights: define(['i32', 'i64', 'i64'], [], setRights),
  fd_filestat_get: define(['i32', 'i32'], [[0, RIGHTS.fd_filestat_get]], (wasi, fd, address) =>
    writeFilestat(wasi, address, inodeOf(wasi.descriptors.get(fd))),
  ),
  fd_filestat_set_size: define(['i32', 'i64'], [[0, RIGHTS.fd_filestat_set_size]], (wasi, fd, sizeBytes) => {
    wasi.tree.resize(fileOf(wasi, fd).inode, toFileSize(sizeBytes));
    return undefined;
  }),
  fd_filestat_set_times: define(['i32', 'i64', 'i64', 'i32'], [[0, RIGHTS.fd_filestat_set_times]], setFdTimes),
  fd_prestat_get: define(['i32', 'i32'], [], writePrestat),
  fd_prestat_dir_name: define(['i32', 'i32', 'i32'], [], writePrestatName),
  fd_readdir: define(['i32', 'i32', 'i32', 'i64', 'i32'], [[0, RIGHTS.fd_readdir]], readDirectory),
  fd_renumber: define(['i32', 'i32'], [], renumber),
} as const satisfies Record<string, WasiFunction>;
