/**
 * What a bundle needs of its platform: a hash, and zstd where there is one.
 *
 * Boundary: passed in. `runtime/node/codecs.ts` is Node's; `webCodecs` runs anywhere but has no zstd.
 */

type Eventually<T> = T | Promise<T>;

/** Hashing and compression, as the platform has them. */
export interface BundleCodecs {
  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Eventually<Uint8Array>;
  /** One zstd frame. Without it memory is packed uncompressed. Same input, same output. */
  zstdCompress?(bytes: Uint8Array): Eventually<Uint8Array>;
  /** Throws, without having made more than `maxBytes`, when the input is damaged or its content larger. */
  zstdDecompress?(bytes: Uint8Array, maxBytes: number): Eventually<Uint8Array>;
}

/** The codecs of the web platform: SHA-256 of WebCrypto, no zstd. */
export const webCodecs: BundleCodecs = {
  async sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes)));
  },
};

/** The same bytes as WebCrypto takes them: it refuses shared memory, which is copied. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}
