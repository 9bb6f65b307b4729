import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamReader } from './byte-stream.ts';

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

const PATTERN = Uint8Array.from({ length: 1_000_000 }, (_, at) => at % 251);

describe('a stream reader', () => {
  test('gives the bytes of the stream in the sizes asked for, whatever its chunks', async () => {
    const sizes = fc.array(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 200_000 })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (chunkSizes, readSizes) => {
        const total = chunkSizes.reduce((sum, size) => sum + size, 0);
        const content = PATTERN.subarray(0, total);
        let end = 0;
        const chunks = chunkSizes.map((size) => content.subarray(end, (end += size)));
        const reader = new StreamReader(streamOf(chunks), 'stream', total);
        let at = 0;
        for (const size of readSizes) {
          if (at + size > total) {
            await expect(reader.read(size)).rejects.toThrow(expect.objectContaining({ code: 'BUNDLE_MALFORMED' }));
            return;
          }
          expect(Buffer.compare(await reader.read(size), content.subarray(at, at + size))).toBe(0);
          at += size;
          expect(reader.offset).toBe(at);
        }
        expect(await reader.atEnd()).toBe(at === total);
      }),
    );
  });

  test('takes no more than it is allowed', async () => {
    const reader = new StreamReader(streamOf([new Uint8Array(10), new Uint8Array(10)]), 'stream', 19);
    await reader.read(10);
    await expect(reader.read(1)).rejects.toThrow(expect.objectContaining({ code: 'BUNDLE_LIMIT' }));
  });
});
