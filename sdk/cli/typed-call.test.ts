import { expect, it } from 'vitest';
import type { WorkerInterface } from '../client/index.ts';
import { closestOf } from './closest.ts';
import { componentArguments } from './local/call-arguments.ts';
import { typedArguments, unnamedArguments } from './typed-call.ts';

const read = (type: string, text: string): unknown =>
  typedArguments('f', { encoding: 'json', params: [{ name: 'p', type }] }, [text])[0];

it.each<[type: string, text: string, value: unknown]>([
  ['string', 'Ada', 'Ada'],
  ['string', '"Ada"', 'Ada'],
  ['string', '5', '5'],
  ['string | null', 'null', null],
  ['i64', '5n', '5'],
  ['i64', '-9223372036854775808', '-9223372036854775808'],
  ['u64', '"18446744073709551615"', '18446744073709551615'],
  ['i32', '-2', -2],
  ['f64', 'NaN', 'NaN'],
  ['f64', '-Infinity', '-Infinity'],
  ['Uint8Array', 'aGk=', 'aGk='],
  ['Uint8Array', '"aGk="', 'aGk='],
  ['Uint8Array', '1234', '1234'],
  ['Array<i32>', '[1,2]', [1, 2]],
  ['Point', '{"x":1}', { x: 1 }],
])('reads %s out of %s', (type, text, value) => {
  expect(read(type, text)).toEqual(value);
});

it.each([
  ['i32', '5n', 'argument p of "f" is the text "5n"; it must be a whole number from -2147483648 to 2147483647'],
  ['u8', '256', 'argument p of "f" is the number 256; it must be a whole number from 0 to 255'],
  [
    'i64',
    '9223372036854775808n',
    'argument p of "f" is the text "9223372036854775808"; it must be a whole number from -9223372036854775808',
  ],
  ['bool', 'yes', 'argument p of "f" is the text "yes"; it must be true or false'],
  ['Uint8Array', '[1,2]', 'argument p of "f" is the text "[1,2]"; it must be base64'],
  ['Array<u8>', '[1,300]', 'argument p[1] of "f" is the number 300; it must be a whole number from 0 to 255'],
  ['Point', 'x', 'argument p of "f" is the text "x"; it must be an object of the class Point'],
])('refuses as %s what is %s', (type, text, told) => {
  expect(() => read(type, text)).toThrow(told);
});

it.each<[kind: string | undefined, text: string, value: unknown]>([
  ['string', 'Ada', 'Ada'],
  ['string', '"Ada"', 'Ada'],
  ['string', '5', '5'],
  ['char', '5', '5'],
  ['enum', 'true', 'true'],
  ['s64', '5n', 5n],
  ['u64', '18446744073709551615', 2n ** 64n - 1n],
  ['u32', '5', 5],
  ['option', 'Ada', 'Ada'],
  ['option', 'null', null],
  ['record', '{"name":"Ada"}', { name: 'Ada' }],
  [undefined, 'Ada', 'Ada'],
])('reads %s of a component out of %s', (kind, text, value) => {
  const params = kind === undefined ? undefined : [{ name: 'p', type: kind }];
  expect(componentArguments('f', params, [text])).toEqual([value]);
});

it('counts the arguments of a component’s function; options at the end may be left out', () => {
  const params = [
    { name: 'who', type: 'string' },
    { name: 'times', type: 'option' },
  ];
  expect(componentArguments('f', params, ['Ada'])).toEqual(['Ada']);
  const told = (count: number): string => `"f" takes (who: string, times: option); ${count} arguments are given`;
  expect(() => componentArguments('f', params, [])).toThrow(told(0));
  expect(() => componentArguments('f', params, ['Ada', '2', '3'])).toThrow(told(3));
});

it('tells which exports a manifest names, where a text is given to another', async () => {
  const exports = { greet: { encoding: 'bytes' as const } };
  const known = (): Promise<WorkerInterface> => Promise.resolve({ bundle: 'b', exports, types: {} });
  await expect(unnamedArguments(known, 'gret', ['Ada'])).rejects.toThrow(
    /does not name gret; it names greet \(did you mean greet\?\)$/,
  );
  expect(await unnamedArguments(known, 'gret', ['5n'])).toEqual([5n]);
});

it('counts arguments', () => {
  const exported = {
    encoding: 'json',
    params: [
      { name: 'a', type: 'i32' },
      { name: 'b', type: 'i32', optional: true },
    ],
  } as const;
  expect(typedArguments('f', exported, ['1'])).toEqual([1]);
  expect(() => typedArguments('f', exported, [])).toThrow('"f" takes (a: i32, b?: i32); 0 arguments are given');
  expect(() => typedArguments('f', exported, ['1', '2', '3'])).toThrow('3 arguments are given');
});

it('guesses what somebody meant, if that is near', () => {
  expect(closestOf('greeet', ['guests', 'greet'])).toBe('greet');
  expect(closestOf('gret', ['guests', 'greet'])).toBe('greet');
  expect(closestOf('remove', ['guests', 'greet'])).toBeUndefined();
  expect(closestOf('x', [])).toBeUndefined();
});
