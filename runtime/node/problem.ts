import { ERROR_CODES, PluvioError } from '../errors/index.ts';
import type { Problem } from './api-types.ts';
import { MEDIA } from './media-types.ts';

/** With this request header a moved worker is answered without a Location header: for clients that follow by themselves. */
export const MANUAL_REDIRECT_HEADER = 'pluvio-redirect';

/** Any thrown thing as a coded error; what is not ours is a fault of ours. */
export function asPluvioError(error: unknown): PluvioError {
  if (error instanceof PluvioError) return error;
  return new PluvioError('INTERNAL', 'the node failed to answer; its log says why', {}, { cause: error });
}

/** An error as a problem+json response (RFC 9457). */
export function problemResponse(error: PluvioError, request?: Request): Response {
  const { code, status, message, details } = error;
  const problem: Problem = {
    type: `urn:pluvio:error:${code}`,
    title: ERROR_CODES[code].summary,
    status,
    code,
    detail: message,
    details,
  };
  const headers = new Headers({ 'content-type': MEDIA.problem, 'cache-control': 'no-store' });
  if (code === 'UNAUTHENTICATED') headers.set('www-authenticate', 'Bearer');
  const { retryAfterMs } = details;
  if (typeof retryAfterMs === 'number') headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  const location = code === 'WORKER_MOVED' ? movedLocation(details['location'], request) : undefined;
  if (location !== undefined && request?.headers.get(MANUAL_REDIRECT_HEADER) !== 'manual')
    headers.set('location', location);
  return new Response(JSON.stringify(problem), { status, headers });
}

/** The same operation at the worker's new address. */
function movedLocation(place: unknown, request: Request | undefined): string | undefined {
  if (typeof place !== 'string') return undefined;
  const url = request && URL.parse(request.url);
  const rest = url ? (/^\/v1\/workers\/[^/]+(.*)$/.exec(url.pathname)?.[1] ?? '') + url.search : '';
  return place + rest;
}
