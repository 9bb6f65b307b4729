import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { BundleCodecs } from '../bundle/codecs.ts';

/** Room for output is taken in steps of this size, or of the whole output when that is smaller. */
const MAX_STEP_BYTES = 4 * 2 ** 20;
/** zlib takes no smaller step. */
const MIN_STEP_BYTES = 64;

const stepFor = (outputBytes: number): number => Math.min(Math.max(outputBytes, MIN_STEP_BYTES), MAX_STEP_BYTES);

/** Speed counts more than the last percents: memory travels while a worker stands still. */
const ZSTD_LEVEL = 1;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Node's codecs: SHA-256 at once, zstd on the thread pool. */
export const nodeCodecs: BundleCodecs & Required<Pick<BundleCodecs, 'zstdCompress' | 'zstdDecompress'>> = {
  sha256: (bytes) => plain(hash('sha256', bytes, 'buffer')),
  async zstdCompress(bytes) {
    const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 };
    const chunkSize = stepFor(bytes.byteLength);
    return plain(await compress(bytes, { params, pledgedSrcSize: bytes.byteLength, chunkSize }));
  },
  async zstdDecompress(bytes, maxBytes) {
    // zlib wants at least one byte of room, and then says itself when there is more
    const maxOutputLength = Math.max(maxBytes, 1);
    return plain(await decompress(bytes, { maxOutputLength, chunkSize: stepFor(maxBytes) }));
  },
};

/** The same bytes, not as a Buffer, whose methods differ; copied when they would keep a much larger buffer alive. */
function plain(buffer: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return buffer.buffer.byteLength > 2 * buffer.byteLength ? bytes.slice() : bytes;
}
