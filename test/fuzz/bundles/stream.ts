/** Streams of blobs between nodes. */
import { type Digest, readBlobStream } from '../../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../../runtime/node/codecs.ts';
import { hash } from 'node:crypto';
import { changeBytes } from '../change-bytes.ts';
import { Choices } from '../choices.ts';
import { type Input, mustHold, type Target } from '../target.ts';

const LIMITS = { totalBytes: 100_000, blobBytes: 50_000, blobs: 20 } as const;
const BLOBS = [0, 1, 100, 5000].map((size) => new Uint8Array(size).fill(size));
const FRAME = { end: 0, blob: 1 } as const;

const uint32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

function frame(bytes: Uint8Array, choices: Choices): Uint8Array {
  const digest = choices.oneIn(20) ? choices.bytes(32) : hash('sha256', bytes, 'buffer');
  const size = choices.oneIn(20) ? choices.edge() : bytes.length;
  return Buffer.concat([Uint8Array.of(FRAME.blob), digest, uint32(size), bytes]);
}

/** A stream that is right, mostly. */
function streamOf(choices: Choices): Uint8Array {
  const blobs = Array.from({ length: choices.oneIn(20) ? 25 : choices.below(5) }, () => choices.pick(BLOBS));
  const count = choices.oneIn(20) ? choices.edge() : blobs.length;
  const version = choices.oneIn(40) ? choices.edge() : 1;
  const frames = blobs.map((bytes) => frame(bytes, choices));
  const end = Buffer.concat([Uint8Array.of(FRAME.end), uint32(count)]);
  return new Uint8Array(Buffer.concat([new TextEncoder().encode('PLVB'), uint32(version), ...frames, end]));
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

export function openStreamTarget(): Promise<Target> {
  return Promise.resolve({
    make(choices): Input {
      const salt = choices.bits32();
      let bytes = streamOf(choices);
      if (choices.oneIn(2)) choices.changes(3, (own) => (bytes = changeBytes(bytes, own)));
      return { base: 'stream', salt, bytes };
    },
    async check({ bytes, salt }) {
      const choices = new Choices(salt, 1);
      const wanted = choices.oneIn(4)
        ? BLOBS.map((blob): Digest => `sha256:${hash('sha256', blob, 'hex')}`)
        : undefined;
      let total = 0;
      for await (const blob of readBlobStream(
        pieces(bytes, choices.pick([13, 1000, 65_536])),
        nodeCodecs,
        LIMITS,
        wanted,
      )) {
        mustHold(
          blob.digest === `sha256:${hash('sha256', blob.bytes, 'hex')}`,
          () => `a blob that is not ${blob.digest}`,
        );
        total += blob.bytes.length;
      }
      mustHold(total <= LIMITS.totalBytes, () => `${total} bytes of blobs`);
      return 'read';
    },
  });
}
