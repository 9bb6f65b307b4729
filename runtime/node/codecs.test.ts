import { describe, expect, test } from 'vitest';
import { webCodecs } from '../bundle/index.ts';
import { nodeCodecs } from './codecs.ts';

const content = new Uint8Array(100_000).fill(7);

describe("Node's codecs", () => {
  test.each([0, 1, 100_000])('hash %i bytes as WebCrypto does', async (sizeBytes) => {
    const bytes = content.subarray(0, sizeBytes);
    expect(await nodeCodecs.sha256(bytes)).toEqual(await webCodecs.sha256(bytes));
  });

  test('hash a view of shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    expect(await nodeCodecs.sha256(shared)).toEqual(await webCodecs.sha256(shared));
  });

  test.each([0, 1, 100_000])('compress %i bytes and back', async (sizeBytes) => {
    const compressed = await nodeCodecs.zstdCompress(content.subarray(0, sizeBytes));
    expect(await nodeCodecs.zstdDecompress(compressed, sizeBytes)).toEqual(content.subarray(0, sizeBytes));
  });

  test('stop at the allowed size, and at damage', async () => {
    const compressed = await nodeCodecs.zstdCompress(content);
    await expect(nodeCodecs.zstdDecompress(compressed, content.byteLength - 1)).rejects.toThrow();
    await expect(nodeCodecs.zstdDecompress(compressed.subarray(0, -1), content.byteLength)).rejects.toThrow();
    const changed = compressed.map((byte, at) => (at === compressed.length - 1 ? byte ^ 1 : byte));
    await expect(nodeCodecs.zstdDecompress(changed, content.byteLength)).rejects.toThrow();
  });
});
