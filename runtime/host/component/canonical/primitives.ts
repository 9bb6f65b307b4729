/** Codecs of numbers, booleans and characters. */
import type { Primitive, ValueType } from '../../../component/value-types.ts';
import { alignOf, flatten, sizeOf } from '../../../component/value-types.ts';
import { type Codec, HOST_BYTES, misfitOf } from './codec.ts';
import { trap } from '../../guest-trap.ts';
import { INTEGER_RANGES, type IntegerRange, isInteger } from './integer-ranges.ts';

type Small = Exclude<Primitive, 'string'>;

/** How a primitive is told from others, and read and written. */
interface Row<Value> {
  readonly fits: (value: unknown) => boolean;
  /** From what the guest gives in a flat value or in memory. */
  readonly lift: (flat: never) => Value;
  readonly lower: (value: never) => number | bigint;
  readonly load: (view: DataView, at: number) => number | bigint;
  readonly store: (view: DataView, at: number, flat: never) => void;
}

const same = (value: number): number => value;

const integer = (
  range: IntegerRange,
  lift: (flat: number) => number,
  load: Row<number>['load'],
  store: (view: DataView, at: number, flat: number) => void,
): Row<number> => ({
  fits: (value) => isInteger(value, range),
  lift,
  lower: same,
  load,
  store,
});

const wide = (min: bigint, max: bigint, lift: (flat: bigint) => bigint): Row<bigint> => ({
  fits: (value) =>
    (typeof value === 'bigint' || Number.isSafeInteger(value)) && (value as number) >= min && (value as number) <= max,
  lift,
  lower: (value: number | bigint) => BigInt(value),
  load: (view, at) => view.getBigInt64(at, true),
  store: (view, at, flat: bigint) => view.setBigInt64(at, flat, true),
});

const float = (load: Row<number>['load'], store: (view: DataView, at: number, flat: number) => void): Row<number> => ({
  fits: (value) => typeof value === 'number',
  lift: same,
  lower: same,
  load,
  store,
});

function liftChar(code: number): string {
  if (code >>> 0 >= 0x11_0000 || (code & 0x1f_f800) === 0xd800) trap(`${code >>> 0} is no character`);
  return String.fromCodePoint(code);
}

function isChar(value: unknown): boolean {
  if (typeof value !== 'string' || value === '') return false;
  const code = value.codePointAt(0) ?? 0;
  return value.length === (code > 0xffff ? 2 : 1) && value.isWellFormed();
}

const ROWS: Readonly<Record<Small, Row<boolean | number | bigint | string>>> = {
  bool: {
    fits: (value) => typeof value === 'boolean',
    lift: (flat: number) => flat !== 0,
    lower: (value: boolean) => (value ? 1 : 0),
    load: (view, at) => view.getUint8(at),
    store: (view, at, flat: number) => view.setUint8(at, flat),
  },
  s8: integer(
    INTEGER_RANGES.s8,
    (flat) => (flat << 24) >> 24,
    (view, at) => view.getInt8(at),
    (view, at, flat) => view.setInt8(at, flat),
  ),
  u8: integer(
    INTEGER_RANGES.u8,
    (flat) => flat & 0xff,
    (view, at) => view.getUint8(at),
    (view, at, flat) => view.setUint8(at, flat),
  ),
  s16: integer(
    INTEGER_RANGES.s16,
    (flat) => (flat << 16) >> 16,
    (view, at) => view.getInt16(at, true),
    (view, at, flat) => view.setInt16(at, flat, true),
  ),
  u16: integer(
    INTEGER_RANGES.u16,
    (flat) => flat & 0xffff,
    (view, at) => view.getUint16(at, true),
    (view, at, flat) => view.setUint16(at, flat, true),
  ),
  s32: integer(
    INTEGER_RANGES.s32,
    (flat) => flat | 0,
    (view, at) => view.getInt32(at, true),
    (view, at, flat) => view.setInt32(at, flat, true),
  ),
  u32: integer(
    INTEGER_RANGES.u32,
    (flat) => flat >>> 0,
    (view, at) => view.getUint32(at, true),
    (view, at, flat) => view.setUint32(at, flat, true),
  ),
  s64: wide(-(2n ** 63n), 2n ** 63n - 1n, (flat) => BigInt.asIntN(64, flat)),
  u64: wide(0n, 2n ** 64n - 1n, (flat) => BigInt.asUintN(64, flat)),
  f32: float(
    (view, at) => view.getFloat32(at, true),
    (view, at, flat) => view.setFloat32(at, flat, true),
  ),
  f64: float(
    (view, at) => view.getFloat64(at, true),
    (view, at, flat) => view.setFloat64(at, flat, true),
  ),
  char: {
    fits: isChar,
    lift: liftChar,
    lower: (value: string) => value.codePointAt(0) ?? 0,
    load: (view, at) => view.getUint32(at, true),
    store: (view, at, flat: number) => view.setUint32(at, flat, true),
  },
};

function hostBytesOf(kind: Small): number {
  if (kind === 'char') return HOST_BYTES.char;
  if (kind === 's64' || kind === 'u64') return HOST_BYTES.bigint;
  return kind === 'f32' || kind === 'f64' ? HOST_BYTES.float : HOST_BYTES.slot;
}

export function primitiveCodec(type: ValueType & { readonly kind: Small }): Codec {
  const { fits, lift, lower, load, store } = ROWS[type.kind] as Row<boolean | number | bigint | string> & {
    readonly lift: (flat: unknown) => boolean | number | bigint | string;
    readonly lower: (value: unknown) => number | bigint;
    readonly store: (view: DataView, at: number, flat: unknown) => void;
  }; // a row's functions fit each other
  return {
    flat: flatten(type),
    sizeBytes: sizeOf(type),
    align: alignOf(type),
    hostBytes: hostBytesOf(type.kind),
    check: (value) => (fits(value) ? undefined : misfitOf(value, type)),
    lift: (source) => lift(source.values[source.at++]),
    lower: (value, flat) => void flat.push(lower(value)),
    load: (at, { view }) => lift(load(view, at)),
    store: (value, at, { view }) => store(view, at, lower(value)),
  };
}

/** How a small unsigned number is read and written, by its bytes: tags of variants, sets of flags. */
export interface SmallNumber {
  readonly load: (view: DataView, at: number) => number;
  readonly store: (view: DataView, at: number, value: number) => void;
}
export const SMALL_NUMBERS: Readonly<Record<1 | 2 | 4, SmallNumber>> = {
  1: { load: (view, at) => view.getUint8(at), store: (view, at, value) => view.setUint8(at, value) },
  2: { load: (view, at) => view.getUint16(at, true), store: (view, at, value) => view.setUint16(at, value, true) },
  4: { load: (view, at) => view.getUint32(at, true), store: (view, at, value) => view.setUint32(at, value, true) },
};
