import { PluvioError } from '../errors/index.ts';
import { MEDIA } from './media-types.ts';
import { pulledStream, type PullRules } from './pulled-stream.ts';

/** Counts a stream of a tenant; gives what says that it is closed. @throws PluvioError `TENANT_LIMIT` */
export type TakeStream = (tenant: string | undefined) => () => void;

const HEARTBEAT_MS = 15_000;
const encoder = new TextEncoder();
const OPENED = encoder.encode(': open\n\n');
const ALIVE = encoder.encode(': alive\n\n');

/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly id?: number;
  /** The same object is the same event. */
  readonly data: object;
}

/**
 * Open streams of a node, at most so many; all end when the node closes.
 *
 * A stream takes from its source only when its reader wants more, so a slow reader costs the events of one piece.
 */
export class StreamRoom {
  readonly #limit: number;
  readonly #rules: PullRules;
  readonly #closing: AbortSignal;
  readonly #take: TakeStream;
  /** Events as they are sent, by their data. */
  readonly #written = new WeakMap<object, Uint8Array>();
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

  /** Server-sent events for a tenant, as many in a piece as the source gives at a time, undefined: for nobody's, with a comment now and then so that a dead connection is noticed. */
  events(
    source: (signal: AbortSignal) => AsyncGenerator<readonly ServerEvent[]>,
    request: Request,
    tenant: string | undefined,
  ): Response {
    return this.bytes((signal) => this.#frames(source(signal)), request, MEDIA.events, tenant);
  }

  async *#frames(events: AsyncGenerator<readonly ServerEvent[]>): AsyncGenerator<Uint8Array> {
    const { clock } = this.#rules;
    let beat: (none: undefined) => void = () => undefined;
    const ring = (): void => {
      beat(undefined);
      calm = clock.alarm(HEARTBEAT_MS, ring);
    };
    let calm = clock.alarm(HEARTBEAT_MS, ring);
    try {
      yield OPENED;
      let next = events.next();
      for (;;) {
        const result = await new Promise<IteratorResult<readonly ServerEvent[], unknown> | undefined>(
          (resolve, reject) => {
            beat = resolve;
            next.then(resolve, reject);
          },
        );
        if (result?.done === true) return;
        if (result === undefined) yield ALIVE;
        else {
          const frames = result.value.map((event) => this.#frameOf(event));
          yield frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames);
          next = events.next();
        }
      }
    } finally {
      calm();
    }
  }

  /** What many readers get is written once. */
  #frameOf({ event, id, data }: ServerEvent): Uint8Array {
    const known = this.#written.get(data);
    if (known !== undefined) return known;
    const number = id === undefined ? '' : `id: ${id}\n`;
    const frame = encoder.encode(`event: ${event}\n${number}data: ${JSON.stringify(data)}\n\n`);
    this.#written.set(data, frame);
    return frame;
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
