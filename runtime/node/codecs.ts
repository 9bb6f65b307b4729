import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { BundleCodecs } from '../bundle/codecs.ts';

/** Speed counts more than the last percents: memory travels while a worker stands still. */
const ZSTD_LEVEL = 1;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Node's codecs: SHA-256 at once, zstd on the thread pool. */
export const nodeCodecs: BundleCodecs & Required<Pick<BundleCodecs, 'zstdCompress' | 'zstdDecompress'>> = {
  sha256: (bytes) => plain(hash('sha256', bytes, 'buffer')),
  async zstdCompress(bytes) {
    const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 };
    return plain(await compress(bytes, { params, pledgedSrcSize: bytes.byteLength }));
  },
  async zstdDecompress(bytes, maxBytes) {
    // zlib wants at least one byte of room, and then says itself when there is more
    return plain(await decompress(bytes, { maxOutputLength: Math.max(maxBytes, 1) }));
  },
};

/** The same bytes, not as a Buffer, whose methods differ. */
const plain = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
