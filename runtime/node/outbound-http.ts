/**
 * Sends guests' HTTP requests to the outside.
 *
 * Boundary: `http_fetch` of the host ABI asks, this answers; nothing of the worker is known here but its scopes. No proxy, cookies, cache or
 * redirects: what is sent is what was asked for, to where it was asked.
 *
 * Invariants:
 * 1. Nothing is sent that no scope covers.
 * 2. Every address that is connected to is checked, literal ones as well (`outbound-lookup.ts`).
 * 3. Head, body and time of an answer are bounded.
 */
import { Agent, type Dispatcher, errors, request as sendRequest } from 'undici/index.js';
import { type AbiErrorName, type Answer, coversUrl, type FetchRequest, type HttpHead } from '../host/abi/index.ts';
import { type LimitRow, resolveLimits } from '../limits/index.ts';
import { HOP_BY_HOP } from './http-hops.ts';
import { AddressRule } from './outbound-http-addresses.ts';
import { CheckedLookup, isAddressRefused, type Resolve } from './outbound-lookup.ts';

export const OUTBOUND_LIMITS = {
  /** One request, from the look-up of its name to the end of the answer's body. */
  outboundMs: { default: 60_000, min: 1, max: 3_600_000, unit: 'ms' },
  /** Making a connection. */
  outboundConnectMs: { default: 10_000, min: 1, max: 120_000, unit: 'ms' },
  outboundHeadBytes: { default: 32_768, min: 1024, max: 1_048_576, unit: 'bytes' },
  /** Requests under way in the whole node; beyond it they are refused. */
  outboundRequests: { default: 1024, min: 1, max: 65_536, unit: 'requests' },
  /** Connections to one origin; requests beyond it wait for one. */
  outboundConnections: { default: 64, min: 1, max: 4096, unit: 'connections' },
} as const satisfies Record<string, LimitRow>;

export type OutboundLimits = { readonly [Name in keyof typeof OUTBOUND_LIMITS]?: number };

export interface OutboundHttpOptions {
  /** Addresses and networks (`10.1.0.0/16`) that requests may go to although they are not public. */
  readonly allowPrivate?: readonly string[];
  /** Gives the addresses of a name. Default: the system's resolver. */
  readonly resolve?: Resolve;
  readonly limits?: OutboundLimits;
}

export interface OutboundFetch {
  readonly request: FetchRequest;
  readonly body: Uint8Array;
  /** Scopes of the worker's grant of `http.outbound`. */
  readonly scopes: readonly string[];
  readonly bodyMaxBytes: number;
  /** No longer than that, within the limit. */
  readonly timeoutMs?: number;
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  /** Names this request the same however often it is sent; sent with those that are repeatable. */
  readonly idempotencyKey?: string;
}

/** What concerns the connection alone, and what this program says itself. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length', 'expect', 'host']);
const IDEMPOTENCY_KEY = 'idempotency-key';

type Headers = readonly (readonly [name: string, value: string])[];

export class OutboundHttp {
  readonly #lookup: CheckedLookup;
  readonly #limits: Required<OutboundLimits>;
  readonly #agent: Agent;
  #underWay = 0;

  /** @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE` */
  constructor(options: OutboundHttpOptions = {}) {
    this.#lookup = new CheckedLookup(new AddressRule(options.allowPrivate), options.resolve);
    this.#limits = resolveLimits(OUTBOUND_LIMITS, options.limits ?? {});
    const { outboundConnectMs, outboundHeadBytes, outboundConnections } = this.#limits;
    this.#agent = new Agent({
      connections: outboundConnections,
      maxHeaderSize: outboundHeadBytes,
      allowH2: false,
      connect: { lookup: this.#lookup.lookup, timeout: outboundConnectMs },
    });
  }

  /** Sends a request and gives the answer, or why there is none. Never rejects. */
  async fetch(asked: OutboundFetch): Promise<Answer> {
    const url = URL.parse(asked.request.url);
    if (url === null || !asked.scopes.some((scope) => coversUrl(scope, asked.request.url))) {
      return refused('DENIED', 'no scope of http.outbound covers the address');
    }
    if (!this.#lookup.allowsLiteral(url.hostname)) return refused('DENIED', `${url.hostname} is not a public address`);
    if (this.#underWay >= this.#limits.outboundRequests)
      return refused('UNAVAILABLE', 'too many requests are under way');
    const { outboundMs } = this.#limits;
    const timeout = AbortSignal.timeout(Math.max(0, Math.min(outboundMs, asked.timeoutMs ?? outboundMs)));
    this.#underWay++;
    try {
      return await this.#send(asked, url, asked.signal ? AbortSignal.any([timeout, asked.signal]) : timeout);
    } catch (error) {
      return answerOf(error, url, timeout.aborted);
    } finally {
      this.#underWay--;
    }
  }

  async #send(asked: OutboundFetch, url: URL, signal: AbortSignal): Promise<Answer> {
    const { method } = asked.request;
    const response = await sendRequest(url, {
      dispatcher: this.#agent,
      method,
      headers: headersOf(asked).flat(),
      body: asked.body.length === 0 ? null : asked.body,
      signal,
    });
    const body = await readBody(response, asked.bodyMaxBytes);
    if (body === undefined) return refused('TOO_LARGE', `the answer is longer than ${asked.bodyMaxBytes} bytes`);
    return { ok: true, head: headOf(response), body };
  }

  /** Ends all connections; requests under way fail. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

const refused = (code: AbiErrorName, message: string): Answer => ({ ok: false, code, message });

// --- heads and bodies ---

/** Without what is the connection's own, and what a `connection` field names. */
function passedOn(headers: Headers): Headers {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((token) => token.trim().toLowerCase()));
  return headers.filter(([name]) => !NOT_PASSED_ON.has(name.toLowerCase()) && !named.includes(name.toLowerCase()));
}

function headersOf({ request, idempotencyKey }: OutboundFetch): [name: string, value: string][] {
  const headers = passedOn(request.headers).map(([name, value]): [string, string] => [name, value]);
  const hasKey = headers.some(([name]) => name.toLowerCase() === IDEMPOTENCY_KEY);
  if (request.repeatable && idempotencyKey !== undefined && !hasKey) headers.push([IDEMPOTENCY_KEY, idempotencyKey]);
  return headers;
}

function headOf({ statusCode, headers }: Dispatcher.ResponseData): HttpHead {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((each) => [name, each] as const),
  );
  return { status: statusCode, headers: passedOn(pairs) };
}

/** The whole body; undefined: it is longer than that, and the rest is not read. */
async function readBody({ body }: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) return undefined; // leaving the loop ends the stream
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts, sizeBytes));
}

/** What went wrong, without what a guest need not know. */
function answerOf(error: unknown, { host }: URL, isLate: boolean): Answer {
  if (isLate) return refused('TIMEOUT', `${host} took too long`);
  if (isAddressRefused(error)) return refused('DENIED', `${host} leads to an address that is not public`);
  if (error instanceof errors.HeadersOverflowError)
    return refused('TOO_LARGE', `the head of the answer of ${host} is too large`);
  if (error instanceof errors.ConnectTimeoutError)
    return refused('TIMEOUT', `${host} could not be connected to in time`);
  if (error instanceof errors.InvalidArgumentError) return refused('INVALID', error.message);
  if (error instanceof Error && error.name === 'AbortError') return refused('CANCELLED', 'nobody waits for the answer');
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no reason given';
  return refused('UNAVAILABLE', `${host} could not be reached: ${code}`);
}
