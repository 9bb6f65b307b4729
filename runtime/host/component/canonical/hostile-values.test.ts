/** Values of callers and of host functions that do not fit their type: refused, with the place, before anything is written. */
import { describe, expect, it } from 'vitest';
import { PluvioError } from '../../../errors/index.ts';
import { valueTypeText } from '../../../component/type-text.ts';
import type { FunctionType, ResourceType, ValueType } from '../../../component/value-types.ts';
import { checkParams, checkResult, liftParams, lowerParams } from './functions.ts';
import { TestGuest } from './testing/guest.ts';

const kind = (name: 'bool' | 'u8' | 's8' | 'u16' | 's16' | 'u32' | 's32' | 'u64' | 's64' | 'f32' | 'f64' | 'char' | 'string'): ValueType => ({ kind: name }); // prettier-ignore
const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const stream: ResourceType = { from: 'wasi:io/streams@0.2', name: 'input-stream' };
const counter: ResourceType = { from: undefined, name: 'resource 1' };

const address: ValueType = { kind: 'record', fields: [['street-name', kind('string')], ['number', { kind: 'option', some: kind('u16') }]] }; // prettier-ignore
const person: ValueType = {
  kind: 'record',
  fields: [
    ['home', address],
    ['nick-names', list(kind('string'))],
  ],
};
const shape: ValueType = {
  kind: 'variant',
  cases: [
    ['circle', kind('f64')],
    ['empty', undefined],
  ],
};
const result: ValueType = { kind: 'result', ok: kind('u8'), err: undefined };
const flags: ValueType = { kind: 'flags', labels: ['read', 'read-all'] };
const colour: ValueType = { kind: 'enum', labels: ['red', 'green'] };
const taking = (type: ValueType): FunctionType => ({ params: [['a-value', type]], result: type });

function refusalOf(func: () => void): string {
  try {
    func();
  } catch (error) {
    if (error instanceof PluvioError && error.code === 'INVALID_ARGUMENT') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

const ADDRESS = { streetName: 'x', number: 1 };

// prettier-ignore
const REFUSED: readonly [ValueType, unknown, string][] = [
  [kind('bool'), 1, ' is 1; it must be bool'],
  [kind('u8'), 256, ' is 256; it must be u8'],
  [kind('u8'), -1, ' is -1; it must be u8'],
  [kind('s8'), 128, ' is 128; it must be s8'],
  [kind('u16'), 65_536, ' is 65536; it must be u16'],
  [kind('s16'), -32_769, ' is -32769; it must be s16'],
  [kind('u32'), 2 ** 32, ' is 4294967296; it must be u32'],
  [kind('u32'), 1.5, ' is 1.5; it must be u32'],
  [kind('u32'), '5', ' is "5"; it must be u32'],
  [kind('u32'), 5n, ' is 5n; it must be u32'],
  [kind('u32'), NaN, ' is NaN; it must be u32'],
  [kind('s32'), 2 ** 31, ' is 2147483648; it must be s32'],
  [kind('u64'), -1n, ' is -1n; it must be u64'],
  [kind('u64'), 2n ** 64n, ' is 18446744073709551616n; it must be u64'],
  [kind('u64'), 2 ** 60, ' is 1152921504606847000; it must be u64'],
  [kind('s64'), 2n ** 63n, ' is 9223372036854775808n; it must be s64'],
  [kind('f32'), '1', ' is "1"; it must be f32'],
  [kind('f64'), 1n, ' is 1n; it must be f64'],
  [kind('char'), '', ' is ""; it must be char'],
  [kind('char'), 'ab', ' is "ab"; it must be char'],
  [kind('char'), '\ud800', ' is "\\ud800"; it must be char'],
  [kind('string'), undefined, ' is missing; it must be string'],
  [kind('string'), null, ' is null; it must be string'],
  [kind('string'), new Uint8Array(3), ' is 3 bytes; it must be string'],
  [list(kind('u8')), [1, 300], '[1] is 300; it must be u8'],
  [list(kind('u8')), 'ab', ' is "ab"; it must be list<u8>'],
  [list(kind('u8')), new Uint16Array(2), ' is of type object; it must be list<u8>'],
  [list(kind('f32')), new Float64Array(2), ' is of type object; it must be list<f32>'],
  [list(kind('u32')), [1, -1], '[1] is -1; it must be u32'],
  [list(kind('u64')), [1n, 2n, '3'], '[2] is "3"; it must be u64'],
  [list(kind('string')), { length: 1, 0: 'a' }, ' is of type object; it must be list<string>'],
  [list(list(kind('string'))), [[], ['a', 5]], '[1][1] is 5; it must be string'],
  [{ kind: 'tuple', types: [kind('u8'), kind('bool')] }, [1], ' is an array of 1; it must be tuple<u8, bool>'],
  [{ kind: 'tuple', types: [kind('u8'), kind('bool')] }, [1, 0], '[1] is 0; it must be bool'],
  [address, 'x', ' is "x"; it must be record { street-name: string, number: option<u16> }'],
  [address, ['x'], ' is an array of 1; it must be record { street-name: string, number: option<u16> }'],
  [address, { number: 1 }, '.streetName is missing; it must be string'],
  [address, { ...ADDRESS, number: '1' }, '.number is "1"; it must be u16'],
  [address, { ...ADDRESS, street: 1 }, '.street is 1; it must be left out: streetName, number are known'],
  [person, { home: { streetName: 5 }, nickNames: [] }, '.home.streetName is 5; it must be string'],
  [person, { home: ADDRESS, nickNames: ['a', null] }, '.nickNames[1] is null; it must be string'],
  [shape, 'circle', ' is "circle"; it must be variant { circle(f64), empty }'],
  [shape, { tag: 'square', val: 1 }, '.tag is "square"; it must be one of circle, empty'],
  [shape, { tag: 'circle' }, '.val is missing; it must be f64'],
  [shape, { tag: 'empty', val: 1 }, '.val is 1; it must be left out: empty has none'],
  [result, { tag: 'ok', val: 256 }, '.val is 256; it must be u8'],
  [result, 5, ' is 5; it must be result<u8>'],
  [{ kind: 'option', some: { kind: 'option', some: kind('u8') } }, 5, ' is 5; it must be option<option<u8>>'],
  [flags, ['read'], ' is an array of 1; it must be flags { read, read-all }'],
  [flags, { readAll: 1 }, '.readAll is 1; it must be bool'],
  [flags, { write: true }, '.write is true; it must be left out: read, readAll are known'],
  [colour, 'blue', ' is "blue"; it must be enum { red, green }'],
  [colour, 0, ' is 0; it must be enum { red, green }'],
  [{ kind: 'own', resource: stream }, 1, ' is 1; it must be input-stream'],
  [{ kind: 'borrow', resource: stream }, { resource: 'wasi:io/streams@0.2/output-stream' }, ' is of type object; it must be borrow<input-stream>'],
  [{ kind: 'own', resource: counter }, { resource: 'own/resource 1' }, ' is of type object; it must be resource 1'],
  [kind('u8'), 'long '.repeat(20), ' is a text of 100 units; it must be u8'],
];

describe('is refused', () => {
  it.each(REFUSED.map((row) => [`${valueTypeText(row[0])}${row[2]}`, ...row] as const))(
    '%s',
    (_, type, value, message) => {
      expect(refusalOf(() => checkParams(taking(type), [value]))).toBe(`argument 0 (a-value)${message}`);
      expect(refusalOf(() => checkResult(taking(type), value, 'a:b/c f'))).toBe(`the result of a:b/c f${message}`);
    },
  );

  it('an argument too many, or one too few', () => {
    const type: FunctionType = { params: [['a', kind('u8')], ['b', kind('u8')]], result: undefined }; // prettier-ignore
    expect(refusalOf(() => checkParams(type, [1, 2, 3]))).toBe('there are 3 arguments; the function takes 2: (a, b)');
    expect(refusalOf(() => checkParams(type, [1]))).toBe('argument 1 (b) is missing; it must be u8');
    expect(() => checkParams(type, [1, 2])).not.toThrow();
  });
});

describe('is taken', () => {
  it.each<[ValueType, unknown]>([
    [kind('u64'), 5],
    [kind('s64'), -(2n ** 63n)],
    [kind('f32'), 1e300],
    [kind('f64'), NaN],
    [kind('char'), '\u{1f600}'],
    [kind('string'), '\ud800'],
    [list(kind('u8')), [0, 255]],
    [list(kind('f32')), new Float32Array(2)],
    [list(kind('u64')), [1, 2n]],
    [address, { streetName: '' }],
    [address, { streetName: '', number: undefined }],
    [address, { streetName: '', number: null }],
    [flags, {}],
    [shape, { tag: 'empty', val: undefined }],
    [{ kind: 'own', resource: stream }, { resource: 'wasi:io/streams@0.2/input-stream' }],
    [
      { kind: 'own', resource: counter },
      { resource: 'own/resource 1', rep: 5 },
    ],
  ])('row %#', (type, value) => {
    expect(() => checkParams(taking(type), [value])).not.toThrow();
    expect(() => checkResult(taking(type), value, 'f')).not.toThrow();
  });

  it('an object of a class, by what its properties give', () => {
    class Home {
      get streetName(): string {
        return 'x';
      }
    }
    expect(() => checkParams(taking(address), [new Home()])).not.toThrow();
  });

  it('a record with a field that all objects have, if it has it itself', () => {
    const type: ValueType = { kind: 'record', fields: [['to-string', { kind: 'option', some: kind('string') }], ['value-of', kind('u8')]] }; // prettier-ignore
    expect(() => checkParams(taking(type), [{ valueOf: 5 }])).not.toThrow();
    expect(refusalOf(() => checkParams(taking(type), [{}]))).toBe(
      'argument 0 (a-value).valueOf is missing; it must be u8',
    );
  });

  it('flags with a name that all objects have', () => {
    const type: ValueType = { kind: 'flags', labels: ['to-string', 'constructor'] };
    expect(() => checkParams(taking(type), [{}])).not.toThrow();
    const { context } = new TestGuest();
    expect(lowerParams(taking(type), [{}], context)).toEqual([0]);
    expect(lowerParams(taking(type), [{ constructor: true }], context)).toEqual([2]);
    expect(liftParams(taking(type), [1], context)).toEqual([{ toString: true, constructor: false }]);
  });
});
