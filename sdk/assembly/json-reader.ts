import { decode } from './bytes';

const QUOTE: u8 = 0x22;
const MINUS: u8 = 0x2d;
const BACKSLASH: u8 = 0x5c;
const ARRAY: u8 = 0x5b;
const ARRAY_END: u8 = 0x5d;
const OBJECT: u8 = 0x7b;
const OBJECT_END: u8 = 0x7d;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/**
 * Reads JSON value by value. What does not fit ends the call of the export with a trap; the log says what was found where.
 *
 * @example const r = new JsonReader(encode("[1, 2]")); let sum = 0; r.beginArray(); while (r.nextItem()) sum += r.i32(); r.end(); assert(sum == 3);
 */
export class JsonReader {
  /** What is being read, for messages. */
  context: string = 'JSON';
  private at: i32 = 0;
  private isFirst: bool = false;

  constructor(private readonly bytes: Uint8Array) {}

  /** Ends the call: what was found is not what it must be. */
  fault(expected: string): void {
    const found = this.at < this.bytes.length ? decode(this.bytes.slice(this.at, this.at + 20)) : 'its end';
    abort(`${this.context}: found ${found} at byte ${this.at}; it must be ${expected}`);
  }

  /** Where the value that is read next begins. */
  start(): i32 {
    this.peek();
    return this.at;
  }

  /** As `fault`, of the value that begins there. */
  faultFrom(start: i32, expected: string): void {
    this.at = start;
    this.fault(expected);
  }

  /** The next byte that is no white space; 0 at the end. */
  private peek(): u8 {
    while (this.at < this.bytes.length) {
      const byte = unchecked(this.bytes[this.at]);
      if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return byte;
      this.at++;
    }
    return 0;
  }

  private take(byte: u8, expected: string): void {
    if (this.peek() != byte || this.at >= this.bytes.length) this.fault(expected);
    this.at++;
  }

  private takeWord(word: string): bool {
    this.peek();
    if (this.at + word.length > this.bytes.length) return false;
    for (let i = 0; i < word.length; i++) if (this.bytes[this.at + i] != <u8>word.charCodeAt(i)) return false;
    this.at += word.length;
    return true;
  }

  private next(close: u8): bool {
    if (this.peek() == close) {
      this.at++;
      this.isFirst = false;
      return false;
    }
    if (!this.isFirst) this.take(COMMA, "',' or '" + String.fromCharCode(close) + "'");
    this.isFirst = false;
    return true;
  }

  beginArray(): void {
    this.take(ARRAY, 'an array');
    this.isFirst = true;
  }

  /** Whether there is another item, which is read next; false: the array has ended. */
  nextItem(): bool {
    return this.next(ARRAY_END);
  }

  beginObject(): void {
    this.take(OBJECT, 'an object');
    this.isFirst = true;
  }

  /** The name of the next member, whose value is read next; null: the object has ended. */
  nextMember(): string | null {
    if (!this.next(OBJECT_END)) return null;
    const name = this.string();
    this.take(COLON, "':'");
    return name;
  }

  /** Nothing may follow. */
  end(): void {
    this.peek();
    if (this.at < this.bytes.length) this.fault('its end');
  }

  /** Takes a null, if there is one. */
  takeNull(): bool {
    return this.takeWord('null');
  }

  bool(): bool {
    if (this.takeWord('true')) return true;
    if (!this.takeWord('false')) this.fault('true or false');
    return false;
  }

  /** A number, or one of the texts "NaN", "Infinity" and "-Infinity". */
  f64(): f64 {
    if (this.peek() == QUOTE) {
      const start = this.at;
      const text = this.string();
      if (text == 'NaN') return NaN;
      if (text == 'Infinity') return Infinity;
      if (text == '-Infinity') return -Infinity;
      this.faultFrom(start, 'a number');
    }
    const start = this.at;
    if (this.byteAt() == MINUS) this.at++;
    if (this.byteAt() == 0x30) this.at++;
    else this.digits(start);
    if (this.byteAt() == 0x2e) {
      this.at++;
      this.digits(start);
    }
    if ((this.byteAt() | 0x20) == 0x65) {
      this.at++;
      if (this.byteAt() == MINUS || this.byteAt() == 0x2b) this.at++;
      this.digits(start);
    }
    return F64.parseFloat(String.UTF8.decodeUnsafe(this.bytes.dataStart + start, this.at - start));
  }

  f32(): f32 {
    return <f32>this.f64();
  }

  private byteAt(): u8 {
    return this.at < this.bytes.length ? this.bytes[this.at] : 0;
  }

  /** @param start Of the number. */
  private digits(start: i32): void {
    const first = this.at;
    while (isDigit(this.byteAt())) this.at++;
    if (this.at == first) this.faultFrom(start, 'a number');
  }

  /** Digits of an integer of at most 64 bits, as a number or as a text of digits; quote and sign, from `start`, are read. */
  private magnitude(start: i32, isQuoted: bool, expected: string): u64 {
    const first = this.at;
    let value: u64 = 0;
    while (isDigit(this.byteAt())) {
      const digit: u64 = this.bytes[this.at] - 0x30;
      if (value > (u64.MAX_VALUE - digit) / 10) this.faultFrom(start, expected);
      value = value * 10 + digit;
      this.at++;
    }
    if (this.at == first || (isQuoted && this.byteAt() != QUOTE)) this.faultFrom(start, expected);
    if (isQuoted) this.at++;
    const byte = this.byteAt();
    if (byte == 0x2e || (byte | 0x20) == 0x65 || (byte == QUOTE && !isQuoted)) this.faultFrom(start, expected);
    return value;
  }

  private signed(least: i64, most: i64, expected: string): i64 {
    const isQuoted = this.peek() == QUOTE;
    const start = this.at;
    if (isQuoted) this.at++;
    const isNegative = this.byteAt() == MINUS;
    if (isNegative) this.at++;
    const magnitude = this.magnitude(start, isQuoted, expected);
    const bound: u64 = isNegative ? 0 - <u64>least : <u64>most;
    if (magnitude > bound) this.faultFrom(start, expected);
    return isNegative ? <i64>(0 - magnitude) : <i64>magnitude;
  }

  private unsigned(most: u64, expected: string): u64 {
    const isQuoted = this.peek() == QUOTE;
    const start = this.at;
    if (isQuoted) this.at++;
    const magnitude = this.magnitude(start, isQuoted, expected);
    if (magnitude > most) this.faultFrom(start, expected);
    return magnitude;
  }

  i8(): i8 {
    return <i8>this.signed(i8.MIN_VALUE, i8.MAX_VALUE, 'an i8');
  }

  i16(): i16 {
    return <i16>this.signed(i16.MIN_VALUE, i16.MAX_VALUE, 'an i16');
  }

  i32(): i32 {
    return <i32>this.signed(i32.MIN_VALUE, i32.MAX_VALUE, 'an i32');
  }

  /** A number, or a text of decimal digits: JSON numbers of JavaScript are exact up to 2^53 only. */
  i64(): i64 {
    return this.signed(i64.MIN_VALUE, i64.MAX_VALUE, 'an i64');
  }

  u8(): u8 {
    return <u8>this.unsigned(u8.MAX_VALUE, 'a u8');
  }

  u16(): u16 {
    return <u16>this.unsigned(u16.MAX_VALUE, 'a u16');
  }

  u32(): u32 {
    return <u32>this.unsigned(u32.MAX_VALUE, 'a u32');
  }

  /** As `i64`. */
  u64(): u64 {
    return this.unsigned(u64.MAX_VALUE, 'a u64');
  }

  string(): string {
    this.take(QUOTE, 'a text');
    let start = this.at;
    let text = '';
    while (true) {
      if (this.at >= this.bytes.length) this.fault('a text with an end');
      const byte = unchecked(this.bytes[this.at]);
      if (byte < 0x20) this.fault('a text without control characters');
      if (byte != QUOTE && byte != BACKSLASH) {
        this.at++;
        continue;
      }
      const plain = String.UTF8.decodeUnsafe(this.bytes.dataStart + start, this.at - start);
      text = text.length == 0 ? plain : text + plain;
      if (byte == QUOTE) {
        this.at++;
        return text;
      }
      text += this.escape();
      start = this.at;
    }
  }

  private escape(): string {
    this.at++;
    const byte = this.byteAt();
    this.at++;
    switch (byte) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f:
        return String.fromCharCode(byte);
      case 0x62:
        return '\b';
      case 0x66:
        return '\f';
      case 0x6e:
        return '\n';
      case 0x72:
        return '\r';
      case 0x74:
        return '\t';
      case 0x75:
        return String.fromCharCode(this.hexadecimal());
    }
    this.at -= 2;
    this.fault('an escape of JSON');
    return '';
  }

  private hexadecimal(): i32 {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.byteAt();
      const low = byte | 0x20;
      if (isDigit(byte)) unit = (unit << 4) | (byte - 0x30);
      else if (low >= 0x61 && low <= 0x66) unit = (unit << 4) | (low - 0x57);
      else this.fault('four hexadecimal digits');
      this.at++;
    }
    return unit;
  }

  /** Passes over a value, whatever it is; arrays and objects nest at most 64 deep. */
  skip(depth: i32 = 0): void {
    if (depth > 64) this.fault('nested at most 64 deep');
    const byte = this.peek();
    if (byte == ARRAY) {
      this.beginArray();
      while (this.nextItem()) this.skip(depth + 1);
    } else if (byte == OBJECT) {
      this.beginObject();
      while (this.nextMember() !== null) this.skip(depth + 1);
    } else if (byte == QUOTE) this.string();
    else if (!this.takeNull() && !this.takeWord('true') && !this.takeWord('false')) this.f64();
  }
}
