/**
 * MessagePack from plain data, in one pass.
 *
 * Boundary: checks what it is given, as hosts give state of their own; messagepack.ts has the rules of the format.
 *
 * Invariants:
 * 1. Integers and lengths take the shortest format; a bigint takes a 64-bit one, a number that is no 32-bit integer a float 64.
 * 2. Keys are written in the order of their UTF-8 bytes.
 */
import { FieldFault, withPath } from './plain-fields.ts';

const FIRST_BYTES = 1024;
/** Texts up to this length are tried as ASCII first. */
const SHORT_TEXT = 64;
const utf8 = new TextEncoder();

export class PlainWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** What was written; a view. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** @throws FieldFault what MessagePack cannot carry */
  write(value: unknown, depthLeft: number): void {
    switch (typeof value) {
      case 'number':
        return this.#number(value);
      case 'bigint':
        return this.#bigint(value);
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2);
      case 'string':
        return this.#text(value);
      case 'object':
        break;
      default:
        throw new FieldFault(value, 'plain data');
    }
    if (value === null) return this.#byte(0xc0);
    if (value instanceof Uint8Array) return this.#bin(value);
    if (depthLeft <= 0) throw new FieldFault(value, 'nested less deep');
    if (Array.isArray(value)) this.#array(value, depthLeft - 1);
    else this.#map(value, depthLeft - 1);
  }

  /** Makes room for `sizeBytes` more and gives where they begin. */
  #reserve(sizeBytes: number): number {
    const start = this.#at;
    this.#at += sizeBytes;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(this.#at * 2);
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }

  #byte(byte: number): void {
    const start = this.#reserve(1); // first: it may replace the bytes
    this.#bytes[start] = byte;
  }

  /** A token that is followed by an unsigned number of that size. */
  #token(token: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const start = this.#reserve(1 + sizeBytes);
    this.#bytes[start] = token;
    if (sizeBytes === 1) this.#bytes[start + 1] = value;
    else if (sizeBytes === 2) this.#view.setUint16(start + 1, value);
    else this.#view.setUint32(start + 1, value);
  }

  #number(value: number): void {
    if (value >>> 0 === value) {
      if (value < 0x80) this.#byte(value);
      else if (value < 0x100) this.#token(0xcc, 1, value);
      else if (value < 0x1_0000) this.#token(0xcd, 2, value);
      else this.#token(0xce, 4, value);
    } else if ((value | 0) === value) {
      if (value >= -0x20) this.#byte(value);
      else if (value >= -0x80) this.#token(0xd0, 1, value);
      else if (value >= -0x8000) this.#token(0xd1, 2, value);
      else this.#token(0xd2, 4, value);
    } else {
      const start = this.#reserve(9);
      this.#bytes[start] = 0xcb;
      this.#view.setFloat64(start + 1, value);
    }
  }

  #bigint(value: bigint): void {
    const isSigned = value === BigInt.asIntN(64, value);
    if (!isSigned && value !== BigInt.asUintN(64, value)) throw new FieldFault(value, 'a bigint of 64 bits');
    const start = this.#reserve(9);
    this.#bytes[start] = isSigned ? 0xd3 : 0xcf;
    this.#view.setBigUint64(start + 1, BigInt.asUintN(64, value));
  }

  #bin(bytes: Uint8Array): void {
    this.#length(bytes.length, 0, -1, 0xc4);
    const start = this.#reserve(bytes.length);
    this.#bytes.set(bytes, start);
  }

  #text(text: string): void {
    if (text.length <= SHORT_TEXT && this.#ascii(text)) return;
    if (!text.isWellFormed()) throw new FieldFault(text, 'a string without lone surrogates');
    const bytes = utf8.encode(text);
    this.#length(bytes.length, 0xa0, 31, 0xd9);
    const start = this.#reserve(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** Writes a text of ASCII; does nothing and says so if it is not. */
  #ascii(text: string): boolean {
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false;
    this.#length(text.length, 0xa0, 31, 0xd9);
    const start = this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[start + at] = text.charCodeAt(at);
    return true;
  }

  /** A length: in the token `short` up to `shortMax`, else after the token `long` (one byte) or the two after it. */
  #length(length: number, short: number, shortMax: number, long: number): void {
    if (length <= shortMax) this.#byte(short | length);
    else if (length < 0x100) this.#token(long, 1, length);
    else if (length < 0x1_0000) this.#token(long + 1, 2, length);
    else this.#token(long + 2, 4, length);
  }

  /** A count: as a length, but there is no format with one byte. */
  #count(count: number, short: number, long: number): void {
    if (count <= 15) this.#byte(short | count);
    else if (count < 0x1_0000) this.#token(long, 2, count);
    else this.#token(long + 1, 4, count);
  }

  #array(items: readonly unknown[], depthLeft: number): void {
    this.#count(items.length, 0x90, 0xdc);
    let index = 0;
    try {
      for (; index < items.length; index++) this.write(items[index], depthLeft);
    } catch (error) {
      throw withPath(error, index);
    }
  }

  #map(value: object, depthLeft: number): void {
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null) throw new FieldFault(value, 'a plain object, not one of a class');
    const record = value as Readonly<Record<string, unknown>>; // a plain object
    const keys = Object.keys(record).filter((key) => record[key] !== undefined);
    keys.sort(compareUtf8);
    this.#count(keys.length, 0x80, 0xde);
    for (const key of keys) {
      if (key === '__proto__' || !key.isWellFormed()) throw new FieldFault(key, 'another key, and well-formed');
      this.#text(key);
      try {
        this.write(record[key], depthLeft);
      } catch (error) {
        throw withPath(error, key);
      }
    }
  }
}

/** The order of two strings by their UTF-8 bytes: that of their code points. */
function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Where a code unit stands among code points: surrogates, which stand for the largest ones, come last. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
