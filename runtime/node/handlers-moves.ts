import { takeBlobs } from './handlers-bundles.ts';
import type { Handler, NodeServices } from './handlers.ts';
import type { PrepareRequest } from './incoming-moves.ts';

type MoveOperation =
  'offerMove' | 'getMove' | 'warmMove' | 'putSealedBlobs' | 'prepareMove' | 'commitMove' | 'abortMove';

export function moveHandlers({
  incoming,
  admission,
  seal,
  shelf,
  limits,
  info,
}: NodeServices): Record<MoveOperation, Handler> {
  const idOf = (params: Readonly<Record<string, string>>): string => params['id'] ?? '';
  return {
    offerMove: async ({ json }) => {
      admission.check();
      const { id, worker } = json as { id: string; worker: string }; // checked by the schema
      await incoming.offer(id, worker);
      const { offered } = seal;
      return { ...incoming.state(id), ...(offered === undefined ? {} : { seal: offered }) };
    },
    getMove: async ({ params }) => Promise.resolve(incoming.state(idOf(params))),
    warmMove: async ({ params, json }) => {
      await incoming.warm(idOf(params), (json as { module: string }).module); // checked by the schema
      return incoming.state(idOf(params));
    },
    putSealedBlobs: ({ params, bytes }) => {
      const id = idOf(params);
      return takeBlobs(shelf, limits, seal.openMove(bytes, id, incoming.nextStream(id)));
    },
    prepareMove: ({ params, json }) => incoming.prepare(idOf(params), json as PrepareRequest), // checked by the schema
    commitMove: async ({ params }) => ({ ...(await incoming.commit(idOf(params))), ingress: info().ingress }),
    abortMove: ({ params }) => incoming.abort(idOf(params)),
  };
}
