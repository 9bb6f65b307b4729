import { crc32 } from 'node:zlib';

/** CRC-32 over parts, each with its length, so that moving a byte from one to the next shows; null and empty differ. */
export function checksum(...parts: readonly (string | Uint8Array | number | null)[]): number {
  let crc = 0;
  for (const part of parts) {
    if (part === null) crc = crc32('n', crc);
    else if (typeof part === 'number') crc = crc32(`#${part}`, crc);
    else {
      crc = crc32(`${part.length};`, crc);
      if (part.length > 0) crc = crc32(part, crc);
    }
  }
  return crc;
}
