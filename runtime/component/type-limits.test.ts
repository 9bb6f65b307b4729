import { describe, expect, it } from 'vitest';
import { componentOf } from '../../test/component/tools.ts';
import { PluvioError } from '../errors/index.ts';
import { programOf } from './program.ts';
import { flatten, functionFault, type FunctionType, sizeOf, typeFault, type ValueType } from './value-types.ts';

const u8: ValueType = { kind: 'u8' };
/** A type around another, so many times. */
const nested = (around: (inner: ValueType) => ValueType, times: number): ValueType =>
  Array.from({ length: times }).reduce<ValueType>((inner) => around(inner), u8);

describe('a type', () => {
  it.each<[string, ValueType, string | undefined]>([
    ['of one part', u8, undefined],
    ['an empty tuple', { kind: 'tuple', types: [] }, 'a type is an empty tuple'],
    ['an empty record', { kind: 'record', fields: [] }, 'a type is an empty record'],
    ['an empty variant', { kind: 'variant', cases: [] }, 'a type is an empty variant'],
    ['an empty enum', { kind: 'enum', labels: [] }, 'a type is an empty enum'],
    ['empty flags', { kind: 'flags', labels: [] }, 'a type is an empty flags'],
    ['a result of nothing', { kind: 'result', ok: undefined, err: undefined }, undefined],
    ['100 deep', nested((element) => ({ kind: 'list', element }), 99), undefined],
    [
      '101 deep',
      nested((some) => ({ kind: 'option', some }), 100),
      'a type has types within types, 101 deep; at most 100 are allowed',
    ],
    ['of 8,191 parts', nested((part) => ({ kind: 'tuple', types: [part, part] }), 12), undefined],
    [
      'of 16,383 parts',
      nested((part) => ({ kind: 'result', ok: part, err: part }), 13),
      'a type is made of 16383 types and labels; at most 10000 are allowed',
    ],
    [
      'with 10,000 labels',
      { kind: 'enum', labels: Array.from({ length: 10_000 }, (_, index) => `l${index}`) },
      'a type is made of 10001 types and labels; at most 10000 are allowed',
    ],
    [
      'with 10,000 cases',
      { kind: 'variant', cases: Array.from({ length: 10_000 }, (_, index) => [`c${index}`, undefined]) },
      'a type is made of 10001 types and labels; at most 10000 are allowed',
    ],
    [
      'of 10,001 parts',
      { kind: 'tuple', types: Array.from({ length: 10_000 }, () => u8) },
      'a type is made of 10001 types and labels; at most 10000 are allowed',
    ],
  ])('%s', (_, type, fault) => {
    expect(typeFault(type)).toBe(fault);
  });

  it('of very many parts has a size, and no flat values for all of them', () => {
    const type = nested((part) => ({ kind: 'tuple', types: [part, part] }), 40);
    expect(sizeOf(type)).toBe(2 ** 40);
    expect(flatten(type).length).toBeLessThan(40);
  });
});

it('a function has parameters of so many parts together', () => {
  const part = nested((inner) => ({ kind: 'tuple', types: [inner, inner] }), 12);
  const taking = (count: number): FunctionType => ({
    params: Array.from({ length: count }, (_, index) => [`p${index}`, part]),
    result: u8,
  });
  expect(functionFault(taking(1))).toBeUndefined();
  expect(functionFault(taking(2))).toBe('a type is made of 16383 types and labels; at most 10000 are allowed');
});

it.each<[string, ValueType]>([
  ['a borrow', { kind: 'borrow', resource: { from: 'a:b/c', name: 'r' } }],
  [
    'one within others',
    { kind: 'list', element: { kind: 'option', some: { kind: 'borrow', resource: { from: undefined, name: 'r' } } } },
  ],
])('a function gives no borrow: %s', (_, type) => {
  expect(functionFault({ params: [], result: type })).toBe('a function gives a borrow');
  expect(functionFault({ params: [['it', type]], result: u8 })).toBeUndefined();
});

it('a component with such a type is refused', async () => {
  const lines = Array.from({ length: 13 }, (_, index) => `(type $t${index + 1} (tuple $t${index} $t${index}))`);
  const bytes = await componentOf(`(component (type $t0 (tuple u8 u8)) ${lines.join(' ')})`);
  expect(() => programOf(bytes)).toThrow(PluvioError);
  expect(() => programOf(bytes)).toThrow(
    expect.objectContaining({
      code: 'COMPONENT_UNSUPPORTED',
      message: 'the component cannot run here: a type is made of 16383 types and labels; at most 10000 are allowed',
    }),
  );
});
