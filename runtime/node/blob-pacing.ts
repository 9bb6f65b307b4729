import { type Digest, writeBlobStream } from '../bundle/index.ts';

const PIECE_BYTES = 64 * 1024;

/**
 * A blob stream in pieces of at most 64 KiB; before each piece is handed out, `before` learns how many bytes went before it
 * and may wait or throw.
 */
export async function* pacedBlobs(
  blobs: ReadonlyMap<Digest, Uint8Array>,
  before: (sentBytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0;
  for await (const chunk of writeBlobStream(blobs.keys(), (digest) => blobs.get(digest) ?? new Uint8Array())) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      await before(sentBytes);
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      sentBytes += piece.length;
      yield piece;
    }
  }
  await before(sentBytes);
}
