/** wasi:filesystem: what is open. Paths are filesystem-paths.ts. */
import { fail } from '../errno.ts';
import type { Inode } from '../files/inode.ts';
import { toFileSize } from '../files/file-size.ts';
import { descriptorType, type NewTimestamp, setTimesOf, statOf } from './file-status.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { PATH_FUNCTIONS } from './filesystem-paths.ts';
import { attempt, type ErrorCode } from './outcome.ts';
import {
  adopt,
  checkRoom,
  DESCRIPTOR,
  type Descriptor,
  DIRECTORY_STREAM,
  type DirectoryStream,
  type FileDescriptor,
  INPUT_STREAM,
  type IoError,
  OUTPUT_STREAM,
} from './resources.ts';

/** Bytes of one read, whatever is asked for. */
const READ_MAX_BYTES = 2 ** 20;

/** @throws Errno `isdir`, `badf`: it was not opened to be read, or written */
function fileOf(self: Descriptor, access: 'read' | 'write'): FileDescriptor {
  if (self.kind === 'directory') return fail('isdir');
  return self[access] ? self : fail('badf');
}

const readStream = (wasi: Wasi2Context, self: Descriptor, offset: bigint) =>
  attempt(() => {
    const { inode } = fileOf(self, 'read');
    checkRoom(wasi);
    return adopt(wasi, { resource: INPUT_STREAM, kind: 'file input', inode, offset: toFileSize(offset) });
  });

const writeStream = (wasi: Wasi2Context, self: Descriptor, offset: bigint | undefined) =>
  attempt(() => {
    const { inode } = fileOf(self, 'write');
    checkRoom(wasi);
    const at = offset === undefined ? undefined : toFileSize(offset);
    return adopt(wasi, {
      resource: OUTPUT_STREAM,
      kind: 'file output',
      inode,
      offset: at,
      permit: 0,
      closed: false,
    });
  });

const read = (self: Descriptor, length: bigint, offset: bigint) =>
  attempt((): [Uint8Array, boolean] => {
    const { content } = fileOf(self, 'read').inode;
    const at = toFileSize(offset);
    const rest = Math.max(0, content.sizeBytes - at);
    const bytes = new Uint8Array(Math.min(rest, length < READ_MAX_BYTES ? Number(length) : READ_MAX_BYTES));
    content.read(at, bytes);
    return [bytes, bytes.length === rest];
  });

const write = ({ tree }: Wasi2Context, self: Descriptor, bytes: Uint8Array, offset: bigint) =>
  attempt(() => BigInt(tree.write(fileOf(self, 'write').inode, toFileSize(offset), bytes)));

function flagsOf(self: Descriptor) {
  const isDirectory = self.kind === 'directory';
  return {
    read: isDirectory || self.read,
    write: !isDirectory && self.write,
    mutateDirectory: isDirectory,
  };
}

/** The next entry, with the kind of what it names. */
function nextEntry({ tree }: Wasi2Context, self: DirectoryStream) {
  for (const { cookie, ino, name } of self.inode.entries.after(self.cookie)) {
    self.cookie = cookie;
    return { type: descriptorType(tree.inode(ino)), name };
  }
  return undefined;
}

/** Odd numbers that spread those of inodes over 64 bits. */
const SPREAD = [0x9e37_79b9_7f4a_7c15n, 0xc2b2_ae3d_27d4_eb4fn] as const;

const hashOf = ({ ino }: Inode) => ({
  lower: BigInt.asUintN(64, BigInt(ino) * SPREAD[0]),
  upper: BigInt.asUintN(64, BigInt(ino) * SPREAD[1]),
});

const sameInode = (self: Descriptor, other: Descriptor): boolean => self.inode === other.inode;
const kept = () => attempt((): undefined => undefined);

export const FILESYSTEM_INTERFACES = {
  'wasi:filesystem/types@0.2': (wasi) => ({
    '[method]descriptor.read-via-stream': (self: Descriptor, offset: bigint) => readStream(wasi, self, offset),
    '[method]descriptor.write-via-stream': (self: Descriptor, offset: bigint) => writeStream(wasi, self, offset),
    '[method]descriptor.append-via-stream': (self: Descriptor) => writeStream(wasi, self, undefined),
    '[method]descriptor.advise': (self: Descriptor) =>
      attempt((): undefined => (self.kind === 'file' ? undefined : fail('badf'))),
    '[method]descriptor.sync-data': kept,
    '[method]descriptor.sync': kept,
    '[method]descriptor.get-flags': (self: Descriptor) => attempt(() => flagsOf(self)),
    '[method]descriptor.get-type': (self: Descriptor) => attempt(() => descriptorType(self.inode)),
    '[method]descriptor.set-size': (self: Descriptor, sizeBytes: bigint) =>
      attempt((): undefined => void wasi.tree.resize(fileOf(self, 'write').inode, toFileSize(sizeBytes))),
    '[method]descriptor.set-times': (self: Descriptor, accessed: NewTimestamp, modified: NewTimestamp) =>
      attempt((): undefined => void setTimesOf(wasi, self.inode, accessed, modified)),
    '[method]descriptor.read': (self: Descriptor, length: bigint, offset: bigint) => read(self, length, offset),
    '[method]descriptor.write': (self: Descriptor, bytes: Uint8Array, offset: bigint) =>
      write(wasi, self, bytes, offset),
    '[method]descriptor.read-directory': (self: Descriptor) =>
      attempt(() => {
        if (self.kind !== 'directory') return fail('notdir');
        checkRoom(wasi);
        return adopt(wasi, { resource: DIRECTORY_STREAM, kind: 'entries', inode: self.inode, cookie: 0 });
      }),
    '[method]descriptor.stat': (self: Descriptor) => attempt(() => statOf(self.inode)),
    '[method]descriptor.is-same-object': sameInode,
    '[method]descriptor.metadata-hash': (self: Descriptor) => attempt(() => hashOf(self.inode)),
    '[method]directory-entry-stream.read-directory-entry': (self: DirectoryStream) =>
      attempt(() => nextEntry(wasi, self)),
    'filesystem-error-code': ({ code }: IoError): ErrorCode | undefined => code,
    ...PATH_FUNCTIONS(wasi, hashOf),
  }),
  'wasi:filesystem/preopens@0.2': (wasi) => ({
    'get-directories': () =>
      wasi.tree.base.roots.map(({ guestPath, ino }) => [
        adopt(wasi, { resource: DESCRIPTOR, kind: 'directory', inode: wasi.tree.directory(ino) }),
        guestPath,
      ]),
  }),
} as const satisfies Record<string, InterfaceOf>;
