/**
 * A snapshot as plain data and back: everything but the bytes of its memories, for which the container finds a place.
 *
 * Boundary: `snapshot-codec.ts` keeps memory bytes behind the data, a bundle keeps them in blobs; each passes in how a memory's
 * runs are described. docs/snapshot-format.md is the specification.
 */
import { assert, PluvioError } from '../errors/index.ts';
import { LIMITS } from './limits.ts';
import {
  FieldFault,
  inField,
  readArray,
  readBigUint,
  readBoolean,
  readBytes,
  readEach,
  readObject,
  readRecord,
  readUint,
  withPath,
} from './plain-fields.ts';
import {
  type CaughtException,
  type Frame,
  type HeapState,
  type InstanceState,
  MEMORY_BLOCK_BYTES,
  MEMORY_RUN_MAX_BYTES,
  type MemoryRun,
  type MemoryState,
  type Snapshot,
  SNAPSHOT_ID_BYTES,
  SNAPSHOT_VERSIONS,
  type SnapshotVersion,
  type TableState,
} from './snapshot.ts';
import { encodeOptionalValue, encodeValue, ValueReader } from './snapshot-values.ts';

/** The largest counts that a snapshot may have. Its size in bytes is the caller's to limit. */
export const SNAPSHOT_LIMITS = {
  instances: 1000,
  frames: 100_000,
  localsPerFrame: 50_000,
  stackPerFrame: 1_000_000,
  caughtPerFrame: 10_000,
  exceptionValues: 1000,
  globals: 1_000_000,
  memories: 1000,
  memoryPages: LIMITS.memoryPages.max,
  tables: 100_000,
  tableElements: LIMITS.tableElements.max,
  segments: 10_000_000,
  hosts: 64,
  /** Less than the entries that a Map can have, and far less than words of references can number. */
  heapObjects: 16_000_000,
  heapReferences: 10_000_000,
} as const;

export const DIGEST_BYTES = 32;
export const BLOCKS_PER_PAGE = MEMORY_RUN_MAX_BYTES / MEMORY_BLOCK_BYTES;
const MAX_INDEX = 0xffffffff;

/** Where a run lies, in blocks of MEMORY_BLOCK_BYTES. */
export interface RunPlace {
  readonly firstBlock: number;
  readonly blockCount: number;
}

/** Describes the runs of one memory as plain data. */
export type EncodeRuns = (memory: MemoryState, instanceIndex: number, memoryIndex: number) => unknown;
/** Reads such a description; the runs must come out of `readRunPlaces`, so that order and range are checked. Throws FieldFault. */
export type ReadRuns = (plain: unknown, pages: number) => MemoryRun[];

const INSTANCE_FIELDS = ['module', 'globals', 'memories', 'tables', 'droppedDatas', 'droppedElements'];
const HEAP_FIELDS = ['count', 'objects', 'references'];
const COMMON_FIELDS = ['instances', 'frames', 'starting', 'fuelUsed'];
const SNAPSHOT_FIELDS = [...COMMON_FIELDS, 'hosts'];
/** Of a delta that says how the state of the hosts differs, version 4. */
const CHANGE_FIELDS = [...COMMON_FIELDS, 'hostChanges', 'parent'];
/** Keys that may be absent, by version. */
const OPTIONAL_FIELDS: Readonly<Record<SnapshotVersion, readonly string[]>> = {
  1: ['restartState'],
  2: ['restartState', 'id', 'parent'],
  3: ['restartState', 'id', 'parent'],
  4: ['restartState', 'id', 'parent'],
};

/** Keys that an instance may lack, by version. */
const OPTIONAL_INSTANCE_FIELDS: Readonly<Record<SnapshotVersion, readonly string[]>> = {
  1: [],
  2: [],
  3: ['heap'],
  4: ['heap'],
};

/** @throws PluvioError `SNAPSHOT_VERSION` */
export function requireVersion(version: number): SnapshotVersion {
  const known = SNAPSHOT_VERSIONS.find((each) => each === version);
  if (known !== undefined) return known;
  throw new PluvioError(
    'SNAPSHOT_VERSION',
    `cannot read a snapshot of version ${version}; it must be ${SNAPSHOT_VERSIONS.join(' or ')}`,
    { version },
  );
}

export function encodeState(snapshot: Snapshot, encodeRuns: EncodeRuns): unknown {
  const { id, parent, hosts, hostChanges } = snapshot;
  assert(snapshot.version >= 2 || (id === undefined && parent === undefined), 'ids are of version 2');
  assert(snapshot.version >= 3 || snapshot.instances.every(({ heap }) => heap === undefined), 'heaps are of version 3');
  assert(
    hostChanges === undefined || (snapshot.version >= 4 && parent !== undefined),
    'changes of hosts are of version 4',
  );
  return {
    id,
    parent,
    instances: snapshot.instances.map((instance, index) => encodeInstance(instance, index, encodeRuns)),
    frames: snapshot.frames.map(encodeFrame),
    restartState: snapshot.restartState,
    starting: snapshot.starting,
    fuelUsed: snapshot.fuelUsed,
    ...(hostChanges === undefined ? { hosts } : { hostChanges }),
  };
}

function encodeInstance(instance: InstanceState, instanceIndex: number, encodeRuns: EncodeRuns): unknown {
  return {
    module: instance.module,
    globals: instance.globals.map(encodeOptionalValue),
    memories: instance.memories.map((memory, index) => [memory.pages, encodeRuns(memory, instanceIndex, index)]),
    tables: instance.tables.map((table) => [
      table.length,
      table.runs.map((run) => [run.offset, run.values.map(encodeValue)]),
    ]),
    droppedDatas: instance.droppedDatas,
    droppedElements: instance.droppedElements,
    heap: instance.heap && { ...instance.heap, references: instance.heap.references.map(encodeValue) },
  };
}

const encodeFrame = (frame: Frame): unknown => [
  frame.instance,
  frame.func,
  frame.pc,
  frame.locals.map(encodeOptionalValue),
  frame.stack.map(encodeValue),
  frame.caught.map(({ pc, tag, values }) => [pc, tag, values.map(encodeValue)]),
];

/** @throws FieldFault */
export function readState(plain: unknown, version: SnapshotVersion, readRuns: ReadRuns): Snapshot {
  const hasChanges = version >= 4 && Object.hasOwn(readObject(plain), 'hostChanges');
  const state = readRecord(plain, hasChanges ? CHANGE_FIELDS : SNAPSHOT_FIELDS, OPTIONAL_FIELDS[version]);
  const values = new ValueReader(version);
  const instances = inField('instances', () =>
    readEach(state['instances'], SNAPSHOT_LIMITS.instances, (item) => readInstance(item, values, readRuns)),
  );
  return {
    version,
    ...readIds(state),
    instances,
    frames: inField('frames', () =>
      readEach(state['frames'], SNAPSHOT_LIMITS.frames, (item) => readFrame(item, values, instances.length)),
    ),
    restartState: state['restartState'],
    starting: inField('starting', () => readBoolean(state['starting'])),
    fuelUsed: inField('fuelUsed', () => readBigUint(state['fuelUsed'], 2n ** 64n - 1n)),
    // A change is checked where it is made, of what there was.
    ...(hasChanges
      ? { hosts: {}, hostChanges: state['hostChanges'] }
      : { hosts: inField('hosts', () => readHosts(state['hosts'])) }),
  };
}

function readIds(state: Readonly<Record<string, unknown>>): Pick<Snapshot, 'id' | 'parent'> {
  const ids: { id?: Uint8Array; parent?: Uint8Array } = {};
  for (const name of ['id', 'parent'] as const) {
    if (state[name] !== undefined) ids[name] = inField(name, () => readBytes(state[name], SNAPSHOT_ID_BYTES));
  }
  return ids;
}

export function readHosts(plain: unknown): Readonly<Record<string, unknown>> {
  const hosts = readObject(plain);
  if (Object.keys(hosts).length > SNAPSHOT_LIMITS.hosts) {
    throw new FieldFault(plain, `an object of at most ${SNAPSHOT_LIMITS.hosts} fields`);
  }
  return hosts;
}

function readInstance(plain: unknown, values: ValueReader, readRuns: ReadRuns): InstanceState {
  const instance = readRecord(plain, INSTANCE_FIELDS, OPTIONAL_INSTANCE_FIELDS[values.version]);
  const { globals, memories, tables, segments } = SNAPSHOT_LIMITS;
  return {
    module: inField('module', () => readBytes(instance['module'], DIGEST_BYTES)),
    globals: inField('globals', () => readEach(instance['globals'], globals, values.readOptional)),
    memories: inField('memories', () => readEach(instance['memories'], memories, (item) => readMemory(item, readRuns))),
    tables: inField('tables', () => readEach(instance['tables'], tables, (item) => readTable(item, values))),
    droppedDatas: inField('droppedDatas', () => readAscending(instance['droppedDatas'], segments)),
    droppedElements: inField('droppedElements', () => readAscending(instance['droppedElements'], segments)),
    ...(instance['heap'] === undefined ? {} : { heap: inField('heap', () => readHeap(instance['heap'], values)) }),
  };
}

/** What the objects are is not known without the module: here they are bytes. */
function readHeap(plain: unknown, values: ValueReader): HeapState {
  const heap = readRecord(plain, HEAP_FIELDS);
  const { heapObjects, heapReferences } = SNAPSHOT_LIMITS;
  const objects = heap['objects'];
  if (!(objects instanceof Uint8Array)) throw withPath(new FieldFault(objects, 'bytes'), 'objects');
  return {
    count: inField('count', () => readUint(heap['count'], Math.min(heapObjects, objects.byteLength / 4), 1)),
    objects,
    references: inField('references', () => readEach(heap['references'], heapReferences, values.readRef)),
  };
}

function readAscending(plain: unknown, maxItems: number): number[] {
  let min = 0;
  return readEach(plain, maxItems, (item) => {
    const index = readUint(item, MAX_INDEX, min);
    min = index + 1;
    return index;
  });
}

function readMemory(plain: unknown, readRuns: ReadRuns): MemoryState {
  const parts = readArray(plain, 2, 2);
  const pages = inField('pages', () => readUint(parts[0], SNAPSHOT_LIMITS.memoryPages));
  return { pages, runs: inField('runs', () => readRuns(parts[1], pages)) };
}

/** Reads `[firstBlock, blockCount, …]` with `width` items a run, in ascending order without overlap. Throws FieldFault. */
export function readRunPlaces(plain: unknown, pages: number, width: number): RunPlace[] {
  const items = readArray(plain, 0, pages * BLOCKS_PER_PAGE * width);
  if (items.length % width !== 0) throw new FieldFault(plain, `an array of ${width} items a run`);
  const places: RunPlace[] = [];
  let min = 0;
  for (let at = 0; at < items.length; at += width) {
    const firstBlock = inField(at, () => readUint(items[at], pages * BLOCKS_PER_PAGE - 1, min));
    const pageLeft = BLOCKS_PER_PAGE - (firstBlock % BLOCKS_PER_PAGE);
    const blockCount = inField(at + 1, () => readUint(items[at + 1], pageLeft, 1));
    places.push({ firstBlock, blockCount });
    min = firstBlock + blockCount;
  }
  return places;
}

function readTable(plain: unknown, values: ValueReader): TableState {
  const parts = readArray(plain, 2, 2);
  const length = inField('length', () => readUint(parts[0], SNAPSHOT_LIMITS.tableElements));
  let min = 0;
  const runs = inField('runs', () =>
    readEach(parts[1], length, (item) => {
      const run = readArray(item, 2, 2);
      const offset = inField('offset', () => readUint(run[0], length - 1, min));
      const found = inField('values', () => {
        readArray(run[1], 1, length - offset);
        return readEach(run[1], length - offset, values.readRef);
      });
      min = offset + found.length;
      return { offset, values: found };
    }),
  );
  return { length, runs };
}

function readFrame(plain: unknown, values: ValueReader, instanceCount: number): Frame {
  const parts = readArray(plain, 6, 6);
  const { localsPerFrame, stackPerFrame, caughtPerFrame } = SNAPSHOT_LIMITS;
  return {
    instance: inField('instance', () => readUint(parts[0], instanceCount - 1)),
    func: inField('func', () => readUint(parts[1], MAX_INDEX)),
    pc: inField('pc', () => readUint(parts[2], MAX_INDEX)),
    locals: inField('locals', () => readEach(parts[3], localsPerFrame, values.readOptional)),
    stack: inField('stack', () => readEach(parts[4], stackPerFrame, values.read)),
    caught: inField('caught', () => readEach(parts[5], caughtPerFrame, (item) => readCaught(item, values))),
  };
}

function readCaught(plain: unknown, values: ValueReader): CaughtException {
  const parts = readArray(plain, 3, 3);
  return {
    pc: inField('pc', () => readUint(parts[0], MAX_INDEX)),
    tag: inField('tag', () => readUint(parts[1], MAX_INDEX)),
    values: inField('values', () => readEach(parts[2], SNAPSHOT_LIMITS.exceptionValues, values.read)),
  };
}
