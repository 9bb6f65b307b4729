/**
 * WebAssembly values as plain data, as docs/snapshot-format.md has them.
 *
 * Boundary: shape and range only; whether a value has its local's type is the engine's to check.
 */
import { FieldFault, inField, readArray, readEach, readText, readUint, withPath } from './plain-fields.ts';
import type { RefValue, SnapshotVersion, Value } from './snapshot.ts';

/** What stands for a dead local. */
const DEAD = false;
/** First item of a reference that is not null. */
const REF_CODES = { func: 0, extern: 1, exn: 2, object: 3, i31: 4 } as const;
const REF_CODES_OF: Readonly<Record<SnapshotVersion, readonly number[]>> = {
  1: [REF_CODES.func, REF_CODES.extern, REF_CODES.exn],
  2: [REF_CODES.func, REF_CODES.extern, REF_CODES.exn],
  3: [REF_CODES.func, REF_CODES.extern, REF_CODES.object, REF_CODES.i31],
  4: [REF_CODES.func, REF_CODES.extern, REF_CODES.object, REF_CODES.i31],
};
const I31_MIN = -(2 ** 30);
const I31_MAX = 2 ** 30 - 1;

const MAX_INDEX = 0xffffffff;
const MAX_HANDLE_LENGTH = 4096;
const MAX_EXCEPTION_VALUES = 1000;
const V128_BYTES = 16;

export const encodeOptionalValue = (value: Value | undefined): unknown =>
  value === undefined ? DEAD : encodeValue(value);

export function encodeValue(value: Value): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  switch (value.kind) {
    case 'func':
      return [REF_CODES.func, value.index];
    case 'extern':
      return [REF_CODES.extern, value.handle];
    case 'exn':
      return [REF_CODES.exn, value.tag, value.values.map(encodeValue)];
    case 'object':
      return [REF_CODES.object, value.index];
    case 'i31':
      return [REF_CODES.i31, value.value];
  }
}

/** Reads values as a version of the format has them; every method throws FieldFault. */
export class ValueReader {
  readonly version: SnapshotVersion;
  readonly #codes: ReadonlySet<unknown>;

  constructor(version: SnapshotVersion) {
    this.version = version;
    this.#codes = new Set(REF_CODES_OF[version]);
  }

  readonly readOptional = (plain: unknown): Value | undefined => (plain === DEAD ? undefined : this.read(plain));

  readonly read = (plain: unknown): Value => {
    if (typeof plain === 'number') {
      // i32 is signed, the bits of an f32 are unsigned: the union of both ranges
      if ((plain | 0) === plain || plain >>> 0 === plain) return plain === 0 ? 0 : plain; // -0 becomes 0
      throw new FieldFault(plain, 'a whole number of 32 bits');
    }
    if (typeof plain === 'bigint') return plain;
    if (plain instanceof Uint8Array) {
      if (plain.byteLength !== V128_BYTES) throw new FieldFault(plain, `${V128_BYTES} bytes (v128)`);
      return plain;
    }
    return this.readRef(plain);
  };

  readonly readRef = (plain: unknown): RefValue => {
    if (plain === null) return null;
    const parts = readArray(plain, 2, 3);
    const [code, value] = parts;
    if (!this.#codes.has(code)) throw withPath(new FieldFault(code, 'the code of a reference'), 0);
    const length = code === REF_CODES.exn ? 3 : 2;
    readArray(plain, length, length);
    switch (code) {
      case REF_CODES.func:
        return { kind: 'func', index: inField(1, () => readUint(value, MAX_INDEX)) };
      case REF_CODES.extern:
        return { kind: 'extern', handle: inField(1, () => readHandle(value)) };
      case REF_CODES.exn: {
        const tag = inField(1, () => readUint(value, MAX_INDEX));
        return { kind: 'exn', tag, values: inField(2, () => readEach(parts[2], MAX_EXCEPTION_VALUES, this.read)) };
      }
      case REF_CODES.object:
        return { kind: 'object', index: inField(1, () => readUint(value, MAX_INDEX)) };
      default:
        return { kind: 'i31', value: inField(1, () => readI31(value)) };
    }
  };
}

function readI31(plain: unknown): number {
  if (typeof plain === 'number' && Number.isInteger(plain) && plain >= I31_MIN && plain <= I31_MAX) return plain;
  throw new FieldFault(plain, `a whole number from ${I31_MIN} to ${I31_MAX}`);
}

function readHandle(plain: unknown): string | number {
  if (typeof plain === 'number') {
    if (!Number.isFinite(plain)) throw new FieldFault(plain, 'a finite number or a string');
    return plain;
  }
  return readText(plain, MAX_HANDLE_LENGTH);
}
