import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flattenFunction,
  type FunctionType,
  MAX_FLAT_PARAMS,
  sizeOf,
  type ValueType,
} from '../../../component/value-types.ts';
import { codecOf } from './codec-table.ts';
import { checkParams, checkResult, liftParams, liftResult, lowerParams, lowerResult } from './functions.ts';
import { TestGuest } from './testing/guest.ts';
import { typedValues, valuesOf, valueTypes } from './testing/random-values.ts';

const RUNS = { numRuns: 2_000 };
const RETURN_AT = 64;

describe('a value comes back as it was', () => {
  it('from memory, and only what it takes was written', () => {
    fc.assert(
      fc.property(typedValues, ({ type, value }) => {
        const codec = codecOf(type);
        const guest = new TestGuest();
        expect(codec.check(value)).toBeUndefined();
        const at = guest.realloc(0, 0, codec.align, codec.sizeBytes);
        const end = guest.realloc(0, 0, 1, 8);
        guest.write(end, [1, 2, 3, 4, 5, 6, 7, 8]);
        codec.store(value, at, guest.context);
        expect(codec.load(at, guest.context)).toStrictEqual(value);
        expect(guest.view.getBigUint64(end, true)).toBe(0x0807060504030201n);
      }),
      RUNS,
    );
  });

  it('from flat values, which are of the flat types', () => {
    fc.assert(
      fc.property(typedValues, ({ type, value }) => {
        const codec = codecOf(type);
        fc.pre(codec.flat.length <= MAX_FLAT_PARAMS);
        const guest = new TestGuest();
        const flat: (number | bigint)[] = [];
        codec.lower(value, flat, guest.context);
        expect(flat.map((each) => typeof each)).toEqual(
          codec.flat.map((each) => (each === 'i64' ? 'bigint' : 'number')),
        );
        expect(codec.lift({ values: flat, at: 0 }, guest.context)).toStrictEqual(value);
      }),
      RUNS,
    );
  });

  const functions = fc
    .tuple(fc.array(valueTypes, { maxLength: 6 }), fc.option(valueTypes, { nil: undefined }))
    .map(([params, result]): FunctionType => ({ params: params.map((type, index) => [`p${index}`, type]), result }));

  it('as parameters, however many', () => {
    let inMemory = 0;
    fc.assert(
      fc.property(
        functions.chain((type) =>
          fc.tuple(...type.params.map(([, param]) => valuesOf(param))).map((values) => ({ type, values })),
        ),
        ({ type, values }) => {
          const guest = new TestGuest();
          checkParams(type, values);
          const flat = lowerParams(type, values, guest.context);
          const { params, paramsInMemory } = flattenFunction(type, 'lift');
          expect(flat).toHaveLength(params.length);
          if (paramsInMemory) inMemory++;
          expect(liftParams(type, flat, guest.context)).toStrictEqual(values);
        },
      ),
      RUNS,
    );
    expect(inMemory).toBeGreaterThan(50);
  });

  it('as a result: what a host gives the guest, the guest can give the host', () => {
    fc.assert(
      fc.property(typedValues, ({ type, value }) => {
        const guest = new TestGuest();
        const func: FunctionType = { params: [], result: type };
        checkResult(func, value, 'f');
        const { resultInMemory } = flattenFunction(func, 'lower');
        const flat = lowerResult(func, value, resultInMemory ? [RETURN_AT] : [], guest.context);
        expect(flat === undefined).toBe(resultInMemory);
        expect(liftResult(func, [flat ?? RETURN_AT], guest.context)).toStrictEqual(value);
        expect(
          guest
            .used()
            .subarray(RETURN_AT + sizeOf(type), 1024)
            .some((byte) => byte !== 0),
        ).toBe(false);
      }),
      { ...RUNS, numRuns: 1000 },
    );
  });
});

it('a codec is made once for a type', () => {
  const type: ValueType = { kind: 'list', element: { kind: 'u8' } };
  expect(codecOf(type)).toBe(codecOf(type));
});
