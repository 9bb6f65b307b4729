import { ERROR_CODES, PluvioError } from '../errors/index.ts';
import type { HeaderSource } from './access.ts';
import type { Problem } from './api-types.ts';
import type { Logger } from './logger.ts';
import { MEDIA } from './media-types.ts';

/** With this request header a moved worker is answered without a Location header: for clients that follow by themselves. */
export const MANUAL_REDIRECT_HEADER = 'pluvio-redirect';

/** Any thrown thing as a coded error; what is not ours is a fault of ours. */
export function asPluvioError(error: unknown): PluvioError {
  if (error instanceof PluvioError) return error;
  return new PluvioError('INTERNAL', 'the node failed to answer; its log says why', {}, { cause: error });
}

/** An answer with an error, as problem+json (RFC 9457). */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What of a request the answer with an error depends on. */
export interface Asked {
  /** Path and query. */
  readonly target: string;
  readonly headers: HeaderSource;
}

export function problemOf(error: PluvioError, asked?: Asked): ProblemAnswer {
  const { code, status, message, details } = error;
  const problem: Problem = {
    type: `urn:pluvio:error:${code}`,
    title: ERROR_CODES[code].summary,
    status,
    code,
    detail: message,
    details,
  };
  const headers: Record<string, string> = { 'content-type': MEDIA.problem, 'cache-control': 'no-store' };
  if (code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  const { retryAfterMs } = details;
  if (typeof retryAfterMs === 'number') headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
  const location = code === 'WORKER_MOVED' ? movedLocation(details['location'], asked) : undefined;
  if (location !== undefined && asked?.headers.get(MANUAL_REDIRECT_HEADER) !== 'manual') headers['location'] = location;
  return { status, headers, body: JSON.stringify(problem) };
}

export function problemResponse(error: PluvioError, asked?: Asked): Response {
  const { body, ...init } = problemOf(error, asked);
  return new Response(body, init);
}

/** The same operation at the worker's new address. */
function movedLocation(place: unknown, asked: Asked | undefined): string | undefined {
  if (typeof place !== 'string') return undefined;
  return place + (asked === undefined ? '' : (/^\/v1\/workers\/[^/?]+(.*)$/.exec(asked.target)?.[1] ?? ''));
}

/** Tells the log of an error that is the node's. */
export function logFault(logger: Logger, error: PluvioError, request: { method: string; path: string }): void {
  if (error.status < 500) return;
  const cause = error.cause instanceof Error ? error.cause.stack : undefined;
  logger.log('error', 'a request failed', { ...request, code: error.code, error: error.message, cause });
}
