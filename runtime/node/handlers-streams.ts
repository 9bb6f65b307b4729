import type { Handler, NodeServices } from './handlers.ts';
import { MEDIA } from './media-types.ts';
import type { ServerEvent } from './event-stream.ts';
import { reaches } from './security/identity.ts';
import { logEntryOf } from './worker-log.ts';

type StreamOperation = 'getEvents' | 'getLogs';

/** From one piece of events to the next, at least; not the same for all readers, so that they do not all come due together. */
const PACE_MS = 30;
const PACES = 31;

/** The number after which a reader goes on: from the query, or what a browser's EventSource sends. */
function afterOf(query: Readonly<Record<string, unknown>>, request: Request): number | undefined {
  const header = request.headers.get('last-event-id');
  if (typeof query['after'] === 'number') return query['after'];
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

export function streamHandlers({ table, events, streams, clock }: NodeServices): Record<StreamOperation, Handler> {
  let readers = 0;
  return {
    getEvents: async ({ query, request, identity }) => {
      const after = afterOf(query, request);
      const wanted = query['worker'];
      const paceMs = PACE_MS + (readers++ % PACES);
      async function* source(signal: AbortSignal): AsyncGenerator<readonly ServerEvent[]> {
        const isFor = (worker: string, tenant: string | undefined): boolean =>
          identity === undefined || reaches(identity, { name: worker, tenant: tenant ?? '' });
        for await (const batch of events.follow(after, signal, isFor)) {
          const asked = wanted === undefined ? batch : batch.filter(({ worker }) => worker === wanted);
          if (asked.length === 0) continue;
          yield asked.map((event) => ({ event: event.kind, id: event.seq, data: event }));
          await clock.sleep(paceMs, signal); // what happens meanwhile goes out in one piece
        }
      }
      return Promise.resolve(streams.events(source, request, identity?.tenant));
    },
    getLogs: async ({ params, query, request, accepts }) => {
      const worker = table.get(params['name'] ?? '');
      await worker.openSide();
      const follow = query['follow'] === true;
      const afterSeq = afterOf(query, request) ?? 0;
      const wanted = query['stream'];
      const read = (signal: AbortSignal): ReturnType<typeof worker.log.read> =>
        worker.log.read({ afterSeq, follow, signal });
      async function* bytes(signal: AbortSignal): AsyncGenerator<Uint8Array> {
        for await (const piece of read(signal)) if (wanted === undefined || piece.stream === wanted) yield piece.bytes;
      }
      async function* entries(signal: AbortSignal): AsyncGenerator<readonly ServerEvent[]> {
        for await (const piece of read(signal)) {
          if (wanted === undefined || piece.stream === wanted) {
            yield [{ event: piece.stream, id: piece.seq, data: logEntryOf(piece) }];
          }
        }
        // Why the stream ends: a reader of a moved worker asks again and is shown the way.
        if (!signal.aborted) yield [{ event: 'end', data: { status: table.find(worker.name)?.status ?? 'gone' } }];
      }
      const asEvents = accepts.includes(MEDIA.events);
      const { tenant } = worker.record;
      return asEvents ? streams.events(entries, request, tenant) : streams.bytes(bytes, request, MEDIA.text, tenant);
    },
  };
}
