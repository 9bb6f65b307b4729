/**
 * One request to a node and what becomes of it: errors rebuilt, moved workers followed, safe requests repeated.
 *
 * Invariants:
 * 1. A token goes to the origin that it was given for and nowhere else, also when a worker has moved.
 * 2. Only a request that may be repeated is (`repeatable`), and only after an error that says so or no answer at all.
 */
import { decodeError, PluvioError } from '../../runtime/errors/index.ts';

/** The part of `fetch` that the client uses. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

/** How a client reaches its node. */
export interface ClientOptions {
  /** Address of the node, such as `http://127.0.0.1:7070`. */
  readonly baseUrl: string;
  /** The node's token; a function gives one per origin, so that moved workers can be followed to nodes with other tokens. */
  readonly token?: string | ((origin: string) => string | undefined);
  readonly fetch?: FetchFunction;
  /** Aborts everything that this client does. */
  readonly signal?: AbortSignal;
  /** Milliseconds for an ordinary answer. Default: 30,000. */
  readonly timeoutMs?: number;
  /** How often a repeatable request is repeated. Default: 3. */
  readonly retries?: number;
}

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with `/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryInput>>;
  readonly json?: unknown;
  readonly body?: BodyInput;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether doing it twice is the same as doing it once. Default: whether the method says so. */
  readonly repeatable?: boolean;
  /** Milliseconds until the answer begins; 0: as long as it takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export type QueryInput = string | number | boolean | readonly string[] | undefined;
/** What a body may be given as. A stream is sent once: such a request is not repeated. */
export type BodyInput = Uint8Array | Blob | ReadableStream<Uint8Array>;

const MAX_HOPS = 5;
/** Of what is read as a whole. */
const ANSWER_MAX_BYTES = 256 * 2 ** 20;
const PROBLEM_MAX_BYTES = 2 ** 20;
/** How long nothing may come of an answer that has begun. */
const SILENT_MAX_MS = 60_000;
const FIRST_PAUSE_MS = 200;

/** Waits; rejects with `ABORTED` when the signal aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

/**
 * All of an answer.
 * @throws Error it breaks off, does not end, or does not come on
 */
async function textOf(response: Response, maxBytes: number): Promise<string> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let sizeBytes = 0; ;) {
      const { done, value } = await inTime(reader.read());
      if (done) return text + decoder.decode();
      sizeBytes += value.length;
      if (sizeBytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined); // it has failed, or is given up
    throw error;
  }
}

async function inTime<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${SILENT_MAX_MS} ms`)), SILENT_MAX_MS);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const aborted = (signal: AbortSignal | undefined): PluvioError =>
  new PluvioError('ABORTED', 'the caller aborted the request', {}, { cause: signal?.reason });

export class Transport {
  readonly #base: URL;
  readonly #options: ClientOptions;
  readonly #fetch: FetchFunction;
  readonly retries: number;

  /** @throws PluvioError `INVALID_ARGUMENT` */
  constructor(options: ClientOptions) {
    const base = URL.parse(options.baseUrl);
    if (!base || !/^https?:$/.test(base.protocol)) {
      throw new PluvioError('INVALID_ARGUMENT', `baseUrl "${options.baseUrl}" must be an http or https address`);
    }
    this.#base = base;
    this.#options = options;
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.retries = options.retries ?? 3;
  }

  signalOf(signal: AbortSignal | undefined): AbortSignal | undefined {
    const signals = [signal, this.#options.signal].filter((one) => one !== undefined);
    return signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  }

  /** The answer, when it is a good one. @throws PluvioError the node's code, `NODE_UNREACHABLE`, `ABORTED` */
  async send(request: TransportRequest): Promise<Response> {
    const { method, body } = request;
    const repeatable = (request.repeatable ?? method !== 'POST') && !(body instanceof ReadableStream);
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#follow(request);
      } catch (error) {
        const again = error instanceof PluvioError && error.retryable && repeatable && attempt < this.retries;
        if (!again) throw error;
        await pause(FIRST_PAUSE_MS * 2 ** attempt, this.signalOf(request.signal));
      }
    }
  }

  /**
   * The answer as JSON.
   * @param field One that the answer has. What else is in it is the node's promise; without that it is another program that answers.
   * @throws PluvioError as `send`
   */
  async json<Answer>(request: TransportRequest, field: keyof Answer & string): Promise<Answer> {
    const response = await this.send(request);
    const text = await this.#textOf(response, request);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw this.#unreachable(request, 'the answer is not JSON', cause);
    }
    if (typeof answer === 'object' && answer !== null && Object.hasOwn(answer, field)) return answer as Answer;
    throw this.#unreachable(request, `the answer has no field "${field}"; what answers there is no Pluvio node`);
  }

  /** All of a good answer. */
  async #textOf(response: Response, request: TransportRequest): Promise<string> {
    try {
      return await textOf(response, ANSWER_MAX_BYTES);
    } catch (cause) {
      const given = this.signalOf(request.signal);
      throw given?.aborted ? aborted(given) : this.#unreachable(request, reasonOf(cause), cause);
    }
  }

  /** Goes where a moved worker is. */
  async #follow(request: TransportRequest): Promise<Response> {
    let url = this.#urlOf(request);
    for (let hop = 0; ; hop++) {
      const response = await this.#once(url, request);
      if (response.ok) return response;
      const error = await errorOf(response);
      const place = error.details['location'];
      if (error.code !== 'WORKER_MOVED' || typeof place !== 'string' || hop >= MAX_HOPS) throw error;
      if (request.body instanceof ReadableStream) throw error;
      const next = URL.parse(place);
      if (!next || !/^https?:$/.test(next.protocol)) throw error;
      const rest = /^.*?\/v1\/workers\/[^/]+(.*)$/.exec(url.pathname)?.[1] ?? '';
      next.pathname += rest;
      next.search = url.search;
      url = next;
    }
  }

  #urlOf({ path, query = {} }: TransportRequest): URL {
    const url = new URL(this.#base);
    url.pathname = this.#base.pathname.replace(/\/+$/, '') + path;
    for (const [name, value] of Object.entries(query)) {
      const values = Array.isArray(value) ? (value as readonly string[]) : value === undefined ? [] : [String(value)];
      for (const one of values) url.searchParams.append(name, one);
    }
    return url;
  }

  async #once(url: URL, request: TransportRequest): Promise<Response> {
    const { method, json, body } = request;
    // A worker that moved is named in the answer instead of a Location, which a browser would follow without the token.
    const headers: Record<string, string> = {
      accept: request.accept ?? 'application/json',
      'pluvio-redirect': 'manual',
    };
    const token = this.#tokenFor(url.origin);
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const contentType = json === undefined ? request.contentType : 'application/json';
    if (contentType !== undefined) headers['content-type'] = contentType;
    Object.assign(headers, request.headers);
    const content = json === undefined ? body : JSON.stringify(json);
    const given = this.signalOf(request.signal);
    if (given?.aborted) throw aborted(given);
    const timer = new AbortController();
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
    const timeout = timeoutMs > 0 ? setTimeout(() => timer.abort(), timeoutMs) : undefined;
    try {
      return await this.#fetch(url.href, {
        method,
        headers,
        signal: given ? AbortSignal.any([given, timer.signal]) : timer.signal,
        ...(content === undefined ? {} : { body: content as NonNullable<RequestInit['body']> }),
        ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
      });
    } catch (cause) {
      if (given?.aborted) throw aborted(given);
      const reason = timer.signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
      throw this.#unreachable({ method, path: url.pathname }, `${url.origin}: ${reason}`, cause);
    } finally {
      clearTimeout(timeout);
    }
  }

  #tokenFor(origin: string): string | undefined {
    const { token } = this.#options;
    if (typeof token === 'function') return token(origin);
    return origin === this.#base.origin ? token : undefined;
  }

  #unreachable(
    { method, path }: Pick<TransportRequest, 'method' | 'path'>,
    reason: string,
    cause?: unknown,
  ): PluvioError {
    return new PluvioError('NODE_UNREACHABLE', `${method} ${path}: ${reason}`, {}, { cause });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** The error that a problem+json answer stands for. */
async function errorOf(response: Response): Promise<PluvioError> {
  const text = await textOf(response, PROBLEM_MAX_BYTES).catch(() => '');
  try {
    const { code, detail, details } = JSON.parse(text) as {
      code: string;
      detail: string;
      details?: PluvioError['details'];
    };
    if (typeof code === 'string') return decodeError({ code, message: String(detail), details: details ?? {} });
  } catch {
    // not problem+json: told below
  }
  const message = `the node answered with status ${response.status} and no error code`;
  return new PluvioError('NODE_UNREACHABLE', message, { httpStatus: response.status });
}
