/** The codec of texts: UTF-8 in the guest. A lone surrogate of a JavaScript text becomes U+FFFD, as everywhere on the web. */
import type { ValueType } from '../../../component/value-types.ts';
import { type Codec, HOST_BYTES, misfitOf } from './codec.ts';
import { trap } from '../../guest-trap.ts';
import type { CanonicalContext, Extent } from './context.ts';
import { codecOfElsewhere, type Elsewhere } from './elsewhere.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const ASCII_END = 0x80;
/** Of a text. */
const BYTE: Extent = { sizeBytes: 1, align: 1, hostBytes: 1 };
/** Longest texts that are quicker to read and to write unit by unit than by the platform's functions. */
const SHORT_READ_BYTES = 24;
const SHORT_WRITE_UNITS = 10;
/** UTF-8 bytes of one unit of a JavaScript text, at most. */
const UNIT_MAX_BYTES = 3;

/** Units of a short text, by its length. */
const unitsOfLength = Array.from({ length: SHORT_READ_BYTES + 1 }, (_, length) => new Array<number>(length).fill(0));
/** Where a text is encoded to before memory of its length is asked for. */
const encoded = new Uint8Array(2 ** 14);

/** Undefined: it is not ASCII. */
function readAscii(bytes: Uint8Array, at: number, length: number): string | undefined {
  const units = unitsOfLength[length];
  if (units === undefined) return undefined;
  let all = 0;
  for (let index = 0; index < length; index++) {
    const unit = bytes[at + index] ?? 0;
    units[index] = unit;
    all |= unit;
  }
  return all < ASCII_END ? String.fromCharCode.apply(undefined, units) : undefined;
}

function readText(address: number, length: number, context: CanonicalContext): string {
  const sizeBytes = context.lifts(address, length, BYTE, HOST_BYTES.text);
  const at = address >>> 0;
  const { bytes } = context;
  const ascii = readAscii(bytes, at, sizeBytes);
  if (ascii !== undefined) return ascii;
  try {
    return decoder.decode(bytes.subarray(at, at + sizeBytes));
  } catch {
    return trap(`the text of ${sizeBytes} bytes at address ${at} is no UTF-8`);
  }
}

function isShortAscii(text: string): boolean {
  if (text.length > SHORT_WRITE_UNITS) return false;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= ASCII_END) return false;
  return true;
}

function encode(text: string): Uint8Array {
  if (text.length * UNIT_MAX_BYTES > encoded.length) return encoder.encode(text);
  return encoded.subarray(0, encoder.encodeInto(text, encoded).written);
}

export function textCodec(type: ValueType): Codec {
  const kind: Elsewhere = {
    written: 0,
    check: (value) => (typeof value === 'string' ? undefined : misfitOf(value, type)),
    read: readText,
    write: (value, context) => {
      const text = value as string; // was checked
      if (isShortAscii(text)) {
        const address = context.alloc(text.length, 1);
        const { bytes } = context;
        for (let at = 0; at < text.length; at++) bytes[address + at] = text.charCodeAt(at);
        kind.written = text.length;
        return address;
      }
      const utf8 = encode(text);
      const address = context.alloc(utf8.length, 1);
      context.bytes.set(utf8, address);
      kind.written = utf8.length;
      return address;
    },
  };
  return codecOfElsewhere(kind);
}
