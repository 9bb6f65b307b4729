import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_MODULE, smallBundle, text } from '../../test/arbitrary/bundle.ts';
import { arbitrarySnapshot, snapshotOfMemory } from '../../test/arbitrary/snapshot.ts';
import { encodeSnapshot } from '../engine/snapshot-codec.ts';
import { nodeCodecs } from '../node/codecs.ts';
import type { Bundle } from './bundle.ts';
import { type BundleCodecs, webCodecs } from './codecs.ts';
import type { Digest } from './digest.ts';
import { mapSource } from './blob-store.ts';
import { GROUP_REGION_BYTES, type MemoryGroup } from './memory-groups.ts';
import { packBundle, type PackedBundle } from './pack.ts';
import { generateKeyPair } from './signature.ts';
import { listBlobs, unpackBundle } from './unpack.ts';

const sourceOf = ({ blobs, digest, signature }: PackedBundle) => mapSource(blobs, digest, signature);
const rejection = (code: string): unknown => expect.objectContaining({ code });

/** Bytes that zstd cannot shrink, the same every time. */
function noise(sizeBytes: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: sizeBytes }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const MODES: readonly [name: string, codecs: BundleCodecs][] = [
  ['Node', nodeCodecs],
  ['the web platform', webCodecs],
];

describe.each(MODES)('with the codecs of %s', (_, codecs) => {
  test('a bundle with one of everything comes back as it was', async () => {
    const bundle = smallBundle();
    const packed = await packBundle(bundle, codecs);
    expect(await unpackBundle(sourceOf(packed), codecs)).toEqual(bundle);
  });

  test('a bundle with the least comes back as it was', async () => {
    const bundle: Bundle = { manifest: { schemaVersion: 1, name: 'x' }, module: EMPTY_MODULE, files: new Map() };
    const packed = await packBundle(bundle, codecs);
    expect(await unpackBundle(sourceOf(packed), codecs)).toStrictEqual(bundle);
  });

  test('any snapshot comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySnapshot, async (snapshot) => {
        const packed = await packBundle(smallBundle({ snapshot }), codecs);
        expect((await unpackBundle(sourceOf(packed), codecs)).snapshot).toEqual(snapshot);
      }),
      { numRuns: 50 },
    );
  });
});

test('what nests as deep as a snapshot may goes into a bundle too', async () => {
  const nested = (depth: number): unknown => (depth === 0 ? [] : [nested(depth - 1)]);
  const snapshotOf = (depth: number) => ({ ...snapshotOfMemory(new Uint8Array()), hosts: { x: nested(depth) } });
  let depth = 0;
  while (depth < 100 && fits(() => encodeSnapshot(snapshotOf(depth + 1)))) depth++;
  expect(depth).toBeGreaterThan(50);
  expect(depth).toBeLessThan(64);
  const packed = await packBundle(smallBundle({ snapshot: snapshotOf(depth) }), nodeCodecs);
  expect((await unpackBundle(sourceOf(packed), nodeCodecs)).snapshot).toEqual(snapshotOf(depth));
});

function fits(encode: () => unknown): boolean {
  try {
    encode();
    return true;
  } catch {
    return false;
  }
}

test('the same bundle has the same digest, and each blob comes once, the manifest first', async () => {
  const first = await packBundle(smallBundle(), nodeCodecs);
  const again = await packBundle(smallBundle(), nodeCodecs);
  expect(again.digest).toBe(first.digest);
  expect([...again.blobs]).toEqual([...first.blobs]);
  expect([...first.blobs.keys()][0]).toBe(first.digest);
  const listed = listBlobs(first.manifestBytes).map(({ digest }) => digest);
  expect([first.digest, ...listed].sort()).toEqual([...first.blobs.keys()].sort());
});

test('the module layer is the module, under its own digest', async () => {
  const packed = await packBundle(smallBundle(), nodeCodecs);
  const manifest = JSON.parse(new TextDecoder().decode(packed.manifestBytes)) as {
    layers: { mediaType: string; digest: Digest }[];
  };
  expect(manifest.layers[0]?.mediaType).toBe('application/wasm');
  expect(packed.blobs.get(manifest.layers[0]!.digest)).toBe(EMPTY_MODULE);
});

describe('memory', () => {
  const CHUNK = 65536;
  const image = (): Uint8Array => noise(4 * GROUP_REGION_BYTES, 1);

  test('a second bundle shares every region that did not change', async () => {
    const content = image();
    const cache = new Map<string, MemoryGroup>();
    const first = await packBundle(smallBundle({ snapshot: snapshotOfMemory(content) }), nodeCodecs, {
      groupCache: cache,
    });
    const changed = content.slice();
    changed[2 * GROUP_REGION_BYTES + CHUNK] = (changed[2 * GROUP_REGION_BYTES + CHUNK] ?? 0) ^ 1;
    const second = await packBundle(smallBundle({ snapshot: snapshotOfMemory(changed) }), nodeCodecs, {
      groupCache: cache,
    });
    const added = [...second.blobs.entries()].filter(([digest]) => !first.blobs.has(digest));
    expect(added.filter(([, bytes]) => bytes.byteLength >= GROUP_REGION_BYTES)).toHaveLength(1);
    expect(added.map(([, bytes]) => bytes.byteLength).filter((size) => size < GROUP_REGION_BYTES / 4)).toHaveLength(
      added.length - 1,
    );
    const fresh = await packBundle(smallBundle({ snapshot: snapshotOfMemory(changed) }), nodeCodecs);
    expect(fresh.digest).toBe(second.digest);
  });

  test('is compressed where that helps, and left as it is where not', async () => {
    const content = new Uint8Array(2 * GROUP_REGION_BYTES);
    content.set(noise(GROUP_REGION_BYTES, 7));
    content.fill(5, GROUP_REGION_BYTES);
    const { sizes, manifestBytes } = await packBundle(smallBundle({ snapshot: snapshotOfMemory(content) }), nodeCodecs);
    expect(sizes.memoryBytes).toBe(content.byteLength);
    expect(sizes.memoryBlobBytes).toBeGreaterThanOrEqual(GROUP_REGION_BYTES);
    expect(sizes.memoryBlobBytes).toBeLessThan(GROUP_REGION_BYTES * 1.01);
    const json = new TextDecoder().decode(manifestBytes);
    expect(json).toContain('"application/vnd.pluvio.memory.v1+zstd"');
    expect(json).toContain('"application/vnd.pluvio.memory.v1"');
  });

  test('regions of the same content share a blob', async () => {
    const content = new Uint8Array(8 * GROUP_REGION_BYTES).fill(5);
    const packed = await packBundle(smallBundle({ snapshot: snapshotOfMemory(content) }), nodeCodecs);
    expect(packed.sizes.memoryBytes).toBe(GROUP_REGION_BYTES);
    const { snapshot } = await unpackBundle(sourceOf(packed), nodeCodecs);
    const runs = snapshot!.instances[0]!.memories[0]!.runs;
    expect(runs).toHaveLength((8 * GROUP_REGION_BYTES) / CHUNK);
    expect(runs.every(({ bytes }) => bytes.every((byte) => byte === 5))).toBe(true);
  });

  test('packed with zstd, it needs a platform with zstd', async () => {
    const packed = await packBundle(
      smallBundle({ snapshot: snapshotOfMemory(new Uint8Array(CHUNK).fill(5)) }),
      nodeCodecs,
    );
    await expect(unpackBundle(sourceOf(packed), webCodecs)).rejects.toThrow(rejection('UNSUPPORTED'));
  });
});

describe('signatures', () => {
  test('one that fits is taken, also from a list of trusted keys', async () => {
    const keys = await generateKeyPair();
    const packed = await packBundle(smallBundle(), nodeCodecs, { sign: keys });
    const unsigned = await packBundle(smallBundle(), nodeCodecs);
    expect(packed.digest).toBe(unsigned.digest);
    await unpackBundle(sourceOf(packed), nodeCodecs);
    await unpackBundle(sourceOf(packed), nodeCodecs, {}, { keys: [keys.publicKey], signatureRequired: true });
    await unpackBundle(sourceOf(unsigned), nodeCodecs, {}, { keys: [keys.publicKey] });
  });

  test('none, an unknown key and a changed manifest are told apart', async () => {
    const keys = await generateKeyPair();
    const others = await generateKeyPair();
    const packed = await packBundle(smallBundle(), nodeCodecs, { sign: keys });
    const unsigned = await packBundle(smallBundle(), nodeCodecs);
    const unpack = (bundle: PackedBundle, trust = {}) => unpackBundle(sourceOf(bundle), nodeCodecs, {}, trust);
    await expect(unpack(unsigned, { signatureRequired: true })).rejects.toThrow(rejection('BUNDLE_UNSIGNED'));
    await expect(unpack(packed, { keys: [others.publicKey] })).rejects.toThrow(rejection('BUNDLE_UNTRUSTED'));
    const other = await packBundle(smallBundle({ log: text('else') }), nodeCodecs);
    await expect(unpack({ ...other, signature: packed.signature! })).rejects.toThrow(rejection('BUNDLE_SIGNATURE'));
    for (const part of ['publicKey', 'signature'] as const) {
      for (const at of [0, 17, 31]) {
        const changed = packed.signature![part].slice();
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        const signature = { ...packed.signature!, [part]: changed };
        await expect(unpack({ ...packed, signature })).rejects.toThrow(rejection('BUNDLE_SIGNATURE'));
      }
    }
  });

  test('a key pair of two halves that do not belong together does not sign', async () => {
    const [one, two] = [await generateKeyPair(), await generateKeyPair()];
    const sign = { publicKey: one.publicKey, privateKey: two.privateKey };
    await expect(packBundle(smallBundle(), nodeCodecs, { sign })).rejects.toThrow(rejection('INVALID_ARGUMENT'));
  });
});
