/** A growing byte buffer with the primitive writers of the binary format (core specification 5.2); integers in minimal length. */

const utf8 = new TextEncoder();
/** Up to this many bytes a loop is faster than `TypedArray.set`. */
const SHORT_RANGE_BYTES = 24;
const MAX_U32_BYTES = 5;

export class ByteWriter {
  length = 0;
  #buffer: Uint8Array;

  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(capacity);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
  }

  byte(value: number): void {
    if (this.length === this.#buffer.length) this.#reserve(1);
    this.#buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.#reserve(MAX_U32_BYTES);
    const buffer = this.#buffer;
    let at = this.length;
    let rest = value >>> 0;
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    this.length = at;
  }

  s32(value: number): void {
    this.#reserve(MAX_U32_BYTES);
    const buffer = this.#buffer;
    let at = this.length;
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    buffer[at++] = rest & 0x7f;
    this.length = at;
  }

  s33(value: number): void {
    let rest = value;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest & 0x7f);
  }

  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  u64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  /** Four bytes, little endian: the raw bits of an f32. */
  f32bits(bits: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((bits >>> shift) & 0xff);
  }

  /** Eight bytes, little endian: the raw bits of an f64. */
  f64bits(bits: bigint): void {
    for (let shift = 0n; shift < 64n; shift += 8n) this.byte(Number((bits >> shift) & 0xffn));
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#buffer.set(source, this.length);
    this.length += source.length;
  }

  /** Copies `source[start, end)`. */
  range(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.#reserve(count);
    const buffer = this.#buffer;
    let at = this.length;
    if (count <= SHORT_RANGE_BYTES) for (let from = start; from < end; from++) buffer[at++] = source[from] ?? 0;
    else buffer.set(source.subarray(start, end), at);
    this.length += count;
  }

  /** A name: byte count and UTF-8. */
  name(text: string): void {
    const start = this.length;
    this.u32(text.length);
    let at = 0;
    for (; at < text.length && text.charCodeAt(at) < 0x80; at++) this.byte(text.charCodeAt(at));
    if (at === text.length) return;
    this.length = start;
    const encoded = utf8.encode(text);
    this.u32(encoded.length);
    this.bytes(encoded);
  }

  /** What `write` writes, with its byte count in front. */
  sized(write: (writer: ByteWriter) => void): void {
    this.#reserve(MAX_U32_BYTES);
    const start = this.length;
    this.length += MAX_U32_BYTES;
    write(this);
    const bodyStart = start + MAX_U32_BYTES;
    const bodyEnd = this.length;
    this.length = start;
    this.u32(bodyEnd - bodyStart);
    this.#buffer.copyWithin(this.length, bodyStart, bodyEnd);
    this.length += bodyEnd - bodyStart;
  }

  /** What was written, without a copy: valid until more is. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#buffer.slice(0, this.length);
  }
}
