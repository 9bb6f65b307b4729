/** What comes in: the request that is answered, answers to requests that were sent, and their bodies. */
import type { Wasi2Context } from '../context.ts';
import { err, ok } from '../outcome.ts';
import { adopt, INPUT_STREAM } from '../resources.ts';
import { entriesOf, fieldsOf } from './http-fields.ts';
import type { HttpPort } from './http-port.ts';
import {
  type BodyInput,
  type BodySource,
  FUTURE_TRAILERS,
  type FutureTrailers,
  INCOMING_BODY,
  INCOMING_REQUEST,
  type IncomingBody,
  type IncomingRequest,
  type IncomingResponse,
  RESPONSE_OUTPARAM,
} from './http-resources.ts';

const METHODS = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'];
const SCHEMES = ['HTTP', 'HTTPS'];

/** A method, or a scheme: one of those that WIT names, or another one as it is. */
const named = (known: readonly string[], text: string, inCase: string) =>
  known.includes(inCase) ? { tag: inCase } : { tag: 'other', val: text };
export const methodOf = (method: string) => named(METHODS, method, method.toLowerCase());
export const schemeOf = (scheme: string) => named(SCHEMES, scheme, scheme.toUpperCase());

/** Arguments of `handle`: the request that came, and where its answer goes. */
export function handlerArguments(wasi: Wasi2Context): readonly unknown[] | undefined {
  const request = wasi.http?.incoming();
  if (request === undefined) return undefined;
  return [
    adopt(wasi, { resource: INCOMING_REQUEST, kind: 'incoming request', ...request, consumed: false }),
    adopt(wasi, { resource: RESPONSE_OUTPARAM, kind: 'response outparam' }),
  ];
}

const NO_BYTES = new Uint8Array();
const urlOf = ({ url }: IncomingRequest): URL => new URL(url);

function consume(wasi: Wasi2Context, self: IncomingRequest | IncomingResponse) {
  if (self.consumed) return err(undefined);
  self.consumed = true;
  const source: BodySource = self.kind === 'incoming request' ? 'request' : self.body;
  if (self.kind === 'incoming response') self.body = NO_BYTES; // held once
  wasi.holdings.recount(self);
  return ok(adopt(wasi, { resource: INCOMING_BODY, kind: 'incoming body', source, streamed: false }));
}

function stream(wasi: Wasi2Context, self: IncomingBody) {
  if (self.streamed) return err(undefined);
  self.streamed = true;
  const { source } = self;
  if (source !== 'request') self.source = NO_BYTES; // held once
  wasi.holdings.recount(self);
  return ok(adopt(wasi, { resource: INPUT_STREAM, kind: 'body input', source, offset: 0, closed: false }));
}

const BROKEN = { bytes: NO_BYTES, state: 'broken' } as const;

function bodyOf({ http }: Wasi2Context, source: BodySource): ReturnType<HttpPort['body']> {
  if (source !== 'request') return { bytes: source, state: 'whole' };
  return http?.body() ?? BROKEN;
}

export function isBodyReady(wasi: Wasi2Context, { source, offset, closed }: BodyInput): boolean {
  if (closed) return true;
  const { bytes, state } = bodyOf(wasi, source);
  return state !== 'open' || offset < bytes.length;
}

/** Up to so many bytes that are there. Undefined: it has ended; `broken`: before its end. */
export function takeBody(wasi: Wasi2Context, stream: BodyInput, most: number): Uint8Array | 'broken' | undefined {
  if (stream.closed) return undefined;
  const { bytes, state } = bodyOf(wasi, stream.source);
  const part = bytes.subarray(stream.offset, stream.offset + most);
  stream.offset += part.length;
  if (part.length > 0 || state === 'open') return part.slice();
  if (state !== 'broken') return undefined;
  stream.closed = true;
  return 'broken';
}

function trailers(self: FutureTrailers) {
  if (self.taken) return err(undefined);
  self.taken = true;
  return ok(ok(undefined));
}

export const INCOMING_FUNCTIONS = (wasi: Wasi2Context) => ({
  '[method]incoming-request.method': ({ method }: IncomingRequest) => methodOf(method),
  '[method]incoming-request.path-with-query': (self: IncomingRequest) => urlOf(self).pathname + urlOf(self).search,
  '[method]incoming-request.scheme': (self: IncomingRequest) => schemeOf(urlOf(self).protocol.replace(':', '')),
  '[method]incoming-request.authority': (self: IncomingRequest) => urlOf(self).host,
  '[method]incoming-request.headers': ({ headers }: IncomingRequest) => fieldsOf(wasi, entriesOf(headers), true),
  '[method]incoming-request.consume': (self: IncomingRequest) => consume(wasi, self),
  '[method]incoming-response.status': ({ status }: IncomingResponse) => status,
  '[method]incoming-response.headers': ({ headers }: IncomingResponse) => fieldsOf(wasi, entriesOf(headers), true),
  '[method]incoming-response.consume': (self: IncomingResponse) => consume(wasi, self),
  '[method]incoming-body.stream': (self: IncomingBody) => stream(wasi, self),
  '[static]incoming-body.finish': () =>
    adopt(wasi, { resource: FUTURE_TRAILERS, kind: 'future trailers', taken: false }),
  '[method]future-trailers.get': (self: FutureTrailers) => trailers(self),
});
