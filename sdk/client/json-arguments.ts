/** Values of typed exports as JSON (docs/projects.md, "Values"). */
import { PluvioError } from '../../runtime/errors/index.ts';

const CHUNK_BYTES = 8192;

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(text);
}

/** Called before `JSON.stringify` makes an object of a typed array. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof ArrayBuffer) return base64Of(new Uint8Array(value));
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) {
    return base64Of(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as Iterable<number | bigint>, jsonOf); // a view that is no DataView is a typed array
  }
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonOf(inner)]));
}

/**
 * Arguments as JSON has them: bigint as decimal digits, bytes as base64, typed arrays as arrays. Those left out at the end are left out.
 * @throws PluvioError `INVALID_ARGUMENT` for what JSON does not have
 */
export function jsonArguments(args: readonly unknown[]): unknown[] {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  const given = args.slice(0, count);
  given.forEach((arg, index) => {
    if (arg === undefined || typeof arg === 'function' || typeof arg === 'symbol') {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `argument ${index + 1} is ${typeof arg}; it must be a value that JSON has, a bigint, a typed array or an ArrayBuffer`,
      );
    }
  });
  return given.map(jsonOf);
}
