/**
 * One repository of one registry, as requests to it: tries, time, redirects, signing in.
 *
 * Boundary: `fetch` alone. Which addresses may be connected to is the rule of whoever gives `fetch`.
 *
 * Invariants:
 * 1. What authorises goes to the registry's own origin and to its token service, and nowhere that either leads to.
 * 2. Only GET and HEAD follow a redirect, and none leads from TLS to plain HTTP.
 * 3. Every request ends: each try, each silence and the whole have a limit, and a refusal is answered by signing in at most twice.
 */
import { PluvioError } from '../../errors/index.ts';
import { Authorizer, type CredentialSource, denied, type TokenRequest } from './authorizer.ts';
import { readWhole } from './body-pieces.ts';
import { parseChallenges } from './challenge.ts';
import { type RegistryLimits, type ResolvedRegistryLimits, resolveRegistryLimits } from './limits.ts';
import { originOf, type RegistryReference } from './reference.ts';
import { answerError, connectionReason, failed, isPassing, unreachable } from './registry-errors.ts';

/** The part of `fetch` that is used. It must follow no redirect where `init.redirect` says so. */
export type RegistryFetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a registry is reached, and as whom. */
export interface RegistryAccess {
  readonly fetch?: RegistryFetch;
  readonly credentials?: CredentialSource;
  /** Speaks HTTP without TLS also to a registry that is not on this machine. */
  readonly plainHttp?: boolean;
  readonly limits?: RegistryLimits;
  readonly signal?: AbortSignal;
  /** Waits between tries. */
  readonly pause?: (ms: number) => Promise<void>;
}

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  /** What it is for, as in `read blob …`. */
  readonly what: string;
  /** The statuses that its caller knows what to do with. */
  readonly expects: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Tries at most; default: the limit. */
  readonly attempts?: number;
}

export interface SessionPurpose {
  readonly actions: 'pull' | 'pull,push';
  /** Another repository of the registry that blobs are mounted from. */
  readonly mountFrom?: string;
}

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 30_000;
/** The slowest upload that is waited for. */
const SLOWEST_BYTES_PER_MS = 16;
const SIGN_INS = 2;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class RegistrySession {
  readonly registry: string;
  readonly mountFrom: string | undefined;
  readonly limits: ResolvedRegistryLimits;
  readonly #origin: string;
  readonly #repository: string;
  readonly #fetch: RegistryFetch;
  readonly #pause: (ms: number) => Promise<void>;
  readonly #authorizer: Authorizer;
  readonly #given: AbortSignal | undefined;
  readonly #operation: AbortSignal;
  readonly #ended: AbortSignal;

  /** @throws PluvioError `LIMIT_OUT_OF_RANGE` */
  constructor(
    { registry, repository }: Pick<RegistryReference, 'registry' | 'repository'>,
    { actions, mountFrom }: SessionPurpose,
    access: RegistryAccess = {},
  ) {
    this.registry = registry;
    this.mountFrom = mountFrom;
    this.limits = resolveRegistryLimits(access.limits);
    this.#origin = originOf(registry, access.plainHttp === true);
    this.#repository = repository;
    this.#fetch = access.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#pause = access.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#given = access.signal;
    this.#operation = AbortSignal.timeout(this.limits.operationMs);
    this.#ended = access.signal ? AbortSignal.any([access.signal, this.#operation]) : this.#operation;
    this.#authorizer = new Authorizer({
      registry,
      isPlainHttp: this.#isPlain,
      scopes: [`repository:${repository}:${actions}`, ...(mountFrom ? [`repository:${mountFrom}:pull`] : [])],
      credentials: access.credentials,
      fetchToken: (request) => this.#fetchToken(request),
    });
  }

  get #isPlain(): boolean {
    return this.#origin.startsWith('http:');
  }

  /** The address of something in the repository. */
  url(path: string): URL {
    return new URL(`${this.#origin}/v2/${this.#repository}/${path}`);
  }

  /**
   * The address that an answer names in `Location`.
   * @throws PluvioError `REGISTRY_FAILED`, `REGISTRY_REFUSED`
   */
  placeOf(response: Response, base: URL, what: string): URL {
    const place = URL.parse(response.headers.get('location') ?? '', base);
    if (response.headers.get('location') === null || place === null || !/^https?:$/.test(place.protocol))
      throw failed(what, this.registry, 'names no address in Location');
    if (place.protocol === 'http:' && !this.#isPlain) {
      const message = `cannot ${what}: ${this.registry} leads to ${place.host} without TLS`;
      throw new PluvioError('REGISTRY_REFUSED', message, { registry: this.registry });
    }
    place.username = '';
    place.password = '';
    return place;
  }

  /**
   * Sends a request until there is an answer that its caller expects.
   * @throws PluvioError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED`, `REGISTRY_NOT_FOUND`, `REGISTRY_FAILED`, `REGISTRY_REFUSED`, `ABORTED`
   */
  async send(request: RegistryRequest): Promise<Response> {
    const { what, expects, attempts = this.limits.attempts } = request;
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#signedIn(request);
        if (expects.includes(response.status)) return response;
        if (attempt >= attempts || !isPassing(response.status)) throw await this.#refusal(response, what);
        await discard(response);
        await this.rest(attempt, pauseAsked(response));
      } catch (error) {
        if (!(error instanceof PluvioError) || error.code !== 'REGISTRY_UNREACHABLE' || attempt >= attempts)
          throw error;
        if (error.details['httpStatus'] !== undefined) throw error; // an answer, counted above
        await this.rest(attempt);
      }
    }
  }

  /** Waits before the next try, longer each time. @throws PluvioError `ABORTED`, `REGISTRY_UNREACHABLE` */
  async rest(attempt: number, askedMs = 0): Promise<void> {
    const ms = Math.min(MAX_PAUSE_MS, Math.max(askedMs, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10)));
    const ended = Promise.withResolvers<undefined>();
    const end = (): void => ended.resolve(undefined);
    this.#ended.addEventListener('abort', end, { once: true });
    await Promise.race([this.#pause(ms), ended.promise]);
    this.#ended.removeEventListener('abort', end);
    this.checkEnded('go on');
  }

  /** @throws PluvioError `ABORTED`, `REGISTRY_UNREACHABLE` */
  checkEnded(what: string): void {
    if (this.#given?.aborted) throw new PluvioError('ABORTED', 'the caller aborted the operation');
    if (this.#operation.aborted)
      throw this.#timeout(what, `took more than ${this.limits.operationMs} ms for the whole operation`);
  }

  /** A body as text or JSON, no longer than a document may be. */
  async document(response: Response, what: string): Promise<Uint8Array> {
    return readWhole(response, {
      maxBytes: this.limits.documentBytes,
      stallMs: this.limits.stallMs,
      what: `the answer of ${this.registry}`,
      broken: (reason, cause) => this.broken(what, reason, cause),
    });
  }

  /** The error of a body that broke off. */
  broken(what: string, reason: string, cause?: unknown): PluvioError {
    if (this.#given?.aborted) return new PluvioError('ABORTED', 'the caller aborted the operation', {}, { cause });
    return unreachable(what, this.registry, reason, cause);
  }

  async #refusal(response: Response, what: string): Promise<PluvioError> {
    const body = await this.document(response, what).catch(() => new Uint8Array());
    return answerError(what, this.registry, response.status, new TextDecoder().decode(body));
  }

  async #signedIn(request: RegistryRequest): Promise<Response> {
    for (let signIn = 0; ; signIn++) {
      const sent = this.#authorizer.header;
      const response = await this.#redirected(request, sent);
      if (response.status !== 401 || request.expects.includes(401)) return response;
      const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
      if (signIn >= SIGN_INS) {
        await discard(response);
        throw denied(this.registry, `it still asks to sign in after ${SIGN_INS} times`);
      }
      await discard(response);
      await this.#authorizer.renew(challenges, sent);
    }
  }

  async #redirected(request: RegistryRequest, authorization: string | undefined): Promise<Response> {
    const { method, what, headers = {}, body } = request;
    let url = request.url;
    for (let hop = 0; ; hop++) {
      const isHome = url.origin === this.#origin;
      const shown = authorization !== undefined && isHome ? { authorization } : {};
      const response = await this.#once(url, what, { method, headers: { ...headers, ...shown }, ...bodyOf(body) });
      if (!REDIRECTS.has(response.status) || request.expects.includes(response.status)) return response;
      await discard(response);
      if (method !== 'GET' && method !== 'HEAD')
        throw failed(what, this.registry, `answered ${response.status} to ${method}, which follows no redirect`);
      if (hop >= this.limits.redirects)
        throw failed(what, this.registry, `leads on after ${this.limits.redirects} redirects`);
      url = this.placeOf(response, url, what);
    }
  }

  /** One request, up to the beginning of its answer. */
  async #once(
    url: URL,
    what: string,
    init: RequestInit & { readonly body?: Uint8Array<ArrayBuffer> },
  ): Promise<Response> {
    this.checkEnded(what);
    const head = new AbortController();
    const headMs = this.limits.headMs + Math.ceil((init.body?.byteLength ?? 0) / SLOWEST_BYTES_PER_MS);
    const timer = setTimeout(() => head.abort(), headMs);
    try {
      return await this.#fetch(url.href, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.any([head.signal, this.#ended]),
      });
    } catch (cause) {
      if (cause instanceof PluvioError) throw cause;
      this.checkEnded(what);
      if (head.signal.aborted) throw this.#timeout(what, `gave no answer within ${headMs} ms`);
      throw unreachable(what, this.registry, connectionReason(cause), cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetchToken({ method, url, headers, body }: TokenRequest): Promise<unknown> {
    const what = 'sign in';
    const response = await this.#once(url, what, {
      method,
      headers: { accept: 'application/json', ...headers },
      ...bodyOf(body),
    });
    if (response.status !== 200) throw await this.#refusal(response, what);
    const text = new TextDecoder().decode(await this.document(response, what));
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw failed(what, this.registry, 'has a token service whose answer is no JSON');
    }
  }

  readonly #timeout = (what: string, reason: string): PluvioError => unreachable(what, this.registry, reason);
}

/** As `fetch` takes it: not of shared memory. */
const bodyOf = (body: Uint8Array | undefined): { body?: Uint8Array<ArrayBuffer> } =>
  body === undefined
    ? {}
    : { body: body.buffer instanceof ArrayBuffer ? (body as Uint8Array<ArrayBuffer>) : new Uint8Array(body) }; // checked

/** Ends an answer whose body nobody needs. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

function pauseAsked(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
