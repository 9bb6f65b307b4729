/** Codecs of records, tuples and sets of flags. */
import { alignTo, flagsBytes, flatten, type ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import { type Codec, HOST_BYTES, type Misfit, misfit, misfitOf, nextI32, within } from './codec.ts';
import { fieldName } from '../../../values/field-name.ts';
import { SMALL_NUMBERS } from './primitives.ts';

/** Where the parts of a product are in memory, and how large all of it is. */
function layoutOf(parts: readonly Codec[]): { offsets: number[]; sizeBytes: number; align: number } {
  let at = 0;
  const offsets = parts.map(({ align, sizeBytes }) => {
    const offset = alignTo(at, align);
    at = offset + sizeBytes;
    return offset;
  });
  const align = Math.max(1, ...parts.map((part) => part.align));
  return { offsets, align, sizeBytes: alignTo(at, align) };
}

const hostBytesOf = (parts: readonly Codec[]): number => parts.reduce((sum, { hostBytes }) => sum + hostBytes, 0);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** Whether an object has no other names than these. */
function checkNames(value: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Misfit | undefined {
  for (const name in value) {
    if (known.has(name) || !Object.hasOwn(value, name)) continue;
    return within(`.${name}`, misfit(value[name], `left out: ${[...known].join(', ')} are known`));
  }
  return undefined;
}

interface Property {
  readonly name: string;
  /** All objects have something of that name: only what one has itself counts. */
  readonly isInherited: boolean;
}

const propertyOf = (name: string): Property => ({ name, isInherited: name in Object.prototype });

/** The objects of a class have properties, too. */
function get(value: unknown, { name, isInherited }: Property): unknown {
  if (isInherited && !Object.hasOwn(value as object, name)) return undefined; // was checked
  return (value as Record<string, unknown>)[name];
}

/** A field of a record. */
interface Field extends Property {
  readonly codec: Codec;
  readonly offset: number;
}

export function recordCodec(type: ValueType & { readonly kind: 'record' }, parts: readonly Codec[]): Codec {
  const { offsets, ...layout } = layoutOf(parts);
  const hostBytes = HOST_BYTES.object + hostBytesOf(parts);
  const names = type.fields.map(([label]) => fieldName(label));
  const fields = parts.map((codec, index): Field => {
    const { name, isInherited } = propertyOf(names[index] ?? '');
    return { name, isInherited, codec, offset: offsets[index] ?? 0 };
  });
  const known = new Set(names);
  /** What all values of the type are copies of, so that the engine knows them as of one shape. */
  const empty: Record<string, ComponentValue> = Object.fromEntries(names.map((name) => [name, undefined]));
  return {
    flat: flatten(type),
    ...layout,
    hostBytes,
    check: (value) => {
      if (!isObject(value)) return misfitOf(value, type);
      for (const field of fields) {
        const inner = field.codec.check(get(value, field));
        if (inner !== undefined) return within(`.${field.name}`, inner);
      }
      return checkNames(value, known);
    },
    lift: (source, context) => {
      const value = { ...empty };
      for (const { name, codec } of fields) value[name] = codec.lift(source, context);
      return value;
    },
    lower: (value, flat, context) => {
      for (const field of fields) field.codec.lower(get(value, field), flat, context);
    },
    load: (at, context) => {
      const value = { ...empty };
      for (const { name, codec, offset } of fields) value[name] = codec.load(at + offset, context);
      return value;
    },
    store: (value, at, context) => {
      for (const field of fields) field.codec.store(get(value, field), at + field.offset, context);
    },
  };
}

export function tupleCodec(type: ValueType, parts: readonly Codec[]): Codec {
  const { offsets, ...layout } = layoutOf(parts);
  const at = (value: unknown, index: number): unknown => (value as readonly unknown[])[index]; // was checked
  return {
    flat: flatten(type),
    ...layout,
    hostBytes: HOST_BYTES.array + hostBytesOf(parts),
    check: (value) => {
      if (!Array.isArray(value) || value.length !== parts.length) return misfitOf(value, type);
      for (const [index, part] of parts.entries()) {
        const inner = part.check(value[index]);
        if (inner !== undefined) return within(`[${index}]`, inner);
      }
      return undefined;
    },
    lift: (source, context) => parts.map((part) => part.lift(source, context)),
    lower: (value, flat, context) => parts.forEach((part, index) => part.lower(at(value, index), flat, context)),
    load: (address, context) => parts.map((part, index) => part.load(address + (offsets[index] ?? 0), context)),
    store: (value, address, context) =>
      parts.forEach((part, index) => part.store(at(value, index), address + (offsets[index] ?? 0), context)),
  };
}

export function flagsCodec(type: ValueType & { readonly kind: 'flags' | 'enum' }): Codec {
  const names = type.labels.map(fieldName);
  const flags = names.map(propertyOf);
  const known = new Set(names);
  const sizeBytes = flagsBytes(names.length);
  const number = SMALL_NUMBERS[sizeBytes];
  const none: Record<string, ComponentValue> = Object.fromEntries(names.map((name) => [name, false]));
  const fromBits = (bits: number): ComponentValue => {
    const value = { ...none };
    for (let bit = 0; bit < names.length; bit++) if (((bits >>> bit) & 1) === 1) value[names[bit] ?? ''] = true;
    return value;
  };
  const toBits = (value: unknown): number =>
    flags.reduce((bits, flag, bit) => (get(value, flag) === true ? bits | (1 << bit) : bits), 0);
  return {
    flat: ['i32'],
    sizeBytes,
    align: sizeBytes,
    hostBytes: HOST_BYTES.object + names.length * HOST_BYTES.slot,
    check: (value) => {
      if (!isObject(value)) return misfitOf(value, type);
      for (const flag of flags) {
        const found = get(value, flag);
        if (found !== undefined && typeof found !== 'boolean') return within(`.${flag.name}`, misfit(found, 'bool'));
      }
      return checkNames(value, known);
    },
    lift: (source) => fromBits(nextI32(source)),
    lower: (value, flat) => void flat.push(toBits(value)),
    load: (at, { view }) => fromBits(number.load(view, at)),
    store: (value, at, { view }) => number.store(view, at, toBits(value)),
  };
}
