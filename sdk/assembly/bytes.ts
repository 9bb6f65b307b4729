import { input_length, input_read, result_read } from './pluvio_v1';
import { done } from './status';

/**
 * A text as UTF-8.
 *
 * @example assert(encode("é").length == 2);
 */
export function encode(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

/**
 * The text of UTF-8.
 *
 * @example assert(decode(encode("Grüße")) == "Grüße");
 */
export function decode(bytes: Uint8Array): string {
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

/** Where bytes lie; 0 for none. */
export function startOf(bytes: Uint8Array): usize {
  return bytes.dataStart;
}

/** The bytes of the result register, whose length a call gave. */
export function takeResult(length: i32): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = done('result_read', result_read(bytes.dataStart + at, length - at, at));
    if (count == 0) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}

/** The text of the result register. */
export function takeText(length: i32): string {
  return decode(takeResult(length));
}

/** The body of the current input; empty where there is none. */
export function takeInput(): Uint8Array {
  const length = max(0, input_length());
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = done('input_read', input_read(bytes.dataStart + at, length - at, at));
    if (count == 0) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}
