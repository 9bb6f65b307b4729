/**
 * What a registry is shown: nothing, a user name and password, or a bearer token that they are exchanged for.
 *
 * Invariants:
 * 1. Credentials are asked for only when the registry asks, go to the registry and to the token service that it names, and never over plain
 *    HTTP unless the registry itself is spoken to in that way.
 * 2. A registry that refuses what it was shown is not shown it again.
 */
import { PluvioError } from '../../errors/index.ts';
import type { Challenge } from './challenge.ts';
import { fieldOf } from './json-fields.ts';
import { failed } from './registry-errors.ts';

/** Who somebody is to a registry. */
export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** A token that is exchanged for others (OAuth2 refresh token). */
  | { readonly kind: 'identity'; readonly token: string };

/** Gives what a registry is to be shown; undefined: nothing is known. */
export type CredentialSource = (registry: string) => Promise<Credential | undefined>;

export interface TokenRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface AuthorizerOptions {
  readonly registry: string;
  readonly isPlainHttp: boolean;
  /** Scopes as the token specification has them: `repository:NAME:pull,push`. */
  readonly scopes: readonly string[];
  readonly credentials: CredentialSource | undefined;
  /** Asks a token service; gives its JSON. */
  readonly fetchToken: (request: TokenRequest) => Promise<unknown>;
}

const CLIENT_ID = 'pluvio';
const WHAT = 'sign in';
const MAX_TOKEN_LENGTH = 65_536;

export class Authorizer {
  readonly #options: AuthorizerOptions;
  #header: string | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The value of `Authorization` as far as is known; undefined: none. */
  get header(): string | undefined {
    return this.#header;
  }

  /**
   * Gets what the challenges ask for. `sent` is what was refused.
   * @throws PluvioError `REGISTRY_DENIED`, `REGISTRY_FAILED`, `REGISTRY_UNREACHABLE`, those of the credential source
   */
  async renew(challenges: readonly Challenge[], sent: string | undefined): Promise<void> {
    if (sent !== this.#header) return; // another request has renewed it meanwhile
    this.#renewing ??= this.#ask(challenges, sent).finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  async #ask(challenges: readonly Challenge[], sent: string | undefined): Promise<void> {
    const { registry, credentials } = this.#options;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.find(({ scheme }) => scheme === 'basic');
    if (bearer === undefined && basic === undefined) throw failed(WHAT, registry, 'asks for neither Basic nor Bearer');
    const credential = await credentials?.(registry);
    if (bearer !== undefined) {
      this.#header = `Bearer ${await this.#tokenOf(bearer, credential)}`;
      return;
    }
    if (sent !== undefined) throw denied(registry, 'it refuses the user name and password');
    if (credential?.kind !== 'password') throw denied(registry, 'it asks for a user name and password; none are known');
    this.#header = basicOf(credential.user, credential.password);
  }

  async #tokenOf({ params }: Challenge, credential: Credential | undefined): Promise<string> {
    const { registry, isPlainHttp, scopes, fetchToken } = this.#options;
    const realm = URL.parse(params.get('realm') ?? '');
    if (realm === null || !/^https?:$/.test(realm.protocol) || realm.username !== '')
      throw failed(WHAT, registry, `names the token service ${JSON.stringify(params.get('realm') ?? null)}`);
    if (realm.protocol === 'http:' && !isPlainHttp) {
      const message = `cannot ${WHAT}: ${registry} names a token service at ${realm.host} without TLS`;
      throw new PluvioError('REGISTRY_REFUSED', message, { registry });
    }
    const service = params.get('service');
    const fields: [name: string, value: string][] = service === undefined ? [] : [['service', service]];
    const answer = await fetchToken(
      credential?.kind === 'identity'
        ? exchange(realm, [...fields, ['scope', scopes.join(' ')]], credential.token)
        : ask(realm, [...fields, ...scopes.map((scope): [string, string] => ['scope', scope])], credential),
    );
    const token = [fieldOf(answer, 'token'), fieldOf(answer, 'access_token')].find((one) => typeof one === 'string');
    if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token))
      throw failed(WHAT, registry, 'has a token service that gives no token');
    return token;
  }
}

function ask(
  realm: URL,
  fields: readonly (readonly [string, string])[],
  credential: Extract<Credential, { kind: 'password' }> | undefined,
): TokenRequest {
  const url = new URL(realm);
  for (const [name, value] of fields) url.searchParams.append(name, value);
  if (credential === undefined) return { method: 'GET', url, headers: {} };
  url.searchParams.append('account', credential.user);
  return { method: 'GET', url, headers: { authorization: basicOf(credential.user, credential.password) } };
}

/** The exchange of a refresh token (RFC 6749, section 6). */
function exchange(realm: URL, fields: readonly (readonly [string, string])[], token: string): TokenRequest {
  const form = new URLSearchParams([
    ...fields.map(([name, value]) => [name, value] as [string, string]),
    ['grant_type', 'refresh_token'],
    ['client_id', CLIENT_ID],
    ['refresh_token', token],
  ]);
  return {
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new TextEncoder().encode(form.toString()),
  };
}

function basicOf(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`;
}

export const denied = (registry: string, reason: string): PluvioError =>
  new PluvioError('REGISTRY_DENIED', `cannot ${WHAT} at ${registry}: ${reason}`, { registry });
