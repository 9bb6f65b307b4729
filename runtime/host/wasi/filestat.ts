import { fail } from '../errno.ts';
import type { Inode } from '../files/inode.ts';
import { FILETYPE, FSTFLAGS, FSTFLAGS_ALL } from './constants.ts';
import type { WasiContext } from './context.ts';

/** Device number of the one file tree. */
const DEVICE = 1n;

const FILETYPE_OF_INODE = {
  file: FILETYPE.regular_file,
  directory: FILETYPE.directory,
  symlink: FILETYPE.symbolic_link,
} as const satisfies Record<Inode['kind'], number>;

export const filetypeOf = (inode: Inode): number => FILETYPE_OF_INODE[inode.kind];

/** The filetype of the standard streams. */
export const streamFiletype = ({ terminal }: WasiContext): number =>
  terminal ? FILETYPE.character_device : FILETYPE.unknown;

const encoder = new TextEncoder();

/** Size as stat tells it: bytes of a file, of a link's target; 0 for a directory. */
function sizeOf(inode: Inode): number {
  if (inode.kind === 'file') return inode.content.sizeBytes;
  return inode.kind === 'symlink' ? encoder.encode(inode.target).length : 0;
}

interface Stat {
  readonly ino: number;
  readonly filetype: number;
  readonly links: number;
  readonly sizeBytes: number;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** Writes a `filestat` of an inode, or of a standard stream. */
export function writeFilestat(wasi: WasiContext, address: number, inode: Inode | undefined): undefined {
  const stat: Stat =
    inode === undefined
      ? {
          ino: 0,
          filetype: streamFiletype(wasi),
          links: 1,
          sizeBytes: 0,
          accessedNs: 0n,
          modifiedNs: 0n,
          changedNs: 0n,
        }
      : { ...inode, filetype: filetypeOf(inode), sizeBytes: sizeOf(inode) };
  const { memory, abi } = wasi;
  const layout = abi.filestat;
  memory.bytes(address, layout.total).fill(0);
  memory.writeU64(address, DEVICE);
  memory.writeU64(address + 8, BigInt(stat.ino));
  memory.writeU8(address + 16, stat.filetype);
  if (layout.nlinkBytes === 8) memory.writeU64(address + layout.nlink, BigInt(stat.links));
  else memory.writeU32(address + layout.nlink, stat.links);
  memory.writeU64(address + layout.sizeBytes, BigInt(stat.sizeBytes));
  memory.writeU64(address + layout.times, stat.accessedNs);
  memory.writeU64(address + layout.times + 8, stat.modifiedNs);
  memory.writeU64(address + layout.times + 16, stat.changedNs);
}

/** Sets time stamps as `fstflags` says. */
export function setTimes(
  wasi: WasiContext,
  inode: Inode,
  accessedNs: bigint,
  modifiedNs: bigint,
  flags: number,
): undefined {
  if (flags > FSTFLAGS_ALL) fail('inval');
  const pick = (given: number, now: number, value: bigint): bigint | undefined => {
    const wanted = flags & (given | now);
    if (wanted === (given | now)) fail('inval');
    if (wanted === 0) return undefined;
    return wanted === now ? wasi.clock.realtimeNs() : BigInt.asUintN(64, value);
  };
  const accessed = pick(FSTFLAGS.atim, FSTFLAGS.atim_now, accessedNs);
  const modified = pick(FSTFLAGS.mtim, FSTFLAGS.mtim_now, modifiedNs);
  wasi.tree.setTimes(inode, accessed, modified);
}
