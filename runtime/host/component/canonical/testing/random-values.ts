/** Random types of the component model, and values of them. */
import fc from 'fast-check';
import { fieldName } from '../../../../values/field-name.ts';
import { type Primitive, PRIMITIVES, type ValueType } from '../../../../component/value-types.ts';

const MOST_PARTS = 5;
const MOST_ELEMENTS = 4;
const labels = (count: number): string[] => Array.from({ length: count }, (_, index) => `the-label-${ENDINGS[index]}`);
/** Endings of labels: a to z, then za and on. */
const ENDINGS = Array.from(
  { length: 36 },
  (_, index) => 'z'.repeat(index / 26) + String.fromCharCode(97 + (index % 26)),
);

const primitiveTypes = fc.constantFrom(...PRIMITIVES).map((kind): ValueType => ({ kind }));
const labelledTypes = fc
  .tuple(fc.constantFrom('flags', 'enum'), fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 32 })))
  .map(([kind, count]): ValueType => ({ kind, labels: labels(count) }));

/** Types without resources. */
export const valueTypes: fc.Arbitrary<ValueType> = fc.letrec<{ type: ValueType; inner: ValueType }>((tie) => {
  const inner = tie('inner');
  const optional = fc.option(inner, { nil: undefined });
  const parts = { minLength: 1, maxLength: MOST_PARTS };
  return {
    inner: fc.oneof({ maxDepth: 3, depthSize: 'small', withCrossShrink: true }, primitiveTypes, tie('type')),
    type: fc.oneof(
      primitiveTypes,
      labelledTypes,
      inner.map((element): ValueType => ({ kind: 'list', element })),
      inner.map((some): ValueType => ({ kind: 'option', some })),
      fc.array(inner, parts).map((types): ValueType => ({ kind: 'tuple', types })),
      fc.tuple(optional, optional).map(([ok, err]): ValueType => ({ kind: 'result', ok, err })),
      fc.array(inner, parts).map((types): ValueType => {
        const names = labels(types.length);
        return { kind: 'record', fields: types.map((type, index) => [names[index] ?? '', type]) };
      }),
      fc.array(optional, parts).map((types): ValueType => {
        const names = labels(types.length);
        return { kind: 'variant', cases: types.map((type, index) => [names[index] ?? '', type]) };
      }),
    ),
  };
}).inner;

const integers = (bits: number, isSigned: boolean): fc.Arbitrary<number> =>
  isSigned
    ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
    : fc.integer({ min: 0, max: 2 ** bits - 1 });

const OF_PRIMITIVES: Readonly<Record<Primitive, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  s8: integers(8, true),
  u8: integers(8, false),
  s16: integers(16, true),
  u16: integers(16, false),
  s32: integers(32, true),
  u32: integers(32, false),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  char: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  string: fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 40 })),
};

const tagged = (cases: readonly (readonly [string, ValueType | undefined])[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    ...cases.map(([tag, payload]) =>
      payload === undefined ? fc.constant({ tag }) : valuesOf(payload).map((val) => ({ tag, val })),
    ),
  );

const objects = (fields: readonly (readonly [string, fc.Arbitrary<unknown>])[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(...fields.map(([, values]) => values))
    .map((values) => Object.fromEntries(fields.map(([label], index) => [fieldName(label), values[index]])));

/** Values as lifting gives them. */
export function valuesOf(type: ValueType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'record':
      return objects(type.fields.map(([label, field]) => [label, valuesOf(field)]));
    case 'flags':
      return objects(type.labels.map((label) => [label, fc.boolean()]));
    case 'enum':
      return fc.constantFrom(...type.labels);
    case 'tuple':
      return fc.tuple(...type.types.map(valuesOf));
    case 'list': {
      const values = fc.array(valuesOf(type.element), { maxLength: MOST_ELEMENTS });
      return type.element.kind === 'u8' ? values.map((bytes) => Uint8Array.from(bytes as number[])) : values; // of bytes
    }
    case 'variant':
      return tagged(type.cases);
    case 'result':
      return tagged([
        ['ok', type.ok],
        ['err', type.err],
      ]);
    case 'option': {
      const some = valuesOf(type.some);
      return fc.option(type.some.kind === 'option' ? some.map((val) => ({ tag: 'some', val })) : some, {
        nil: undefined,
      });
    }
    case 'own':
    case 'borrow':
      throw new Error(`no random values of ${type.kind}`);
    default:
      return OF_PRIMITIVES[type.kind];
  }
}

/** Types with a value of each. */
export const typedValues: fc.Arbitrary<{ readonly type: ValueType; readonly value: unknown }> = valueTypes.chain(
  (type) => valuesOf(type).map((value) => ({ type, value })),
);
