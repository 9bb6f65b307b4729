/**
 * From the route table to a hono app: source and token checks, parameters, bodies, errors.
 *
 * Invariants:
 * 1. A handler sees parameters, query and JSON that fit the schemas of its row; anything else was refused before.
 * 2. No body is read beyond the limit of its row.
 * 3. Everything that is thrown becomes problem+json; a fault of ours goes to the logger and not to the caller.
 */
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { nanoid } from 'nanoid';
import { type ErrorCode, PluvioError } from '../errors/index.ts';
import type { AccessPolicy } from './access.ts';
import { boundedBody, readBody } from './body.ts';
import type { Handlers, OperationCall } from './handlers.ts';
import type { Logger } from './logger.ts';
import { MEDIA } from './media-types.ts';
import { parseTraceparent } from './metrics/trace-context.ts';
import { noTracing, type Tracing } from './metrics/tracing.ts';
import type { NodeLimits } from './node-limits.ts';
import { asPluvioError, MANUAL_REDIRECT_HEADER, problemResponse } from './problem.ts';
import { parseQuery } from './query.ts';
import { type OperationId, PATH_PARAMETERS, type Route, ROUTES } from './route-table.ts';
import { checkValue } from './schema-check.ts';
import type { Identity } from './security/identity.ts';
import { type Verb, verbOf } from './security/verbs.ts';

export interface RouterOptions {
  readonly access: AccessPolicy;
  readonly handlers: Handlers;
  readonly limits: NodeLimits;
  readonly logger: Logger;
  readonly tracing?: Tracing;
  /** Told of every request that asked for a right, when it has been answered. */
  readonly onEnd?: (ended: RequestEnded) => void;
}

/** What was asked and by whom, and how it ended. */
export interface RequestEnded {
  readonly operation: OperationId;
  readonly verb: Verb;
  /** Undefined: the request carried no token that counts. */
  readonly identity: Identity | undefined;
  readonly worker: string | undefined;
  /** `OK`, or the code of the error. */
  readonly code: ErrorCode | 'OK';
  readonly requestId: string;
  /** Until the answer began. */
  readonly seconds: number;
}

export function createRouter({ access, handlers, limits, logger, onEnd, tracing = noTracing }: RouterOptions): Hono {
  const app = new Hono();
  app.use(
    cors({
      origin: (origin) => (access.allowsOrigin(origin) ? origin : null),
      allowHeaders: ['authorization', 'content-type', 'last-event-id', MANUAL_REDIRECT_HEADER],
      maxAge: 600,
    }),
  );
  for (const [id, route] of Object.entries(ROUTES) as [OperationId, Route][]) {
    const verb = verbOf(id, route.scope);
    const answerOf = async (context: Context): Promise<unknown> => {
      const worker = context.req.param('name');
      let identity: Identity | undefined;
      const beganMs = performance.now();
      const parent = context.req.header('traceparent');
      const span = tracing.start(id, {
        parent: parseTraceparent(parent) ? parent : undefined,
        kind: 'server',
        attributes: { 'http.request.method': route.method, 'http.route': route.path, 'pluvio.worker': worker ?? '' },
      });
      const ended = (code: RequestEnded['code']): void => {
        const seconds = (performance.now() - beganMs) / 1000;
        if (verb !== 'public') onEnd?.({ operation: id, verb, identity, worker, code, requestId: nanoid(), seconds });
      };
      try {
        access.checkSource(context.req.raw.headers);
        if (verb !== 'public') {
          const identified = access.identify(context.req.raw.headers);
          identity = identified instanceof Promise ? await identified : identified;
          access.checkOperation(identity, id, verb, worker);
        }
        const call = { ...(await callOf(route, context, limits)), identity, traceparent: span.traceparent };
        const answer = await handlers[id](call);
        ended('OK');
        span.end();
        return answer;
      } catch (error) {
        ended(asPluvioError(error).code);
        span.fail(asPluvioError(error).code);
        span.end();
        throw error;
      }
    };
    app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
      const answer = await answerOf(context);
      if (answer instanceof Response) return answer;
      if (answer === undefined) return new Response(null, { status: route.status });
      return new Response(JSON.stringify(answer), {
        status: route.status,
        headers: { 'content-type': MEDIA.json, 'cache-control': 'no-store' },
      });
    });
  }
  app.notFound((context) => {
    const { method, path } = context.req;
    return problemResponse(
      new PluvioError('ROUTE_NOT_FOUND', `there is no operation ${method} ${path}`, { method, path }),
    );
  });
  app.onError((thrown, context) => {
    const error = asPluvioError(thrown);
    if (error.status >= 500) {
      const cause = error.cause instanceof Error ? error.cause.stack : undefined;
      const { method, path } = context.req;
      logger.log('error', 'a request failed', { method, path, code: error.code, error: error.message, cause });
    }
    return problemResponse(error, context.req.raw);
  });
  return app;
}

async function callOf(
  route: Route,
  context: Context,
  limits: NodeLimits,
): Promise<Omit<OperationCall, 'identity' | 'traceparent'>> {
  const request = context.req.raw;
  const params: Record<string, string> = context.req.param();
  for (const [name, value] of Object.entries(params)) {
    const schema = PATH_PARAMETERS[name];
    if (schema) checkValue(schema, value, `path.${name}`);
  }
  const query = parseQuery(route.query, new URL(request.url).searchParams);
  const contentType = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const call = { params, query, request, contentType, accepts: request.headers.get('accept') ?? '' };
  if (!route.body) return { ...call, json: undefined, bytes: emptyBody() };
  const { json: schema, raw = [], limit = 'jsonBytes', optional = false } = route.body;
  if (raw.includes(contentType)) return { ...call, json: undefined, bytes: boundedBody(request, limits[limit]) };
  if (schema && contentType === MEDIA.json) {
    const json = parseJson(await readBody(boundedBody(request, limits.jsonBytes)));
    checkValue(schema, json, 'body');
    return { ...call, json, bytes: emptyBody() };
  }
  if (optional && contentType === '' && request.body === null) return { ...call, json: undefined, bytes: emptyBody() };
  const accepted = [...(schema ? [MEDIA.json] : []), ...raw].join(', ');
  throw new PluvioError(
    'MEDIA_TYPE_UNSUPPORTED',
    `content type "${contentType}" is not accepted here; send one of ${accepted}`,
  );
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {
  // no body, nothing to yield
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PluvioError(
      'REQUEST_INVALID',
      `body: is not JSON (${(cause as Error).message})`,
      { field: 'body' },
      { cause },
    );
  }
}
