/**
 * What is refused before a request is one: by Node's HTTP parser, by its clock, or because Host and path make no URL. It is answered as every
 * other refusal is, with a code of the table, and the connection ends.
 *
 * Invariants:
 * 1. Nothing is written into an answer that has begun: such a connection is broken off. What was answered gets no second answer for the rest of its
 *    body.
 * 2. A connection that was refused is gone in LINGER_MS, whatever its client does.
 */
import { type IncomingMessage, type Server, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { type ErrorCode, PluvioError } from '../errors/index.ts';
import { asPluvioError, problemResponse } from './problem.ts';

/** Codes by those that Node gives; all others stand for what is no HTTP. */
const REFUSALS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['HEAD_TOO_LARGE', 'request line and header fields are longer than this node reads'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['BODY_TOO_LARGE', 'the extensions of a chunk are longer than this node reads'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'the request was not there in the time that this node waits for one'],
};
/** Time that a client has to read why it was refused: with its own bytes unread the answer would be lost with the connection. */
const LINGER_MS = 500;

const refusalOf = ({ code = '', message }: NodeJS.ErrnoException): PluvioError => {
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  if (known !== undefined) return new PluvioError(...known);
  return new PluvioError('REQUEST_INVALID', `the request is no HTTP/1.1 (${message})`, { field: 'request' });
};

/** The answer to what was thrown before, or beside, a request's handler. */
export function refusalResponse(thrown: unknown): Response {
  const isRequest = thrown instanceof RequestError;
  const message = isRequest ? `the request has no target: ${thrown.message}` : '';
  const error = isRequest
    ? new PluvioError('REQUEST_INVALID', message, { field: 'request' }, { cause: thrown })
    : asPluvioError(thrown);
  const response = problemResponse(error);
  response.headers.set('connection', 'close');
  return response;
}

/** An answer as text of HTTP/1.1. */
async function textOf(response: Response): Promise<string> {
  const body = await response.text();
  const fields = [...response.headers, ['content-length', String(Buffer.byteLength(body))] as const];
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}\r\n${lines}\r\n${body}`;
}

/** Has a server answer what its parser refuses. */
export function answerParserRefusals(server: Server): void {
  const newest = new WeakMap<Duplex, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  const refused = new WeakSet<Duplex>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    newest.set(request.socket, { request, response });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (refused.has(socket)) return; // more bytes of what was refused
    refused.add(socket);
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const linger = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(linger));
    void textOf(refusalResponse(refusalOf(error))).then((text) => {
      // Looked at now: the handler may have answered meanwhile.
      const { request, response } = newest.get(socket) ?? {};
      const isOver = response?.writableEnded === true;
      if (response?.headersSent === true && !isOver) socket.destroy();
      else if (isOver && request?.complete === false) socket.end();
      else socket.end(text);
    });
  });
  server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    const error = new PluvioError('EXPECTATION_FAILED', 'this node meets no expectation but 100-continue');
    const refusal = refusalResponse(error);
    response.writeHead(refusal.status, Object.fromEntries(refusal.headers));
    void refusal.text().then((body) => response.end(body));
  });
}
