/**
 * Capability tokens: chains of EdDSA JWTs (RFC 7519, 8037), each of which narrows the one before.
 *
 *     root ~ child ~ grandchild ~ seed
 *
 * The root is signed by an issuer. A token with a claim `cnf` names the key that the next one must be signed with; whoever has
 * the private half, `seed`, can narrow the chain without asking anybody. A token without `cnf` ends its chain.
 *
 * Invariants:
 * 1. A token with `cnf` is worth nothing without a next token or its seed: whoever is given a narrowed chain cannot strip what narrows it.
 * 2. A child names the hash of its parent, so that it cannot be hung below another one with the same key.
 */
import { createHash, randomBytes } from 'node:crypto';
import { decodeProtectedHeader, decodeJwt, SignJWT } from 'jose';
import { PluvioError } from '../../errors/index.ts';
import { generateSigningKey, keyIdOf, type SigningKey, seedOf, signingKeyOfSeed } from './ed25519-keys.ts';
import {
  type ChainRights,
  narrowRights,
  readClaims,
  rootRights,
  TOKEN_LIMITS,
  type TokenClaims,
} from './token-claims.ts';
import type { Verb } from './verbs.ts';

export const TOKEN_TYPE = 'pluvio-cap+jwt';
export const ALGORITHM = 'EdDSA';
const SEPARATOR = '~';
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/;
const SEED = /^[A-Za-z0-9_-]{43}$/;

export interface TokenRequest {
  readonly subject?: string;
  readonly tenant?: string;
  readonly workers?: readonly string[];
  readonly verbs?: readonly Verb[];
  readonly audience?: readonly string[];
  readonly lifetimeS: number;
  /** Whether it cannot be narrowed. */
  readonly final?: boolean;
  readonly nowMs: number;
}

/** A token taken apart; nothing of it is verified. */
export interface TokenParts {
  readonly steps: readonly { readonly jwt: string; readonly claims: TokenClaims; readonly keyId: string }[];
  /** The private half of the last step's key. */
  readonly seed: string | undefined;
}

const fault = (message: string, cause?: unknown): PluvioError =>
  new PluvioError('TOKEN_INVALID', message, {}, cause === undefined ? {} : { cause });

export const hashOfJwt = (jwt: string): string => createHash('sha256').update(jwt, 'ascii').digest('base64url');

/** Whether a bearer token claims to be one of these; anything else is a static token. */
export const looksLikeCapability = (text: string): boolean => JWT.test(text.split(SEPARATOR, 1)[0] ?? '');

/**
 * Takes a token apart and checks its form.
 * @throws PluvioError `TOKEN_INVALID`
 */
export function decodeToken(text: string): TokenParts {
  const { textBytes, depth } = TOKEN_LIMITS;
  if (text.length > textBytes.value)
    throw fault(`a token of ${text.length} bytes; at most ${textBytes.value} are read`);
  const parts = text.split(SEPARATOR, depth.value + 2);
  const seed = SEED.test(parts.at(-1) ?? '') ? parts.pop() : undefined;
  if (parts.length > depth.value) throw fault(`the chain has more than ${depth.value} tokens`);
  return { steps: parts.map(decodeStep), seed };
}

function decodeStep(jwt: string): TokenParts['steps'][number] {
  if (!JWT.test(jwt)) throw fault('the text is no token');
  try {
    const { alg, typ, kid, ...others } = decodeProtectedHeader(jwt);
    const strange = Object.keys(others)[0];
    if (strange !== undefined) throw fault(`header.${strange.slice(0, 40)}: is not a field here`);
    if (alg !== ALGORITHM || typ !== TOKEN_TYPE || typeof kid !== 'string') {
      throw fault(`the header must have alg ${ALGORITHM}, typ ${TOKEN_TYPE} and a kid`);
    }
    const claims = readClaims(decodeJwt(jwt));
    if (claims.iss !== kid) throw fault('header.kid and claim.iss must be the same');
    return { jwt, claims, keyId: kid };
  } catch (cause) {
    throw cause instanceof PluvioError ? cause : fault('the text is no token', cause);
  }
}

/**
 * What the claims of a chain allow together, if its signatures hold.
 * @throws PluvioError `TOKEN_INVALID`
 */
export function chainRights({ steps, seed }: TokenParts): ChainRights {
  const [root, ...children] = steps;
  if (root === undefined) throw fault('the text is no token');
  let rights = rootRights(root.claims);
  let before = root;
  for (const child of children) {
    const key = before.claims.cnf?.jwk.x;
    if (key === undefined) throw fault('a token follows one that cannot be narrowed');
    if (child.keyId !== keyIdOf(key))
      throw fault('a token of the chain is signed with a key that the one before does not name');
    if (child.claims.parent !== hashOfJwt(before.jwt))
      throw fault('a token of the chain was narrowed from another one');
    rights = narrowRights(rights, child.claims);
    before = child;
  }
  const last = before.claims.cnf?.jwk.x;
  if (last === undefined && seed !== undefined) throw fault('a seed follows a token that cannot be narrowed');
  if (last !== undefined && (seed === undefined || signingKeyOfSeed(seed).publicText !== last)) {
    throw fault('the last token of the chain needs its seed, or another token that narrows it');
  }
  return rights;
}

/**
 * Makes the first token of a chain.
 * @throws PluvioError `TOKEN_INVALID`
 */
export async function createToken(issuer: SigningKey, request: TokenRequest): Promise<string> {
  const { jwt, seed } = await signStep(issuer, request, undefined);
  rootRights(readClaims(decodeJwt(jwt)));
  return checkedText([jwt, ...(seed === undefined ? [] : [seed])]);
}

/**
 * Adds a token that allows less, without asking the issuer.
 * @throws PluvioError `TOKEN_INVALID`
 */
export async function narrowToken(text: string, request: TokenRequest): Promise<string> {
  const parts = decodeToken(text);
  const rights = chainRights(parts);
  const parent = parts.steps.at(-1);
  if (parent === undefined || parts.seed === undefined) throw fault('the token cannot be narrowed: it has no seed');
  const expiresS = Math.min(rights.expiresS, Math.floor(request.nowMs / 1000) + request.lifetimeS);
  const lifetimeS = expiresS - Math.floor(request.nowMs / 1000);
  if (lifetimeS <= 0) throw fault('the token has expired');
  const { jwt, seed } = await signStep(signingKeyOfSeed(parts.seed), { ...request, lifetimeS }, hashOfJwt(parent.jwt));
  narrowRights(rights, readClaims(decodeJwt(jwt)));
  return checkedText([...parts.steps.map((step) => step.jwt), jwt, ...(seed === undefined ? [] : [seed])]);
}

function checkedText(parts: readonly string[]): string {
  const text = parts.join(SEPARATOR);
  decodeToken(text);
  return text;
}

async function signStep(
  key: SigningKey,
  { subject, tenant, workers, verbs, audience, lifetimeS, final = false, nowMs }: TokenRequest,
  parent: string | undefined,
): Promise<{ readonly jwt: string; readonly seed: string | undefined }> {
  const next = final ? undefined : generateSigningKey();
  const iat = Math.floor(nowMs / 1000);
  const claims: Record<string, unknown> = {
    iss: key.keyId,
    jti: randomBytes(16).toString('base64url'),
    iat,
    exp: iat + lifetimeS,
    sub: subject,
    aud: audience,
    tenant,
    workers,
    verbs,
    parent,
    cnf: next && { jwk: { kty: 'OKP', crv: 'Ed25519', x: next.publicText } },
  };
  for (const name of Object.keys(claims)) if (claims[name] === undefined) delete claims[name];
  const jwt = await new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE, kid: key.keyId })
    .sign(key.privateKey);
  return { jwt, seed: next && seedOf(next) };
}
