/**
 * The memory of a snapshot in blobs, sharing those that an earlier bundle of the same worker has.
 *
 * Boundary: bytes and digests. Of the earlier bundle only its manifest and snapshot layer are needed: these name the hash of every chunk.
 *
 * Invariants:
 * 1. A chunk that the earlier bundle has is not stored again, unless in a group that is small or mostly out of use: so groups neither pile up
 *    nor keep much that nobody needs.
 * 2. Every chunk is named with a hash of its own content. What the earlier bundle claims is believed for places only: a wrong one is found
 *    when the bundle is read.
 */
import { MEMORY_BLOCK_BYTES, type MemoryRun, type Snapshot } from '../engine/snapshot.ts';
import { listChunks, openSnapshotLayer } from './bundle-snapshot.ts';
import type { BundleCodecs } from './codecs.ts';
import { type Digest, digestFromHash } from './digest.ts';
import { type ChunkPlace, GROUP_REGION_BYTES, packGroup, type StoredGroup } from './memory-groups.ts';
import { decodeImageManifest, type Descriptor } from './oci.ts';

/** The largest chunk: a change costs as much at least. */
const CHUNK_BYTES = 2 * MEMORY_BLOCK_BYTES;
/** A smaller group is not shared but stored anew, with others. */
const SMALL_GROUP_BYTES = 32 * CHUNK_BYTES;
/** A group of which less is in use is not shared. */
const LEAST_USE = 0.5;

interface KnownPlace {
  readonly group: StoredGroup;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Where chunks are, by their digest. */
export type KnownChunks = ReadonlyMap<Digest, KnownPlace>;

export interface SharedMemory {
  /** The groups that the snapshot names; those without bytes are in the earlier bundle. */
  readonly groups: readonly StoredGroup[];
  readonly places: readonly (readonly (readonly ChunkPlace[])[])[];
}

/** The descriptor of the snapshot layer of a bundle; undefined: it has none. @throws PluvioError `BUNDLE_MALFORMED`, `BUNDLE_VERSION` */
export const snapshotLayerOf = (manifestBytes: Uint8Array): Descriptor | undefined =>
  decodeImageManifest(manifestBytes).layers.find(({ kind }) => kind === 'snapshot');

/**
 * Where the chunks of an earlier bundle are.
 * @throws PluvioError `BUNDLE_MALFORMED`, `BUNDLE_VERSION`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION`
 */
export function readKnownChunks(manifestBytes: Uint8Array, snapshotLayer: Uint8Array): KnownChunks {
  const layers = new Map(decodeImageManifest(manifestBytes).layers.map((layer) => [layer.digest, layer]));
  const opened = openSnapshotLayer(snapshotLayer);
  const groups = opened.groups.map(({ digest, contentBytes }): StoredGroup | undefined => {
    const { kind, mediaType, sizeBytes } = layers.get(digest) ?? {};
    if ((kind !== 'memory' && kind !== 'memoryZstd') || mediaType === undefined || sizeBytes === undefined)
      return undefined;
    return { kind, mediaType, digest, sizeBytes, contentBytes };
  });
  const chunks = new Map<Digest, KnownPlace>();
  for (const { group: index, offset, sizeBytes, hash } of listChunks(opened)) {
    const group = groups[index];
    if (group !== undefined && group.contentBytes >= SMALL_GROUP_BYTES && offset + sizeBytes <= group.contentBytes)
      chunks.set(digestFromHash(hash), { group, offset, sizeBytes });
  }
  return chunks;
}

/** The snapshot with its memory in smaller runs, so that a later one shares all that did not change. */
export function splitRuns(snapshot: Snapshot): Snapshot {
  const split = ({ offset, bytes }: MemoryRun): MemoryRun[] => {
    // At multiples of the size, whatever the run begins with: the next snapshot has its runs elsewhere.
    const runs: MemoryRun[] = [];
    for (let at = 0; at < bytes.byteLength;) {
      const end = Math.min(bytes.byteLength, at + CHUNK_BYTES - ((offset + at) % CHUNK_BYTES));
      runs.push({ offset: offset + at, bytes: bytes.subarray(at, end) });
      at = end;
    }
    return runs;
  };
  const instances = snapshot.instances.map((instance) => ({
    ...instance,
    memories: instance.memories.map((memory) => ({ ...memory, runs: memory.runs.flatMap(split) })),
  }));
  return { ...snapshot, instances };
}

interface HashedRun {
  readonly run: MemoryRun;
  readonly hash: Uint8Array;
  readonly known: KnownPlace | undefined;
}

/** Packs the memory of a snapshot, of which some chunks are known. */
export async function packSharedMemory(
  snapshot: Snapshot,
  known: KnownChunks,
  codecs: BundleCodecs,
): Promise<SharedMemory> {
  const memories: HashedRun[][][] = [];
  for (const { memories: ofInstance } of snapshot.instances) {
    const hashed: HashedRun[][] = [];
    for (const { runs } of ofInstance) hashed.push(await Promise.all(runs.map((run) => hashRun(run, known, codecs))));
    memories.push(hashed);
  }
  const shared = usedGroups(memories.flat(2));
  const writer = new GroupWriter([...shared], codecs);
  const places: ChunkPlace[][][] = [];
  for (const ofInstance of memories) {
    const perMemory: ChunkPlace[][] = [];
    for (const runs of ofInstance) {
      const perRun: ChunkPlace[] = [];
      for (const hashed of runs) perRun.push(await writer.place(hashed));
      perMemory.push(perRun);
    }
    places.push(perMemory);
  }
  return { groups: await writer.finish(), places };
}

async function hashRun(run: MemoryRun, known: KnownChunks, codecs: BundleCodecs): Promise<HashedRun> {
  const hash = await codecs.sha256(run.bytes);
  const place = known.get(digestFromHash(hash));
  return { run, hash, known: place?.sizeBytes === run.bytes.byteLength ? place : undefined };
}

/** The known groups that are worth sharing. */
function usedGroups(runs: readonly HashedRun[]): Set<StoredGroup> {
  const usedBytes = new Map<StoredGroup, number>();
  for (const { known } of runs) {
    if (known !== undefined) usedBytes.set(known.group, (usedBytes.get(known.group) ?? 0) + known.sizeBytes);
  }
  return new Set(
    [...usedBytes].filter(([group, used]) => used >= LEAST_USE * group.contentBytes).map(([group]) => group),
  );
}

/** Puts chunks that no shared group has into groups of their own, in their order. */
class GroupWriter {
  readonly #codecs: BundleCodecs;
  readonly #groups: StoredGroup[];
  readonly #indexes: Map<StoredGroup, number>;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  readonly #written = new Map<Digest, ChunkPlace>();

  constructor(shared: readonly StoredGroup[], codecs: BundleCodecs) {
    this.#codecs = codecs;
    this.#groups = [...shared];
    this.#indexes = new Map(shared.map((group, index) => [group, index]));
  }

  async place({ run, hash, known }: HashedRun): Promise<ChunkPlace> {
    const index = known && this.#indexes.get(known.group);
    if (known !== undefined && index !== undefined) return { group: index, offset: known.offset, hash };
    const before = this.#written.get(digestFromHash(hash));
    if (before !== undefined) return before;
    if (this.#pendingBytes + run.bytes.byteLength > GROUP_REGION_BYTES) await this.#flush();
    const place = { group: this.#groups.length, offset: this.#pendingBytes, hash };
    this.#pending.push(run.bytes);
    this.#pendingBytes += run.bytes.byteLength;
    this.#written.set(digestFromHash(hash), place);
    return place;
  }

  async #flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    this.#groups.push(await packGroup(this.#pending, this.#codecs));
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  async finish(): Promise<readonly StoredGroup[]> {
    await this.#flush();
    return this.#groups;
  }
}
