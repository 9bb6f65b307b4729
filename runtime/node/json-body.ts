/**
 * JSON that others have sent.
 *
 * What is nested deeply costs a parser fifty times what its length says: the depth is looked at first.
 */
import { isUtf8 } from 'node:buffer';
import { PluvioError } from '../errors/index.ts';

/** Arrays and objects within each other, at most. */
export const JSON_DEPTH_MAX = 100;
/** Shorter ones cost nothing, however they are nested. */
const LOOKED_AT_FROM_BYTES = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** @throws PluvioError `REQUEST_INVALID` the bytes are no JSON in UTF-8, or nested too deeply */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw invalid('is not JSON (it is no valid UTF-8)');
  if (bytes.length >= LOOKED_AT_FROM_BYTES && isDeep(bytes)) {
    throw invalid(`has more than ${JSON_DEPTH_MAX} arrays and objects within each other, the limit`);
  }
  const start = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? BYTE_ORDER_MARK.length : 0;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`is not JSON (${(cause as Error).message})`, cause);
  }
}

const invalid = (problem: string, cause?: unknown): PluvioError =>
  new PluvioError('REQUEST_INVALID', `body: ${problem}`, { field: 'body' }, { cause });

function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** Where the string ends that begins there. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) at++;
  }
  return bytes.length;
}
