/**
 * Readers of untrusted plain data, field by field: each checks type and range, and names the field when it fails.
 *
 * Boundary: what a decoder made of bytes goes in, typed values come out. Knows nothing of snapshots.
 *
 * Invariants:
 * 1. A reader throws nothing but `FieldFault`. The path grows as the fault rises (`inField`, `readEach`), so that good data
 *    pays nothing for it.
 * 2. No reader allocates by a number that it read: only by what is there.
 */
import { type ErrorCode, PluvioError } from '../errors/index.ts';

/** A field that is not what it must be. Leaves the decoder as a coded error only, see `withFieldErrors`. */
export class FieldFault extends Error {
  readonly expected: string;
  path = '';

  constructor(found: unknown, expected: string) {
    super(describe(found));
    this.expected = expected;
  }
}

/** Runs `read`; a fault in it becomes an error with this code whose message names the field. */
export function withFieldErrors<T>(code: ErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    const field = error.path === '' ? '' : ` field ${error.path}`;
    throw new PluvioError(code, `${what}:${field} is ${error.message}; it must be ${error.expected}`, {
      field: error.path,
    });
  }
}

/** Runs `read`; a fault in it gets `name` in front of its path. */
export function inField<T>(name: string | number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw withPath(error, name);
  }
}

/** Reads every item of an array. */
export function readEach<T>(value: unknown, maxItems: number, read: (item: unknown, index: number) => T): T[] {
  const items = readArray(value, 0, maxItems);
  const result: T[] = [];
  let index = 0;
  try {
    for (; index < items.length; index++) result.push(read(items[index], index));
  } catch (error) {
    throw withPath(error, index);
  }
  return result;
}

export function readArray(value: unknown, minItems: number, maxItems: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new FieldFault(value, 'an array');
  if (value.length < minItems || value.length > maxItems) {
    const range = minItems === maxItems ? String(minItems) : `${minItems} to ${maxItems}`;
    throw new FieldFault(value, `an array of ${range} items`);
  }
  return value;
}

/** A plain object with all keys of `required`, any of `optional` and no other. */
export function readRecord(
  value: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const record = readObject(value);
  for (const key of required) {
    if (!Object.hasOwn(record, key)) throw new FieldFault(value, `an object with a field ${key}`);
  }
  for (const key of Object.keys(record)) {
    if (required.includes(key) || optional.includes(key)) continue;
    throw withPath(new FieldFault(record[key], 'absent (the field is unknown)'), key);
  }
  return record;
}

/** A plain object with any keys. */
export function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new FieldFault(value, 'an object');
  }
  return value as Readonly<Record<string, unknown>>; // not null, array or bytes: the decoders make nothing else
}

export function readUint(value: unknown, max: number, min = 0): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new FieldFault(value, `a whole number from ${min} to ${max}`);
  }
  return value;
}

export function readBigUint(value: unknown, max: bigint): bigint {
  if (typeof value !== 'bigint' || value < 0n || value > max) {
    throw new FieldFault(value, `a 64-bit integer from 0 to ${max}`);
  }
  return value;
}

export function readBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new FieldFault(value, 'true or false');
  return value;
}

export function readText(value: unknown, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) {
    throw new FieldFault(value, `a string of at most ${maxLength} characters`);
  }
  return value;
}

export function readBytes(value: unknown, sizeBytes: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength !== sizeBytes) {
    throw new FieldFault(value, `${sizeBytes} bytes`);
  }
  return value;
}

/** Puts a step in front of the path of a fault; anything else passes as it is. */
export function withPath(error: unknown, name: string | number): unknown {
  if (error instanceof FieldFault) {
    const step = typeof name === 'number' ? `[${name}]` : shortened(name);
    error.path = error.path === '' || error.path.startsWith('[') ? step + error.path : `${step}.${error.path}`;
  }
  return error;
}

/** Keys come from strangers, and paths are shown: a long one is cut. */
const KEY_MAX_LENGTH = 64;

/** A key as messages show it. */
export const shortened = (key: string): string =>
  key.length > KEY_MAX_LENGTH ? `${key.slice(0, KEY_MAX_LENGTH)}…` : key;

function describe(found: unknown): string {
  if (found instanceof Uint8Array) return `${found.byteLength} bytes`;
  if (Array.isArray(found)) return `an array of ${found.length} items`;
  if (typeof found === 'string')
    return found.length > 64 ? `a string of ${found.length} characters` : JSON.stringify(found);
  if (typeof found === 'bigint' || typeof found === 'number') return `${typeof found} ${found}`;
  if (typeof found === 'object' && found !== null) return 'an object';
  return String(found);
}
