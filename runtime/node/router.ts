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
import { PluvioError } from '../errors/index.ts';
import { boundedBody, hasBody, readBounded } from './body.ts';
import type { Handlers, OperationCall } from './handlers.ts';
import { parseJsonBody } from './json-body.ts';
import type { Logger } from './logger.ts';
import { contentTypeOf, MEDIA } from './media-types.ts';
import type { NodeLimits } from './node-limits.ts';
import { type Entrance, OperationRun } from './operation-run.ts';
import { asPluvioError, logFault, MANUAL_REDIRECT_HEADER, problemResponse } from './problem.ts';
import { parseQuery } from './query.ts';
import { type OperationId, PATH_PARAMETERS, type Route, ROUTES } from './route-table.ts';
import { checkValue } from './schema-check.ts';

export interface RouterOptions extends Entrance {
  readonly handlers: Handlers;
  readonly limits: NodeLimits;
  readonly logger: Logger;
}

export function createRouter({ handlers, limits, logger, ...entrance }: RouterOptions): Hono {
  const app = new Hono();
  const forPages = cors({
    origin: (origin) => (entrance.access.allowsOrigin(origin) ? origin : null),
    allowHeaders: ['authorization', 'content-type', 'last-event-id', MANUAL_REDIRECT_HEADER],
    maxAge: 600,
  });
  // Only a browser says where a request comes from; for others the answer would be taken apart for nothing.
  app.use((context, next) => (context.req.header('origin') === undefined ? next() : forPages(context, next)));
  for (const [id, route] of Object.entries(ROUTES) as [OperationId, Route][]) {
    const answerOf = async (context: Context): Promise<unknown> => {
      const run = new OperationRun(entrance, id, context.req.raw.headers, context.req.param('name'));
      try {
        await run.admit();
        const call = await callOf(route, context, limits);
        const answer = await handlers[id]({ ...call, identity: run.identity, traceparent: run.traceparent });
        run.ended('OK');
        return answer;
      } catch (error) {
        run.ended(asPluvioError(error).code);
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
    const { method, path, raw } = context.req;
    logFault(logger, error, { method, path });
    return problemResponse(error, { target: targetOf(raw.url), headers: raw.headers });
  });
  return app;
}

/** What follows the first question mark; no fragment reaches a server. */
const searchOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '');

const targetOf = (url: string): string => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};

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
  const query = parseQuery(route.query, new URLSearchParams(searchOf(request.url)));
  const contentType = contentTypeOf(request.headers.get('content-type'));
  const call = { params, query, request, contentType, accepts: request.headers.get('accept') ?? '' };
  if (!route.body) return { ...call, json: undefined, bytes: emptyBody() };
  const { json: schema, raw = [], limit = 'jsonBytes', optional = false } = route.body;
  if (raw.includes(contentType)) return { ...call, json: undefined, bytes: boundedBody(request, limits[limit]) };
  if (schema && contentType === MEDIA.json) {
    const json = parseJsonBody(await readBounded(request, limits.jsonBytes));
    checkValue(schema, json, 'body');
    return { ...call, json, bytes: emptyBody() };
  }
  if (optional && contentType === '' && !hasBody(request)) return { ...call, json: undefined, bytes: emptyBody() };
  const accepted = [...new Set([...(schema ? [MEDIA.json] : []), ...raw])].join(', ');
  throw new PluvioError(
    'MEDIA_TYPE_UNSUPPORTED',
    `content type "${contentType}" is not accepted here; send one of ${accepted}`,
  );
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {
  // no body, nothing to yield
}
