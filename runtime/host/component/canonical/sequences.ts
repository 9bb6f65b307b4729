/** Codecs of texts and lists: an address and a length, flat and in memory. */
import type { FlatType, ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import { type Codec, type FlatSource, type Misfit, misfitOf, nextI32, within } from './codec.ts';
import { type CanonicalContext, type FlatValue, trap } from './context.ts';

/** Values that are somewhere else in memory. */
interface Elsewhere {
  check(value: unknown): Misfit | undefined;
  /** Reads what is at an address. */
  read(address: number, length: number, context: CanonicalContext): ComponentValue;
  /** Puts it into memory of the guest's own; gives the address, and the length of what was written in `written`. */
  write(value: unknown, context: CanonicalContext): number;
  /** Of the last `write`. */
  written: number;
}

const FLAT: readonly FlatType[] = ['i32', 'i32'];
const LENGTH_AT = 4;

const codecOfElsewhere = (kind: Elsewhere): Codec => ({
  flat: FLAT,
  sizeBytes: 8,
  align: 4,
  check: (value) => kind.check(value),
  lift: (source: FlatSource, context) => kind.read(nextI32(source), nextI32(source), context),
  lower: (value, flat: FlatValue[], context) => {
    const address = kind.write(value, context);
    flat.push(address, kind.written);
  },
  load: (at, context) => kind.read(context.view.getInt32(at, true), context.view.getInt32(at + LENGTH_AT, true), context),
  store: (value, at, context) => {
    const address = kind.write(value, context);
    context.view.setInt32(at, address, true);
    context.view.setInt32(at + LENGTH_AT, kind.written, true);
  },
});

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** Longest text that is quicker to read and write by hand. */
const SHORT_BYTES = 24;
const ASCII_END = 0x80;

function readText(address: number, length: number, context: CanonicalContext): string {
  const sizeBytes = context.lifts(address, length, 1, 1);
  const at = address >>> 0;
  const { bytes } = context;
  if (sizeBytes <= SHORT_BYTES) {
    let text = '';
    let next = at;
    for (; next < at + sizeBytes; next++) {
      const byte = bytes[next] ?? 0;
      if (byte >= ASCII_END) break;
      text += String.fromCharCode(byte);
    }
    if (next === at + sizeBytes) return text;
  }
  try {
    return decoder.decode(bytes.subarray(at, at + sizeBytes));
  } catch {
    return trap(`the text of ${sizeBytes} bytes at address ${at} is no UTF-8`);
  }
}

function isShortAscii(text: string): boolean {
  if (text.length > SHORT_BYTES) return false;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= ASCII_END) return false;
  return true;
}

export function textCodec(type: ValueType): Codec {
  const kind: Elsewhere = {
    written: 0,
    check: (value) => (typeof value === 'string' ? undefined : misfitOf(value, type)),
    read: readText,
    write: (value, context) => {
      const text = value as string; // was checked
      if (isShortAscii(text)) {
        const address = context.alloc((kind.written = text.length), 1);
        const { bytes } = context;
        for (let at = 0; at < text.length; at++) bytes[address + at] = text.charCodeAt(at);
        return address;
      }
      const encoded = encoder.encode(text);
      const address = context.alloc((kind.written = encoded.length), 1);
      context.bytes.set(encoded, address);
      return address;
    },
  };
  return codecOfElsewhere(kind);
}

/** Bytes: the caller's are copied, and so are the guest's. */
export function bytesCodec(type: ValueType): Codec {
  const isByte = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xff;
  const kind: Elsewhere = {
    written: 0,
    check: (value) => {
      if (value instanceof Uint8Array) return undefined;
      if (!Array.isArray(value)) return misfitOf(value, type);
      const at = value.findIndex((each) => !isByte(each));
      return at < 0 ? undefined : { path: `[${at}]`, found: value[at] as unknown, expected: 'u8' };
    },
    read: (address, length, context) => {
      const sizeBytes = context.lifts(address, length, 1, 1);
      return context.bytes.slice(address >>> 0, (address >>> 0) + sizeBytes);
    },
    write: (value, context) => {
      const bytes = value as ArrayLike<number>; // was checked
      const address = context.alloc((kind.written = bytes.length), 1);
      context.bytes.set(bytes, address);
      return address;
    },
  };
  return codecOfElsewhere(kind);
}

export function listCodec(type: ValueType, element: Codec): Codec {
  const { sizeBytes, align } = element;
  const kind: Elsewhere = {
    written: 0,
    check: (value) => {
      if (!Array.isArray(value)) return misfitOf(value, type);
      for (let at = 0; at < value.length; at++) {
        const inner = element.check(value[at]);
        if (inner !== undefined) return within(`[${at}]`, inner);
      }
      return undefined;
    },
    read: (address, length, context) => {
      const end = (address >>> 0) + context.lifts(address, length, sizeBytes, align);
      const values: ComponentValue[] = [];
      for (let at = address >>> 0; at < end; at += sizeBytes) values.push(element.load(at, context));
      return values;
    },
    write: (value, context) => {
      const values = value as readonly unknown[]; // was checked
      const address = context.alloc(values.length * sizeBytes, align);
      values.forEach((each, index) => element.store(each, address + index * sizeBytes, context));
      kind.written = values.length; // an element may have been a list of this type, too
      return address;
    },
  };
  return codecOfElsewhere(kind);
}
