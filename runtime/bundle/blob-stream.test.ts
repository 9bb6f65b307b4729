import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PluvioError } from '../errors/index.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { readBlobStream, writeBlobStream } from './blob-stream.ts';
import { type Digest, digestOf, hashOfDigest } from './digest.ts';
import type { BundleLimits } from './limits.ts';

const CONTENTS = ['', 'a', 'hello', 'x'.repeat(3000)].map((content) => new TextEncoder().encode(content));
const blobs = new Map(
  await Promise.all(CONTENTS.map(async (bytes) => [await digestOf(bytes, nodeCodecs), bytes] as const)),
);
const digests = [...blobs.keys()];

async function* chunksOf(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes)
    yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
}

async function encode(list: readonly Digest[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of writeBlobStream(list, (digest) => blobs.get(digest)!)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

async function decode(
  bytes: Uint8Array,
  options: { readonly chunkBytes?: number; readonly limits?: BundleLimits; readonly expected?: readonly Digest[] } = {},
): Promise<[string, Digest[]]> {
  const came: Digest[] = [];
  try {
    const stream = chunksOf(bytes, options.chunkBytes ?? bytes.byteLength + 1);
    for await (const { digest, bytes: content } of readBlobStream(
      stream,
      nodeCodecs,
      options.limits,
      options.expected,
    )) {
      expect(Buffer.compare(content, blobs.get(digest)!)).toBe(0);
      came.push(digest);
    }
    return ['none', came];
  } catch (error) {
    if (error instanceof PluvioError && error.code !== 'INTERNAL') return [error.code, came];
    throw error;
  }
}

describe('a blob stream', () => {
  test('brings blobs in order, whatever the chunks', async () => {
    const bytes = await encode(digests);
    for (const chunkBytes of [1, 7, 1000, 100_000])
      expect(await decode(bytes, { chunkBytes })).toEqual(['none', digests]);
    expect(await decode(bytes, { expected: digests })).toEqual(['none', digests]);
    expect(await decode(await encode([]))).toEqual(['none', []]);
  });

  test('gives a blob before the next has come', async () => {
    const bytes = await encode(digests);
    const cut = bytes.subarray(0, bytes.length - 100);
    expect(await decode(cut)).toEqual(['BUNDLE_MALFORMED', digests.slice(0, -1)]);
  });

  test('every truncation is found', async () => {
    const bytes = await encode(digests.slice(0, 3));
    for (let length = 0; length < bytes.length; length++) {
      expect((await decode(bytes.subarray(0, length)))[0]).toBe('BUNDLE_MALFORMED');
    }
  });

  test('every changed byte is found', async () => {
    const bytes = await encode(digests);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect((await decode(changed))[0]).toMatch(/^BUNDLE_/);
      }),
    );
  });

  test('only what was asked for comes, once, and all of it', async () => {
    const [first, second] = digests;
    expect((await decode(await encode([first!]), { expected: [first!, second!] }))[0]).toBe('BUNDLE_MALFORMED');
    expect((await decode(await encode([first!, second!]), { expected: [first!] }))[0]).toBe('BUNDLE_MALFORMED');
    expect((await decode(await encode([first!, first!])))[0]).toBe('BUNDLE_MALFORMED');
  });

  test('limits hold, and an announced size takes no memory', async () => {
    expect((await decode(await encode(digests), { limits: { blobBytes: 2999 } }))[0]).toBe('BUNDLE_LIMIT');
    expect((await decode(await encode(digests), { limits: { blobs: 3 } }))[0]).toBe('BUNDLE_LIMIT');
    expect((await decode(await encode(digests), { limits: { totalBytes: 100, blobs: 10 } }))[0]).toBe('BUNDLE_LIMIT');
    const header = (await encode([])).subarray(0, 8);
    const frame = new Uint8Array(37);
    frame[0] = 1;
    frame.set(hashOfDigest(digests[0]!), 1);
    new DataView(frame.buffer).setUint32(33, 400 * 2 ** 20, true);
    const before = process.memoryUsage().arrayBuffers;
    expect((await decode(new Uint8Array([...header, ...frame])))[0]).toBe('BUNDLE_MALFORMED');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
  });

  test('another magic and another version are told apart', async () => {
    const bytes = await encode([]);
    expect((await decode(bytes.map((byte, at) => (at === 0 ? 0x51 : byte))))[0]).toBe('BUNDLE_MALFORMED');
    expect((await decode(bytes.map((byte, at) => (at === 4 ? 2 : byte))))[0]).toBe('BUNDLE_VERSION');
  });
});
