/**
 * Calls of exports straight from the server's request, past the router.
 *
 * Most of what a busy node gets is calls, and what the router is made of (a request as an object of the web platform, its body as a stream,
 * middleware) costs several times what the call does. So a plain call, whose body has a length and which no page of another origin sends,
 * is taken here; every other request is the router's, and so is a call that it would refuse for its shape.
 *
 *     server ─┬─ plain call of an export ──▶ CallLane ─┐
 *             └─ everything else ─▶ router ─▶ handlers ┴▶ CallDesk
 *
 * Invariants:
 * 1. A call is answered as the router would answer it: the same checks in the same order, the same answers and errors, told to the same
 *    metrics, traces and audit log.
 * 2. No more of a body is read than its length says, which is within the limit.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { HeaderSource } from './access.ts';
import { cutOff } from './body.ts';
import { type CallAnswer, type CallDesk, checkKey, type ExportCall } from './call-desk.ts';
import type { Logger } from './logger.ts';
import { contentTypeOf } from './media-types.ts';
import type { NodeLimits } from './node-limits.ts';
import { type Entrance, OperationRun } from './operation-run.ts';
import { asPluvioError, logFault, problemOf } from './problem.ts';
import { numberOf, parseQuery, type Query } from './query.ts';
import { PATH_PARAMETERS, type Route, ROUTES } from './route-table.ts';
import { checkValue } from './schema-check.ts';

export interface CallLaneOptions extends Entrance {
  readonly desk: CallDesk;
  readonly limits: NodeLimits;
  readonly logger: Logger;
}

const ROUTE: Route = ROUTES.callExport;
const TAKEN_TYPES: ReadonlySet<string> = new Set(ROUTE.body?.raw);
/** As `ROUTE.path`; names with percent signs are the router's. */
const TARGET = /^\/v1\/workers\/([^/?#%]+)\/call\/([^/?#%]+)(?:\?([^#]*))?$/;
const NO_QUERY: Query = {};
const NO_BYTES = new Uint8Array();

interface Target {
  readonly path: string;
  readonly worker: string;
  readonly export: string;
  readonly query: string | undefined;
  readonly contentType: string;
  /** Of the body. */
  readonly length: number;
}

export class CallLane {
  readonly #options: CallLaneOptions;

  constructor(options: CallLaneOptions) {
    this.#options = options;
  }

  /** Answers the request if it is a plain call; else it is left as it is. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const target = this.#targetOf(request);
    if (target !== undefined) void this.#serve(target, request, response);
    return target !== undefined;
  }

  #targetOf({ method, url = '', headers }: IncomingMessage): Target | undefined {
    if (method !== 'POST') return undefined;
    const match = TARGET.exec(url);
    if (match === null || headers.origin !== undefined || headers['transfer-encoding'] !== undefined) return undefined;
    const length = Number(headers['content-length'] ?? 0);
    const contentType = contentTypeOf(headers['content-type']);
    if (!TAKEN_TYPES.has(contentType) && (contentType !== '' || length > 0)) return undefined;
    if (!(length <= this.#options.limits.callBytes)) return undefined;
    const [, worker = '', name = '', query] = match;
    return { path: url, worker, export: name, query, contentType, length };
  }

  async #serve(target: Target, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = headersOf(request);
    const run = new OperationRun(this.#options, 'callExport', headers, target.worker);
    try {
      const admitted = run.admit();
      if (admitted !== undefined) await admitted;
      const answer = await this.#answer(target, request, run);
      run.ended('OK');
      send(response, answer);
    } catch (thrown) {
      const error = asPluvioError(thrown);
      run.ended(error.code);
      logFault(this.#options.logger, error, { method: 'POST', path: target.path.replace(/\?.*$/, '') });
      const { status, headers: fields, body } = problemOf(error, { target: target.path, headers });
      if (response.destroyed) return;
      response.writeHead(status, { ...fields, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    }
  }

  async #answer(target: Target, request: IncomingMessage, run: OperationRun): Promise<CallAnswer> {
    const { desk } = this.#options;
    const { headers } = request;
    checkValue(PATH_PARAMETERS['name'] ?? {}, target.worker, 'path.name');
    checkValue(PATH_PARAMETERS['export'] ?? {}, target.export, 'path.export');
    const query = target.query === undefined ? NO_QUERY : parseQuery(ROUTE.query, new URLSearchParams(target.query));
    const worker = desk.find(target.worker);
    const { length } = target;
    const call: ExportCall = {
      export: target.export,
      identity: run.identity,
      traceparent: run.traceparent,
      contentType: target.contentType,
      accepts: headers.accept ?? '',
      key: checkKey(textOf(headers['idempotency-key'])),
      waitMs: desk.waitMs(query['waitMs']),
      deadlineMs: numberOf(query, 'deadlineMs'),
      streams: query['stream'] === true,
      body: length === 0 ? NO_BYTES : await readWhole(request, length),
    };
    return desk.call(worker, call);
  }
}

const textOf = (value: string | string[] | undefined): string | null =>
  value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;

const headersOf = ({ headers }: IncomingMessage): HeaderSource => ({ get: (name) => textOf(headers[name]) });

/** A body of that length, in a buffer of its own. @throws PluvioError `ABORTED` the caller hung up before */
function readWhole(request: IncomingMessage, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const bytes = new Uint8Array(length);
    let at = 0;
    request.on('data', (chunk: Buffer) => {
      bytes.set(chunk, at);
      at += chunk.length;
    });
    request.on('end', () => resolve(bytes));
    request.on('error', () => undefined); // it closes, too
    request.on('close', () => {
      if (!request.complete) reject(cutOff());
    });
  });
}

function send(response: ServerResponse, { status, type, body }: CallAnswer): void {
  if (body instanceof ReadableStream) return sendStream(response, body, status, type);
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const fields = ['content-type', type, 'cache-control', 'no-store', 'content-length', String(length)];
  response.writeHead(status, fields);
  response.end(body);
}

/** An answer that breaks off ends the connection: its length was not told before. */
function sendStream(response: ServerResponse, body: ReadableStream<Uint8Array>, status: number, type: string): void {
  response.writeHead(status, ['content-type', type, 'cache-control', 'no-store']);
  response.flushHeaders();
  pipeline(Readable.fromWeb(body as WebStream), response, () => undefined); // either side may end before its time
}
