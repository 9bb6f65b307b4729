/** fast-check generators of snapshots: any shape that the types allow, also such as no module would give. */
import fc from 'fast-check';
import type {
  Frame,
  HeapState,
  InstanceState,
  MemoryState,
  RefValue,
  Snapshot,
  TableState,
  Value,
} from '../../runtime/engine/snapshot.ts';
import { MEMORY_BLOCK_BYTES, MEMORY_RUN_MAX_BYTES } from '../../runtime/engine/snapshot.ts';

const index = fc.nat({ max: 0xffffffff });
const bytes = (sizeBytes: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes });

const number32 = fc.oneof(
  fc.integer({ min: -0x80000000, max: 0xffffffff }),
  fc.constantFrom(0x7fc00001, 0x7fa00000, 0xffc00000, 0x80000000, 0, -1), // f32 NaN payloads, -0.0
);
const number64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(0x7ff8000000000001n, 0x7ff4000000000000n, 0xfff8000000000000n, 2n ** 63n, 0n, -1n),
);

/** References that every version of the format has. */
const commonRef: fc.Arbitrary<RefValue> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant('func' as const), index }),
  fc.record({ kind: fc.constant('extern' as const), handle: fc.oneof(fc.string(), fc.integer()) }),
);
/** Those of version 3. */
const heapRef: fc.Arbitrary<RefValue> = fc.oneof(
  commonRef,
  fc.record({ kind: fc.constant('object' as const), index }),
  fc.record({ kind: fc.constant('i31' as const), value: fc.integer({ min: -(2 ** 30), max: 2 ** 30 - 1 }) }),
);

const valueOf = (ref: fc.Arbitrary<RefValue>): fc.Arbitrary<Value> => fc.oneof(number32, number64, bytes(16), ref);

/** Those of versions 1 and 2. */
const plainRef: fc.Arbitrary<RefValue> = fc.letrec<{ ref: RefValue; value: Value }>((tie) => ({
  ref: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    commonRef,
    fc.record({ kind: fc.constant('exn' as const), tag: index, values: fc.array(tie('value'), { maxLength: 3 }) }),
  ),
  value: fc.oneof({ depthSize: 'small' }, number32, number64, bytes(16), tie('ref')),
})).ref;

/** Plain data as host modules may leave it. */
export const arbitraryPlain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double().map((number) => (Object.is(number, -0) ? 0 : number)),
    number64,
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      tie('any'),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  ),
})).any;

const memory: fc.Arbitrary<MemoryState> = fc
  .record({
    pages: fc.nat({ max: 4 }),
    picks: fc.array(fc.tuple(fc.nat({ max: 63 }), fc.integer({ min: 1, max: 16 }), fc.nat({ max: 255 }))),
  })
  .map(({ pages, picks }) => {
    const perPage = MEMORY_RUN_MAX_BYTES / MEMORY_BLOCK_BYTES;
    const runs: { offset: number; bytes: Uint8Array }[] = [];
    let next = 0;
    for (const [first, count, fill] of picks.sort((a, b) => a[0] - b[0])) {
      const start = Math.max(next, first);
      const end = Math.min(start + count, (Math.floor(start / perPage) + 1) * perPage);
      if (start >= pages * perPage) break;
      runs.push({
        offset: start * MEMORY_BLOCK_BYTES,
        bytes: new Uint8Array((end - start) * MEMORY_BLOCK_BYTES).fill(fill),
      });
      next = end;
    }
    return { pages, runs };
  });

const tableOf = (ref: fc.Arbitrary<RefValue>): fc.Arbitrary<TableState> =>
  fc
    .record({
      tail: fc.nat({ max: 5 }),
      runs: fc.array(fc.tuple(fc.nat({ max: 5 }), fc.array(ref, { minLength: 1, maxLength: 4 })), { maxLength: 3 }),
    })
    .map(({ tail, runs }) => {
      let next = 0;
      const placed = runs.map(([gap, values]) => {
        const offset = next + gap;
        next = offset + values.length;
        return { offset, values };
      });
      return { length: next + tail, runs: placed };
    });

const heapOf = (ref: fc.Arbitrary<RefValue>): fc.Arbitrary<HeapState> =>
  fc
    .record({
      objects: fc.uint8Array({ minLength: 4, maxLength: 64 }),
      count: fc.integer({ min: 1, max: 16 }),
      references: fc.array(ref, { maxLength: 4 }),
    })
    .map((heap) => ({ ...heap, count: Math.min(heap.count, Math.floor(heap.objects.length / 4)) }));

const ascending = fc.uniqueArray(index, { maxLength: 5 }).map((items) => items.sort((a, b) => a - b));

const instanceOf = (ref: fc.Arbitrary<RefValue>): fc.Arbitrary<InstanceState> =>
  fc.record({
    module: bytes(32),
    globals: fc.array(fc.option(valueOf(ref), { nil: undefined }), { maxLength: 5 }),
    memories: fc.array(memory, { maxLength: 2 }),
    tables: fc.array(tableOf(ref), { maxLength: 2 }),
    droppedDatas: ascending,
    droppedElements: ascending,
  });

const frameOf = (instances: number, value: fc.Arbitrary<Value>): fc.Arbitrary<Frame> =>
  fc.record({
    instance: fc.nat({ max: instances - 1 }),
    func: index,
    pc: index,
    locals: fc.array(fc.option(value, { nil: undefined }), { maxLength: 8 }),
    stack: fc.array(value, { maxLength: 4 }),
    caught: fc.array(fc.record({ pc: index, tag: index, values: fc.array(value, { maxLength: 2 }) }), { maxLength: 2 }),
  });

/** What a snapshot may have besides, from version 2 on. */
const ids = fc.record({ id: bytes(16), parent: bytes(16) }, { requiredKeys: [] });

const wholeOf = (instance: fc.Arbitrary<InstanceState>, value: fc.Arbitrary<Value>): fc.Arbitrary<Snapshot> =>
  fc.array(instance, { minLength: 1, maxLength: 2 }).chain((instances) =>
    fc.record({
      version: fc.constant(1 as const),
      instances: fc.constant(instances),
      frames: fc.array(frameOf(instances.length, value), { maxLength: 5 }),
      restartState: fc.oneof(fc.constant(undefined), arbitraryPlain),
      starting: fc.boolean(),
      fuelUsed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      hosts: fc.dictionary(fc.constantFrom('wasi', 'pluvio', 'x'), arbitraryPlain, { noNullPrototype: true }),
    }),
  );

const plainSnapshot = wholeOf(instanceOf(plainRef), valueOf(plainRef));
const heapInstance = fc
  .tuple(instanceOf(heapRef), fc.option(heapOf(heapRef), { nil: undefined }))
  .map(([instance, heap]) => (heap === undefined ? instance : { ...instance, heap }));

export const arbitrarySnapshot: fc.Arbitrary<Snapshot> = fc.oneof(
  plainSnapshot,
  fc.tuple(plainSnapshot, ids).map(([snapshot, found]) => ({ ...snapshot, version: 2 as const, ...found })),
  fc
    .tuple(wholeOf(heapInstance, valueOf(heapRef)), ids)
    .map(([snapshot, found]) => ({ ...snapshot, version: 3 as const, ...found })),
);

/** A snapshot of one instance with one memory that has this content, all of it in runs. */
export function snapshotOfMemory(content: Uint8Array): Snapshot {
  const runs = [];
  for (let offset = 0; offset < content.byteLength; offset += MEMORY_RUN_MAX_BYTES) {
    runs.push({ offset, bytes: content.subarray(offset, offset + MEMORY_RUN_MAX_BYTES) });
  }
  const pages = Math.ceil(content.byteLength / MEMORY_RUN_MAX_BYTES);
  const module = new Uint8Array(32);
  return {
    version: 1,
    instances: [
      { module, globals: [], memories: [{ pages, runs }], tables: [], droppedDatas: [], droppedElements: [] },
    ],
    frames: [],
    restartState: undefined,
    starting: false,
    fuelUsed: 0n,
    hosts: {},
  };
}
