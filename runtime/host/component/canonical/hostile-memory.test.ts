/** What a guest can do wrong in memory and in flat values: each is a trap that says what and where. */
import { describe, expect, it } from 'vitest';
import type { FunctionType, ValueType } from '../../../component/value-types.ts';
import type { FlatValue } from './context.ts';
import { liftParams, liftResult, lowerParams, lowerResult } from './functions.ts';
import { HEAP, TestGuest } from './testing/guest.ts';

const u8: ValueType = { kind: 'u8' };
const u32: ValueType = { kind: 'u32' };
const u64: ValueType = { kind: 'u64' };
const text: ValueType = { kind: 'string' };
const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const tuple = (...types: readonly ValueType[]): ValueType => ({ kind: 'tuple', types });
const variant: ValueType = {
  kind: 'variant',
  cases: [
    ['none', undefined],
    ['wide', u64],
    ['float', { kind: 'f32' }],
  ],
};
const colour: ValueType = { kind: 'enum', labels: ['red', 'green'] };
const END = 65_536;

const taking = (type: ValueType): FunctionType => ({ params: [['a-value', type]], result: undefined });
const giving = (type: ValueType): FunctionType => ({ params: [], result: type });

function trapOf(func: () => unknown): string {
  try {
    func();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return error.message;
    throw error;
  }
  throw new Error('there was no trap');
}

// prettier-ignore
const BAD_PARAMETERS: readonly [string, ValueType, readonly FlatValue[], string, number[]?][] = [
  ['a text begins beyond the memory', text, [END, 1], '1 bytes at address 65536 are beyond the memory, which has 65536 bytes'],
  ['a text ends beyond the memory', text, [END - 3, 4], '4 bytes at address 65533 are beyond the memory, which has 65536 bytes'],
  ['an empty text is beyond the memory', text, [END + 1, 0], '0 bytes at address 65537 are beyond the memory, which has 65536 bytes'],
  ['an address is negative', text, [-1, 2], '2 bytes at address 4294967295 are beyond the memory, which has 65536 bytes'],
  ['a text is too long', text, [0, 2 ** 28], 'a list or text of 268435456 bytes is too long: it must have at most 268435455'],
  ['a length is negative', text, [0, -1], 'a list or text of 4294967295 bytes is too long: it must have at most 268435455'],
  ['a list is too long', list(u64), [0, 2 ** 25], 'a list or text of 268435456 bytes is too long: it must have at most 268435455'],
  ['a length would wrap around', list(u64), [0, 2 ** 29 + 1], 'a list or text of 4294967304 bytes is too long: it must have at most 268435455'],
  ['a list is more than a call may take', list(u8), [0, 2 ** 26], 'the lists and texts of a call take more than 67108864 bytes of the host, which is the limit'],
  ['a list is not aligned', list(u32), [6, 1], 'address 6 must be a multiple of 4'],
  ['an empty list is not aligned', list(u64), [4, 0], 'address 4 must be a multiple of 8'],
  ['a list of bytes is beyond the memory', list(u8), [1, END], '65536 bytes at address 1 are beyond the memory, which has 65536 bytes'],
  ['a list of numbers is beyond the memory', list(u64), [END - 8, 2], '16 bytes at address 65528 are beyond the memory, which has 65536 bytes'],
  ['a list of records is beyond the memory', list(tuple(u8, u32)), [END - 8, 2], '16 bytes at address 65528 are beyond the memory, which has 65536 bytes'],
  ['an inner list is beyond the memory', list(list(u8)), [64, 1], '2 bytes at address 65535 are beyond the memory, which has 65536 bytes', [255, 255, 0, 0, 2, 0, 0, 0]],
  ['an inner list is not aligned', list(list(u64)), [64, 1], 'address 65535 must be a multiple of 8', [255, 255, 0, 0, 0, 0, 0, 0]],
  ['a text is no UTF-8', text, [64, 2], 'the text of 2 bytes at address 64 is no UTF-8', [0x61, 0xff]],
  ['a text ends within a character', text, [64, 3], 'the text of 3 bytes at address 64 is no UTF-8', [0x61, 0xe2, 0x82]],
  ['a text has a surrogate', text, [64, 3], 'the text of 3 bytes at address 64 is no UTF-8', [0xed, 0xa0, 0x80]],
  ['a text has a character in more bytes than it needs', text, [64, 2], 'the text of 2 bytes at address 64 is no UTF-8', [0xc0, 0x80]],
  ['a long text is no UTF-8', text, [64, 100], 'the text of 100 bytes at address 64 is no UTF-8', [...Array.from({ length: 99 }, () => 120), 0x80]],
  ['a character is a surrogate', { kind: 'char' }, [0xd800], '55296 is no character'],
  ['a character is the last surrogate', { kind: 'char' }, [0xdfff], '57343 is no character'],
  ['a character is too large', { kind: 'char' }, [0x11_0000], '1114112 is no character'],
  ['a character is negative', { kind: 'char' }, [-1], '4294967295 is no character'],
  ['a case does not exist', variant, [3, 0n], 'case 3 does not exist: the variant has 3'],
  ['a case is negative', variant, [-1, 0n], 'case 4294967295 does not exist: the variant has 3'],
  ['a label does not exist', colour, [2], 'case 2 does not exist: the enum has 2'],
  ['an option is neither', { kind: 'option', some: u8 }, [2, 0], 'case 2 does not exist: the option has 2'],
  ['a result is neither', { kind: 'result', ok: undefined, err: undefined }, [2], 'case 2 does not exist: the result has 2'],
  ['a case in memory does not exist', list(variant), [64, 1], 'case 3 does not exist: the variant has 3', [3]],
  ['a character in memory is a surrogate', list({ kind: 'char' }), [64, 1], '55296 is no character', [0, 0xd8, 0, 0]],
];

describe('lifting a parameter traps where', () => {
  it.each(BAD_PARAMETERS)('%s', (_, type, flat, expected, bytes = []) => {
    const guest = new TestGuest();
    guest.write(64, bytes);
    expect(trapOf(() => liftParams(taking(type), flat, guest.context))).toBe(`parameter a-value: ${expected}`);
  });

  it('the parameters in memory are not aligned, or beyond it', () => {
    const guest = new TestGuest();
    const type = taking(tuple(...Array.from({ length: 17 }, () => u32)));
    expect(trapOf(() => liftParams(type, [2], guest.context))).toBe(
      'the parameters: address 2 must be a multiple of 4',
    );
    expect(trapOf(() => liftParams(type, [END - 64], guest.context))).toBe(
      'the parameters: 68 bytes at address 65472 are beyond the memory, which has 65536 bytes',
    );
  });

  it.each<[string, ValueType, number]>([
    ['tuples', tuple(u8), 2 ** 20 + 2 ** 18],
    ['records', { kind: 'record', fields: [['a', u8]] }, 2 ** 21],
    ['variants', { kind: 'result', ok: undefined, err: undefined }, 2 ** 21],
    ['flags', { kind: 'flags', labels: ['a', 'b', 'c'] }, 2 ** 21],
    ['wide numbers', u64, 2 ** 21],
    ['empty lists', list(u8), 2 ** 19],
  ])('values take far more in the host than in the guest: %s', (_, element, count) => {
    const guest = new TestGuest();
    guest.realloc(0, 0, 1, 2 ** 24);
    expect(trapOf(() => liftParams(taking(list(element)), [0, count], guest.context))).toBe(
      'parameter a-value: the lists and texts of a call take more than 67108864 bytes of the host, which is the limit',
    );
  });

  it('many lists share their bytes to fill the memory of the host', () => {
    const guest = new TestGuest();
    const count = 2_000;
    for (let index = 0; index < count; index++) {
      guest.view.setUint32(1024 + index * 8, 0, true);
      guest.view.setUint32(1024 + index * 8 + 4, END, true);
    }
    expect(trapOf(() => liftParams(taking(list(list(u8))), [1024, count], guest.context))).toBe(
      'parameter a-value: the lists and texts of a call take more than 67108864 bytes of the host, which is the limit',
    );
    expect(liftParams(taking(list(u8)), [0, END], guest.context)).toHaveLength(1);
  });
});

it('bytes that were lifted belong to the host', () => {
  const guest = new TestGuest();
  const [bytes] = liftParams(taking(list(u8)), [64, 3], guest.context);
  guest.write(64, [1, 2, 3]);
  expect(bytes).toEqual(new Uint8Array(3));
  expect((bytes as Uint8Array).buffer.byteLength).toBe(3);
});

describe('lifting a result traps where', () => {
  it('it is not aligned, or beyond the memory', () => {
    const guest = new TestGuest();
    expect(trapOf(() => liftResult(giving(text), [2], guest.context))).toBe(
      'the result: address 2 must be a multiple of 4',
    );
    expect(trapOf(() => liftResult(giving(text), [END - 4], guest.context))).toBe(
      'the result: 8 bytes at address 65532 are beyond the memory, which has 65536 bytes',
    );
  });

  it('the guest has kept what it was lent', () => {
    const guest = new TestGuest();
    const stream = { resource: 'a:b/c/stream' };
    const borrow: ValueType = { kind: 'borrow', resource: { from: 'a:b/c', name: 'stream' } };
    const type: FunctionType = { params: [['s', borrow]], result: undefined };
    const [handle] = lowerParams(type, [stream], guest.context);
    expect(trapOf(() => liftResult(type, [], guest.context))).toBe(
      'the component has kept 1 borrowed handles: it must drop them before it returns',
    );
    expect(guest.handles.drop(handle as number, 'a:b/c/stream')).toBeUndefined();
    expect(liftResult(type, [], guest.context)).toBeUndefined();
  });
});

describe('lowering traps where', () => {
  it.each([
    ['not aligned', 6, "the guest's allocator gave address 6, which must be a multiple of 4"],
    [
      'beyond the memory',
      END - 4,
      "the guest's allocator gave 8 bytes at address 65532, beyond the memory, which has 65536 bytes",
    ],
    [
      'negative',
      -8,
      "the guest's allocator gave 8 bytes at address 4294967288, beyond the memory, which has 65536 bytes",
    ],
  ])('what the allocator gives is %s', (_, address, expected) => {
    const guest = new TestGuest();
    guest.realloc = () => address;
    expect(trapOf(() => lowerParams(taking(list(u32)), [[1, 2]], guest.context))).toBe(expected);
  });

  it('the place for the result is not aligned, or beyond the memory', () => {
    const guest = new TestGuest();
    expect(trapOf(() => lowerResult(giving(text), 'x', [6], guest.context))).toBe('address 6 must be a multiple of 4');
    expect(trapOf(() => lowerResult(giving(text), 'x', [END], guest.context))).toBe(
      '8 bytes at address 65536 are beyond the memory, which has 65536 bytes',
    );
  });

  it('a text or list is longer than a guest can have', () => {
    const guest = new TestGuest();
    const bytes = { length: 2 ** 28 };
    expect(trapOf(() => lowerParams(taking(list(u8)), [bytes], guest.context))).toBe(
      'a list or text of 268435456 bytes is too long for the guest: it must have at most 268435455',
    );
  });
});

// prettier-ignore
const GOOD_PARAMETERS: readonly [string, ValueType, readonly FlatValue[], unknown][] = [
  ['any bool but 0 is true', tuple({ kind: 'bool' }, { kind: 'bool' }), [-5, 0], [true, false]],
  ['u8 has the low bits', u8, [0x1ff], 255],
  ['s8 has the low bits, with their sign', { kind: 's8' }, [0x1ff], -1],
  ['u16 has the low bits', { kind: 'u16' }, [-1], 0xffff],
  ['s16 has the low bits, with their sign', { kind: 's16' }, [0x18000], -0x8000],
  ['u32 is not negative', u32, [-1], 0xffff_ffff],
  ['s32 may be', { kind: 's32' }, [0xffff_ffff], -1],
  ['u64 is not negative', u64, [-1n], 2n ** 64n - 1n],
  ['s64 may be', { kind: 's64' }, [2n ** 64n - 1n], -1n],
  ['bits of no flag do not count', { kind: 'flags', labels: ['a', 'b-c'] }, [0xfe], { a: false, bC: true }],
  ['the highest character', { kind: 'char' }, [0x10_ffff], '\u{10ffff}'],
  ['the character before the surrogates', { kind: 'char' }, [0xd7ff], '\ud7ff'],
  ['an empty text at the end', text, [END, 0], ''],
  ['an empty list at the end', list(u64), [END, 0], []],
  ['the last bytes', list(u8), [END - 2, 2], new Uint8Array(2)],
  ['a case takes the lower half of a wider flat value', variant, [2, 0xffff_ffff_3f80_0000n], { tag: 'float', val: 1 }],
  ['flat values that a case does not need', variant, [0, 77n], { tag: 'none' }],
];

describe('what is not wrong', () => {
  it.each(GOOD_PARAMETERS)('%s', (_, type, flat, expected) => {
    expect(liftParams(taking(type), flat, new TestGuest().context)).toStrictEqual([expected]);
  });

  it('what is narrower than a flat value of all cases is extended with zeros', () => {
    const narrow: ValueType = { kind: 'variant', cases: [['wide', u64], ['small', { kind: 's8' }], ['float', { kind: 'f32' }]] }; // prettier-ignore
    const flatOf = (value: unknown): FlatValue[] => lowerParams(taking(narrow), [value], new TestGuest().context);
    expect(flatOf({ tag: 'small', val: -1 })).toEqual([1, 0xffff_ffffn]);
    expect(flatOf({ tag: 'float', val: -1 })).toEqual([2, 0xbf80_0000n]);
    expect(flatOf({ tag: 'wide', val: 2n ** 64n - 1n })).toEqual([0, 2n ** 64n - 1n]);
  });

  it('a number may stand for a wide one, also in a list', () => {
    const guest = new TestGuest();
    const type: FunctionType = { params: [['a', u64], ['b', list(u64)]], result: undefined }; // prettier-ignore
    const flat = lowerParams(type, [7, [1, 2n, 2 ** 53 - 1]], guest.context);
    expect(liftParams(type, flat, guest.context)).toEqual([7n, [1n, 2n, 2n ** 53n - 1n]]);
    const values = BigUint64Array.of(5n, 6n);
    expect(liftParams(type, lowerParams(type, [0n, values], guest.context), guest.context)).toEqual([0n, [5n, 6n]]);
  });

  it('a byte order mark stays in a text', () => {
    const guest = new TestGuest();
    guest.write(64, [0xef, 0xbb, 0xbf, 0x61]);
    expect(liftParams(taking(text), [64, 4], guest.context)).toEqual(['\ufeffa']);
  });

  it('the memory grows while values are lowered', () => {
    const guest = new TestGuest();
    const texts = Array.from({ length: 40 }, (_, index) => String(index).repeat(5_000));
    const flat = lowerParams(taking(list(text)), [texts], guest.context);
    expect(guest.memory().byteLength).toBeGreaterThan(END);
    expect(flat[0]).toBe(HEAP);
    expect(liftParams(taking(list(text)), flat, guest.context)).toEqual([texts]);
    const type = giving(tuple(text, text));
    expect(lowerResult(type, ['a', 'b'.repeat(500_000)], [64], guest.context)).toBeUndefined();
    expect(liftResult(type, [64], guest.context)).toEqual(['a', 'b'.repeat(500_000)]);
  });
});
