/** A server of HTTP that ends in bounded time. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { PluvioError } from '../errors/index.ts';
import type { ListenAddress } from './access.ts';
import type { Clock } from './clock.ts';

export interface HttpServerOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly listen: ListenAddress;
  /** For receiving one request. */
  readonly requestMs: number;
  /** For what is under way when it closes. */
  readonly closeMs: number;
  readonly clock: Clock;
}

export interface HttpServer {
  readonly url: string;
  /** Takes no more connections; done when those that there are have ended. */
  close(): Promise<void>;
}

const IDLE_CHECK_MS = 20;

/** @throws PluvioError `LISTEN_REFUSED` */
export async function openHttpServer({
  fetch,
  listen,
  requestMs,
  closeMs,
  clock,
}: HttpServerOptions): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch,
    createServer,
    serverOptions: { requestTimeout: requestMs, headersTimeout: 10_000, keepAliveTimeout: 5000 },
  });
  const { host } = listen;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: Error) => {
      const message = `cannot listen on ${host}:${listen.port}: ${cause.message}`;
      reject(new PluvioError('LISTEN_REFUSED', message, { host, port: listen.port }, { cause }));
    });
    server.listen(listen.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  const close = async (): Promise<void> => {
    const dueMs = clock.monotonicMs() + closeMs;
    let isOpen = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve())).then(() => {
      isOpen = false;
    });
    // A connection becomes idle when its last answer has gone; nobody tells, so they are looked at now and then.
    while (isOpen && clock.monotonicMs() < dueMs) {
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      const over = new AbortController();
      await Promise.race([closed, clock.sleep(IDLE_CHECK_MS, over.signal)]);
      over.abort();
    }
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  };
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, close };
}
