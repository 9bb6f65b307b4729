import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Errno } from '../errno.ts';
import { BLOCK_BYTES, FileContent } from './content.ts';
import { Quota } from './quota.ts';

const SEED = 20_261_122;
const offset = fc.oneof(
  fc.nat(300),
  fc.integer({ min: BLOCK_BYTES - 200, max: BLOCK_BYTES + 200 }),
  fc.nat(3 * BLOCK_BYTES),
);
const operation = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    at: offset,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 700 }),
  }),
  fc.record({ kind: fc.constant('resize' as const), at: offset }),
  fc.record({ kind: fc.constant('save' as const) }),
  fc.record({ kind: fc.constant('give' as const) }),
);

const readAll = (content: FileContent): Uint8Array => {
  const bytes = new Uint8Array(content.sizeBytes).fill(9);
  content.read(0, bytes);
  return bytes;
};

test('behaves like an array of bytes, through any number of snapshots, which stay as they are, and charges what its state says', () => {
  const property = fc.property(
    fc.nat(2 * BLOCK_BYTES),
    fc.array(operation, { maxLength: 25 }),
    (baseBytes, operations) => {
      const base = Uint8Array.from({ length: baseBytes }, (_, at) => (at * 7) % 256);
      let quota = new Quota(4 * BLOCK_BYTES);
      let content = new FileContent(base, quota);
      let model = base.slice();
      const given: { readonly blocks: unknown; readonly asGiven: unknown }[] = [];
      const grow = (length: number): void => {
        const longer = new Uint8Array(length);
        longer.set(model.subarray(0, length));
        model = longer;
      };
      for (const step of operations) {
        try {
          if (step.kind === 'write') {
            const count = content.write(step.at, step.bytes);
            grow(Math.max(model.length, step.at + count));
            model.set(step.bytes.subarray(0, count), step.at);
          } else if (step.kind === 'resize') {
            content.resize(step.at);
            grow(step.at);
          } else if (step.kind === 'give') {
            const blocks = content.writtenBlocks();
            given.push({ blocks, asGiven: structuredClone(blocks) });
          } else {
            const copyQuota = new Quota(4 * BLOCK_BYTES);
            const copy = new FileContent(base, copyQuota);
            copy.load(content.sizeBytes, content.baseBytes, content.writtenBlocks());
            expect(copy.writtenBlocks()).toEqual(content.writtenBlocks());
            [content, quota] = [copy, copyQuota];
          }
        } catch (error) {
          if (!(error instanceof Errno)) throw error;
        }
        expect(quota.used).toBe(content.chargeBytes());
        expect(quota.used).toBeLessThanOrEqual(quota.limit);
      }
      expect(Buffer.compare(readAll(content), model)).toBe(0);
      for (const { blocks, asGiven } of given) expect(blocks).toEqual(asGiven);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 60 });
});

test('a write takes what fits and then fails', () => {
  const content = new FileContent(new Uint8Array(0), new Quota(10));
  expect(content.write(0, new Uint8Array(8))).toBe(8);
  expect(content.write(8, new Uint8Array(8))).toBe(2);
  expect(() => content.write(10, new Uint8Array(1))).toThrow('nospc');
  expect(content.write(0, new Uint8Array(10))).toBe(10);
  expect(() => content.write(20, new Uint8Array(1))).toThrow('nospc');
  expect(content.sizeBytes).toBe(10);
});

test('changing a byte of a base file costs one block, growing allocates nothing', () => {
  const quota = new Quota(2 ** 30);
  const content = new FileContent(new Uint8Array(10 * BLOCK_BYTES), quota);
  content.write(5 * BLOCK_BYTES + 7, Uint8Array.of(1));
  expect(quota.used).toBe(BLOCK_BYTES);
  content.resize(2 ** 29);
  expect(content.writtenBlocks().map(([index, bytes]) => [index, bytes.length])).toEqual([[5, 8]]);
});

test('gives the same bytes for a block as long as nobody writes to it', () => {
  const content = new FileContent(new Uint8Array(0), new Quota(2 ** 20));
  for (const index of [0, 1, 2]) content.write(index * BLOCK_BYTES, Uint8Array.of(1, 2, 3));
  const before = content.writtenBlocks();
  content.write(BLOCK_BYTES + 1, Uint8Array.of(9));
  content.resize(2 * BLOCK_BYTES + 2);
  const after = content.writtenBlocks();
  expect(after.map(([, bytes], index) => bytes === before[index]?.[1])).toEqual([true, false, false]);
  expect(before.map(([, bytes]) => [...bytes])).toEqual([
    [1, 2, 3],
    [1, 2, 3],
    [1, 2, 3],
  ]);
  expect(after.map(([, bytes]) => [...bytes])).toEqual([
    [1, 2, 3],
    [1, 9, 3],
    [1, 2],
  ]);
});
