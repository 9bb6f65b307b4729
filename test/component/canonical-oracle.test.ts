/** The canonical ABI's bytes and values, compared with those of jco's glue for the same types: there they are code that jco has made. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueTypeText } from '../../runtime/component/type-text.ts';
import { flattenFunction, type FunctionType, type ValueType } from '../../runtime/component/value-types.ts';
import type { FlatValue } from '../../runtime/host/component/canonical/context.ts';
import { liftParams, liftResult, lowerParams, lowerResult } from '../../runtime/host/component/canonical/functions.ts';
import { TestGuest } from '../../runtime/host/component/canonical/testing/guest.ts';
import { valuesOf, valueTypes } from '../../runtime/host/component/canonical/testing/random-values.ts';
import { componentText } from './canonical-component.ts';
import { type Glue, glueOf } from './jco-glue.ts';

const SEED = 20_261;
const RETURN_AT = 64;
const VALUES = 8;

const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const u32: ValueType = { kind: 'u32' };
const text: ValueType = { kind: 'string' };
const many = (count: number, type: ValueType): ValueType => ({
  kind: 'tuple',
  types: Array.from({ length: count }, () => type),
});

const labels = (count: number): string[] => Array.from({ length: count }, (_, index) => `label${index}`);

const CHOSEN: readonly ValueType[] = [
  ...(['u8', 's8', 'u16', 's16', 'u32', 's32', 'u64', 's64', 'f32', 'f64', 'char', 'bool', 'string'] as const).map((kind) => list({ kind })),
  many(17, { kind: 'u8' }),
  many(9, text),
  { kind: 'variant', cases: [['a', { kind: 'f32' }], ['b', { kind: 'u64' }], ['c', { kind: 'f64' }], ['d', undefined], ['e', text]] },
  { kind: 'variant', cases: [['a', { kind: 'f32' }], ['b', u32]] },
  { kind: 'variant', cases: [['a', many(2, { kind: 'f32' })], ['b', { kind: 's64' }], ['c', many(3, { kind: 's8' })]] },
  { kind: 'result', ok: undefined, err: undefined },
  ...[1, 8, 9, 16, 17, 32].map((count) => list({ kind: 'flags', labels: labels(count) })),
  ...[1, 256, 257].map((count) => list({ kind: 'enum', labels: labels(count) })),
]; // prettier-ignore

/** Random types that have a part which has a part, at least; jco has other JavaScript values for an option of an option. */
function isCompared(type: ValueType): boolean {
  const text = valueTypeText(type);
  return (text.match(/[<{(]/g)?.length ?? 0) >= 3 && !text.includes('option<option');
}
const random = fc.sample(valueTypes.filter(isCompared), { numRuns: 80, seed: SEED });

/** jco throws the errors of functions that give a result: so each is in a tuple, which changes nothing else. */
const types = [...CHOSEN, ...random].map((type): ValueType => ({ kind: 'tuple', types: [type] }));

/** jco gives empty texts the address 1, of which nobody has asked the allocator. */
function hasEmptyText(value: unknown): boolean {
  if (value === '') return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasEmptyText);
}

/** jco extends an i32 to an i64 with its sign, and only lifts such ones; the specification, and we, with zeros, and we lift both. */
const asExtended = (ours: readonly FlatValue[], theirs: readonly unknown[]): readonly unknown[] =>
  theirs.map((flat, index) => {
    const known = ours[index];
    const isNegative =
      typeof flat === 'bigint' && flat < 0n && flat >= -(2n ** 31n) && known === BigInt.asUintN(32, flat);
    return isNegative ? known : flat;
  });

/** A value that jco has lifted, as we have it: lists of numbers are arrays, what is absent of an option is undefined. */
function asOurs(value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (Array.isArray(value)) return value.map(asOurs);
  if (typeof value !== 'object' || value === null) return value;
  if ('tag' in value && value.tag === 'none') return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asOurs(field)]));
}

describe.each(types.map((type, index) => [valueTypeText(type).slice(0, 100), index, type] as const))(
  '%s',
  (_, index, type) => {
    const taking: FunctionType = { params: [['x', type]], result: undefined };
    const giving: FunctionType = { params: [], result: type };
    const values = fc.sample(
      valuesOf(type).filter((value) => !hasEmptyText(value)),
      { numRuns: VALUES, seed: SEED },
    );

    it('as parameters', () => {
      for (const value of values) {
        const ours = new TestGuest();
        const expected = lowerParams(taking, [value], ours.context);
        run.guest.reset();
        run.taken = (...flat) => {
          expect(asExtended(expected, flat)).toEqual(expected);
          expect(run.guest.allocated()).toEqual(ours.allocated());
          expect(liftParams(taking, flat as FlatValue[], run.guest.context)).toEqual([value]);
          run.glue.lowered[`put-${index}`]?.(...flat);
          expect(asOurs(run.put)).toEqual(value);
        };
        run.glue.exports[`take${index}`]?.(value);
      }
      expect.assertions(4 * values.length);
    });

    it('as a result', () => {
      const { resultInMemory } = flattenFunction(giving, 'lower');
      const at = resultInMemory ? [RETURN_AT] : [];
      for (const value of values) {
        const ours = new TestGuest();
        const expected = lowerResult(giving, value, at, ours.context);
        run.guest.reset();
        run.given = () => {
          run.get = value;
          const given = run.glue.lowered[`get-${index}`]?.(...at) as FlatValue;
          const flat = resultInMemory ? undefined : given; // a core function without a result
          expect(flat).toEqual(expected);
          expect(run.guest.used()).toEqual(ours.used());
          expect(liftResult(giving, [flat ?? RETURN_AT], run.guest.context)).toEqual(value);
          return expected ?? RETURN_AT;
        };
        expect(asOurs(run.glue.exports[`give${index}`]?.())).toEqual(value);
      }
      expect.assertions(4 * values.length);
    });
  },
);

/** What the functions on both sides do; set by each test. */
const run: {
  readonly guest: TestGuest;
  glue: Glue;
  taken: (...flat: readonly unknown[]) => void;
  given: () => unknown;
  put: unknown;
  get: unknown;
} = {
  guest: new TestGuest(),
  glue: { exports: {}, lowered: {} },
  taken: () => undefined,
  given: () => undefined,
  put: undefined,
  get: undefined,
};

beforeAll(async () => {
  const each = (name: string, func: (...args: readonly unknown[]) => unknown): [string, typeof func][] =>
    types.map((_, index) => [`${name}-${index}`, func]);
  const core = [...each('take', (...flat) => run.taken(...flat)), ...each('give', () => run.given())];
  const host = [...each('put', (value) => void (run.put = value)), ...each('get', () => run.get)];
  run.glue = await glueOf(componentText(types), run.guest, Object.fromEntries(core), Object.fromEntries(host));
});
