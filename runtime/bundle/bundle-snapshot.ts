/**
 * The snapshot layer of a bundle: the state of a snapshot whose memory runs name chunks in groups.
 *
 *     { groups: [[digest, contentBytes], …], state: …, version: 1 }     as MessagePack
 *     runs of a memory: [firstBlock, blockCount, group, offset, sha256, …]
 *
 * Boundary: the bytes of the groups are passed in. docs/bundle-format.md is the specification.
 */
import { decodePlain, encodePlain } from '../engine/messagepack.ts';
import {
  FieldFault,
  inField,
  readArray,
  readBytes,
  readEach,
  readRecord,
  readUint,
  withFieldErrors,
} from '../engine/plain-fields.ts';
import { MEMORY_BLOCK_BYTES, type Snapshot, type SnapshotVersion } from '../engine/snapshot.ts';
import { encodeState, readRunPlaces, readState, requireVersion } from '../engine/snapshot-state.ts';
import { PluvioError } from '../errors/index.ts';
import type { BundleCodecs } from './codecs.ts';
import { type Digest, DIGEST_BYTES, digestFromHash, equalBytes, hashOfDigest } from './digest.ts';
import { type ChunkPlace, GROUP_MAX_BYTES } from './memory-groups.ts';

const RUN_WIDTH = 5;
const MAX_GROUPS = 100_000;
const WHAT = 'snapshot of the bundle';

export interface GroupEntry {
  readonly digest: Digest;
  readonly contentBytes: number;
}

/** A snapshot layer whose groups are not there yet. */
export interface SnapshotLayer {
  readonly version: SnapshotVersion;
  readonly groups: readonly GroupEntry[];
  readonly state: unknown;
}

/** Which groups hold the memory, and where each run of it is. */
export interface PlacedMemory {
  readonly groups: readonly GroupEntry[];
  /** By instance, memory and run. */
  readonly places: readonly (readonly (readonly ChunkPlace[])[])[];
}

export function encodeSnapshotLayer(snapshot: Snapshot, memory: PlacedMemory): Uint8Array {
  const state = encodeState(snapshot, ({ runs }, instanceIndex, memoryIndex) => {
    const places = memory.places[instanceIndex]?.[memoryIndex] ?? [];
    return places.flatMap(({ group, offset, hash }, index) => {
      const run = runs[index];
      if (run === undefined) return [];
      return [run.offset / MEMORY_BLOCK_BYTES, run.bytes.byteLength / MEMORY_BLOCK_BYTES, group, offset, hash];
    });
  });
  const groups = memory.groups.map(({ digest, contentBytes }) => [hashOfDigest(digest), contentBytes]);
  return encodePlain({ version: snapshot.version, groups, state }, 'snapshot');
}

/** @throws PluvioError `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION` */
export function openSnapshotLayer(bytes: Uint8Array): SnapshotLayer {
  return withFieldErrors('SNAPSHOT_MALFORMED', WHAT, () => {
    const record = readRecord(decodePlain(bytes), ['version', 'groups', 'state']);
    const version = requireVersion(inField('version', () => readUint(record['version'], 0xffffffff)));
    const groups = inField('groups', () => readEach(record['groups'], MAX_GROUPS, readGroup));
    return { version, groups, state: record['state'] };
  });
}

function readGroup(plain: unknown): GroupEntry {
  const parts = readArray(plain, 2, 2);
  return {
    digest: digestFromHash(inField('digest', () => readBytes(parts[0], DIGEST_BYTES))),
    contentBytes: inField('contentBytes', () => readUint(parts[1], GROUP_MAX_BYTES)),
  };
}

/**
 * The chunks that a layer names, without their content.
 * @throws PluvioError `SNAPSHOT_MALFORMED`
 */
export function listChunks(layer: SnapshotLayer): readonly (ChunkPlace & { readonly sizeBytes: number })[] {
  const chunks: (ChunkPlace & { readonly sizeBytes: number })[] = [];
  withFieldErrors('SNAPSHOT_MALFORMED', WHAT, () =>
    inField('state', () =>
      readState(layer.state, layer.version, (plain, pages) => {
        const items = readArray(plain, 0, Infinity);
        readRunPlaces(plain, pages, RUN_WIDTH).forEach(({ blockCount }, index) => {
          const at = index * RUN_WIDTH + 2;
          const group = inField(at, () => readUint(items[at], layer.groups.length - 1));
          const offset = inField(at + 1, () => readUint(items[at + 1], GROUP_MAX_BYTES));
          const hash = inField(at + 2, () => readBytes(items[at + 2], DIGEST_BYTES));
          chunks.push({ group, offset, hash, sizeBytes: blockCount * MEMORY_BLOCK_BYTES });
        });
        return [];
      }),
    ),
  );
  return chunks;
}

/**
 * Reads the state and takes its memory from the contents of the groups; every chunk is compared with its hash. Runs are
 * views of the contents.
 * @throws PluvioError `SNAPSHOT_MALFORMED`, `BUNDLE_DIGEST`
 */
export async function readSnapshotLayer(
  layer: SnapshotLayer,
  contents: readonly Uint8Array[],
  codecs: BundleCodecs,
): Promise<Snapshot> {
  const chunks: { readonly bytes: Uint8Array; readonly hash: Uint8Array }[] = [];
  const snapshot = withFieldErrors('SNAPSHOT_MALFORMED', WHAT, () =>
    inField('state', () =>
      readState(layer.state, layer.version, (plain, pages) => {
        const items = readArray(plain, 0, Infinity);
        return readRunPlaces(plain, pages, RUN_WIDTH).map(({ firstBlock, blockCount }, index) => {
          const chunk = readChunk(items, index * RUN_WIDTH + 2, blockCount * MEMORY_BLOCK_BYTES, contents);
          chunks.push(chunk);
          return { offset: firstBlock * MEMORY_BLOCK_BYTES, bytes: chunk.bytes };
        });
      }),
    ),
  );
  for (const { bytes, hash } of chunks) {
    const found = await codecs.sha256(bytes);
    if (!equalBytes(found, hash)) {
      throw new PluvioError(
        'BUNDLE_DIGEST',
        `memory chunk ${digestFromHash(hash)} has the content of ${digestFromHash(found)}`,
      );
    }
  }
  return snapshot;
}

function readChunk(
  items: readonly unknown[],
  at: number,
  sizeBytes: number,
  contents: readonly Uint8Array[],
): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  const content = contents[inField(at, () => readUint(items[at], contents.length - 1))] ?? new Uint8Array();
  if (content.byteLength < sizeBytes) {
    return inField(at, () => {
      throw new FieldFault(items[at], `a group of at least ${sizeBytes} bytes`);
    });
  }
  const offset = inField(at + 1, () => readUint(items[at + 1], content.byteLength - sizeBytes));
  const hash = inField(at + 2, () => readBytes(items[at + 2], DIGEST_BYTES));
  return { bytes: content.subarray(offset, offset + sizeBytes), hash };
}
