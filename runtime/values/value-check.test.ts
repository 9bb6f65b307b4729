import { describe, expect, it } from 'vitest';
import { misfitOf, typeWords } from './value-check.ts';
import { parseType, type ValueType } from './value-types.ts';

const typeOf = (text: string): ValueType => parseType(text) ?? { kind: 'string' };

it.each<[type: string, values: readonly unknown[]]>([
  ['i8', [-128, 127, '127']],
  ['u16', [0, 65_535]],
  ['i32', [-2_147_483_648, 2_147_483_647, '5']],
  ['i64', ['-9223372036854775808', '9223372036854775807', 2 ** 53 - 1]],
  ['u64', ['18446744073709551615', 0]],
  ['f64', [0.5, -1e300, 'NaN', '-Infinity']],
  ['bool', [true, false]],
  ['string', ['', '5']],
  ['string | null', ['a', null]],
  ['Uint8Array', ['', 'aGk=', 'aGk', '_-8']],
  ['Float32Array', [[], [0.5, 'NaN']]],
  ['Array<Array<u8>>', [[[], [255]]]],
  ['Point', [{ x: 1 }]],
])('%s takes what fits it', (type, values) => {
  for (const value of values) expect(misfitOf(typeOf(type), value)).toBeUndefined();
});

it.each<[type: string, value: unknown, at: string, found: unknown, expected: string]>([
  ['i8', 128, '', 128, 'a whole number from -128 to 127'],
  ['i8', -129, '', -129, 'a whole number from -128 to 127'],
  ['u16', -1, '', -1, 'a whole number from 0 to 65535'],
  ['i32', 2_147_483_648, '', 2_147_483_648, 'a whole number from -2147483648 to 2147483647'],
  ['i32', 0.5, '', 0.5, 'a whole number from -2147483648 to 2147483647'],
  ['i32', 'x', '', 'x', 'a whole number from -2147483648 to 2147483647'],
  ['u64', '18446744073709551616', '', '18446744073709551616', 'a whole number from 0 to 18446744073709551615'],
  ['u64', 2 ** 53, '', 2 ** 53, 'a whole number from 0 to 18446744073709551615, in quotes beyond 2^53'],
  ['f32', 'x', '', 'x', 'a number'],
  ['bool', 1, '', 1, 'true or false'],
  ['string | null', 5, '', 5, 'a text, or null'],
  ['ArrayBuffer', '?', '', '?', 'base64'],
  ['ArrayBuffer', 'aaaaa', '', 'aaaaa', 'base64'],
  ['Int16Array', 5, '', 5, 'an array, each item a whole number from -32768 to 32767'],
  ['Array<Array<u8>>', [[1], [2, 256]], '[1][1]', 256, 'a whole number from 0 to 255'],
  ['Point', [], '', [], 'an object of the class Point'],
])('%s refuses %j', (type, value, at, found, expected) => {
  expect(misfitOf(typeOf(type), value)).toEqual({ at, found, expected });
});

describe('members of a class', () => {
  const classes = {
    Point: [
      { name: 'x', type: 'i32' },
      { name: 'next', type: 'Point | null' },
    ],
  };

  it.each<[value: object, at: string | undefined]>([
    [{ x: 1 }, undefined],
    [{ x: 1, next: null, more: 'y' }, undefined],
    [{}, '.x'],
    [{ x: '1', next: { x: 2, next: { x: 1.5 } } }, '.next.next.x'],
    [{ x: 1, next: [] }, '.next'],
  ])('of %j: the misfit is at %s', (value, at) => {
    expect(misfitOf(typeOf('Point'), value, { classes })?.at).toBe(at);
  });

  it('are not looked for in what objects have by birth', () => {
    const inherited = { Odd: [{ name: 'toString', type: 'i32' }] };
    expect(misfitOf(typeOf('Odd'), {}, { classes: inherited })).toMatchObject({ at: '.toString', found: undefined });
    expect(misfitOf(typeOf('constructor'), {}, { classes: inherited })).toBeUndefined();
  });
});

it('takes wide numbers beyond 2^53 for a worker that reads their digits', () => {
  expect(misfitOf(typeOf('i64'), 2 ** 60, { keepsDigits: true })).toBeUndefined();
  expect(misfitOf(typeOf('i32'), 2 ** 60, { keepsDigits: true })).toBeDefined();
});

it('says every type in words', () => {
  expect(typeWords(typeOf('Array<Point | null>'))).toBe('an array, each item an object of the class Point, or null');
});
