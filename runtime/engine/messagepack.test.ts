import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { arbitraryPlain } from '../../test/arbitrary/snapshot.ts';
import { decodePlain, encodePlain, MAX_DEPTH } from './messagepack.ts';
import { FieldFault, readRecord, withFieldErrors } from './plain-fields.ts';

const encode = (value: unknown): Uint8Array => encodePlain(value, 'data');

const pack = (packr: Packr, value: unknown): Uint8Array => Uint8Array.from(packr.pack(value));

describe('plain data', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(arbitraryPlain, (value) => {
        expect(decodePlain(encode(value))).toStrictEqual(value);
      }),
    );
  });

  test('is what another MessagePack reader reads', () => {
    const reader = new Unpackr({ useRecords: false, int64AsType: 'bigint' });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.double(), fc.base64String(), fc.boolean())), (value) => {
        expect(reader.unpack(encode(value))).toEqual(value.map((item) => (Object.is(item, -0) ? 0 : item)));
      }),
    );
  });

  test('is written in the shortest formats, as another MessagePack writer does', () => {
    const packr = new Packr({ useRecords: false, variableMapSize: true });
    const edges = [0, 31, 32, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 0.5, Infinity];
    for (const edge of edges) for (const value of [edge, -edge]) expect(encode(value)).toEqual(pack(packr, value));
    for (const length of [0, 15, 16, 31, 32, 33, 64, 65, 255, 256, 65_535, 65_536]) {
      const values = ['x'.repeat(length), 'ä'.repeat(length), new Uint8Array(length), Array<null>(length).fill(null)];
      for (const value of values) expect(encode(value)).toEqual(pack(packr, value));
      const map = new Map(Array.from({ length }, (_, at) => [String(at).padStart(9, '0'), at]));
      expect(encode(Object.fromEntries(map))).toEqual(pack(packr, map));
    }
  });

  test('has one encoding whatever the order of its keys', () => {
    expect(encode({ b: 1, a: { ä: 2, a: 3, '😀': 4, '\uffff': 5 } })).toEqual(
      encode({ a: { '\uffff': 5, '😀': 4, a: 3, ä: 2 }, b: 1, c: undefined }),
    );
  });

  test('keeps a byte order mark at the start of a long text', () => {
    const text = `\ufeff${'x'.repeat(100)}`;
    expect(decodePlain(encode(text))).toBe(text);
  });

  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a class instance', new Date(0)],
    ['an undefined item', [undefined]],
    ['a bigint of more than 64 bits', 2n ** 64n],
    ['a lone surrogate', '\ud800'],
    ['the key __proto__', Object.fromEntries([['__proto__', 1]])],
  ])('refuses %s', (_, value) => {
    expect(() => encode({ x: value })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('hostile bytes', () => {
  const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

  test.each([
    ['nothing', ''],
    ['an unused token', 'c1'],
    ['an extension', 'd40001'],
    ['a record definition', 'd472409101'],
    ['an extension of 4 GiB', 'c9ffffffff01'],
    ['an array of 2^32-1 items', 'ddffffffff'],
    ['a map of 2^32-1 entries', 'dfffffffff'],
    ['bytes of 4 GiB', 'c6ffffffff'],
    ['a string of 4 GiB', 'dbffffffff'],
    ['a string that is not UTF-8', 'a2c328'],
    ['a key twice', '82a16101a16102'],
    ['keys out of order', '82a16201a16102'],
    ['a key that is a number', '810101'],
    ['the key __proto__', '81a95f5f70726f746f5f5f80'],
    ['bytes after the value', '0101'],
  ])('%s', (_, text) => {
    expect(() => decodePlain(hex(text))).toThrow(FieldFault);
  });

  test('a message shows the beginning of a long key only', () => {
    const key = 'k'.repeat(0xffff);
    const bytes = Uint8Array.from([0x81, 0xda, 0xff, 0xff, ...new TextEncoder().encode(key), 0xc0]);
    const read = (): unknown =>
      withFieldErrors('SNAPSHOT_MALFORMED', 'the value', () => readRecord(decodePlain(bytes), []));
    expect(read).toThrow(/field k{64}… is/);
  });

  test('nesting has a limit at both ends', () => {
    const nested = (depth: number): Uint8Array => Uint8Array.from([...Array<number>(depth).fill(0x91), 0xc0]);
    expect(decodePlain(nested(MAX_DEPTH))).toBeDefined();
    expect(() => decodePlain(nested(MAX_DEPTH + 1))).toThrow(FieldFault);
    expect(() => decodePlain(nested(1_000_000))).toThrow(FieldFault);
  });

  test('a short input cannot fill the heap', () => {
    const maps = new Uint8Array(4 * 2 ** 20).fill(0x80);
    maps.set([0xdd, 0x00, 0x3f, 0xff, 0xfb]);
    expect(() => decodePlain(maps)).toThrow(/too much data/);
  });

  test('mutated bytes end in a value or a fault', () => {
    const packr = new Packr({ useRecords: false });
    fc.assert(
      fc.property(arbitraryPlain, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))), (value, edits) => {
        const bytes = Uint8Array.from(packr.pack({ value }));
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        try {
          decodePlain(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FieldFault);
        }
      }),
    );
  });
});
