import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallBundle } from '../../test/arbitrary/bundle.ts';
import { arbitrarySnapshot, snapshotOfMemory } from '../../test/arbitrary/snapshot.ts';
import { noise } from '../../test/registry/open-registry.ts';
import type { Snapshot } from '../engine/snapshot.ts';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { mapSource } from './blob-store.ts';
import { LAYERS } from './media-types.ts';
import { packBundle, type PackedBundle } from './pack.ts';
import { decodeImageManifest } from './oci.ts';
import { type KnownChunks, readKnownChunks, snapshotLayerOf, splitRuns } from './shared-memory.ts';
import { unpackBundle } from './unpack.ts';

const KIB = 1024;
const pack = (snapshot: Snapshot, known: KnownChunks = new Map()): Promise<PackedBundle> =>
  packBundle(smallBundle({ snapshot }), codecs, { known });

function chunksOf({ manifestBytes, blobs }: PackedBundle): KnownChunks {
  const layer = snapshotLayerOf(manifestBytes);
  return readKnownChunks(manifestBytes, (layer && blobs.get(layer.digest)) ?? new Uint8Array());
}

/** The snapshot of bundles, of which the last has been packed upon the others. */
async function unpackOf(...bundles: readonly PackedBundle[]): Promise<Snapshot | undefined> {
  const blobs = new Map(bundles.flatMap((bundle) => [...bundle.blobs]));
  const { digest } = bundles.at(-1) ?? (await pack(snapshotOfMemory(new Uint8Array())));
  return (await unpackBundle(mapSource(blobs, digest), codecs)).snapshot;
}

/** Bytes of memory that the bundle brings itself, and the groups that it names. */
function memoryOf({ manifestBytes, blobs }: PackedBundle): { readonly ownBytes: number; readonly groups: number } {
  const types: readonly string[] = [LAYERS.memory.mediaType, LAYERS.memoryZstd.mediaType];
  const groups = decodeImageManifest(manifestBytes).layers.filter(({ mediaType }) => types.includes(mediaType));
  const own = groups.filter(({ digest }) => blobs.has(digest));
  return { ownBytes: own.reduce((total, { sizeBytes }) => total + sizeBytes, 0), groups: groups.length };
}

const changed = (bytes: Uint8Array, ...places: readonly number[]): Uint8Array => {
  const copy = new Uint8Array(bytes);
  for (const place of places) copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
};

const MEMORY = noise(4096 * KIB, 1);

it('any two snapshots come back as they were, the second upon the first', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrarySnapshot, arbitrarySnapshot, async (first, second) => {
      const base = await pack(first);
      expect(await unpackOf(base)).toEqual(splitRuns(first));
      expect(await unpackOf(base, await pack(second, chunksOf(base)))).toEqual(splitRuns(second));
    }),
    { numRuns: 50 },
  );
});

describe('what is stored of a second snapshot', () => {
  it.each([
    ['nothing has changed', [], 0],
    ['a byte has', [1_000_000], 8 * KIB],
    ['two bytes of a chunk have', [1_000_000, 1_000_100], 8 * KIB],
    ['ten bytes all over', Array.from({ length: 10 }, (_, index) => index * 400_000), 80 * KIB],
  ])('when %s', async (_, places, expected) => {
    const base = await pack(snapshotOfMemory(MEMORY));
    const snapshot = snapshotOfMemory(changed(MEMORY, ...places));
    const next = await pack(snapshot, chunksOf(base));
    expect(memoryOf(next).ownBytes).toBe(expected);
    expect(await unpackOf(base, next)).toEqual(splitRuns(snapshot));
  });

  it('a chunk at another place is the same chunk', async () => {
    const base = await pack(snapshotOfMemory(MEMORY));
    const moved = new Uint8Array([...MEMORY.subarray(1024 * KIB), ...MEMORY.subarray(0, 1024 * KIB)]);
    expect(memoryOf(await pack(snapshotOfMemory(moved), chunksOf(base))).ownBytes).toBe(0);
  });

  it('equal chunks are stored once', async () => {
    const twice = new Uint8Array(128 * KIB);
    twice.set(noise(64 * KIB, 3));
    twice.set(noise(64 * KIB, 3), 64 * KIB);
    expect(memoryOf(await pack(snapshotOfMemory(twice))).ownBytes).toBe(64 * KIB);
  });
});

describe('a group is stored anew', () => {
  it('if it is small, so that small ones do not pile up', async () => {
    let before: PackedBundle[] = [await pack(snapshotOfMemory(MEMORY))];
    let memory = MEMORY;
    for (let generation = 0; generation < 40; generation++) {
      memory = changed(memory, generation * 100_000);
      const last = before.at(-1);
      if (last === undefined) throw new Error('there is one');
      before = [...before, await pack(snapshotOfMemory(memory), chunksOf(last))];
      const { ownBytes, groups } = memoryOf(before.at(-1) ?? last);
      expect(ownBytes).toBeLessThanOrEqual(264 * KIB);
      expect(groups).toBeLessThanOrEqual(5);
    }
    expect(await unpackOf(...before)).toEqual(splitRuns(snapshotOfMemory(memory)));
  });

  it.each([
    ['of which half is in use is not', 0.5, 0],
    ['of which less is', 0.49, 0.98],
  ])('%s', async (_, keptShare, storedShare) => {
    const base = await pack(snapshotOfMemory(MEMORY.subarray(0, 2048 * KIB)));
    const keptBytes = Math.floor((2048 * KIB * keptShare) / 8192) * 8192;
    const kept = snapshotOfMemory(MEMORY.subarray(0, keptBytes));
    const { ownBytes } = memoryOf(await pack(kept, chunksOf(base)));
    expect(ownBytes).toBe(storedShare === 0 ? 0 : keptBytes);
  });
});

it('an earlier bundle that lies about its chunks harms nobody: the bundle is refused', async () => {
  const base = await pack(snapshotOfMemory(MEMORY));
  const lies = new Map(
    [...chunksOf(base)].map(([digest, place]) => [digest, { ...place, offset: place.offset ^ 8192 }]),
  );
  const next = await pack(snapshotOfMemory(changed(MEMORY, 5)), lies);
  await expect(unpackOf(base, next)).rejects.toMatchObject({ code: 'BUNDLE_DIGEST' });
});

it('a bundle without memory has no chunks', async () => {
  const { snapshot: _snapshot, ...bundle } = smallBundle();
  const { manifestBytes } = await packBundle(bundle, codecs);
  expect(snapshotLayerOf(manifestBytes)).toBeUndefined();
});
