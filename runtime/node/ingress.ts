/**
 * HTTP requests from anywhere, by the routes of workers' manifests.
 *
 *     request ─▶ route ─┬─ a worker of this node ─▶ its journal ─▶ export, or mailbox ─▶ answer
 *                       └─ one that moved away ───▶ the ingress of its new node
 *
 * Boundary: public, without tokens: what a request may do is what the guest lets it. Nothing of the API answers here.
 *
 * Invariants:
 * 1. A request that was accepted is not given to a worker twice: while its worker moves or is replaced it is asked for again by its key,
 *    and without one it fails.
 * 2. `x-forwarded-*` and `pluvio-*` that a guest sees were said by this node.
 * 3. A request that no client can ask for again (no key) is given up when its client has gone.
 * 4. A request is passed on by at most `ingressHops` nodes.
 */
import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { HttpBindings } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { nanoid } from 'nanoid';
import { callFailed, PluvioError } from '../errors/index.ts';
import type { HttpHead, InputInfo } from '../host/index.ts';
import { AnswerStream } from './answer-stream.ts';
import { boundedBody, hasBody } from './body.ts';
import { checkKey } from './call-desk.ts';
import type { Clock } from './clock.ts';
import { answerHeaders, HOPS_HEADER, type HeaderPairs, REQUEST_KEY_HEADER, requestHeaders } from './http-hops.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { IncomingBody } from './incoming-body.ts';
import type { InputEnd } from './input-end.ts';
import type { Logger } from './logger.ts';
import type { NodeAdmission } from './node-admission.ts';
import type { NodeLimits } from './node-limits.ts';
import type { PostOffice } from './post-office.ts';
import type { NodeQuotas } from './quotas/node-quotas.ts';
import { asPluvioError, problemResponse } from './problem.ts';
import { ReverseProxy } from './reverse-proxy.ts';
import type { RouteMatch } from './route-index.ts';
import { placeRequest } from './worker-requests.ts';
import type { WorkerTable } from './worker-table.ts';

export interface IngressOptions {
  readonly table: WorkerTable;
  readonly post: PostOffice;
  readonly admission: NodeAdmission;
  readonly quotas: NodeQuotas;
  readonly limits: NodeLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly host: string;
  readonly headers: HeaderPairs;
  readonly forwarded: HeaderPairs;
  readonly body: IncomingBody;
  /** Whether the body comes in parts, without a length. */
  readonly comesInParts: boolean;
  readonly hops: number;
  readonly traceparent: string | undefined;
  readonly givenKey: string | null;
  readonly dueMs: number;
  /** Aborts when the client has gone, or its time is over. */
  readonly signal: AbortSignal;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  /** Ends the connection: an answer that was begun cannot be finished. */
  readonly breakOff: () => void;
}

/** What ends by itself soon: the request waits for it. */
const PASSING: ReadonlySet<string> = new Set(['WORKER_MOVING', 'WORKER_REPLACED', 'WORKER_BUSY', 'ENGINE_LOST']);
const LOOK_AGAIN_MS = 50;
/** How long the rest of an answer is waited for that has begun, before it is streamed. */
const WHOLE_SOON_MS = 20;
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
const REQUEST_KEY = /^h:[A-Za-z0-9_-]{21,64}$/;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export interface Ingress {
  readonly app: Hono;
  close(): Promise<void>;
}

export function createIngress(options: IngressOptions): Ingress {
  const proxy = new ReverseProxy(options.limits.ingressMs);
  const app = new Hono();
  app.all('*', (context) => serve(options, proxy, incomingOf(context, options)));
  app.onError((thrown, context) => {
    const error = asPluvioError(thrown);
    if (error.status >= 500 && !error.retryable) {
      options.logger.log('warn', 'a request of the ingress failed', { code: error.code, error: error.message });
    }
    const answer = problemResponse(error);
    if (error.retryable && !answer.headers.has('retry-after')) answer.headers.set('retry-after', '1');
    return context.req.method === 'HEAD' ? new Response(null, answer) : answer;
  });
  return { app, close: () => proxy.close() };
}

function incomingOf(context: Context, { limits, clock }: IngressOptions): Incoming {
  const request = context.req.raw;
  const { headers, method } = request;
  const url = new URL(request.url);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const hops = Number(/^\d{1,2}$/.exec(headers.get(HOPS_HEADER) ?? '')?.[0] ?? 0);
  const passedKey = headers.get(REQUEST_KEY_HEADER);
  const traceparent = headers.get('traceparent') ?? '';
  const forwarded: HeaderPairs = [
    ['x-forwarded-for', getConnInfo(context).remote.address ?? 'unknown'],
    ['x-forwarded-host', headers.get('host') ?? url.host],
    ['x-forwarded-proto', url.protocol.replace(':', '')],
  ];
  return {
    method,
    url,
    host,
    headers: requestHeaders(headers),
    forwarded,
    body: new IncomingBody(boundedBody(request, limits.callBytes)),
    comesInParts: headers.get('content-length') === null && hasBody(request),
    hops,
    traceparent: TRACEPARENT.test(traceparent) ? traceparent : undefined,
    givenKey: passedKey !== null && REQUEST_KEY.test(passedKey) ? passedKey : keyOf(request),
    dueMs: clock.now() + limits.ingressMs,
    signal: AbortSignal.any([request.signal, AbortSignal.timeout(limits.ingressMs)]),
    gone: request.signal,
    breakOff: () => (context.env as Partial<HttpBindings>).outgoing?.destroy(),
  };
}

/**
 * The key of a request that says one: of this client, for this place. Others who know the key get nothing by it.
 * @throws PluvioError `REQUEST_INVALID`
 */
function keyOf({ headers, method, url }: Request): string | null {
  const key = checkKey(headers.get('idempotency-key'));
  if (key === null) return null;
  const whose = [method, url, headers.get('authorization') ?? '', headers.get('cookie') ?? '', key];
  return `h:${createHash('sha256').update(JSON.stringify(whose)).digest('base64url')}`;
}

async function serve(options: IngressOptions, proxy: ReverseProxy, incoming: Incoming): Promise<Response> {
  const { table, clock } = options;
  let accepted: { readonly key: string | null } | undefined;
  for (;;) {
    const match = table.routes.match(incoming.host, incoming.method, incoming.url.pathname);
    if (match === undefined) throw notFound(incoming);
    const key = accepted?.key ?? incoming.givenKey ?? (isDurable(table, match) ? `h:${nanoid()}` : null);
    if (match.moved) return pass(options, proxy, incoming, match, key);
    try {
      return await ask(options, incoming, match, key, () => {
        accepted = { key };
      });
    } catch (error) {
      const { code } = asPluvioError(error);
      const mayAgain = accepted === undefined || accepted.key !== null;
      if (mayAgain && (code === 'WORKER_MOVED' || code === 'WORKER_NOT_FOUND') && isElsewhere(table, incoming))
        continue;
      if (!mayAgain || !PASSING.has(code) || clock.now() + LOOK_AGAIN_MS > incoming.dueMs)
        throw lostAnswer(error, mayAgain);
      await clock.sleep(LOOK_AGAIN_MS, incoming.signal);
    }
  }
}

const isDurable = (table: WorkerTable, { worker }: RouteMatch): boolean => table.find(worker)?.isDurable === true;

const isElsewhere = (table: WorkerTable, { host, method, url }: Incoming): boolean =>
  table.routes.match(host, method, url.pathname)?.moved !== undefined;

/** A request that began at a worker which went on elsewhere must not begin once more. */
function lostAnswer(error: unknown, mayAgain: boolean): unknown {
  const { code } = asPluvioError(error);
  if (code !== 'WORKER_MOVED' && (mayAgain || !PASSING.has(code))) return error;
  const message = 'the worker went elsewhere, or was replaced, while it answered; its answer is lost';
  return new PluvioError('CALL_FAILED', message, { outcome: code }, { cause: error });
}

function notFound({ method, host, url }: Incoming): PluvioError {
  const message = `no worker has a route for ${method} ${host}${url.pathname}`;
  return new PluvioError('ROUTE_NOT_FOUND', message, { method, path: url.pathname });
}

async function pass(
  { limits }: IngressOptions,
  proxy: ReverseProxy,
  { hops, method, url, headers, body, signal }: Incoming,
  { worker, moved }: RouteMatch,
  key: string | null,
): Promise<Response> {
  const target = moved?.ingress ?? null;
  if (target === null) {
    throw new PluvioError('NODE_UNREACHABLE', `worker "${worker}" has moved to a node that serves no routes`);
  }
  if (hops >= limits.ingressHops) {
    const message = `the request was passed on by ${hops} nodes, the limit; worker "${worker}" is at none of them`;
    throw new PluvioError('INGRESS_LOOP', message, { hops });
  }
  const path = url.pathname + url.search;
  return proxy.pass({ target, method, path, headers, body: await body.whole(), hops, key, signal });
}

async function ask(
  { table, post, admission, quotas, clock, limits }: IngressOptions,
  incoming: Incoming,
  { worker: name, route }: RouteMatch,
  key: string | null,
  accepted: () => void,
): Promise<Response> {
  admission.check();
  const worker = table.get(name);
  quotas.checkCall(worker.record);
  const { method, url, headers, forwarded, body, comesInParts, dueMs, traceparent, signal } = incoming;
  const info: Omit<InputInfo, 'id'> = {
    kind: 'http',
    method,
    url: url.href,
    headers: [...headers, ...forwarded],
    deadlineMs: dueMs,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const stream = new AnswerStream(incoming.breakOff);
  const request = { export: route.export, body, comesInParts, key, info, stream };
  const { ref, ended } = await placeRequest(post, worker, request);
  accepted();
  if (incoming.givenKey === null) giveUpWithout(incoming.gone, worker, ref, ended);
  const over = new AbortController();
  const late = clock.sleep(Math.max(0, dueMs - clock.now()), AbortSignal.any([signal, over.signal]));
  // An answer that is whole soon has a length.
  const flows = stream.begun.then(async (head) => {
    await clock.sleep(WHOLE_SOON_MS, over.signal);
    return { head };
  });
  const end = await Promise.race([ended, late.then(() => undefined), flows]);
  over.abort();
  if (end !== undefined && 'head' in end && !('kind' in end)) return httpAnswer(method, end.head ?? undefined, stream);
  if (end === undefined) {
    if (incoming.gone.aborted) throw new PluvioError('ABORTED', 'the client has gone before it was answered');
    const message = `worker "${name}" did not answer within ${limits.ingressMs} ms`;
    throw new PluvioError('INGRESS_TIMEOUT', message, { limitMs: limits.ingressMs });
  }
  return answerOf(name, method, end);
}

/** A request that can be asked for by no key is for its client alone: when that has gone, before its end, it is given up. */
function giveUpWithout(client: AbortSignal, worker: HostedWorker, ref: string, ended: Promise<InputEnd>): void {
  const giveUp = (): void => worker.askerGone(ref);
  if (client.aborted) return giveUp();
  client.addEventListener('abort', giveUp, { once: true });
  const over = (): void => client.removeEventListener('abort', giveUp);
  ended.then(over, over);
}

/** @throws PluvioError `CALL_FAILED` */
function answerOf(worker: string, method: string, end: InputEnd): Response {
  if (end.kind === 'message') {
    const { reply } = end;
    if (reply === null) return new Response(null, { status: 204 });
    if (!reply.ok) throw new PluvioError('CALL_FAILED', `worker "${worker}" replied with an error: ${reply.message}`);
    return httpAnswer(method, reply.head, reply.body);
  }
  if (end.outcome.kind !== 'returned') throw callFailed(worker, end.outcome);
  return httpAnswer(method, end.head ?? undefined, end.output ?? new Uint8Array());
}

function httpAnswer(method: string, head: HttpHead | undefined, answer: Uint8Array | AnswerStream): Response {
  const body = answer instanceof AnswerStream ? answer.readable : answer;
  const status = head?.status ?? 200;
  const headers = answerHeaders(head?.headers ?? []);
  const isSomething = body instanceof ReadableStream || body.length > 0;
  if (isSomething && !headers.has('content-type')) headers.set('content-type', 'application/octet-stream');
  const empty = method === 'HEAD' || NO_BODY.has(status);
  return new Response(empty ? null : (body as BodyInit), { status, headers });
}
