import { PluvioError } from '../errors/index.ts';
import type { Handler, NodeServices } from './handlers.ts';
import { MEDIA } from './media-types.ts';
import { openApi } from './openapi.ts';
import type { Revoked } from './security/revocations.ts';
import { NODE_VERSION } from './version.ts';

type NodeOperation =
  | 'getHealth'
  | 'getReadiness'
  | 'getOpenApi'
  | 'getMetrics'
  | 'getNode'
  | 'revokeTokens'
  | 'backupNode'
  | 'drainNode'
  | 'endDrain';

export function nodeHandlers(services: NodeServices): Record<NodeOperation, Handler> {
  const document = Buffer.from(JSON.stringify(openApi(NODE_VERSION)));
  return {
    getHealth: () => Promise.resolve({ status: 'ok' }),
    getReadiness: async () => {
      services.admission.check();
      return Promise.resolve({ status: 'ok' });
    },
    getOpenApi: () => Promise.resolve(new Response(document, { headers: { 'content-type': MEDIA.json } })),
    getMetrics: async () => {
      await services.sampler.look();
      return new Response(await services.metrics.text(), { headers: { 'content-type': services.metrics.contentType } });
    },
    getNode: () => Promise.resolve(services.info()),
    revokeTokens: ({ json }) => services.revoke(json as Revoked), // checked by the schema
    backupNode: async ({ query }) => {
      const backup = await services.backups.open(query['allowMissing'] === true);
      return new Response(backup, { headers: { 'content-type': MEDIA.tar, 'cache-control': 'no-store' } });
    },
    drainNode: async ({ json }) => {
      const { target, token } = (json ?? {}) as { target?: string; token?: string }; // checked by the schema
      if (services.closing.aborted) throw new PluvioError('NODE_CLOSING', 'the node is shutting down');
      if (target === undefined) return Promise.resolve(services.drain.begin(undefined));
      return Promise.resolve(services.drain.begin({ target, ...(token === undefined ? {} : { token }) }));
    },
    endDrain: async () => Promise.resolve(services.drain.end()),
  };
}
