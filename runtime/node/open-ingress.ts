/** The ingress of a node on its own address. */
import { parseListen } from './access.ts';
import { type HttpServer, openHttpServer } from './http-server.ts';
import { createIngress, type IngressOptions } from './ingress.ts';
import { parseTarget } from './peer.ts';

export interface OpenIngressOptions extends IngressOptions {
  /** `host:port`; undefined: none. */
  readonly listen: string | undefined;
  /** The address that other nodes pass requests on to; default: that which it listens on. */
  readonly publicUrl: string | undefined;
}

/** @throws PluvioError `INVALID_ARGUMENT`, `LISTEN_REFUSED` */
export async function openIngress({
  listen,
  publicUrl,
  ...options
}: OpenIngressOptions): Promise<HttpServer | undefined> {
  if (listen === undefined) return undefined;
  const { limits, clock, logger } = options;
  const url = publicUrl === undefined ? undefined : parseTarget(publicUrl);
  const ingress = createIngress(options);
  const server = await openHttpServer({
    fetch: ingress.app.fetch,
    listen: parseListen(listen),
    requestMs: limits.requestMs,
    closeMs: limits.closeMs,
    clock,
  });
  logger.log('info', 'the ingress listens', { url: server.url });
  const close = async (): Promise<void> => {
    await server.close();
    await ingress.close();
  };
  return { url: url ?? server.url, close };
}
