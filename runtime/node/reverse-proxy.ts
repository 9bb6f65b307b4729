/** Passes a request of the ingress on to the node that its worker moved to. */
import { Readable } from 'node:stream';
import { Agent, request } from 'undici/index.js';
import { PluvioError } from '../errors/index.ts';
import { answerHeaders, type HeaderPairs, HOPS_HEADER, REQUEST_KEY_HEADER } from './http-hops.ts';

export interface ProxiedRequest {
  /** Ingress of the other node. */
  readonly target: string;
  readonly method: string;
  /** Path and query as they came. */
  readonly path: string;
  readonly headers: HeaderPairs;
  readonly body: Uint8Array;
  /** How many nodes have passed it on before. */
  readonly hops: number;
  readonly key: string | null;
  readonly signal: AbortSignal;
}

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

export class ReverseProxy {
  readonly #agent: Agent;

  constructor(answerMs: number) {
    this.#agent = new Agent({ headersTimeout: answerMs, bodyTimeout: answerMs, pipelining: 1 });
  }

  /** @throws PluvioError `NODE_UNREACHABLE` */
  async pass({ target, method, path, headers, body, hops, key, signal }: ProxiedRequest): Promise<Response> {
    const sent: Record<string, string | string[]> = { [HOPS_HEADER]: String(hops + 1) };
    for (const [name, value] of headers) {
      const before = sent[name];
      sent[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
    }
    delete sent['content-length']; // counted anew
    if (key !== null) sent[REQUEST_KEY_HEADER] = key;
    try {
      const answer = await request(new URL(target).origin + path, {
        method: method as 'GET', // undici takes any token
        headers: sent,
        body: body.length === 0 ? null : body,
        dispatcher: this.#agent,
        signal,
      });
      const pairs = Object.entries(answer.headers).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((text) => [name, text] as const),
      );
      const empty = method === 'HEAD' || NO_BODY.has(answer.statusCode);
      if (empty) await answer.body.dump();
      const stream = empty ? null : (Readable.toWeb(answer.body) as ReadableStream<Uint8Array>); // bytes
      return new Response(stream, { status: answer.statusCode, headers: answerHeaders(pairs) });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the node that the worker moved to does not answer at ${target}: ${reason}`;
      throw new PluvioError('NODE_UNREACHABLE', message, { target }, { cause });
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
