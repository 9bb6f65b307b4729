/** Heads of HTTP requests and responses as guests pass them: JSON, checked before anybody sends it. */
import { fail } from './error-codes.ts';
import type { JsonObject } from './json-object.ts';
import { DURATION_MAX_MS, HEADERS_MAX } from './limits.ts';
import type { FetchRequest, HttpHead } from './types.ts';
import { parseHttpUrl } from './url-scopes.ts';

/** RFC 9110: a token. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110: visible characters and what is above ASCII in one byte, with spaces and tabs between. */
const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const METHODS_MAX_LENGTH = 32;
const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Methods that RFC 9110 calls idempotent. */
export const SAFE_TO_REPEAT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export const isHeaderName = (name: unknown): name is string => typeof name === 'string' && TOKEN.test(name);
export const isHeaderValue = (value: unknown): value is string => typeof value === 'string' && FIELD_VALUE.test(value);

type Headers = readonly (readonly [name: string, value: string])[];

function readHeaders(value: unknown): Headers {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > HEADERS_MAX) return fail('INVALID');
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) return fail('INVALID');
    const [name, text] = pair as readonly unknown[];
    return isHeaderName(name) && isHeaderValue(text) ? ([name, text] as const) : fail('INVALID');
  });
}

const isStatus = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599;

/** Status and headers of an answer. @throws AbiFault `INVALID` */
export function readHttpHead({ status = 200, headers }: JsonObject): HttpHead {
  return { status: isStatus(status) ? status : fail('INVALID'), headers: readHeaders(headers) };
}

/** @throws AbiFault `INVALID` */
export function readFetchRequest(json: JsonObject): {
  readonly request: FetchRequest;
  readonly timeoutMs: number | null;
} {
  const { url, method = 'GET', headers, repeatable = false, timeoutMs = null } = json;
  const parsed = typeof url === 'string' ? parseHttpUrl(url) : undefined;
  if (parsed === undefined || typeof method !== 'string' || typeof repeatable !== 'boolean') return fail('INVALID');
  const isMethod =
    method.length <= METHODS_MAX_LENGTH && TOKEN.test(method) && !REFUSED_METHODS.has(method.toUpperCase());
  const isTimeout =
    timeoutMs === null ||
    (Number.isSafeInteger(timeoutMs) && Number(timeoutMs) >= 0 && Number(timeoutMs) <= DURATION_MAX_MS);
  if (!isMethod || !isTimeout) fail('INVALID');
  parsed.hash = '';
  return {
    request: { method: method.toUpperCase(), url: parsed.href, headers: readHeaders(headers), repeatable },
    timeoutMs: timeoutMs === null ? null : Number(timeoutMs),
  };
}
