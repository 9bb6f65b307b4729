/** A server of HTTP that ends in bounded time. */
import type { ListenAddress } from './access.ts';
import type { Clock } from './clock.ts';
import { listenOn, stopListening } from './node-server.ts';

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

/** @throws PluvioError `LISTEN_REFUSED` */
export async function openHttpServer({
  fetch,
  listen,
  requestMs,
  closeMs,
  clock,
}: HttpServerOptions): Promise<HttpServer> {
  const listening = await listenOn({ fetch, listen, tls: undefined, requestMs });
  const close = async (): Promise<void> => {
    const over = new AbortController();
    await Promise.race([stopListening(listening, clock, over.signal), clock.sleep(closeMs, over.signal)]);
    over.abort();
    listening.server.closeAllConnections();
  };
  return { url: listening.url, close };
}
