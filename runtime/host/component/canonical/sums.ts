/** Codecs of variants, and of what is one for the canonical ABI: enums, options, results. */
import { alignTo, discriminantBytes, type FlatType, flatten, type ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import { type Codec, type FlatSource, HOST_BYTES, type Misfit, misfitOf, nextI32, within } from './codec.ts';
import { trap } from '../../guest-trap.ts';
import type { CanonicalContext, FlatValue } from './context.ts';
import { SMALL_NUMBERS } from './primitives.ts';

/** How a type looks in JavaScript: which case a value is, and its payload. */
interface Shape {
  readonly check: (value: unknown) => Misfit | undefined;
  readonly caseOf: (value: unknown) => number;
  readonly payloadOf: (value: unknown) => unknown;
  readonly make: (index: number, payload: ComponentValue) => ComponentValue;
  /** Of what is around the payload. */
  readonly hostBytes: number;
}

const scratch = new DataView(new ArrayBuffer(8));

/** A flat value of a case as one of the type that holds all cases. */
function widen(value: FlatValue, from: FlatType, to: FlatType): FlatValue {
  if (from === to) return value;
  if (from === 'f64') {
    scratch.setFloat64(0, value as number, true); // as its flat type says, here and below
    return scratch.getBigInt64(0, true);
  }
  let bits = value as number;
  if (from === 'f32') {
    scratch.setFloat32(0, bits, true);
    bits = scratch.getInt32(0, true);
  }
  return to === 'i32' ? bits : BigInt(bits >>> 0);
}

/** The reverse. */
function narrow(value: FlatValue, from: FlatType, to: FlatType): FlatValue {
  if (from === to) return value;
  if (to === 'f64') {
    scratch.setBigInt64(0, value as bigint, true); // as its flat type says, here and below
    return scratch.getFloat64(0, true);
  }
  const bits = from === 'i64' ? Number(BigInt.asIntN(32, value as bigint)) : (value as number);
  if (to === 'i32') return bits;
  scratch.setInt32(0, bits, true);
  return scratch.getFloat32(0, true);
}

const zeroOf = (type: FlatType): FlatValue => (type === 'i64' ? 0n : 0);

function codecOfCases(type: ValueType, payloads: readonly (Codec | undefined)[], shape: Shape): Codec {
  const tagBytes = discriminantBytes(payloads.length);
  const tag = SMALL_NUMBERS[tagBytes];
  const align = Math.max(tagBytes, ...payloads.map((payload) => payload?.align ?? 1));
  const payloadAt = alignTo(tagBytes, Math.max(1, ...payloads.map((payload) => payload?.align ?? 1)));
  const sizeBytes = alignTo(payloadAt + Math.max(0, ...payloads.map((payload) => payload?.sizeBytes ?? 0)), align);
  const [, ...joined] = flatten(type);
  const hostBytes = shape.hostBytes + Math.max(HOST_BYTES.slot, ...payloads.map((payload) => payload?.hostBytes ?? 0));
  /** By case: whether its flat values are what the joined ones are. */
  const isPlain = payloads.map((payload) => payload?.flat.every((each, index) => each === joined[index]) ?? true);

  const checkedCase = (index: number): number => {
    if (index >>> 0 < payloads.length) return index >>> 0;
    return trap(`case ${index >>> 0} does not exist: the ${type.kind} has ${payloads.length}`);
  };
  const lift = (source: FlatSource, context: CanonicalContext): ComponentValue => {
    const index = checkedCase(nextI32(source));
    const payload = payloads[index];
    const begin = source.at;
    let value: ComponentValue;
    if (payload !== undefined && isPlain[index] === true) value = payload.lift(source, context);
    else if (payload !== undefined) {
      const values = payload.flat.map((to, at) => narrow(source.values[begin + at] ?? 0, joined[at] ?? to, to));
      value = payload.lift({ values, at: 0 }, context);
    }
    source.at = begin + joined.length;
    return shape.make(index, value);
  };
  const lower = (value: unknown, flat: FlatValue[], context: CanonicalContext): void => {
    const index = shape.caseOf(value);
    flat.push(index);
    const begin = flat.length;
    const payload = payloads[index];
    if (payload !== undefined) {
      payload.lower(shape.payloadOf(value), flat, context);
      if (isPlain[index] !== true) {
        payload.flat.forEach((from, at) => (flat[begin + at] = widen(flat[begin + at] ?? 0, from, joined[at] ?? from)));
      }
    }
    for (let at = flat.length - begin; at < joined.length; at++) flat.push(zeroOf(joined[at] ?? 'i32'));
  };
  return {
    flat: flatten(type),
    sizeBytes,
    align,
    hostBytes,
    check: shape.check,
    lift,
    lower,
    load: (at, context) => {
      const index = checkedCase(tag.load(context.view, at));
      return shape.make(index, payloads[index]?.load(at + payloadAt, context));
    },
    store: (value, at, context) => {
      const index = shape.caseOf(value);
      tag.store(context.view, at, index);
      payloads[index]?.store(shape.payloadOf(value), at + payloadAt, context);
    },
  };
}

interface Tagged {
  readonly tag: string;
  readonly val?: unknown;
}

const isTagged = (value: unknown): value is Tagged =>
  typeof value === 'object' && value !== null && 'tag' in value && typeof value.tag === 'string';

/** Cases by name: `{ tag, val }`. */
function taggedShape(type: ValueType, names: readonly string[], payloads: readonly (Codec | undefined)[]): Shape {
  const indices = new Map(names.map((name, index) => [name, index]));
  const caseOf = (value: unknown): number => indices.get((value as Tagged).tag) ?? 0; // was checked
  return {
    check: (value) => {
      if (!isTagged(value)) return misfitOf(value, type);
      const index = indices.get(value.tag);
      if (index === undefined) return { path: '.tag', found: value.tag, expected: `one of ${names.join(', ')}` };
      const payload = payloads[index];
      if (payload !== undefined) return within('.val', payload.check(value.val));
      return value.val === undefined || value.val === null
        ? undefined
        : { path: '.val', found: value.val, expected: `left out: ${value.tag} has none` };
    },
    caseOf,
    payloadOf: (value) => (value as Tagged).val, // was checked
    hostBytes: HOST_BYTES.object + HOST_BYTES.slot,
    make: (index, payload) =>
      payloads[index] === undefined ? { tag: names[index] ?? '' } : { tag: names[index] ?? '', val: payload },
  };
}

export const variantCodec = (
  type: ValueType & { readonly kind: 'variant' },
  payloads: readonly (Codec | undefined)[],
): Codec =>
  codecOfCases(
    type,
    payloads,
    taggedShape(
      type,
      type.cases.map(([name]) => name),
      payloads,
    ),
  );

export const resultCodec = (type: ValueType, payloads: readonly (Codec | undefined)[]): Codec =>
  codecOfCases(type, payloads, taggedShape(type, ['ok', 'err'], payloads));

export function enumCodec(type: ValueType & { readonly kind: 'flags' | 'enum' }): Codec {
  const indices = new Map(type.labels.map((label, index) => [label, index]));
  return codecOfCases(
    type,
    type.labels.map(() => undefined),
    {
      check: (value) => (indices.has(value as string) ? undefined : misfitOf(value, type)),
      caseOf: (value) => indices.get(value as string) ?? 0, // was checked
      payloadOf: () => undefined,
      hostBytes: 0,
      make: (index) => type.labels[index],
    },
  );
}

/** The value or undefined; what can be undefined itself is `{ tag: 'some', val }`. */
export function optionCodec(type: ValueType & { readonly kind: 'option' }, some: Codec): Codec {
  const payloads = [undefined, some];
  if (type.some.kind === 'option') {
    const tagged = taggedShape(type, ['none', 'some'], payloads);
    return codecOfCases(type, payloads, {
      ...tagged,
      check: (value) => (value === undefined || value === null ? undefined : tagged.check(value)),
      caseOf: (value) => (value === undefined || value === null ? 0 : tagged.caseOf(value)),
      make: (index, payload) => (index === 0 ? undefined : { tag: 'some', val: payload }),
    });
  }
  return codecOfCases(type, payloads, {
    check: (value) => (value === undefined || value === null ? undefined : some.check(value)),
    caseOf: (value) => (value === undefined || value === null ? 0 : 1),
    payloadOf: (value) => value,
    hostBytes: 0,
    make: (_, payload) => payload,
  });
}
