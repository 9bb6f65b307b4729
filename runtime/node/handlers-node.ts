import { PluvioError } from '../errors/index.ts';
import type { Handler, NodeServices } from './handlers.ts';
import { MEDIA } from './media-types.ts';
import { metricsText } from './metrics.ts';
import { openApi } from './openapi.ts';

type NodeOperation = 'getHealth' | 'getReadiness' | 'getOpenApi' | 'getMetrics' | 'getNode';

export function nodeHandlers(services: NodeServices): Record<NodeOperation, Handler> {
  return {
    getHealth: () => Promise.resolve({ status: 'ok' }),
    getReadiness: () => {
      if (services.closing.aborted) return Promise.reject(new PluvioError('NODE_CLOSING', 'the node is shutting down'));
      return Promise.resolve({ status: 'ok' });
    },
    getOpenApi: () => Promise.resolve(openApi(services.info().version)),
    getMetrics: () =>
      Promise.resolve(new Response(metricsText(services), { headers: { 'content-type': MEDIA.metrics } })),
    getNode: () => Promise.resolve(services.info()),
  };
}
