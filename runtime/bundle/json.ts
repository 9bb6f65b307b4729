import { PluvioError } from '../errors/index.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws PluvioError `BUNDLE_MALFORMED` the bytes are not JSON in UTF-8 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (cause) {
    throw new PluvioError(
      'BUNDLE_MALFORMED',
      `${what} of ${bytes.byteLength} bytes is not JSON in UTF-8`,
      {},
      { cause },
    );
  }
}

export const encodeJson = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
