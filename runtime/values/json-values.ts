/**
 * Values of calls as JSON, and back: WebAssembly's, and those of the component model.
 *
 * Boundary: what a caller and a node say to each other. Whether a value fits a function is the engine's to say.
 */
import { PluvioError } from '../errors/index.ts';

/**
 * A value of a call in JSON. What JSON lacks is an object with one name: `{ "i64": "5" }`, `{ "float": "NaN" }` (Infinity, -Infinity, -0),
 * `{ "bytes": "aGk=" }`; a record that would look like one of these is in `{ "record": … }`. Functions of core modules take numbers, i64 and
 * null; those of components all values of the component model: texts, lists as arrays, records, variants as `{ "tag": …, "val": … }`, an
 * option that has none as null.
 */
export type JsonValue =
  number | string | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

const FLOATS = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity, '-0': -0 } as const;

/** What stands for a value that JSON lacks: an object with that name alone. `record` is around an object that would look like one. */
const WRAPPERS = ['i64', 'float', 'bytes', 'record'] as const;
type Wrapper = (typeof WRAPPERS)[number];

function wrapperOf(value: object): Wrapper | undefined {
  const [name, ...others] = Object.keys(value);
  return others.length === 0 ? WRAPPERS.find((each) => each === name) : undefined;
}

const mapped = (value: object, map: (inner: never) => unknown): Record<string, JsonValue> =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, map(inner as never) as JsonValue]), // of the same map
  );

function jsonOfNumber(value: number): JsonValue {
  if (Number.isNaN(value)) return { float: 'NaN' };
  if (Object.is(value, -0)) return { float: '-0' };
  if (!Number.isFinite(value)) return { float: value > 0 ? 'Infinity' : '-Infinity' };
  return value;
}

/** A value of a call as JSON: WebAssembly's, or one of the component model. References that are not null cannot leave the node. */
export function jsonOfValue(value: unknown): JsonValue {
  switch (typeof value) {
    case 'bigint':
      return { i64: value.toString() };
    case 'number':
      return jsonOfNumber(value);
    case 'boolean':
    case 'string':
      return value;
    case 'undefined':
      return null;
    case 'object':
      break;
    default:
      throw new PluvioError('UNSUPPORTED', `a value of type ${typeof value} cannot travel over HTTP`);
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return { bytes: toBase64(value) };
  if (Array.isArray(value)) return value.map(jsonOfValue);
  const object = mapped(value, jsonOfValue);
  return wrapperOf(object) === undefined ? object : { record: object };
}

/** Inverse of `jsonOfValue`. @throws PluvioError `REQUEST_INVALID` */
export function valueOfJson(value: JsonValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(valueOfJson);
  const wrapper = wrapperOf(value);
  if (wrapper === undefined) return mapped(value, valueOfJson);
  const inner = (value as Readonly<Record<string, JsonValue>>)[wrapper]; // it has that key
  if (wrapper === 'record' && typeof inner === 'object' && inner !== null) return mapped(inner, valueOfJson);
  if (typeof inner === 'string') {
    if (wrapper === 'i64') return wideOf(inner);
    if (wrapper === 'float' && Object.hasOwn(FLOATS, inner)) return FLOATS[inner as keyof typeof FLOATS];
    if (wrapper === 'bytes' && BASE64.test(inner)) return fromBase64(inner);
  }
  throw new PluvioError(
    'REQUEST_INVALID',
    `{ "${wrapper}": ${shortened(inner)} } is no value; it must be ${EXPECTED[wrapper]}`,
  );
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DIGITS = /^-?\d{1,20}$/;
const EXPECTED = {
  i64: 'an integer of 64 bits in digits',
  float: 'NaN, Infinity, -Infinity or -0',
  bytes: 'bytes in base64',
  record: 'an object',
} as const satisfies Record<Wrapper, string>;

const shortened = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

function wideOf(text: string): bigint {
  const value = DIGITS.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && (value === BigInt.asIntN(64, value) || value === BigInt.asUintN(64, value))) return value;
  throw new PluvioError('REQUEST_INVALID', `${shortened(text)} does not fit an i64`);
}

const CHUNK = 8192;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
