import type { DrainState, NodeEvent, NodeInfo } from '../../runtime/node/api-types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { Bundles } from './bundles.ts';
import type { CallOptions } from './call-options.ts';
import { type Remote, type RemoteOptions, remoteOf } from './remote.ts';
import { readServerEvents } from './server-events.ts';
import { type ClientOptions, pause, Transport } from './transport.ts';
import { Workers } from './workers.ts';

/** Which events of a node are wanted. */
export interface EventOptions extends CallOptions {
  /** Only events with a higher number; without it, those from now on. */
  readonly after?: number;
  readonly worker?: string;
}

const NOT_READY: ReadonlySet<string> = new Set(['NODE_CLOSING', 'NODE_DRAINING', 'NODE_UNREACHABLE']);

/**
 * A node, as a program sees it. Works wherever there is `fetch`.
 *
 * @example
 * const client = new PluvioClient({ baseUrl: 'http://127.0.0.1:7070' });
 * await client.workers.create({ name: 'pi', module: bytes, args: ['1000'] });
 * for await (const piece of client.workers.logs('pi', { follow: true })) process.stdout.write(piece.bytes);
 */
export class PluvioClient {
  readonly workers: Workers;
  readonly bundles: Bundles;
  readonly #transport: Transport;

  /** @throws PluvioError `INVALID_ARGUMENT` */
  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
    this.workers = new Workers(this.#transport);
    this.bundles = new Bundles(this.#transport);
  }

  /**
   * A worker with typed exports as an object. `pluvio types` writes T.
   *
   * @example
   * const greeting = await client.worker<Greeter>('greeter').greet('Ada');
   */
  worker<T extends object>(name: string, options: RemoteOptions = {}): Remote<T> {
    return remoteOf<T>(this.workers, name, options);
  }

  /** What the node says of itself. */
  node({ signal }: CallOptions = {}): Promise<NodeInfo> {
    return this.#transport.json({ method: 'GET', path: '/v1/node', signal }, 'api');
  }

  /** Whether the node takes work. */
  async ready({ signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#transport.send({ method: 'GET', path: '/readyz', repeatable: false, signal });
      return true;
    } catch (error) {
      if (error instanceof PluvioError && NOT_READY.has(error.code)) return false;
      throw error;
    }
  }

  /** Has the node take no more work and keep every worker, or move it to another node; that goes on beside, `node()` tells how far. */
  drain(
    to: { readonly target?: string; readonly token?: string } = {},
    { signal }: CallOptions = {},
  ): Promise<DrainState> {
    const request = { method: 'POST', path: '/v1/node/drain', json: to, repeatable: true, signal } as const;
    return this.#transport.json(request, 'done');
  }

  /** Has the node take work again. */
  async endDrain({ signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send({ method: 'DELETE', path: '/v1/node/drain', repeatable: true, signal });
  }

  /** A backup of the node as a tar; `backup.json` is its last file. @throws PluvioError `BACKUP_FAILED`, `STORE_BUSY` */
  async backup({ signal, allowMissing = false }: CallOptions & { readonly allowMissing?: boolean } = {}): Promise<
    ReadableStream<Uint8Array>
  > {
    const request = { method: 'POST', path: '/v1/node/backup', query: { allowMissing }, accept: '*/*' } as const;
    const { body } = await this.#transport.send({ ...request, timeoutMs: 0, signal });
    if (!body) throw new PluvioError('NODE_UNREACHABLE', 'the answer with the backup has no body');
    return body;
  }

  /** The description of the API, OpenAPI 3.1. */
  openApi({ signal }: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#transport.json({ method: 'GET', path: '/openapi.json', signal }, 'openapi');
  }

  /** The metrics of the node and its workers, in the text format of Prometheus. */
  async metrics({ signal }: CallOptions = {}): Promise<string> {
    return (await this.#transport.send({ method: 'GET', path: '/metrics', accept: '*/*', signal })).text();
  }

  /** What happens on the node, until the caller stops reading or aborts. Taken up again when the connection breaks. */
  async *events(options: EventOptions = {}): AsyncGenerator<NodeEvent> {
    const signal = this.#transport.signalOf(options.signal);
    let after = options.after;
    for (let failures = 0; ;) {
      const query = { after, worker: options.worker };
      const request = { method: 'GET', path: '/v1/events', query, accept: 'text/event-stream', signal } as const;
      const response = await this.#transport.send(request);
      try {
        if (!response.body) return;
        for await (const { data } of readServerEvents(response.body)) {
          const event = JSON.parse(data) as NodeEvent;
          after = event.seq;
          failures = 0;
          yield event;
        }
      } catch (cause) {
        if (signal?.aborted) throw new PluvioError('ABORTED', 'the caller aborted the request', {}, { cause });
      }
      if (failures++ >= this.#transport.retries)
        throw new PluvioError('NODE_UNREACHABLE', 'GET /v1/events: the stream broke off');
      await pause(200 * 2 ** (failures - 1), signal);
    }
  }
}
