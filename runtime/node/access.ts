/**
 * Who may talk to a node: where it listens, which Host and Origin headers it takes, which token covers which verb.
 *
 * Invariants:
 * 1. Without a token a node listens on loopback only.
 * 2. On loopback the Host header must name loopback, so that a page whose name was rebound to 127.0.0.1 gets nothing.
 * 3. A request that a browser sends for a page of another origin is refused unless that origin is listed.
 * 4. Tokens are compared through SHA-256 in constant time; capability tokens are verified by `security/token-verifier.ts`.
 * 5. A token of one tenant or of some workers reaches no operation that could show or change others.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { PluvioError } from '../errors/index.ts';
import type { OperationId } from './route-table.ts';
import { looksLikeCapability } from './security/capability-tokens.ts';
import { checkReach, checkVerb, type Identity, isNarrowed } from './security/identity.ts';
import type { TokenVerifier } from './security/token-verifier.ts';
import { ALL_VERBS, isVerb, NARROWED_OPERATIONS, type Verb, VERBS_OF_SCOPE } from './security/verbs.ts';

/** `public` needs no token; `read` looks; `write` does everything; `peer` sends blobs and moves workers in. */
export type Scope = 'public' | 'read' | 'write' | 'peer';

/** Where headers are looked up, by their names in lower case: `Headers`, or those of a server's request. */
export interface HeaderSource {
  get(name: string): string | null;
}

/** A token and what it covers; without `scopes` and `verbs` it covers all. */
export interface TokenGrant {
  readonly token: string;
  readonly scopes?: readonly Exclude<Scope, 'public'>[];
  readonly verbs?: readonly string[];
  /** Who is told in the audit log. Default: `token`. */
  readonly subject?: string;
  readonly tenant?: string;
  /** Patterns of names of workers. */
  readonly workers?: readonly string[];
}

export interface AccessOptions {
  readonly capabilities?: TokenVerifier;
  /** Whether a token is asked for also on loopback, and where there is no static one. */
  readonly tokenRequired?: boolean;
  /** The tenant of a worker; undefined: there is none of that name. Without this function a token of a tenant reaches no worker. */
  readonly tenantOf?: (worker: string) => string | undefined;
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

/** Whoever asks a node that needs no token. */
const ANYBODY: Identity = { subject: 'anybody', tenant: undefined, verbs: new Set(ALL_VERBS), workers: undefined };

function identityOf({ scopes, verbs, subject = 'token', tenant, workers }: TokenGrant): Identity {
  const strange = verbs?.find((verb) => !isVerb(verb));
  if (strange !== undefined) throw new PluvioError('INVALID_ARGUMENT', `a token has the unknown verb "${strange}"`);
  const covered = verbs?.filter(isVerb) ?? (scopes ?? ['write' as const]).flatMap((scope) => VERBS_OF_SCOPE[scope]);
  return { subject, tenant, verbs: new Set(covered), workers };
}

/** Decides on requests; see the invariants of this file. */
export class AccessPolicy {
  readonly #grants: readonly { readonly hash: Buffer; readonly identity: Identity }[];
  readonly #loopback: boolean;
  readonly #isOpen: boolean;
  readonly #origins: ReadonlySet<string>;
  readonly #options: AccessOptions;

  /** @throws PluvioError `LISTEN_REFUSED` if the address is not loopback and there is no token, `INVALID_ARGUMENT` for a short token */
  constructor(
    listen: ListenAddress,
    grants: readonly TokenGrant[],
    origins: readonly string[] = [],
    options: AccessOptions = {},
  ) {
    if (!listen.loopback && grants.length === 0 && !options.capabilities) {
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
    this.#grants = grants.map((grant) => ({ hash: hash(grant.token), identity: identityOf(grant) }));
    this.#loopback = listen.loopback;
    this.#isOpen = listen.loopback && grants.length === 0 && options.tokenRequired !== true;
    this.#origins = new Set(origins);
    this.#options = options;
  }

  allowsOrigin(origin: string): boolean {
    return this.#origins.has(origin);
  }

  /** @throws PluvioError `FORBIDDEN` */
  checkSource(headers: HeaderSource): void {
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

  /**
   * Who asks; at once but for a capability token that is new here.
   * @throws PluvioError `UNAUTHENTICATED`
   */
  identify(headers: HeaderSource): Identity | Promise<Identity> {
    if (this.#isOpen) return ANYBODY;
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (token === undefined) throw new PluvioError('UNAUTHENTICATED', 'the request carries no bearer token');
    const { capabilities } = this.#options;
    return capabilities && looksLikeCapability(token) ? capabilities.verify(token) : this.#staticToken(token);
  }

  #staticToken(token: string): Identity {
    const given = hash(token);
    let found: Identity | undefined;
    for (const grant of this.#grants) if (timingSafeEqual(grant.hash, given)) found = grant.identity;
    if (!found) throw new PluvioError('UNAUTHENTICATED', 'the bearer token is not one that this node knows');
    return found;
  }

  /**
   * Whether the identity may ask for this operation on the worker of its path.
   * @throws PluvioError `FORBIDDEN`
   */
  checkOperation(identity: Identity, operation: OperationId, verb: Verb, worker: string | undefined): void {
    checkVerb(identity, verb);
    if (!isNarrowed(identity)) return;
    if (!NARROWED_OPERATIONS.has(operation)) {
      const message = `a token of a tenant or of some workers does not cover ${operation}`;
      throw new PluvioError('FORBIDDEN', message, { operation });
    }
    if (worker === undefined) return;
    // A worker that is not there is told as one of nobody: whether it exists is not this caller's matter.
    const tenant = identity.tenant === undefined ? '' : (this.#options.tenantOf?.(worker) ?? '');
    checkReach(identity, { name: worker, tenant });
  }
}
