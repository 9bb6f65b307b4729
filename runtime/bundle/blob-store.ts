/** Where blobs are kept by digest, and where those of a bundle come from. */
import { PluvioError } from '../errors/index.ts';
import { type Digest } from './digest.ts';
import type { BundleSignature } from './signature.ts';

/** A content-addressed store. `runtime/node/blob-folder.ts` keeps blobs on disk. */
export interface BlobStore {
  /** Whether it is there. */
  has(digest: Digest): Promise<boolean>;
  /** Throws `BLOB_NOT_FOUND`, `BLOB_DAMAGED`. */
  get(digest: Digest): Promise<Uint8Array>;
  /** Stores a blob; does nothing if it is there. The digest must be that of the bytes: the caller, or the store, has checked. */
  put(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Gives whether the blob was there. */
  delete(digest: Digest): Promise<boolean>;
  /** All blobs, in any order. */
  list(): AsyncIterable<{ readonly digest: Digest; readonly sizeBytes: number }>;
}

/** Where the blobs of one bundle come from. */
export interface BlobSource {
  /** Digest of the bundle's OCI manifest. */
  readonly digest: Digest;
  readonly signature?: BundleSignature;
  /**
   * The bytes of a blob, or an error with the code `BLOB_NOT_FOUND`. A source that reads from outside must not take more than
   * `maxBytes`. What it gives is not trusted: its size and digest are checked.
   */
  fetch(digest: Digest, maxBytes: number): Promise<Uint8Array>;
}

/** The error for a blob that is not there. */
export const blobNotFound = (digest: Digest): PluvioError =>
  new PluvioError('BLOB_NOT_FOUND', `there is no blob ${digest}`, { digest });

/** A store in memory. Keeps the arrays that it is given: leave them unchanged. */
export function memoryBlobStore(): BlobStore {
  const blobs = new Map<Digest, Uint8Array>();
  return {
    has: (digest) => Promise.resolve(blobs.has(digest)),
    get: (digest) => {
      const bytes = blobs.get(digest);
      return bytes === undefined ? Promise.reject(blobNotFound(digest)) : Promise.resolve(bytes);
    },
    put: (digest, bytes) => {
      if (!blobs.has(digest)) blobs.set(digest, bytes);
      return Promise.resolve();
    },
    delete: (digest) => Promise.resolve(blobs.delete(digest)),
    async *list() {
      for (const [digest, bytes] of blobs) yield await Promise.resolve({ digest, sizeBytes: bytes.byteLength });
    },
  };
}

/** The blobs of a bundle out of a store. */
export function storeSource(store: Pick<BlobStore, 'get'>, digest: Digest, signature?: BundleSignature): BlobSource {
  const source = { digest, fetch: (blob: Digest) => store.get(blob) };
  return signature === undefined ? source : { ...source, signature };
}

/** The blobs of a bundle out of a map. */
export function mapSource(
  blobs: ReadonlyMap<Digest, Uint8Array>,
  digest: Digest,
  signature?: BundleSignature,
): BlobSource {
  const get = (blob: Digest): Promise<Uint8Array> => {
    const bytes = blobs.get(blob);
    return bytes === undefined ? Promise.reject(blobNotFound(blob)) : Promise.resolve(bytes);
  };
  return storeSource({ get }, digest, signature);
}
