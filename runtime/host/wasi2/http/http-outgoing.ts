/** What goes out: the answer, requests, and their bodies. */
import { BytePieces } from '../../byte-pieces.ts';
import { done, err, ok, type Outcome } from '../outcome.ts';
import type { Wasi2Context } from '../context.ts';
import { adopt, offer, OUTPUT_STREAM, POLLABLE } from '../resources.ts';
import { fieldsOf, headersOf } from './http-fields.ts';
import { methodOf, schemeOf } from './http-incoming.ts';
import type { HttpAnswer } from './http-port.ts';
import {
  type BodyOutput,
  type Fields,
  FUTURE_RESPONSE,
  type FutureResponse,
  type FutureTrailers,
  INCOMING_RESPONSE,
  OUTGOING_BODY,
  OUTGOING_REQUEST,
  OUTGOING_RESPONSE,
  type OutgoingBody,
  type OutgoingRequest,
  type OutgoingResponse,
  REQUEST_OPTIONS,
  type RequestOptions,
  type ResponseOutparam,
  type Timeout,
} from './http-resources.ts';

/** `error-code` of wasi:http; those that this host gives. */
type HttpError =
  | {
      readonly tag:
        | 'HTTP-request-denied'
        | 'HTTP-request-URI-invalid'
        | 'HTTP-response-timeout'
        | 'connection-limit-reached'
        | 'connection-terminated';
    }
  | { readonly tag: 'HTTP-response-body-size' }
  | { readonly tag: 'internal-error'; readonly val: string };

/** Bytes that may be written at once. */
const WRITE_MAX_BYTES = 2 ** 16;
const NS_PER_MS = 1_000_000n;
/** The status where the component gave an error in place of an answer, or nothing. */
const FAILED_STATUS = 500;

export interface Tagged {
  readonly tag: string;
  readonly val?: string;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;
/** Of a path, or an authority. */
const URL_PART_MAX_UNITS = 65_536;
const SCHEMES: ReadonlySet<string> = new Set(['HTTP', 'HTTPS']);
const STATUS_MIN = 200;
const STATUS_MAX = 599;

// --- bodies ---

function bodyOf(wasi: Wasi2Context, self: OutgoingRequest | OutgoingResponse): Outcome<OutgoingBody, undefined> {
  if (self.body !== undefined) return err(undefined);
  const body = offer(wasi, {
    resource: OUTGOING_BODY,
    kind: 'outgoing body',
    held: new BytePieces(),
    flows: false,
    streamed: false,
    finished: false,
  });
  if (body === undefined) return err(undefined);
  self.body = body;
  wasi.holdings.hold(body); // it refers to it now
  return ok(body);
}

function streamOf(wasi: Wasi2Context, body: OutgoingBody): Outcome<BodyOutput, undefined> {
  if (body.streamed) return err(undefined);
  const stream = offer(wasi, { resource: OUTPUT_STREAM, kind: 'body output', permit: 0, closed: false, body });
  if (stream === undefined) return err(undefined);
  body.streamed = true;
  return ok(stream);
}

/** Bytes that a body takes now. */
export function roomOf({ http, holdings }: Wasi2Context, { body }: BodyOutput): number {
  const room = body.flows ? (http?.room ?? 0) : holdings.freeBytes;
  return Math.max(0, Math.min(WRITE_MAX_BYTES, room));
}

/** Whether a body that does not take so many bytes now will take more, when an answer that is under way has come. */
export function makesRoomFor(wasi: Wasi2Context, stream: BodyOutput, bytes: number): boolean {
  return !stream.closed && !stream.body.flows && wasi.sending.makesRoom && roomOf(wasi, stream) < bytes;
}

/** False: there is no room for them, since what was allowed to one stream was taken by another. */
export function writeBody(wasi: Wasi2Context, stream: BodyOutput, bytes: Uint8Array): boolean {
  if (bytes.length > roomOf(wasi, stream)) return false;
  const { body } = stream;
  if (body.flows) wasi.http?.write(bytes);
  else {
    body.held.append(bytes);
    wasi.holdings.recount(body);
  }
  return true;
}

/** The end of a body; trailers go nowhere. */
function finish(wasi: Wasi2Context, body: OutgoingBody, trailers: Fields | undefined): Outcome<never, HttpError> {
  if (trailers !== undefined && trailers.entries.length > 0) {
    return err({ tag: 'internal-error', val: 'trailers cannot be sent' });
  }
  body.finished = true;
  for (const resource of wasi.live)
    if (resource.kind === 'future response' && resource.body === body) wasi.sending.send(resource);
  return done;
}

// --- the answer ---

function setAnswer(wasi: Wasi2Context, outcome: Outcome<OutgoingResponse, Tagged>): void {
  const { http } = wasi;
  if (outcome.tag === 'err') return failAnswer(wasi);
  const response = outcome.val;
  if (response === undefined) return;
  const { body } = response;
  if (http !== undefined && body !== undefined && body.held.sizeBytes > http.room) return failAnswer(wasi);
  http?.head({ status: response.status, headers: headersOf(response.headers) });
  if (body === undefined) return;
  body.flows = true;
  const held = body.held.joined();
  if (held.length > 0) http?.write(held);
  body.held.clear();
  wasi.holdings.recount(body);
}

/** The component has no answer. */
export function failAnswer({ http }: Wasi2Context): void {
  http?.head({ status: FAILED_STATUS, headers: [] });
}

function setStatus(self: OutgoingResponse, status: number): Outcome<never, undefined> {
  if (status < STATUS_MIN || status > STATUS_MAX) return err(undefined);
  self.status = status;
  return done;
}

// --- requests ---

type RequestText = 'method' | 'scheme' | 'path' | 'authority';

/** Sets a text of a request, if there is room for it. */
function setText<Name extends RequestText>(
  { holdings }: Wasi2Context,
  self: OutgoingRequest,
  name: Name,
  text: OutgoingRequest[Name],
): Outcome<never, undefined> {
  const before = self[name];
  const set = (to: OutgoingRequest[Name]) => (): void => void (self[name] = to);
  return holdings.change(self, set(text), set(before)) ? done : err(undefined);
}

function setMethod(wasi: Wasi2Context, self: OutgoingRequest, { tag, val }: Tagged): Outcome<never, undefined> {
  const method = tag === 'other' ? (val ?? '') : tag.toUpperCase();
  return TOKEN.test(method) ? setText(wasi, self, 'method', method) : err(undefined);
}

function setScheme(wasi: Wasi2Context, self: OutgoingRequest, given: Tagged | undefined): Outcome<never, undefined> {
  const scheme = given?.tag === 'other' ? (given.val ?? '') : given?.tag;
  return scheme === undefined || TOKEN.test(scheme) ? setText(wasi, self, 'scheme', scheme) : err(undefined);
}

function setPart(
  wasi: Wasi2Context,
  self: OutgoingRequest,
  part: 'path' | 'authority',
  text: string | undefined,
): Outcome<never, undefined> {
  if (text !== undefined && (text.length > URL_PART_MAX_UNITS || /[\s\0#]/.test(text))) return err(undefined);
  return setText(wasi, self, part, text);
}

/** The URL of a request; undefined: it is none. */
function urlOf({ scheme = 'HTTPS', authority, path = '/' }: OutgoingRequest): string | undefined {
  if (authority === undefined || !SCHEMES.has(scheme.toUpperCase()) || !path.startsWith('/')) return undefined;
  const text = `${scheme.toLowerCase()}://${authority}${path}`;
  return URL.canParse(text) ? new URL(text).href : undefined;
}

/** The longest time for a whole answer that the options allow. */
function timeoutOf(options: RequestOptions | undefined): number | null {
  const all = [options?.connect, options?.firstByte].filter((each) => each !== undefined);
  return all.length < 2 ? null : Number(all.reduce((sum, each) => sum + each, 0n) / NS_PER_MS);
}

function handle(
  wasi: Wasi2Context,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): Outcome<FutureResponse, HttpError> {
  const { http } = wasi;
  const url = urlOf(request);
  if (url === undefined) return err({ tag: 'HTTP-request-URI-invalid' });
  if (http === undefined) return err({ tag: 'HTTP-request-denied' });
  const future: FutureResponse | undefined = offer(wasi, {
    resource: FUTURE_RESPONSE,
    kind: 'future response',
    request: { method: request.method, url, headers: headersOf(request.headers) },
    body: request.body,
    number: http.nextNumber(),
    timeoutMs: timeoutOf(options),
    again: false,
    sent: undefined,
    reservedBytes: 0,
    answer: undefined,
    taken: false,
  });
  if (future === undefined) return err({ tag: 'connection-limit-reached' });
  wasi.sending.send(future);
  return ok(future);
}

const REASONS = {
  denied: { tag: 'HTTP-request-denied' },
  interrupted: { tag: 'connection-terminated' },
  timeout: { tag: 'HTTP-response-timeout' },
  'too large': { tag: 'HTTP-response-body-size' },
} as const;

const errorOf = ({ reason, message }: Extract<HttpAnswer, { ok: false }>): HttpError =>
  reason === 'failed' ? { tag: 'internal-error', val: message } : REASONS[reason];

/** What is left of an answer that was taken. */
const TAKEN: HttpAnswer = { ok: true, head: { status: STATUS_MIN, headers: [] }, body: new Uint8Array() };

function answerOf(wasi: Wasi2Context, self: FutureResponse) {
  wasi.sending.send(self);
  const { answer } = self;
  if (answer === undefined) return undefined;
  if (self.taken) return err(undefined);
  self.taken = true;
  if (!answer.ok) return ok(err(errorOf(answer)));
  const { head, body } = answer;
  self.answer = TAKEN; // held once
  wasi.holdings.recount(self);
  return ok(
    ok(adopt(wasi, { resource: INCOMING_RESPONSE, kind: 'incoming response', ...head, body, consumed: false })),
  );
}

const timeoutFunctions = (name: string, timeout: Timeout) => ({
  [`[method]request-options.${name}`]: (self: RequestOptions) => self[timeout],
  [`[method]request-options.set-${name}`]: (self: RequestOptions, duration: bigint | undefined) => {
    self[timeout] = duration;
    return done;
  },
});

export const OUTGOING_FUNCTIONS = (wasi: Wasi2Context) => ({
  '[constructor]outgoing-response': ({ entries }: Fields) =>
    adopt(wasi, {
      resource: OUTGOING_RESPONSE,
      kind: 'outgoing response',
      status: STATUS_MIN,
      headers: entries,
      body: undefined,
    }),
  '[method]outgoing-response.status-code': ({ status }: OutgoingResponse) => status,
  '[method]outgoing-response.set-status-code': (self: OutgoingResponse, status: number) => setStatus(self, status),
  '[method]outgoing-response.headers': ({ headers }: OutgoingResponse) => fieldsOf(wasi, headers, true),
  '[method]outgoing-response.body': (self: OutgoingResponse) => bodyOf(wasi, self),
  '[method]response-outparam.send-informational': () => err({ tag: 'internal-error', val: 'there is none' }),
  '[static]response-outparam.set': (_: ResponseOutparam, answer: Outcome<OutgoingResponse, Tagged>) =>
    setAnswer(wasi, answer),
  '[method]outgoing-body.write': (self: OutgoingBody) => streamOf(wasi, self),
  '[static]outgoing-body.finish': (body: OutgoingBody, trailers: Fields | undefined) => finish(wasi, body, trailers),
  '[constructor]outgoing-request': ({ entries }: Fields) =>
    adopt(wasi, {
      resource: OUTGOING_REQUEST,
      kind: 'outgoing request',
      method: 'GET',
      path: undefined,
      scheme: undefined,
      authority: undefined,
      headers: entries,
      body: undefined,
    }),
  '[method]outgoing-request.body': (self: OutgoingRequest) => bodyOf(wasi, self),
  '[method]outgoing-request.method': ({ method }: OutgoingRequest) => methodOf(method),
  '[method]outgoing-request.set-method': (self: OutgoingRequest, method: Tagged) => setMethod(wasi, self, method),
  '[method]outgoing-request.path-with-query': ({ path }: OutgoingRequest) => path,
  '[method]outgoing-request.set-path-with-query': (self: OutgoingRequest, path: string | undefined) =>
    setPart(wasi, self, 'path', path),
  '[method]outgoing-request.scheme': ({ scheme }: OutgoingRequest) => scheme && schemeOf(scheme),
  '[method]outgoing-request.set-scheme': (self: OutgoingRequest, scheme: Tagged | undefined) =>
    setScheme(wasi, self, scheme),
  '[method]outgoing-request.authority': ({ authority }: OutgoingRequest) => authority,
  '[method]outgoing-request.set-authority': (self: OutgoingRequest, authority: string | undefined) =>
    setPart(wasi, self, 'authority', authority),
  '[method]outgoing-request.headers': ({ headers }: OutgoingRequest) => fieldsOf(wasi, headers, true),
  '[constructor]request-options': () =>
    adopt(wasi, {
      resource: REQUEST_OPTIONS,
      kind: 'request options',
      connect: undefined,
      firstByte: undefined,
      betweenBytes: undefined,
    }),
  ...timeoutFunctions('connect-timeout', 'connect'),
  ...timeoutFunctions('first-byte-timeout', 'firstByte'),
  ...timeoutFunctions('between-bytes-timeout', 'betweenBytes'),
  '[method]future-incoming-response.subscribe': (future: FutureResponse) =>
    adopt(wasi, { resource: POLLABLE, kind: 'future', future }),
  '[method]future-trailers.subscribe': (future: FutureTrailers) =>
    adopt(wasi, { resource: POLLABLE, kind: 'future', future }),
  '[method]future-incoming-response.get': (self: FutureResponse) => answerOf(wasi, self),
  'http-error-code': () => undefined,
});

/** wasi:http/outgoing-handler */
export const HANDLER_FUNCTIONS = (wasi: Wasi2Context) => ({
  handle: (request: OutgoingRequest, options: RequestOptions | undefined) => handle(wasi, request, options),
});
