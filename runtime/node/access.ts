/**
 * Who may talk to a node: where it listens, which Host and Origin headers it takes, which token covers which scope.
 *
 * Invariants:
 * 1. Without a token a node listens on loopback only.
 * 2. On loopback the Host header must name loopback, so that a page whose name was rebound to 127.0.0.1 gets nothing.
 * 3. A request that a browser sends for a page of another origin is refused unless that origin is listed.
 * 4. Tokens are compared through SHA-256 in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { PluvioError } from '../errors/index.ts';

/** `public` needs no token; `read` looks; `write` does everything; `peer` sends blobs and moves workers in. */
export type Scope = 'public' | 'read' | 'write' | 'peer';

/** What a scope of a token covers. */
const COVERS: Readonly<Record<Exclude<Scope, 'public'>, readonly Scope[]>> = {
  read: ['read'],
  write: ['read', 'write', 'peer'],
  peer: ['peer'],
};

/** A token and what it covers; without `scopes` it covers all. */
export interface TokenGrant {
  readonly token: string;
  readonly scopes?: readonly Exclude<Scope, 'public'>[];
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly loopback: boolean;
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;
const MIN_TOKEN_CHARS = 16;

/**
 * Reads `host:port` or `[v6]:port`; port 0 asks for a free one.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65535)) {
    throw new PluvioError('INVALID_ARGUMENT', `listen address "${text}" must be host:port, for example 127.0.0.1:7071`);
  }
  return { host, port, loopback: LOOPBACK_HOST.test(host) };
}

const hash = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest();

/** Decides on requests; see the invariants of this file. */
export class AccessPolicy {
  readonly #grants: readonly { readonly hash: Buffer; readonly scopes: ReadonlySet<Scope> }[];
  readonly #loopback: boolean;
  readonly #origins: ReadonlySet<string>;

  /** @throws PluvioError `LISTEN_REFUSED` if the address is not loopback and there is no token, `INVALID_ARGUMENT` for a short token */
  constructor(listen: ListenAddress, grants: readonly TokenGrant[], origins: readonly string[] = []) {
    if (!listen.loopback && grants.length === 0) {
      throw new PluvioError(
        'LISTEN_REFUSED',
        `cannot listen on ${listen.host}:${listen.port} without a token: only loopback (127.0.0.1, ::1, localhost) may be open`,
      );
    }
    for (const { token } of grants) {
      if (token.length < MIN_TOKEN_CHARS || !/^[\x21-\x7e]+$/.test(token)) {
        throw new PluvioError(
          'INVALID_ARGUMENT',
          `a token must have at least ${MIN_TOKEN_CHARS} visible ASCII characters, found ${token.length}`,
        );
      }
    }
    this.#grants = grants.map(({ token, scopes }) => ({
      hash: hash(token),
      scopes: new Set((scopes ?? ['write' as const]).flatMap((scope) => COVERS[scope])),
    }));
    this.#loopback = listen.loopback;
    this.#origins = new Set(origins);
  }

  allowsOrigin(origin: string): boolean {
    return this.#origins.has(origin);
  }

  /** @throws PluvioError `FORBIDDEN` */
  checkSource(headers: Headers): void {
    const host = headers.get('host') ?? '';
    const hostName = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (this.#loopback && !LOOPBACK_HOST.test(hostName)) {
      throw new PluvioError('FORBIDDEN', `Host header "${host}" does not name loopback, where this node listens`);
    }
    const origin = headers.get('origin');
    if (origin === null || this.allowsOrigin(origin)) return;
    if (origin === `http://${host}` || origin === `https://${host}`) return;
    throw new PluvioError('FORBIDDEN', `origin "${origin}" is not one that this node lists`);
  }

  /** @throws PluvioError `UNAUTHENTICATED` or `FORBIDDEN` */
  checkToken(headers: Headers, scope: Scope): void {
    if (scope === 'public' || this.#grants.length === 0) return;
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (token === undefined) throw new PluvioError('UNAUTHENTICATED', 'the request carries no bearer token');
    const given = hash(token);
    let scopes: ReadonlySet<Scope> | undefined;
    for (const grant of this.#grants) if (timingSafeEqual(grant.hash, given)) scopes = grant.scopes;
    if (!scopes) throw new PluvioError('UNAUTHENTICATED', 'the bearer token is not one that this node knows');
    if (!scopes.has(scope)) throw new PluvioError('FORBIDDEN', `the token does not cover scope ${scope}`, { scope });
  }
}
