/**
 * Verifies capability tokens for a node.
 *
 * Invariants:
 * 1. The first signature that is checked is that of a known issuer; nothing of a chain counts before all of its signatures hold.
 * 2. Time, revocation and audience are looked at on each use, also of a chain that was verified before.
 */
import { jwtVerify } from 'jose';
import { createHash, type KeyObject } from 'node:crypto';
import { PluvioError } from '../../errors/index.ts';
import { ALGORITHM, chainRights, decodeToken, TOKEN_TYPE } from './capability-tokens.ts';
import { keyIdOf, publicKeyObject } from './ed25519-keys.ts';
import type { Identity } from './identity.ts';
import { matchesAny } from './patterns.ts';
import type { Revocations } from './revocations.ts';
import { type ChainRights, TOKEN_LIMITS, type TokenClaims } from './token-claims.ts';
import { isVerb } from './verbs.ts';

/** A key whose tokens are taken. */
export interface TokenIssuer {
  /** base64url. */
  readonly key: string;
  /** Patterns of tenants that it may speak for; undefined: all, and the node as a whole. */
  readonly tenants?: readonly string[];
  readonly verbs?: readonly string[];
}

export interface TokenVerifierOptions {
  readonly issuers: readonly TokenIssuer[];
  /** Names that a token's audience may have: name and key id of the node. */
  readonly audience: readonly string[];
  readonly revocations: Revocations;
  readonly now: () => number;
}

interface Verified {
  readonly claims: readonly TokenClaims[];
  readonly rights: ChainRights;
  readonly identity: Identity;
}

const REMEMBERED = 1024;
const refused = (reason: string, cause?: unknown): PluvioError =>
  new PluvioError('UNAUTHENTICATED', `the capability token ${reason}`, {}, cause === undefined ? {} : { cause });

export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #issuers: ReadonlyMap<string, { readonly issuer: TokenIssuer; readonly key: KeyObject }>;
  /** By hash of the text, oldest first. */
  readonly #remembered = new Map<string, Verified>();

  /** @throws PluvioError `KEY_INVALID` */
  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#issuers = new Map(
      options.issuers.map((issuer) => [keyIdOf(issuer.key), { issuer, key: publicKeyObject(issuer.key) }]),
    );
    for (const { verbs = [] } of options.issuers) {
      const strange = verbs.find((verb) => !isVerb(verb));
      if (strange !== undefined)
        throw new PluvioError('INVALID_ARGUMENT', `an issuer has the unknown verb "${strange}"`);
    }
  }

  /**
   * Who a token speaks for; at once where the same token was verified before.
   * @throws PluvioError `UNAUTHENTICATED`
   */
  verify(text: string): Identity | Promise<Identity> {
    const hash = createHash('sha256').update(text, 'utf8').digest('base64url');
    const known = this.#remembered.get(hash);
    if (known === undefined) return this.#verifyNew(text, hash);
    this.#remembered.delete(hash);
    this.#checkNow(known);
    this.#remembered.set(hash, known);
    return known.identity;
  }

  async #verifyNew(text: string, hash: string): Promise<Identity> {
    const verified = await this.#verifyChain(text);
    this.#checkNow(verified);
    this.#remembered.set(hash, verified);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return verified.identity;
  }

  async #verifyChain(text: string): Promise<Verified> {
    try {
      const parts = decodeToken(text);
      const rights = chainRights(parts);
      const known = this.#issuers.get(parts.steps[0]?.keyId ?? '');
      if (known === undefined) throw refused('is signed by an issuer that this node does not know');
      checkIssuer(known.issuer, rights);
      let key = known.key;
      for (const { jwt, claims } of parts.steps) {
        await verifySignature(jwt, key, this.#options.now());
        if (claims.cnf) key = publicKeyObject(claims.cnf.jwk.x);
      }
      const { subject, tenant, workers, verbs } = rights;
      const claims = parts.steps.map((step) => step.claims);
      return { claims, rights, identity: { subject, tenant, workers, verbs: new Set(verbs) } };
    } catch (error) {
      if (error instanceof PluvioError && error.code !== 'TOKEN_INVALID' && error.code !== 'KEY_INVALID') throw error;
      throw refused(`is not valid: ${(error as Error).message}`, error); // all of the above throw Errors
    }
  }

  #checkNow({ claims, rights }: Verified): void {
    const nowS = this.#options.now() / 1000;
    const skewS = TOKEN_LIMITS.skewS.value;
    if (nowS >= rights.expiresS + skewS) throw refused('has expired');
    if (nowS < rights.notBeforeS - skewS) throw refused('is not valid yet');
    if (rights.audience && !rights.audience.some((name) => this.#options.audience.includes(name))) {
      throw refused('is meant for another node');
    }
    if (this.#options.revocations.hasAny(claims)) throw refused('was revoked');
  }
}

/** What an issuer may give at most. */
function checkIssuer({ tenants, verbs }: TokenIssuer, rights: ChainRights): void {
  if (tenants && (rights.tenant === undefined || !matchesAny(tenants, rights.tenant))) {
    throw refused('speaks for a tenant that its issuer may not speak for');
  }
  const beyond = verbs && rights.verbs.find((verb) => !verbs.includes(verb));
  if (beyond !== undefined) throw refused(`has the verb ${beyond}, which its issuer may not give`);
}

/** The clock is looked at on each use, by the caller. */
async function verifySignature(jwt: string, key: KeyObject, nowMs: number): Promise<void> {
  await jwtVerify(jwt, key, {
    algorithms: [ALGORITHM],
    typ: TOKEN_TYPE,
    currentDate: new Date(nowMs),
    clockTolerance: TOKEN_LIMITS.skewS.value,
  });
}
