import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrarySnapshot, snapshotOfMemory } from '../../test/arbitrary/snapshot.ts';
import { parseTagged } from '../../test/vectors/tagged-json.ts';
import { PluvioError } from '../errors/index.ts';
import { encodePlain } from './messagepack.ts';
import type { Snapshot } from './snapshot.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts';

const VECTORS = new URL('../../test/vectors/snapshot/', import.meta.url);

const EMPTY: Snapshot = snapshotOfMemory(new Uint8Array());

/** The bytes of a snapshot whose state is this plain data. */
function withState(state: unknown, memory: Uint8Array = new Uint8Array()): Uint8Array {
  const plain = encodePlain(state, 'state');
  const bytes = new Uint8Array(12 + plain.byteLength + memory.byteLength);
  bytes.set(new TextEncoder().encode('PLVS'));
  new DataView(bytes.buffer).setUint32(4, 1, true);
  new DataView(bytes.buffer).setUint32(8, plain.byteLength, true);
  bytes.set(plain, 12);
  bytes.set(memory, 12 + plain.byteLength);
  return bytes;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof PluvioError) return error.code;
    throw error;
  }
  return 'none';
}

describe('round trip', () => {
  test('any snapshot comes back as it was, with the same bytes', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, (snapshot) => {
        const bytes = encodeSnapshot(snapshot);
        const decoded = decodeSnapshot(bytes);
        expect(decoded).toEqual(snapshot);
        expect(encodeSnapshot(decoded)).toEqual(bytes);
      }),
    );
  });

  test('a memory of 64 MiB', () => {
    const content = new Uint8Array(64 * 2 ** 20);
    for (let i = 0; i < content.length; i += 997) content[i] = i;
    const decoded = decodeSnapshot(encodeSnapshot(snapshotOfMemory(content)));
    const runs = decoded.instances[0]!.memories[0]!.runs;
    expect(runs).toHaveLength(1024);
    expect(runs.every((run) => Buffer.compare(run.bytes, content.subarray(run.offset, run.offset + 65536)) === 0)).toBe(
      true,
    );
  });

  test('100,000 frames, and not one more', () => {
    const frame = { instance: 0, func: 1, pc: 2, locals: [1, undefined], stack: [], caught: [] };
    const frames = Array<typeof frame>(100_000).fill(frame);
    expect(decodeSnapshot(encodeSnapshot({ ...EMPTY, frames })).frames).toHaveLength(100_000);
    const over = encodeSnapshot({ ...EMPTY, frames: [...frames, frame] });
    expect(() => decodeSnapshot(over)).toThrow(/field frames is an array of 100001 items; it must be .* 100000/);
  });

  test('a host that leaves what is not plain data is named', () => {
    expect(() => encodeSnapshot({ ...EMPTY, hosts: { wasi: { files: [new Map()] } } })).toThrow(
      /cannot encode snapshot: field hosts\.wasi\.files\[0\] .*plain object/,
    );
  });
});

describe('vectors', () => {
  const names = readdirSync(VECTORS).filter((name) => name.endsWith('.bin'));
  test('are there', () => expect(names.length).toBeGreaterThanOrEqual(3));
  test.each(names)('%s', (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(name, VECTORS)));
    const text = readFileSync(new URL(name.replace('.bin', '.json'), VECTORS), 'utf8');
    const snapshot = parseTagged(text);
    expect(decodeSnapshot(bytes)).toEqual(snapshot);
    expect(Buffer.compare(encodeSnapshot(snapshot as Snapshot), bytes)).toBe(0); // equal by the line above
  });

  const malformed = JSON.parse(readFileSync(new URL('malformed.json', VECTORS), 'utf8')) as Record<string, string>[];
  test.each(malformed)('$name: $code', ({ hex, code }) => {
    expect(codeOf(() => decodeSnapshot(new Uint8Array(Buffer.from(hex!, 'hex'))))).toBe(code);
  });
});

describe('damage', () => {
  const bytes = encodeSnapshot({
    ...snapshotOfMemory(new Uint8Array(8192).fill(7)),
    frames: [
      { instance: 0, func: 3, pc: 9, locals: [1, 2n, undefined, null], stack: [new Uint8Array(16)], caught: [] },
    ],
    hosts: { wasi: { args: ['a', 'b'] } },
  });

  test('every truncation is found', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decodeSnapshot(bytes.subarray(0, length)))).toBe('SNAPSHOT_MALFORMED');
    }
  });

  test('mutated bytes end in a snapshot or a coded error', () => {
    const edits = fc.array(fc.tuple(fc.nat({ max: bytes.length - 8193 }), fc.nat({ max: 255 })), { minLength: 1 });
    fc.assert(
      fc.property(edits, (list) => {
        const mutated = bytes.slice();
        for (const [at, byte] of list) mutated[at] = byte;
        expect(['none', 'SNAPSHOT_MALFORMED', 'SNAPSHOT_VERSION']).toContain(codeOf(() => decodeSnapshot(mutated)));
      }),
      { numRuns: 2000 },
    );
  });

  test('another version is named as such', () => {
    const next = bytes.slice();
    next[4] = 5;
    expect(codeOf(() => decodeSnapshot(next))).toBe('SNAPSHOT_VERSION');
  });
});

describe('version 3', () => {
  const instance = {
    module: new Uint8Array(32),
    globals: [],
    memories: [],
    tables: [],
    droppedDatas: [],
    droppedElements: [],
  };
  const state = { instances: [instance], frames: [], starting: false, fuelUsed: 1n, hosts: {} };
  const heap = { count: 1, objects: new Uint8Array(8), references: [] as unknown[] };
  const withHeap = (changes: object): unknown => ({
    ...state,
    instances: [{ ...instance, heap: { ...heap, ...changes } }],
  });
  const withGlobal = (value: unknown): unknown => ({ ...state, instances: [{ ...instance, globals: [value] }] });
  const inVersion = (version: number, plain: unknown): Uint8Array => {
    const bytes = withState(plain);
    bytes[4] = version;
    return bytes;
  };
  const references = [
    [3, 0],
    [4, -(2 ** 30)],
    [4, 2 ** 30 - 1],
  ];

  test('a heap and references to it are of version 3', () => {
    expect(codeOf(() => decodeSnapshot(inVersion(3, withHeap({ references }))))).toBe('none');
    for (const version of [1, 2]) {
      expect(codeOf(() => decodeSnapshot(inVersion(version, withHeap({}))))).toBe('SNAPSHOT_MALFORMED');
      for (const each of references)
        expect(codeOf(() => decodeSnapshot(inVersion(version, withGlobal(each))))).toBe('SNAPSHOT_MALFORMED');
    }
    expect(codeOf(() => decodeSnapshot(inVersion(2, withGlobal([2, 0, []]))))).toBe('none');
    expect(codeOf(() => decodeSnapshot(inVersion(3, withGlobal([2, 0, []]))))).toBe('SNAPSHOT_MALFORMED');
  });

  test.each<[field: string, state: unknown]>([
    ['instances[0].heap', { ...state, instances: [{ ...instance, heap: 1 }] }],
    ['instances[0].heap.more', withHeap({ more: 1 })],
    ['instances[0].heap.count', withHeap({ count: 0 })],
    ['instances[0].heap.count', withHeap({ count: 3 })],
    ['instances[0].heap.count', withHeap({ count: 16_000_001, objects: new Uint8Array(64_000_004) })],
    ['instances[0].heap.objects', withHeap({ objects: [] })],
    ['instances[0].heap.references[0][0]', withHeap({ references: [[5, 0]] })],
    ['instances[0].heap.references[0][1]', withHeap({ references: [[3, -1]] })],
    ['instances[0].heap.references[0][1]', withHeap({ references: [[4, 2 ** 30]] })],
    ['instances[0].heap.references[0][1]', withHeap({ references: [[4, 0.5]] })],
  ])('%s', (field, bad) => {
    expect(() => decodeSnapshot(inVersion(3, bad))).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_MALFORMED', details: { field } }),
    );
  });
});

describe('every field is checked', () => {
  const instance = {
    module: new Uint8Array(32),
    globals: [] as unknown[],
    memories: [] as unknown[],
    tables: [] as unknown[],
    droppedDatas: [] as unknown[],
    droppedElements: [] as unknown[],
  };
  const state = { instances: [instance], frames: [] as unknown[], starting: false, fuelUsed: 1n, hosts: {} };
  const withInstance = (changes: object): unknown => ({ ...state, instances: [{ ...instance, ...changes }] });
  const withFrame = (...frame: unknown[]): unknown => ({ ...state, frames: [frame] });
  const page = new Uint8Array(65536);

  test('the state that the cases below change is good', () => {
    expect(codeOf(() => decodeSnapshot(withState(state)))).toBe('none');
    const good = withInstance({ memories: [[1, [0, 16]]], tables: [[4, [[0, [null]]]]] });
    expect(codeOf(() => decodeSnapshot(withState(good, page)))).toBe('none');
  });

  test.each<[field: string, state: unknown]>([
    ['instances', { ...state, instances: 3 }],
    ['instances', { ...state, instances: Array(1001).fill(null) }],
    ['extra', { ...state, extra: 1 }],
    ['', { ...state, hosts: undefined }],
    ['starting', { ...state, starting: 1 }],
    ['fuelUsed', { ...state, fuelUsed: 1 }],
    ['fuelUsed', { ...state, fuelUsed: -1n }],
    ['hosts', { ...state, hosts: [] }],
    ['instances[0].module', withInstance({ module: new Uint8Array(31) })],
    ['instances[0].globals[0]', withInstance({ globals: [1.5] })],
    ['instances[0].globals[0]', withInstance({ globals: [2 ** 32] })],
    ['instances[0].globals[1]', withInstance({ globals: [1, new Uint8Array(15)] })],
    ['instances[0].globals[0]', withInstance({ globals: [true] })],
    ['instances[0].globals[0][0]', withInstance({ globals: [[3, 0]] })],
    ['instances[0].globals[0][1]', withInstance({ globals: [[0, -1]] })],
    ['instances[0].globals[0][1]', withInstance({ globals: [[1, NaN]] })],
    ['instances[0].globals[0][2][0]', withInstance({ globals: [[2, 0, ['x']]] })],
    ['instances[0].memories[0].pages', withInstance({ memories: [[65537, []]] })],
    ['instances[0].memories[0].runs', withInstance({ memories: [[1, [0]]] })],
    ['instances[0].memories[0].runs[0]', withInstance({ memories: [[1, [16, 1]]] })],
    ['instances[0].memories[0].runs[1]', withInstance({ memories: [[2, [15, 2]]] })],
    ['instances[0].memories[0].runs[1]', withInstance({ memories: [[2, [0, 0]]] })],
    ['instances[0].memories[0].runs[2]', withInstance({ memories: [[1, [1, 1, 1, 1]]] })],
    ['instances[0].tables[0].length', withInstance({ tables: [[10_000_001, []]] })],
    ['instances[0].tables[0].runs[0].values', withInstance({ tables: [[2, [[1, [null, null]]]]] })],
    [
      'instances[0].tables[0].runs[1].offset',
      withInstance({
        tables: [
          [
            4,
            [
              [1, [null]],
              [1, [null]],
            ],
          ],
        ],
      }),
    ],
    ['instances[0].tables[0].runs[0].values[0]', withInstance({ tables: [[4, [[1, [7]]]]] })],
    ['instances[0].droppedDatas[1]', withInstance({ droppedDatas: [1, 1] })],
    ['instances[0].droppedElements[0]', withInstance({ droppedElements: [-1] })],
    ['frames[0]', withFrame(0, 0, 0, [], [])],
    ['frames[0].instance', withFrame(1, 0, 0, [], [], [])],
    ['frames[0].func', withFrame(0, 1.5, 0, [], [], [])],
    ['frames[0].pc', withFrame(0, 0, 2 ** 32, [], [], [])],
    ['frames[0].locals', withFrame(0, 0, 0, Array(50_001).fill(0), [], [])],
    ['frames[0].stack[0]', withFrame(0, 0, 0, [], [false], [])],
    ['frames[0].caught[0].values', withFrame(0, 0, 0, [], [], [[0, 0, 0]])],
  ])('%s', (field, bad) => {
    expect(() => decodeSnapshot(withState(bad))).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_MALFORMED', details: { field } }),
    );
  });

  test('memory bytes must be exactly those of the runs', () => {
    const good = withInstance({ memories: [[1, [0, 1]]] });
    expect(codeOf(() => decodeSnapshot(withState(good, page.subarray(0, 4096))))).toBe('none');
    expect(codeOf(() => decodeSnapshot(withState(good, page.subarray(0, 4095))))).toBe('SNAPSHOT_MALFORMED');
    expect(codeOf(() => decodeSnapshot(withState(good, page.subarray(0, 4097))))).toBe('SNAPSHOT_MALFORMED');
  });
});
