/**
 * The memory of a snapshot in blobs: its runs, grouped by region, compressed where that helps.
 *
 * Boundary: bytes and digests; how the snapshot names them is `bundle-snapshot.ts`'s.
 *
 * Invariants:
 * 1. A group holds the runs of one region of GROUP_REGION_BYTES of one memory, in ascending order. So a later snapshot of the
 *    same worker has the same blob for every region that did not change.
 * 2. A group is stored raw unless zstd saves at least 1/16 of it.
 */
import type { MemoryRun, Snapshot } from '../engine/snapshot.ts';
import type { BundleCodecs } from './codecs.ts';
import { type Digest, digestFromHash, digestOf } from './digest.ts';
import { LAYERS } from './media-types.ts';

/** Region of a memory that one group covers. */
export const GROUP_REGION_BYTES = 2 * 2 ** 20;
/** The largest content of a group that a reader takes. */
export const GROUP_MAX_BYTES = 4 * 2 ** 20;

/** A group as a layer of a bundle. */
export interface StoredGroup {
  readonly kind: 'memory' | 'memoryZstd';
  readonly mediaType: string;
  readonly digest: Digest;
  /** Size of the blob. */
  readonly sizeBytes: number;
  /** Size of its content, uncompressed. */
  readonly contentBytes: number;
  /** The blob, as stored; absent where another bundle has it. */
  readonly bytes?: Uint8Array;
}

/** A group with its bytes. */
export interface MemoryGroup extends StoredGroup {
  readonly bytes: Uint8Array;
}

/** Where a run's bytes are. */
export interface ChunkPlace {
  /** Index into the groups. */
  readonly group: number;
  readonly offset: number;
  readonly hash: Uint8Array;
}

export interface PackedMemory {
  readonly groups: readonly MemoryGroup[];
  /** By instance, memory and run. */
  readonly places: readonly (readonly (readonly ChunkPlace[])[])[];
}

/** Groups that earlier packs of the same worker made, by content: what did not change is not compressed again. */
export type GroupCache = Map<string, MemoryGroup>;

interface Region {
  readonly runs: readonly MemoryRun[];
  readonly hashes: readonly Uint8Array[];
}

export async function packMemory(snapshot: Snapshot, codecs: BundleCodecs, cache: GroupCache): Promise<PackedMemory> {
  const regions: Region[] = [];
  const places: ChunkPlace[][][] = [];
  for (const instance of snapshot.instances) {
    const perMemory: ChunkPlace[][] = [];
    for (const memory of instance.memories) {
      const perRun: ChunkPlace[] = [];
      for (const runs of splitByRegion(memory.runs)) {
        const hashes: Uint8Array[] = [];
        let offset = 0;
        for (const run of runs) {
          const hash = await codecs.sha256(run.bytes);
          hashes.push(hash);
          perRun.push({ group: regions.length, offset, hash });
          offset += run.bytes.byteLength;
        }
        regions.push({ runs, hashes });
      }
      perMemory.push(perRun);
    }
    places.push(perMemory);
  }
  const groups = await Promise.all(regions.map((region) => packRegion(region, codecs, cache)));
  return { groups, places };
}

function splitByRegion(runs: readonly MemoryRun[]): MemoryRun[][] {
  const regions = Map.groupBy(runs, (run) => Math.floor(run.offset / GROUP_REGION_BYTES));
  return [...regions.values()];
}

async function packRegion({ runs, hashes }: Region, codecs: BundleCodecs, cache: GroupCache): Promise<MemoryGroup> {
  const key = digestFromHash(await codecs.sha256(concat(hashes)));
  const known = cache.get(key);
  if (known !== undefined) return known;
  const group = await packGroup(
    runs.map((run) => run.bytes),
    codecs,
  );
  cache.set(key, group);
  return group;
}

/** Makes one group of chunks. */
export async function packGroup(chunks: readonly Uint8Array[], codecs: BundleCodecs): Promise<MemoryGroup> {
  const content = concat(chunks);
  const compressed = await codecs.zstdCompress?.(content);
  const helps = compressed !== undefined && compressed.byteLength <= content.byteLength - content.byteLength / 16;
  const kind = helps ? 'memoryZstd' : 'memory';
  const bytes = helps ? compressed : content;
  return {
    kind,
    mediaType: LAYERS[kind].mediaType,
    digest: await digestOf(bytes, codecs),
    sizeBytes: bytes.byteLength,
    bytes,
    contentBytes: content.byteLength,
  };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.byteLength;
  }
  return result;
}
