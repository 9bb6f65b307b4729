import { fail } from '../errno.ts';
import type { DirectoryInode } from '../files/inode.ts';
import { FILETYPE } from './constants.ts';
import type { WasiContext } from './context.ts';
import type { Result } from './define.ts';
import { filetypeOf } from './filestat.ts';

const DIRENT_BYTES = 24;
const encoder = new TextEncoder();

interface Dirent {
  /** Cookie that a later call goes on from. */
  readonly next: number;
  readonly ino: number;
  readonly filetype: number;
  readonly name: string;
}

function* direntsAfter({ tree }: WasiContext, directory: DirectoryInode, cookie: number): Generator<Dirent> {
  const filetype = FILETYPE.directory;
  if (cookie < 1) yield { next: 1, ino: directory.ino, filetype, name: '.' };
  if (cookie < 2) yield { next: 2, ino: directory.parent, filetype, name: '..' };
  for (const { name, ino, cookie: next } of directory.entries.after(cookie)) {
    yield { next, ino, filetype: filetypeOf(tree.inode(ino)), name };
  }
}

function encodeDirent({ next, ino, filetype, name }: Dirent): Uint8Array {
  const nameBytes = encoder.encode(name);
  const bytes = new Uint8Array(DIRENT_BYTES + nameBytes.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setBigUint64(8, BigInt(ino), true);
  view.setUint32(16, nameBytes.length, true);
  view.setUint8(20, filetype);
  bytes.set(nameBytes, DIRENT_BYTES);
  return bytes;
}

/**
 * fd_readdir: entries behind the cookie, the last one cut off where the buffer ends. A buffer that is not full means the end. An
 * entry that is neither added nor removed meanwhile is seen exactly once, since cookies belong to entries, not to positions.
 */
export function readDirectory(
  wasi: WasiContext,
  fd: number,
  buffer: number,
  sizeBytes: number,
  cookie: bigint,
  resultAt: number,
): Result {
  const { memory } = wasi;
  const { inode } = wasi.descriptors.directory(fd);
  const after = BigInt.asUintN(64, cookie);
  memory.check(resultAt, 4);
  memory.check(buffer, sizeBytes);
  let used = 0;
  if (inode.links > 0 && after <= BigInt(Number.MAX_SAFE_INTEGER)) {
    for (const dirent of direntsAfter(wasi, inode, Number(after))) {
      const bytes = encodeDirent(dirent).subarray(0, sizeBytes - used);
      memory.writeBytes(buffer + used, bytes);
      used += bytes.length;
      if (used === sizeBytes) break;
    }
  }
  if (inode.links === 0 && after === 0n) fail('noent');
  memory.writeU32(resultAt, used);
  return undefined;
}
