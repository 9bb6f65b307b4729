import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PluvioError } from '../errors/index.ts';
import { openReader, readName, readS32, readS33, readS64, readU32, readU64, skipS64 } from './reader.ts';
import { ByteWriter } from './writer.ts';

const written = (write: (writer: ByteWriter) => void): Uint8Array => {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.toBytes();
};

const codeOfThrown = (run: () => void): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof PluvioError) return error.code;
    throw error;
  }
  return 'nothing thrown';
};

describe('integers read as they were written', () => {
  const property = <T>(
    values: fc.Arbitrary<T>,
    write: (writer: ByteWriter, value: T) => void,
    read: (reader: ReturnType<typeof openReader>) => T,
  ): void =>
    fc.assert(
      fc.property(values, (value) => {
        const bytes = written((writer) => write(writer, value));
        const reader = openReader(bytes);
        expect(read(reader)).toBe(value);
        expect(reader.pos).toBe(bytes.length);
      }),
    );

  test('u32', () => property(fc.nat(0xffff_ffff), (w, value) => w.u32(value), readU32));
  test('s32', () => property(fc.integer(), (w, value) => w.s32(value), readS32));
  test('s33', () => property(fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }), (w, value) => w.s33(value), readS33));
  test('s64', () => property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (w, value) => w.s64(value), readS64));
  test('u64', () => property(fc.bigInt(0n, 2n ** 64n - 1n), (w, value) => w.u64(value), readU64));
});

describe('integers that are too long or too large are malformed', () => {
  test.each([
    ['u32, six bytes', readU32, [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['u32, bit 32 set', readU32, [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['s32, unused bits differ from the sign', readS32, [0xff, 0xff, 0xff, 0xff, 0x4f]],
    ['s33, unused bits differ from the sign', readS33, [0xff, 0xff, 0xff, 0xff, 0x3f]],
    ['s64, eleven bytes', readS64, [...Array<number>(10).fill(0x80), 0x00]],
    ['s64, unused bits differ from the sign', skipS64, [...Array<number>(9).fill(0xff), 0x3f]],
    ['u64, bit 64 set', readU64, [...Array<number>(9).fill(0xff), 0x02]],
    ['the bytes end', readU32, [0x80]],
  ] as const)('%s', (_, read, bytes) => {
    expect(codeOfThrown(() => read(openReader(Uint8Array.from(bytes))))).toBe('MODULE_MALFORMED');
  });

  test('the longest encodings that fit are read', () => {
    expect(readU32(openReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)))).toBe(0xffff_ffff);
    expect(readS32(openReader(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x78)))).toBe(-0x8000_0000);
    expect(readU32(openReader(Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x00)))).toBe(1);
  });
});

test('names are UTF-8, byte order marks included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(readName(openReader(written((writer) => writer.name(text))))).toBe(text);
    }),
  );
  expect(readName(openReader(Uint8Array.of(3, 0xef, 0xbb, 0xbf)))).toBe('\ufeff');
  expect(codeOfThrown(() => readName(openReader(Uint8Array.of(1, 0xff))))).toBe('MODULE_MALFORMED');
  expect(codeOfThrown(() => readName(openReader(Uint8Array.of(9, 0x61))))).toBe('MODULE_MALFORMED');
});

test('a sized part carries its length in the fewest bytes', () => {
  const content = new Uint8Array(200).fill(7);
  const bytes = written((writer) => {
    writer.byte(1);
    writer.sized((part) => part.bytes(content));
    writer.byte(2);
  });
  expect([...bytes.subarray(0, 3)]).toEqual([1, 0xc8, 0x01]);
  expect(bytes.subarray(3, 203)).toEqual(content);
  expect(bytes[203]).toBe(2);
});

test('short and long ranges are copied alike', () => {
  const source = Uint8Array.from({ length: 100 }, (_, index) => index);
  for (const [start, end] of [
    [0, 0],
    [3, 10],
    [10, 90],
  ] as const) {
    expect(written((writer) => writer.range(source, start, end))).toEqual(source.slice(start, end));
  }
});
