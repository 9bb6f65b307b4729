/** The server of a node: plain HTTP, or HTTPS where it has a certificate. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { PluvioError } from '../errors/index.ts';
import type { ListenAddress } from './access.ts';
import type { Clock } from './clock.ts';
import { inTurns } from './connection-turns.ts';
import { answerParserRefusals, refusalResponse } from './parser-refusals.ts';
import type { TlsServerOptions } from './security/tls.ts';

const HEADERS_MS = 10_000;
const KEEP_ALIVE_MS = 5000;
const IDLE_CHECK_MS = 20;

export interface ServerOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Asked first; true: it answers the request itself. */
  readonly take?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly listen: ListenAddress;
  /** Undefined: without TLS. */
  readonly tls: TlsServerOptions | undefined;
  readonly requestMs: number;
}

export interface Listening {
  readonly server: Server;
  readonly url: string;
}

/** @throws PluvioError `LISTEN_REFUSED` */
export async function listenOn({ fetch, take, listen, tls, requestMs }: ServerOptions): Promise<Listening> {
  const answer = getRequestListener(fetch, { errorHandler: refusalResponse });
  const listener = inTurns((request, response) => {
    if (take?.(request, response) !== true) void answer(request, response);
  });
  const serverOptions = {
    requestTimeout: requestMs,
    headersTimeout: HEADERS_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requireHostHeader: false, // refused with a code when the URL is made
  };
  const server = tls ? createTlsServer({ ...serverOptions, ...tls }, listener) : createServer(serverOptions, listener);
  answerParserRefusals(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      const message = `cannot listen on ${listen.host}:${listen.port}: ${reason}`;
      reject(new PluvioError('LISTEN_REFUSED', message, { host: listen.host, port: listen.port }, { cause }));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return { server, url: `${tls ? 'https' : 'http'}://${host}:${port}` };
}

/** Takes no more connections; done when those that are open have had their answers, or the signal aborts. */
export async function stopListening({ server }: Listening, clock: Clock, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection becomes idle when its last answer has gone; nobody tells, so they are looked at now and then.
  for (let open = true; open && !signal.aborted;) {
    server.closeIdleConnections();
    open = await Promise.race([stopped.then(() => false), clock.sleep(IDLE_CHECK_MS, signal).then(() => true)]);
  }
}
