/**
 * WebAssembly values as plain data, as docs/snapshot-format.md has them.
 *
 * Boundary: shape and range only; whether a value has its local's type is the engine's to check.
 */
import { FieldFault, inField, readArray, readEach, readText, readUint } from './plain-fields.ts';
import type { RefValue, Value } from './snapshot.ts';

/** What stands for a dead local. */
const DEAD = false;
/** First item of a reference that is not null. */
const REF_CODES = { func: 0, extern: 1, exn: 2 } as const;
const REF_KINDS = ['func', 'extern', 'exn'] as const;

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
  }
}

/** @throws FieldFault */
export const readOptionalValue = (plain: unknown): Value | undefined => (plain === DEAD ? undefined : readValue(plain));

/** @throws FieldFault */
export function readValue(plain: unknown): Value {
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
  return readRef(plain);
}

/** @throws FieldFault */
export function readRef(plain: unknown): RefValue {
  if (plain === null) return null;
  const parts = readArray(plain, 2, 3);
  const kind = REF_KINDS[inField(0, () => readUint(parts[0], REF_KINDS.length - 1))] ?? 'func';
  readArray(plain, kind === 'exn' ? 3 : 2, kind === 'exn' ? 3 : 2);
  switch (kind) {
    case 'func':
      return { kind, index: inField(1, () => readUint(parts[1], MAX_INDEX)) };
    case 'extern':
      return { kind, handle: inField(1, () => readHandle(parts[1])) };
    case 'exn':
      return {
        kind,
        tag: inField(1, () => readUint(parts[1], MAX_INDEX)),
        values: inField(2, () => readEach(parts[2], MAX_EXCEPTION_VALUES, readValue)),
      };
  }
}

function readHandle(plain: unknown): string | number {
  if (typeof plain === 'number') {
    if (!Number.isFinite(plain)) throw new FieldFault(plain, 'a finite number or a string');
    return plain;
  }
  return readText(plain, MAX_HANDLE_LENGTH);
}
