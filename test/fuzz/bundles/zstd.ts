/** Compressed frames that no honest packer sends. */
import type { Choices } from '../choices.ts';

const MIB = 2 ** 20;
const BLOCK_MAX_BYTES = 128 * 1024;
/** Magic; a header with eight bytes of content size; a window of 2 MiB. */
const FRAME_HEAD = [0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x58] as const;
const RAW = 0;
const RUN = 1;

/** A block's header: whether it is the last, its type, its size. */
const blockHead = (isLast: boolean, type: number, sizeBytes: number): number[] => {
  const head = (sizeBytes << 3) | (type << 1) | Number(isLast);
  return [head & 0xff, (head >> 8) & 0xff, head >> 16];
};

/** A frame of zeros, written in runs: to compress half a gigabyte, it would have to be in memory, and be measured as if it were a case's. */
export function frameOfZeros(sizeBytes: number): Uint8Array {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(sizeBytes), true);
  const blocks: number[] = [];
  for (let left = sizeBytes; left > 0; left -= BLOCK_MAX_BYTES) {
    blocks.push(...blockHead(false, RUN, Math.min(left, BLOCK_MAX_BYTES)), 0);
  }
  return Uint8Array.from([...FRAME_HEAD, ...size, ...blocks, ...blockHead(true, RAW, 0)]);
}

/** Sizes of what the frames give: small, as large as a group may be, and bombs. */
const FRAMES: readonly Uint8Array[] = [0, 1, 4096, 4 * MIB, 4 * MIB + 1, 64 * MIB, 512 * MIB].map(frameOfZeros);
const SKIPPABLE = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4);
/** A header that announces a window of 2 GiB and content of 2^63 bytes. */
const HUGE_WINDOW = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0);

export function hostileFrame(choices: Choices, original: Uint8Array): Uint8Array {
  switch (choices.below(6)) {
    case 0:
      return choices.pick(FRAMES);
    case 1:
      return new Uint8Array(Buffer.concat([choices.pick(FRAMES), original]));
    case 2:
      return new Uint8Array(Buffer.concat([SKIPPABLE, original, SKIPPABLE]));
    case 3:
      return HUGE_WINDOW;
    case 4:
      return original.subarray(0, choices.below(original.length));
    default:
      return new Uint8Array(Buffer.concat([original, original]));
  }
}
