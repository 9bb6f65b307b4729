/**
 * MessagePack for plain data: null, booleans, numbers, bigints, strings, bytes, arrays and plain objects.
 *
 * Boundary: messagepack-write.ts writes. What is read comes from strangers: the reader knows the plain formats alone (no extension,
 * hence no record, date, pattern or back reference) and charges for what it builds.
 *
 * Invariants:
 * 1. Same data, same bytes: keys are written in the order of their UTF-8 bytes, and read in no other, so no key comes twice.
 * 2. Integers of the 64-bit formats are bigints, all other numbers are numbers; a writer picks the format by that.
 * 3. Lengths are compared with the bytes that are left before anything is made. What is made is charged against
 *    HEAP_FLOOR_BYTES + HEAP_RATIO * input, by the estimates in COST: a short input makes no large heap.
 * 4. Bytes that were read are views of the input.
 */
import { PlainWriter } from './messagepack-write.ts';
import { FieldFault, shortened, withFieldErrors } from './plain-fields.ts';

/** How deep arrays and objects may nest. */
export const MAX_DEPTH = 64;
const HEAP_FLOOR_BYTES = 64 * 2 ** 20;
const HEAP_RATIO = 32;
/** Estimated heap bytes of what a token makes, besides its slot in the parent. */
const COST = { slot: 8, bigint: 24, text: 24, bytes: 128, array: 48, object: 96, entry: 48 } as const;

/** Texts up to this size are tried as ASCII first. */
const SHORT_TEXT_BYTES = 32;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Encodes plain data; entries of an object that are undefined are left out. The result is the caller's own.
 * @throws PluvioError `INVALID_ARGUMENT` data that MessagePack cannot carry; the message gives its path
 */
export function encodePlain(value: unknown, what: string, maxDepth = MAX_DEPTH): Uint8Array {
  const writer = new PlainWriter();
  withFieldErrors('INVALID_ARGUMENT', `cannot encode ${what}`, () => writer.write(value, maxDepth));
  return writer.written;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * Decodes one plain value that fills `bytes`; bytes in it are views.
 * @throws FieldFault damaged or forbidden data, its path the offset
 */
export function decodePlain(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = readValue(reader, 0);
  if (reader.at !== bytes.length) throw reader.fault(`${bytes.length - reader.at} bytes after the value`, 'none');
  return value;
}

class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;
  heapLeftBytes: number;

  constructor(bytes: Uint8Array) {
    // not a subclass (Buffer), whose subarray and slice differ
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.heapLeftBytes = HEAP_FLOOR_BYTES + HEAP_RATIO * bytes.byteLength;
  }

  fault(found: string, expected: string): FieldFault {
    const fault = new FieldFault(undefined, expected);
    fault.message = found;
    fault.path = `at offset 0x${this.at.toString(16)}`;
    return fault;
  }

  /** Moves over `count` bytes and gives where they begin. */
  take(count: number): number {
    const start = this.at;
    const left = this.bytes.length - start;
    if (count > left) throw this.fault(`the end after ${left} bytes`, `at least ${count} bytes more`);
    this.at = start + count;
    return start;
  }

  charge(heapBytes: number): void {
    this.heapLeftBytes -= heapBytes;
    if (this.heapLeftBytes < 0) throw this.fault('too much data', `within ${HEAP_RATIO} heap bytes per byte of input`);
  }

  uint(sizeBytes: 1 | 2 | 4): number {
    const start = this.take(sizeBytes);
    if (sizeBytes === 1) return this.view.getUint8(start);
    return sizeBytes === 2 ? this.view.getUint16(start) : this.view.getUint32(start);
  }
}

/** Readers of the tokens 0xc0 to 0xdf; what is missing is an extension or unused. */
const TOKENS: Readonly<Record<number, (reader: Reader, depth: number) => unknown>> = {
  0xc0: () => null,
  0xc2: () => false,
  0xc3: () => true,
  0xc4: (reader) => readBin(reader, reader.uint(1)),
  0xc5: (reader) => readBin(reader, reader.uint(2)),
  0xc6: (reader) => readBin(reader, reader.uint(4)),
  0xca: (reader) => reader.view.getFloat32(reader.take(4)),
  0xcb: (reader) => reader.view.getFloat64(reader.take(8)),
  0xcc: (reader) => reader.uint(1),
  0xcd: (reader) => reader.uint(2),
  0xce: (reader) => reader.uint(4),
  0xcf: (reader) => readBigint(reader, false),
  0xd0: (reader) => reader.view.getInt8(reader.take(1)),
  0xd1: (reader) => reader.view.getInt16(reader.take(2)),
  0xd2: (reader) => reader.view.getInt32(reader.take(4)),
  0xd3: (reader) => readBigint(reader, true),
  0xd9: (reader) => readString(reader, reader.uint(1)),
  0xda: (reader) => readString(reader, reader.uint(2)),
  0xdb: (reader) => readString(reader, reader.uint(4)),
  0xdc: (reader, depth) => readArrayOf(reader, reader.uint(2), depth),
  0xdd: (reader, depth) => readArrayOf(reader, reader.uint(4), depth),
  0xde: (reader, depth) => readMap(reader, reader.uint(2), depth),
  0xdf: (reader, depth) => readMap(reader, reader.uint(4), depth),
};

function readValue(reader: Reader, depth: number): unknown {
  const token = reader.uint(1);
  if (token < 0x80) return token;
  if (token < 0x90) return readMap(reader, token & 0x0f, depth);
  if (token < 0xa0) return readArrayOf(reader, token & 0x0f, depth);
  if (token < 0xc0) return readString(reader, token & 0x1f);
  if (token >= 0xe0) return token - 0x100;
  const read = TOKENS[token];
  if (read === undefined) throw reader.fault(`the token 0x${token.toString(16)}`, 'a plain MessagePack format');
  return read(reader, depth);
}

function readBin(reader: Reader, sizeBytes: number): Uint8Array {
  const start = reader.take(sizeBytes);
  reader.charge(COST.bytes);
  return reader.bytes.subarray(start, start + sizeBytes);
}

function readBigint(reader: Reader, signed: boolean): bigint {
  const start = reader.take(8);
  reader.charge(COST.bigint);
  return signed ? reader.view.getBigInt64(start) : reader.view.getBigUint64(start);
}

function readString(reader: Reader, sizeBytes: number): string {
  const start = reader.take(sizeBytes);
  reader.charge(COST.text + sizeBytes * 2);
  const short = sizeBytes <= SHORT_TEXT_BYTES ? asciiAt(reader.bytes, start, sizeBytes) : undefined;
  if (short !== undefined) return short;
  try {
    return strictUtf8.decode(reader.bytes.subarray(start, start + sizeBytes));
  } catch {
    throw reader.fault('a string that is not UTF-8', 'UTF-8');
  }
}

/** Those bytes as text if all are ASCII: without the calls of a decoder, which cost more than a short text. */
function asciiAt(bytes: Uint8Array, start: number, sizeBytes: number): string | undefined {
  let text = '';
  for (let at = start; at < start + sizeBytes; at++) {
    const byte = bytes[at] ?? 0x80;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Room for `count` children that take at least `minBytes` each. */
function enter(reader: Reader, count: number, minBytes: number, costBytes: number, depth: number): void {
  const left = reader.bytes.length - reader.at;
  if (count * minBytes > left) throw reader.fault(`a count of ${count} in ${left} bytes`, 'what the bytes can hold');
  if (depth >= MAX_DEPTH) throw reader.fault('nested deeper', `nested at most ${MAX_DEPTH} deep`);
  reader.charge(costBytes);
}

function readArrayOf(reader: Reader, count: number, depth: number): unknown[] {
  enter(reader, count, 1, COST.array + count * COST.slot, depth);
  const items: unknown[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(reader, depth + 1));
  return items;
}

function readMap(reader: Reader, count: number, depth: number): Record<string, unknown> {
  enter(reader, count, 2, COST.object + count * COST.entry, depth);
  const object: Record<string, unknown> = {};
  let previous: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const key = readKey(reader);
    if (previous !== undefined && compareBytes(previous, key.bytes) >= 0) {
      throw reader.fault(
        `the key ${JSON.stringify(shortened(key.text))} out of order`,
        'keys in ascending order of their bytes',
      );
    }
    if (key.text === '__proto__') throw reader.fault('the key __proto__', 'any other key');
    previous = key.bytes;
    object[key.text] = readValue(reader, depth + 1);
  }
  return object;
}

function readKey(reader: Reader): { readonly text: string; readonly bytes: Uint8Array } {
  const token = reader.uint(1);
  const wide = { 0xd9: 1, 0xda: 2, 0xdb: 4 } as const;
  let sizeBytes: number;
  if (token >= 0xa0 && token < 0xc0) sizeBytes = token & 0x1f;
  else if (token === 0xd9 || token === 0xda || token === 0xdb) sizeBytes = reader.uint(wide[token]);
  else throw reader.fault(`a key with the token 0x${token.toString(16)}`, 'a string');
  const start = reader.at;
  const text = readString(reader, sizeBytes);
  return { text, bytes: reader.bytes.subarray(start, start + sizeBytes) };
}
