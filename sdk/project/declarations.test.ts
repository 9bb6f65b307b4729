import { expect, it } from 'vitest';
import type { WorkerManifest } from '../../runtime/bundle/index.ts';
import { declarationsOf } from './declarations.ts';
import { parseType, typeText } from '../../runtime/values/value-types.ts';

const json = (params: [name: string, type: string, optional?: boolean][], result?: string): object => ({
  encoding: 'json',
  params: params.map(([name, type, optional]) => ({ name, type, ...(optional ? { optional } : {}) })),
  ...(result === undefined ? {} : { result }),
});
const manifest = (fields: object): WorkerManifest => ({ schemaVersion: 1, name: 'my-worker', ...fields });

it('declares what callers give and get', () => {
  const declared = declarationsOf(
    manifest({
      interface: {
        plain: { encoding: 'core' },
        raw: { encoding: 'bytes' },
        numbers: json(
          [
            ['a', 'i32'],
            ['b', 'u64', true],
          ],
          'f64',
        ),
        lists: json(
          [
            ['a', 'Array<Array<Point | null>>'],
            ['b', 'Float32Array'],
            ['c', 'Uint64Array'],
          ],
          'Int64Array',
        ),
        bytes: json(
          [
            ['a', 'Uint8Array'],
            ['b', 'ArrayBuffer | null'],
          ],
          'Uint8Array | null',
        ),
        'of-point': json([['not an identifier', 'Point']], 'Array<bool | null>'),
        nothing: json([]),
      },
      types: {
        Point: [
          { name: 'x', type: 'i64' },
          { name: 'next', type: 'Point | null' },
        ],
      },
    }),
  );
  expect(declared.split('\n')).toEqual([
    '// Written by `pluvio types` from the manifest of my-worker.',
    '',
    'export interface Point {',
    '  x: string;',
    '  next: Point | null;',
    '}',
    '',
    'export interface MyWorker {',
    '  numbers(a: number, b?: bigint | number | string): number;',
    '  lists(a: readonly (readonly (Point | null)[])[], b: Float32Array | readonly number[], c: BigUint64Array | readonly string[]): string[];',
    '  bytes(a: Uint8Array | string, b: ArrayBuffer | string | null): string | null;',
    '  "of-point"(p0: Point): (boolean | null)[];',
    '  nothing(): null;',
    '}',
    '',
  ]);
});

it('refuses types that are none', () => {
  const code = 'BUNDLE_MANIFEST_INVALID';
  expect(() => declarationsOf(manifest({ interface: { f: json([['a', 'i32; evil()']]) } }))).toThrow(
    expect.objectContaining({ code }),
  );
  expect(() => declarationsOf(manifest({ types: { 'x { }': [] } }))).toThrow(expect.objectContaining({ code }));
});

it.each(['i32', 'bool', 'string | null', 'Array<i64>', 'Array<Array<Point | null> | null> | null', 'Float64Array'])(
  '%s is a type',
  (text) => {
    const type = parseType(text);
    expect(type && typeText(type)).toBe(text);
    expect(parseType(` ${text.replaceAll(' ', '')} `)).toEqual(type);
  },
);

it.each([
  '',
  ' ',
  'Array',
  'Array<>',
  'Array<i32',
  'i32 | i64',
  'i32 | null | null',
  'a b',
  '<',
  'x;',
  `${'Array<'.repeat(17)}i32${'>'.repeat(17)}`,
])('%s is none', (text) => {
  expect(parseType(text)).toBeUndefined();
});
