/**
 * Blobs in one stream, from node to node.
 *
 *     'PLVB', version u32                       once
 *     1, digest (32 bytes), size u32, bytes     for each blob
 *     0, number of blobs u32                    at the end
 *
 * All numbers are little-endian. docs/bundle-format.md, "Blob stream", is the specification.
 */
import { PluvioError } from '../errors/index.ts';
import { StreamReader } from './byte-stream.ts';
import type { BundleCodecs } from './codecs.ts';
import { type Digest, DIGEST_BYTES, digestFromHash, hashOfDigest, verifyDigest } from './digest.ts';
import { type BundleLimits, checkLimit, resolveBundleLimits } from './limits.ts';

/** 'PLVB' as a little-endian u32. */
const MAGIC = 0x42564c50;
const VERSION = 1;
const HEADER_BYTES = 8;
const FRAME = { end: 0, blob: 1 } as const;
const BLOB_HEADER_BYTES = DIGEST_BYTES + 4;
const END_BYTES = 4;
const WHAT = 'blob stream';

/** One blob of a stream; its bytes were checked against the digest. */
export interface BlobFrame {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Writes blobs in the order of their digests; each is fetched when its turn comes. */
export async function* writeBlobStream(
  digests: Iterable<Digest>,
  get: (digest: Digest) => Uint8Array | Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield frame(HEADER_BYTES, (view) => {
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, VERSION, true);
  });
  let count = 0;
  for (const digest of digests) {
    const bytes = await get(digest);
    const header = frame(1 + BLOB_HEADER_BYTES, (view) => {
      view.setUint8(0, FRAME.blob);
      view.setUint32(1 + DIGEST_BYTES, bytes.byteLength, true);
    });
    header.set(hashOfDigest(digest), 1);
    yield header;
    yield bytes;
    count++;
  }
  yield frame(1 + END_BYTES, (view) => {
    view.setUint8(0, FRAME.end);
    view.setUint32(1, count, true);
  });
}

function frame(sizeBytes: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/**
 * Reads blobs and gives each when its digest was compared. With `expected` only those come, each once and all of them.
 * @throws PluvioError `BUNDLE_MALFORMED`, `BUNDLE_VERSION`, `BUNDLE_LIMIT`, `BUNDLE_DIGEST`
 */
export async function* readBlobStream(
  stream: AsyncIterable<Uint8Array>,
  codecs: BundleCodecs,
  limits: BundleLimits = {},
  expected?: Iterable<Digest>,
): AsyncGenerator<BlobFrame, void, undefined> {
  const resolved = resolveBundleLimits(limits);
  const reader = new StreamReader(
    stream,
    WHAT,
    resolved.totalBytes + resolved.blobs * (1 + BLOB_HEADER_BYTES) + HEADER_BYTES + 1 + END_BYTES,
  );
  try {
    checkHeader(await reader.read(HEADER_BYTES));
    const missing = expected && new Set(expected);
    const seen = new Set<Digest>();
    for (;;) {
      const [kind] = await reader.read(1);
      if (kind === FRAME.end) break;
      if (kind !== FRAME.blob) throw malformed(reader, `the frame kind ${kind}`, '0 or 1');
      const header = await reader.read(BLOB_HEADER_BYTES);
      const digest = digestFromHash(header.subarray(0, DIGEST_BYTES));
      const sizeBytes = u32(header, DIGEST_BYTES);
      checkLimit(resolved, 'blobs', seen.size + 1, WHAT);
      checkLimit(resolved, 'blobBytes', sizeBytes, `blob ${digest}`);
      if (seen.has(digest)) throw malformed(reader, `${digest} again`, 'each blob once');
      if (missing?.delete(digest) === false) throw malformed(reader, `${digest}`, 'a blob that was asked for');
      seen.add(digest);
      const bytes = await reader.read(sizeBytes);
      await verifyDigest(bytes, digest, codecs);
      yield { digest, bytes };
    }
    const count = u32(await reader.read(END_BYTES), 0);
    if (count !== seen.size) throw malformed(reader, `a count of ${count}`, `${seen.size}, the blobs that came`);
    if (!(await reader.atEnd())) throw malformed(reader, 'more bytes', 'the end');
    if (missing !== undefined && missing.size > 0) throw malformed(reader, 'the end', `${missing.size} more blobs`);
  } finally {
    await reader.close();
  }
}

const u32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);

function checkHeader(header: Uint8Array): void {
  if (u32(header, 0) !== MAGIC) throw new PluvioError('BUNDLE_MALFORMED', `${WHAT} does not begin with 'PLVB'`);
  const version = u32(header, 4);
  if (version !== VERSION) {
    throw new PluvioError('BUNDLE_VERSION', `cannot read a ${WHAT} of version ${version}; it must be ${VERSION}`, {
      version,
    });
  }
}

const malformed = (reader: StreamReader, found: string, expected: string): PluvioError =>
  new PluvioError(
    'BUNDLE_MALFORMED',
    `${WHAT} at offset 0x${reader.offset.toString(16)} has ${found}; it must be ${expected}`,
  );
