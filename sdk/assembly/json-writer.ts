const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/**
 * Writes JSON value by value, without spaces.
 *
 * @example const w = new JsonWriter(); w.beginObject(); w.member("n"); w.i32(1); w.endObject(); assert(decode(w.bytes()) == '{"n":1}');
 */
export class JsonWriter {
  private buffer: Uint8Array = new Uint8Array(64);
  private length: i32 = 0;
  private needsComma: bool = false;

  /** What was written. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(count: i32): usize {
    const needed = this.length + count;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(max(needed, this.buffer.length * 2));
      memory.copy(larger.dataStart, this.buffer.dataStart, this.length);
      this.buffer = larger;
    }
    return this.buffer.dataStart + this.length;
  }

  private byte(value: u8): void {
    store<u8>(this.reserve(1), value);
    this.length++;
  }

  private ascii(text: string): void {
    const start = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) store<u8>(start + i, <u8>text.charCodeAt(i));
    this.length += text.length;
  }

  /** Before each value. */
  private separate(): void {
    if (this.needsComma) this.byte(0x2c);
    this.needsComma = true;
  }

  private begin(open: u8): void {
    this.separate();
    this.byte(open);
    this.needsComma = false;
  }

  private end(close: u8): void {
    this.byte(close);
    this.needsComma = true;
  }

  beginArray(): void {
    this.begin(0x5b);
  }

  endArray(): void {
    this.end(0x5d);
  }

  beginObject(): void {
    this.begin(0x7b);
  }

  endObject(): void {
    this.end(0x7d);
  }

  /** The name of the member whose value comes next. */
  member(name: string): void {
    this.string(name);
    this.byte(0x3a);
    this.needsComma = false;
  }

  null(): void {
    this.separate();
    this.ascii('null');
  }

  bool(value: bool): void {
    this.separate();
    this.ascii(value ? 'true' : 'false');
  }

  i32(value: i32): void {
    this.separate();
    this.ascii(value.toString());
  }

  u32(value: u32): void {
    this.separate();
    this.ascii(value.toString());
  }

  /** A text of decimal digits: JSON numbers of JavaScript are exact up to 2^53 only. */
  i64(value: i64): void {
    this.separate();
    this.ascii('"' + value.toString() + '"');
  }

  /** As `i64`. */
  u64(value: u64): void {
    this.separate();
    this.ascii('"' + value.toString() + '"');
  }

  /** A whole number of at most 2^53, as a number. */
  whole(value: i64): void {
    this.separate();
    this.ascii(value.toString());
  }

  /** A number; what JSON lacks as one of the texts "NaN", "Infinity" and "-Infinity". */
  f64(value: f64): void {
    this.separate();
    if (isFinite(value)) this.ascii(reinterpret<i64>(value) == i64.MIN_VALUE ? '-0.0' : value.toString());
    else this.ascii('"' + value.toString() + '"');
  }

  f32(value: f32): void {
    if (!isFinite(value) || value == 0) return this.f64(<f64>value);
    this.separate();
    this.ascii(value.toString());
  }

  string(text: string): void {
    this.separate();
    this.byte(QUOTE);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) this.asciiUnit(<u8>unit);
      else if (unit < 0x800) this.two(unit);
      else if (unit < 0xd800 || unit > 0xdfff) this.three(unit);
      else {
        const low = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
        if (unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
          this.four(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
          i++;
        } else this.unicodeEscape(unit);
      }
    }
    this.byte(QUOTE);
  }

  private asciiUnit(unit: u8): void {
    if (unit == QUOTE || unit == BACKSLASH) {
      this.byte(BACKSLASH);
      this.byte(unit);
    } else if (unit < 0x20) this.unicodeEscape(unit);
    else this.byte(unit);
  }

  private unicodeEscape(unit: i32): void {
    this.ascii('\\u' + unit.toString(16).padStart(4, '0'));
  }

  private two(point: i32): void {
    this.byte(<u8>(0xc0 | (point >> 6)));
    this.byte(<u8>(0x80 | (point & 63)));
  }

  private three(point: i32): void {
    this.byte(<u8>(0xe0 | (point >> 12)));
    this.byte(<u8>(0x80 | ((point >> 6) & 63)));
    this.byte(<u8>(0x80 | (point & 63)));
  }

  private four(point: i32): void {
    this.byte(<u8>(0xf0 | (point >> 18)));
    this.byte(<u8>(0x80 | ((point >> 12) & 63)));
    this.byte(<u8>(0x80 | ((point >> 6) & 63)));
    this.byte(<u8>(0x80 | (point & 63)));
  }
}
