/**
 * Codecs of lists of numbers: the guest's memory seen as an array of them. Bytes are a `Uint8Array`, as the canonical ABI's commonest
 * list; all others are arrays. For either, a typed array of the right numbers is taken as well.
 *
 * Boundary: typed arrays have the byte order of the machine, which is WebAssembly's on all that run JavaScript engines with it.
 */
import { type Primitive, sizeOf, type ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import { type Codec, HOST_BYTES } from './codec.ts';
import type { CanonicalContext, Extent } from './context.ts';
import { INTEGER_RANGES, isInteger, isIntegerKind } from './integer-ranges.ts';
import { checkElements, codecOfElsewhere, type Elsewhere } from './elsewhere.ts';

interface NumberArray {
  readonly length: number;
  [index: number]: number | bigint;
  set(values: ArrayLike<number | bigint>): void;
}

/** The numbers at an aligned address. */
type Open = (buffer: ArrayBufferLike, at: number, length: number) => NumberArray;

interface Row {
  readonly open: Open;
  readonly isArray: (value: unknown) => boolean;
  /** What arrays give for a missing element. */
  readonly zero: number | bigint;
}

type TypedArray = (new (buffer: ArrayBufferLike, at: number, length: number) => object) & { readonly name: string };

const row = (Class: TypedArray, zero: number | bigint = 0): Row => ({
  open: (buffer, at, length) => new Class(buffer, at, length) as NumberArray, // all typed arrays are
  isArray: (value) => value instanceof Class,
  zero,
});

/** By the kind of the elements. */
const ROWS: Readonly<Partial<Record<ValueType['kind'], Row>>> = {
  u8: row(Uint8Array),
  s8: row(Int8Array),
  u16: row(Uint16Array),
  s16: row(Int16Array),
  u32: row(Uint32Array),
  s32: row(Int32Array),
  u64: row(BigUint64Array, 0n),
  s64: row(BigInt64Array, 0n),
  f32: row(Float32Array),
  f64: row(Float64Array),
} satisfies Partial<Record<Primitive, Row>>;

function readNumbers(numbers: NumberArray, zero: number | bigint): ComponentValue {
  const { length } = numbers;
  const values = new Array<number | bigint>(length);
  for (let index = 0; index < length; index++) values[index] = numbers[index] ?? zero;
  return values;
}

function writeNumbers(values: ArrayLike<number | bigint>, numbers: NumberArray, isWide: boolean): void {
  if (!isWide) return numbers.set(values);
  for (let index = 0; index < values.length; index++) numbers[index] = BigInt(values[index] ?? 0); // a number may stand for a wide one
}

/** Whether a value is an array of numbers that fit: in one loop for each kind, as lists of numbers are long. */
function areNumbers(value: unknown, kind: ValueType['kind']): boolean {
  if (!Array.isArray(value)) return false;
  if (isIntegerKind(kind)) {
    const range = INTEGER_RANGES[kind];
    for (let index = 0; index < value.length; index++) if (!isInteger(value[index], range)) return false;
    return true;
  }
  if (kind !== 'f32' && kind !== 'f64') return false;
  for (let index = 0; index < value.length; index++) if (typeof value[index] !== 'number') return false;
  return true;
}

/** Undefined: the elements are not numbers of fixed size. */
export function numberListCodec(type: ValueType & { readonly kind: 'list' }, element: Codec): Codec | undefined {
  const known = ROWS[type.element.kind];
  if (known === undefined) return undefined;
  const { open, isArray, zero } = known;
  const sizeBytes = sizeOf(type.element);
  const isBytes = type.element.kind === 'u8';
  const isWide = typeof zero === 'bigint';
  const hostBytes = isBytes ? 1 : isWide ? HOST_BYTES.bigint : HOST_BYTES.slot;
  const extent: Extent = { sizeBytes, align: sizeBytes, hostBytes };
  const read = (address: number, length: number, context: CanonicalContext): ComponentValue => {
    const listBytes = context.lifts(address, length, extent, isBytes ? HOST_BYTES.bytes : HOST_BYTES.array);
    const at = address >>> 0;
    if (isBytes) return context.bytes.slice(at, at + listBytes);
    return readNumbers(open(context.bytes.buffer, at, length >>> 0), zero);
  };
  const kind: Elsewhere = {
    written: 0,
    check: (value) =>
      isArray(value) || areNumbers(value, type.element.kind) ? undefined : checkElements(value, type, element),
    read,
    write: (value, context) => {
      const values = value as ArrayLike<number | bigint>; // was checked
      const { length } = values;
      const address = context.alloc(length * sizeBytes, sizeBytes);
      if (isBytes) context.bytes.set(values as ArrayLike<number>, address);
      else writeNumbers(values, open(context.bytes.buffer, address, length), isWide);
      kind.written = length;
      return address;
    },
  };
  return codecOfElsewhere(kind);
}
