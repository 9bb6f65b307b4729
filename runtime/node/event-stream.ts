import { PluvioError } from '../errors/index.ts';
import { MEDIA } from './media-types.ts';
import { pulledStream, type PullRules } from './pulled-stream.ts';

/** Counts a stream of a tenant; gives what says that it is closed. @throws PluvioError `TENANT_LIMIT` */
export type TakeStream = (tenant: string | undefined) => () => void;

const HEARTBEAT_MS = 15_000;

/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly id?: number;
  readonly data: unknown;
}

/**
 * Open streams of a node, at most so many; all end when the node closes.
 *
 * A stream takes from its source only when its reader wants more, so a slow reader costs one event.
 */
export class StreamRoom {
  readonly #limit: number;
  readonly #rules: PullRules;
  readonly #closing: AbortSignal;
  readonly #take: TakeStream;
  #open = 0;

  constructor(limit: number, rules: PullRules, closing: AbortSignal, take: TakeStream = () => () => undefined) {
    this.#limit = limit;
    this.#rules = rules;
    this.#closing = closing;
    this.#take = take;
  }

  get open(): number {
    return this.#open;
  }

  /** Server-sent events for a tenant, undefined: for nobody's, with a comment now and then so that a dead connection is noticed. */
  events(
    source: (signal: AbortSignal) => AsyncGenerator<ServerEvent>,
    request: Request,
    tenant: string | undefined,
  ): Response {
    const encoder = new TextEncoder();
    const { clock } = this.#rules;
    async function* frames(signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const events = source(signal);
      yield encoder.encode(': open\n\n');
      let next = events.next();
      for (;;) {
        const waiting = new AbortController();
        const result = await Promise.race([next, clock.sleep(HEARTBEAT_MS, waiting.signal).then(() => undefined)]);
        waiting.abort();
        if (!result) {
          yield encoder.encode(': alive\n\n');
          continue;
        }
        if (result.done) return;
        const { event, id, data } = result.value;
        yield encoder.encode(
          `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`,
        );
        next = events.next();
      }
    }
    return this.bytes(frames, request, MEDIA.events, tenant);
  }

  /** @throws PluvioError `STREAMS_TOO_MANY`, `TENANT_LIMIT` */
  bytes(
    source: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
    request: Request,
    contentType: string,
    tenant: string | undefined,
  ): Response {
    const headers = { 'content-type': contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
    if (request.method === 'HEAD') return new Response(null, { headers });
    if (this.#open >= this.#limit) {
      throw new PluvioError('STREAMS_TOO_MANY', `this node serves ${this.#limit} streams, its limit`, {
        limit: this.#limit,
      });
    }
    const release = this.#take(tenant);
    this.#open++;
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, request.signal, this.#closing]);
    const body = pulledStream(source(signal), this.#rules, () => {
      this.#open--;
      release();
      gone.abort();
    });
    return new Response(body, { headers });
  }
}
