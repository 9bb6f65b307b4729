/**
 * A snapshot as bytes that stand by themselves, and back.
 *
 *     offset 0   'PLVS'
 *     offset 4   format version, u32 little-endian
 *     offset 8   size of the state in bytes, u32 little-endian
 *     offset 12  the state, MessagePack (snapshot-state.ts)
 *     then       the bytes of all memory runs, in the order of the state, to the end
 *
 * Boundary: shape, range, order and size. Whether a snapshot fits a module is the engine's to check.
 * docs/snapshot-format.md is the specification.
 *
 * Invariants:
 * 1. Same snapshot, same bytes.
 * 2. Memory bytes are copied once when they are encoded, and not at all when they are decoded.
 */
import { assert } from '../errors/index.ts';
import { decodePlain, encodePlain, MAX_DEPTH } from './messagepack.ts';
import { FieldFault, withFieldErrors } from './plain-fields.ts';
import { MEMORY_BLOCK_BYTES, type MemoryState, type Snapshot, type SnapshotVersion } from './snapshot.ts';
import { encodeState, readRunPlaces, readState, requireVersion } from './snapshot-state.ts';

/** 'PLVS' as the u32 at offset 0, little-endian. */
const MAGIC = 0x53564c50;
const HEADER_BYTES = 12;
/** One less than a reader takes: a bundle puts the same state one level deeper, and must not fail where this does not. */
const STATE_MAX_DEPTH = MAX_DEPTH - 1;

/**
 * Encodes a snapshot; the result is the caller's own.
 * @throws PluvioError `INVALID_ARGUMENT` the state of a host is not plain data
 */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const state = encodePlain(encodeState(snapshot, encodeInlineRuns), 'snapshot', STATE_MAX_DEPTH);
  const runs = snapshot.instances.flatMap(({ memories }) => memories.flatMap((memory) => memory.runs));
  const memoryBytes = runs.reduce((total, run) => total + run.bytes.byteLength, 0);
  const bytes = new Uint8Array(HEADER_BYTES + state.byteLength + memoryBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, snapshot.version, true);
  view.setUint32(8, state.byteLength, true);
  bytes.set(state, HEADER_BYTES);
  let at = HEADER_BYTES + state.byteLength;
  for (const run of runs) {
    bytes.set(run.bytes, at);
    at += run.bytes.byteLength;
  }
  return bytes;
}

function encodeInlineRuns({ runs }: MemoryState): number[] {
  return runs.flatMap(({ offset, bytes }) => {
    assert(offset % MEMORY_BLOCK_BYTES === 0, `memory run at ${offset} begins at a block`);
    assert(bytes.byteLength % MEMORY_BLOCK_BYTES === 0, `memory run of ${bytes.byteLength} bytes is whole blocks`);
    return [offset / MEMORY_BLOCK_BYTES, bytes.byteLength / MEMORY_BLOCK_BYTES];
  });
}

/**
 * Decodes and checks a snapshot. Memory runs, v128 values and host bytes are views of `bytes`: leave it unchanged as long as the
 * snapshot is in use.
 * @throws PluvioError `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION`
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  return withFieldErrors('SNAPSHOT_MALFORMED', 'cannot decode the snapshot', () => {
    const { version, state, memory } = splitSnapshot(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    let at = 0;
    const snapshot = readState(decodePlain(state), version, (plain, pages) =>
      readRunPlaces(plain, pages, 2).map(({ firstBlock, blockCount }) => {
        const start = at;
        at += blockCount * MEMORY_BLOCK_BYTES;
        if (at > memory.byteLength) throw new FieldFault(memory, `at least ${at} bytes of memory`);
        return { offset: firstBlock * MEMORY_BLOCK_BYTES, bytes: memory.subarray(start, at) };
      }),
    );
    if (at !== memory.byteLength) throw new FieldFault(memory, `${at} bytes of memory`);
    return snapshot;
  });
}

interface SnapshotParts {
  readonly version: SnapshotVersion;
  readonly state: Uint8Array;
  readonly memory: Uint8Array;
}

function splitSnapshot(bytes: Uint8Array): SnapshotParts {
  if (bytes.byteLength < HEADER_BYTES) throw new FieldFault(bytes, `at least ${HEADER_BYTES} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new FieldFault(bytes.subarray(0, 4), "the bytes 'PLVS' at the start");
  const version = requireVersion(view.getUint32(4, true));
  const stateBytes = view.getUint32(8, true);
  if (stateBytes > bytes.byteLength - HEADER_BYTES) {
    throw new FieldFault(stateBytes, `a size of at most ${bytes.byteLength - HEADER_BYTES} bytes`);
  }
  const memoryStart = HEADER_BYTES + stateBytes;
  return { version, state: bytes.subarray(HEADER_BYTES, memoryStart), memory: bytes.subarray(memoryStart) };
}
