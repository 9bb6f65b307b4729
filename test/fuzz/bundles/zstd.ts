/** Compressed frames that no honest packer sends. */
import { zstdCompressSync } from 'node:zlib';
import type { Choices } from '../choices.ts';

const MIB = 2 ** 20;
const compressed = (sizeBytes: number): Uint8Array => new Uint8Array(zstdCompressSync(new Uint8Array(sizeBytes)));

/** Sizes of what the frames give: small, as large as a group may be, and bombs. */
const FRAMES: readonly Uint8Array[] = [0, 1, 4096, 4 * MIB, 4 * MIB + 1, 64 * MIB, 512 * MIB].map(compressed);
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
