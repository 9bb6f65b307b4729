/**
 * A bounds-checked cursor over bytes and the primitive readers of the binary format (core specification 5.2).
 *
 * Invariant: a reader never looks at or past `end`; on an error `pos` is meaningless.
 */
import { malformed } from './wasm-error.ts';

export interface Reader {
  readonly bytes: Uint8Array;
  /** Absolute offset of the next byte. */
  pos: number;
  /** Absolute offset that must not be passed. */
  end: number;
}

export function openReader(bytes: Uint8Array, start = 0, end: number = bytes.length): Reader {
  return { bytes, pos: start, end };
}

function outOfRange(reader: Reader, at: number, count: number, what: string): Error {
  return malformed(at, `unexpected end: ${what} needs ${count} bytes, ${Math.max(0, reader.end - at)} are left`);
}

export function readByte(reader: Reader): number {
  if (reader.pos >= reader.end) throw outOfRange(reader, reader.pos, 1, 'a byte');
  return reader.bytes[reader.pos++] ?? 0;
}

/** Moves over `count` bytes and returns the offset of the first. */
export function skipBytes(reader: Reader, count: number, what = 'a run of bytes'): number {
  const start = reader.pos;
  if (count > reader.end - start) throw outOfRange(reader, start, count, what);
  reader.pos = start + count;
  return start;
}

/** An unsigned 32-bit LEB128 integer. */
export function readU32(reader: Reader): number {
  const first = reader.pos < reader.end ? (reader.bytes[reader.pos] ?? 0) : 0x80;
  if (first < 0x80) {
    reader.pos++;
    return first;
  }
  const start = reader.pos;
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = readByte(reader);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift === 28 && byte > 0x0f) throw malformed(start, 'integer too large for u32');
      return value >>> 0;
    }
  }
  throw malformed(start, 'integer representation too long for u32');
}

/** A signed 32-bit LEB128 integer. */
export function readS32(reader: Reader): number {
  const start = reader.pos;
  const { bytes, end } = reader;
  let value = 0;
  for (let shift = 0, pos = start; shift < 35; shift += 7, pos++) {
    if (pos >= end) throw outOfRange(reader, pos, 1, 'a byte');
    const byte = bytes[pos] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      reader.pos = pos + 1;
      if (shift === 28) {
        const high = byte & 0x78;
        if (high !== 0 && high !== 0x78) throw malformed(start, 'integer too large for s32');
        return value | 0;
      }
      return (value << (25 - shift)) >> (25 - shift);
    }
  }
  throw malformed(start, 'integer representation too long for s32');
}

/** A signed 33-bit LEB128 integer, as in block types and heap types. */
export function readS33(reader: Reader): number {
  const start = reader.pos;
  let value = 0;
  let unit = 1;
  for (let count = 1; count <= 5; count++) {
    const byte = readByte(reader);
    value += (byte & 0x7f) * unit;
    unit *= 128;
    if (byte < 0x80) {
      if (count === 5) {
        const high = byte & 0x70;
        if (high !== 0 && high !== 0x70) throw malformed(start, 'integer too large for s33');
      }
      return (byte & 0x40) !== 0 ? value - unit : value;
    }
  }
  throw malformed(start, 'integer representation too long for s33');
}

/** A signed 64-bit LEB128 integer. */
export function readS64(reader: Reader): bigint {
  const start = reader.pos;
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = readByte(reader);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift === 63n && byte !== 0 && byte !== 0x7f) throw malformed(start, 'integer too large for s64');
      return BigInt.asIntN(64, (byte & 0x40) !== 0 ? value - (1n << (shift + 7n)) : value);
    }
  }
  throw malformed(start, 'integer representation too long for s64');
}

/** Moves over a signed 64-bit LEB128 integer and checks it without making a bigint. */
export function skipS64(reader: Reader): void {
  const start = reader.pos;
  for (let count = 1; count <= 10; count++) {
    const byte = readByte(reader);
    if (byte < 0x80) {
      if (count === 10 && byte !== 0 && byte !== 0x7f) throw malformed(start, 'integer too large for s64');
      return;
    }
  }
  throw malformed(start, 'integer representation too long for s64');
}

/** An unsigned 64-bit LEB128 integer. */
export function readU64(reader: Reader): bigint {
  const start = reader.pos;
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = readByte(reader);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift === 63n && byte > 1) throw malformed(start, 'integer too large for u64');
      return value;
    }
  }
  throw malformed(start, 'integer representation too long for u64');
}

/** A count of things of which each takes at least one byte. */
export function readCount(reader: Reader, what: string): number {
  const start = reader.pos;
  const count = readU32(reader);
  if (count > reader.end - reader.pos) {
    throw malformed(start, `unexpected end: ${count} ${what} announced, ${reader.end - reader.pos} bytes are left`);
  }
  return count;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name: a byte count and UTF-8 (5.2.4). */
export function readName(reader: Reader): string {
  const size = readU32(reader);
  const start = skipBytes(reader, size, 'a name');
  const { bytes } = reader;
  if (size <= 32) {
    let text = '';
    let at = start;
    for (; at < start + size && (bytes[at] ?? 0) < 0x80; at++) text += String.fromCharCode(bytes[at] ?? 0);
    if (at === start + size) return text;
  }
  try {
    return utf8.decode(bytes.subarray(start, start + size));
  } catch {
    throw malformed(start, 'a name is not UTF-8');
  }
}
