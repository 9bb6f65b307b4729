import { describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { snapshotOfMemory } from '../../test/arbitrary/snapshot.ts';
import type { Snapshot } from '../engine/snapshot.ts';
import {
  decodeModule,
  type Module,
  openReader,
  readByte,
  type Reader,
  readName,
  readS32,
  readS64,
  readU32,
} from '../wasm/index.ts';
import { encodeCoredump } from './coredump.ts';

const SOURCE = `(module
  (import "env" "wait" (func $wait (param i32 f64)))
  (memory 2)
  (data (i32.const 4096) "initial")
  (global $counter (mut i32) (i32.const 1))
  (global $limit i64 (i64.const 99))
  (global $scale (mut f64) (f64.const 1))
  (global $handler (mut funcref) (ref.null func))
  (func $outer (param i32) (local f32 v128 i64)
    f64.const 2
    i64.const 7
    i32.const 1
    f64.const 3
    call $wait
    drop
    drop))`;

const { parseWat } = await wabt();
const bytes = new Uint8Array(parseWat('worker.wat', SOURCE).toBinary({}).buffer);
const module = decodeModule(bytes);
const NAN_BITS = 0x7fa00001;

function snapshot(): Snapshot {
  const base = snapshotOfMemory(new Uint8Array(8192).fill(3));
  const [instance] = base.instances;
  const callOffset = bytes.lastIndexOf(0x10) - module.funcs[1]!.body!.start;
  return {
    ...base,
    instances: [
      {
        ...instance!,
        memories: [{ pages: 2, runs: instance!.memories[0]!.runs }],
        globals: [-5, undefined, 0x4000000000000000n, { kind: 'func', index: 1 }],
      },
    ],
    frames: [
      {
        instance: 0,
        func: 1,
        pc: callOffset,
        locals: [-1, NAN_BITS, new Uint8Array(16), undefined],
        stack: [0x4000000000000000n, 7n],
        caught: [],
      },
      { instance: 0, func: 0, pc: 0, locals: [1, 0x4008000000000000n], stack: [], caught: [] },
    ],
  };
}

const list = <T>(reader: Reader, read: (reader: Reader) => T): T[] =>
  Array.from({ length: readU32(reader) }, () => read(reader));

function item<T>(read: (reader: Reader) => T): (reader: Reader) => T {
  return (reader) => {
    expect(readByte(reader)).toBe(0x00);
    return read(reader);
  };
}

const raw = (reader: Reader, sizeBytes: number): string =>
  Buffer.from(Array.from({ length: sizeBytes }, () => readByte(reader))).toString('hex');

const VALUE_READERS: Record<number, (reader: Reader) => unknown> = {
  0x01: () => 'missing',
  0x7f: (reader) => readS32(reader),
  0x7e: (reader) => readS64(reader),
  0x7d: (reader) => `f32 ${raw(reader, 4)}`,
  0x7c: (reader) => `f64 ${raw(reader, 8)}`,
};

const value = (reader: Reader): unknown => VALUE_READERS[readByte(reader)]!(reader);

function section<T>(dump: Module, name: string, read: (reader: Reader) => T): T {
  const found = dump.customs.filter((custom) => custom.name === name);
  expect(found).toHaveLength(1);
  const reader = openReader(dump.bytes, found[0]!.content.start, found[0]!.content.end);
  const result = read(reader);
  expect(reader.pos).toBe(found[0]!.content.end);
  return result;
}

describe('a core dump', () => {
  const dumpBytes = encodeCoredump(snapshot(), module, 'worker.wasm');
  const dump = decodeModule(dumpBytes);

  test('is a valid module', () => {
    expect(WebAssembly.validate(Uint8Array.from(dumpBytes))).toBe(true);
  });

  test('names process, modules and instances', () => {
    expect(section(dump, 'core', item(readName))).toBe('worker.wasm');
    expect(section(dump, 'coremodules', (reader) => list(reader, item(readName)))).toEqual(['worker.wasm']);
    const instances = section(dump, 'coreinstances', (reader) =>
      list(
        reader,
        item(() => [readU32(reader), list(reader, readU32), list(reader, readU32)]),
      ),
    );
    expect(instances).toEqual([[0, [0], [0, 1, 2, 3]]]);
  });

  test('has the frames, innermost first, each value with its type', () => {
    const stack = section(dump, 'corestack', (reader) => {
      expect(item(readName)(reader)).toBe('main');
      return list(
        reader,
        item(() => [readU32(reader), readU32(reader), readU32(reader), list(reader, value), list(reader, value)]),
      );
    });
    expect(stack).toEqual([
      [0, 0, 0, [1, 'f64 0000000000000840'], []],
      [0, 1, snapshot().frames[0]!.pc, [-1, 'f32 0100a07f', 'missing', 'missing'], ['f64 0000000000000040', 7n]],
    ]);
  });

  test('instantiates to the memory of the worker', async () => {
    // a core dump exports nothing: one is added to look inside
    const exports = Uint8Array.of(7, 5, 1, 1, 0x6d, 2, 0);
    const at = dumpBytes.length - dataSectionBytes(dump);
    const open = new Uint8Array([...dumpBytes.subarray(0, at), ...exports, ...dumpBytes.subarray(at)]);
    const { instance } = await WebAssembly.instantiate(open);
    const { buffer } = instance.exports['m'] as WebAssembly.Memory;
    expect(buffer.byteLength).toBe(2 * 65536);
    const memory = new Uint8Array(buffer);
    expect(memory.subarray(0, 8192).every((byte) => byte === 3)).toBe(true);
    expect(memory.subarray(8192).every((byte) => byte === 0)).toBe(true);
  });

  test('has the globals as constants', () => {
    const expressions = dump.globals.map(({ type, init }) => {
      expect(type.mutable).toBe(false);
      return Buffer.from(dump.bytes.subarray(init!.start, init!.end)).toString('hex');
    });
    expect(expressions).toEqual(['417b0b', '42e3000b', '4400000000000000400b', 'd0700b']);
  });

  test('a snapshot of other functions or instances is refused', () => {
    const [frame] = snapshot().frames;
    const elsewhere = { ...snapshot(), frames: [{ ...frame!, func: 9 }] };
    expect(() => encodeCoredump(elsewhere, module, 'x')).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_MISMATCH' }),
    );
    expect(() => encodeCoredump(snapshot(), [], 'x')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

/** Size of the data section, id and size included: it is the last one. */
function dataSectionBytes(dump: Module): number {
  let at = 8;
  for (;;) {
    const reader = openReader(dump.bytes, at);
    const id = readByte(reader);
    const end = readU32(reader) + reader.pos;
    if (id === 11) return dump.bytes.length - at;
    at = end;
  }
}
