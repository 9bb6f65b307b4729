/**
 * The claims of a capability token, and how a chain of them narrows.
 *
 * Boundary: decoded JSON goes in; signatures and clocks are the verifier's matter.
 *
 * Invariants:
 * 1. An unknown claim is refused: it may be a restriction that this version does not know.
 * 2. Of a chain every step lies within the step before, in each claim by itself.
 */
import { PluvioError } from '../../errors/index.ts';
import { checkValue, type Schema } from '../schema-check.ts';
import { coversAll } from './patterns.ts';
import { isVerb, type Verb } from './verbs.ts';

interface LimitRow {
  readonly value: number;
  readonly unit: string;
}

/** Limits of tokens; docs/security.md lists them. */
export const TOKEN_LIMITS = {
  textBytes: { value: 8192, unit: 'bytes of a token' },
  depth: { value: 8, unit: 'steps of a chain' },
  lifetimeS: { value: 30 * 86_400, unit: 'seconds from issue to expiry' },
  skewS: { value: 60, unit: 'seconds that clocks may differ' },
  patterns: { value: 64, unit: 'patterns of workers' },
} as const satisfies Record<string, LimitRow>;

/** The public key that the next step must be signed with (RFC 7800). */
export interface Confirmation {
  readonly jwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };
}

export interface TokenClaims {
  /** Key id of who signed it. */
  readonly iss: string;
  readonly jti: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly sub?: string;
  /** Key ids or names of nodes. */
  readonly aud?: readonly string[];
  readonly tenant?: string;
  readonly workers?: readonly string[];
  readonly verbs?: readonly Verb[];
  /** Absent: the token cannot be narrowed. */
  readonly cnf?: Confirmation;
  /** SHA-256 of the step before, base64url; absent in the first. */
  readonly parent?: string;
}

/** What a chain allows so far. */
export interface ChainRights {
  readonly subject: string;
  readonly tenant: string | undefined;
  readonly workers: readonly string[] | undefined;
  readonly verbs: readonly Verb[];
  readonly audience: readonly string[] | undefined;
  readonly notBeforeS: number;
  readonly expiresS: number;
}

const SECONDS: Schema = { type: 'integer', minimum: 0, maximum: 2 ** 40 };
const HASH: Schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' };
const list = (pattern: string, maxItems: number): Schema => ({
  type: 'array',
  items: { type: 'string', pattern },
  maxItems,
});
const record = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  required,
});
const word = (text: string): Schema => ({ type: 'string', enum: [text] });

const CLAIMS = record(
  {
    iss: HASH,
    jti: { type: 'string', pattern: '^[A-Za-z0-9_-]{16,64}$' },
    iat: SECONDS,
    exp: SECONDS,
    nbf: SECONDS,
    sub: { type: 'string', pattern: '^[A-Za-z0-9@._:+-]{1,64}$' },
    aud: list('^[A-Za-z0-9._-]{1,64}$', 64),
    tenant: { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
    workers: list('^[a-z0-9-]{0,63}\\*?$', TOKEN_LIMITS.patterns.value),
    verbs: list('^[a-z]{1,32}$', 64),
    cnf: record({ jwk: record({ kty: word('OKP'), crv: word('Ed25519'), x: HASH }, ['kty', 'crv', 'x']) }, ['jwk']),
    parent: HASH,
  },
  ['iss', 'jti', 'iat', 'exp'],
);

const fault = (message: string): PluvioError => new PluvioError('TOKEN_INVALID', message);

/**
 * Checks the shape of decoded claims.
 * @throws PluvioError `TOKEN_INVALID`
 */
export function readClaims(payload: unknown): TokenClaims {
  try {
    checkValue(CLAIMS, payload, 'claim');
  } catch (error) {
    throw fault((error as Error).message); // checkValue throws PluvioError alone
  }
  const claims = payload as TokenClaims; // checked by the schema, but for the words of `verbs`
  const strange = claims.verbs?.find((verb) => !isVerb(verb));
  if (strange !== undefined) throw fault(`claim.verbs: there is no verb "${String(strange)}"`);
  if (claims.exp <= claims.iat) throw fault('claim.exp: lies before claim.iat');
  if (claims.exp - claims.iat > TOKEN_LIMITS.lifetimeS.value) {
    throw fault(`claim.exp: ${claims.exp - claims.iat} s after claim.iat; at most ${TOKEN_LIMITS.lifetimeS.value}`);
  }
  return claims;
}

/**
 * What the first token of a chain allows.
 * @throws PluvioError `TOKEN_INVALID`
 */
export function rootRights({ sub, verbs, tenant, workers, aud, iat, exp, nbf, parent }: TokenClaims): ChainRights {
  if (sub === undefined || verbs === undefined)
    throw fault('the first token of a chain must have claims sub and verbs');
  if (parent !== undefined) throw fault('claim.parent: the first token of a chain has none');
  return { subject: sub, tenant, workers, verbs, audience: aud, notBeforeS: nbf ?? iat, expiresS: exp };
}

/** Each claim that narrows: whether it lies within what was allowed before. */
const WITHIN: Readonly<Record<string, (before: ChainRights, claims: TokenClaims) => boolean>> = {
  tenant: (before, { tenant }) => tenant === undefined || before.tenant === undefined || tenant === before.tenant,
  workers: (before, { workers }) => workers === undefined || coversAll(before.workers, workers),
  verbs: (before, { verbs }) => verbs === undefined || verbs.every((verb) => before.verbs.includes(verb)),
  aud: (before, { aud }) =>
    aud === undefined || before.audience === undefined || aud.every((name) => before.audience?.includes(name)),
  exp: (before, { exp }) => exp <= before.expiresS,
};

/**
 * What is left after one more step.
 * @throws PluvioError `TOKEN_INVALID` if the step allows more than what came before
 */
export function narrowRights(before: ChainRights, claims: TokenClaims): ChainRights {
  const wider = Object.keys(WITHIN).find((name) => WITHIN[name]?.(before, claims) === false);
  if (wider !== undefined) throw fault(`claim.${wider}: allows more than the token that it was narrowed from`);
  return {
    subject: claims.sub === undefined ? before.subject : `${before.subject}/${claims.sub}`,
    tenant: claims.tenant ?? before.tenant,
    workers: claims.workers ?? before.workers,
    verbs: claims.verbs ?? before.verbs,
    audience: claims.aud ?? before.audience,
    notBeforeS: Math.max(before.notBeforeS, claims.nbf ?? claims.iat),
    expiresS: claims.exp,
  };
}
