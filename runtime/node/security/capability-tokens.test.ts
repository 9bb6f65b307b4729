import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken, decodeToken, hashOfJwt, narrowToken, type TokenRequest } from './capability-tokens.ts';
import { generateSigningKey, keyIdOf, type SigningKey, signingKeyOfSeed } from './ed25519-keys.ts';
import type { Identity } from './identity.ts';
import { coversPattern, matchesPattern } from './patterns.ts';
import { Revocations, revoke } from './revocations.ts';
import { TOKEN_LIMITS } from './token-claims.ts';
import { TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts';
import { ALL_VERBS, type Verb } from './verbs.ts';

const NOW_MS = 1_800_000_000_000;
const NOW_S = NOW_MS / 1000;
const issuer = generateSigningKey();
const other = generateSigningKey();
let nowMs = NOW_MS;
const verifierOf = (options: Partial<TokenVerifierOptions> = {}): TokenVerifier =>
  new TokenVerifier({
    issuers: [{ key: issuer.publicText }],
    audience: ['node-1'],
    revocations: new Revocations(undefined),
    now: () => nowMs,
    ...options,
  });
const verify = async (text: string, verifier = verifierOf()): Promise<Identity> => verifier.verify(text);
const refused = (reason: RegExp) => ({ code: 'UNAUTHENTICATED', message: expect.stringMatching(reason) as unknown });

const ROOT: TokenRequest = { subject: 'alice', verbs: ['read', 'call'], lifetimeS: 3600, nowMs: NOW_MS };
const rootOf = (request: Partial<TokenRequest> = {}): Promise<string> => createToken(issuer, { ...ROOT, ...request });
const narrowed = (text: string, request: Partial<TokenRequest> = {}): Promise<string> =>
  narrowToken(text, { lifetimeS: 600, nowMs: NOW_MS, ...request });

/** A step with any claims and header, signed properly. */
const forge = (
  key: SigningKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> =>
  new SignJWT({
    iss: key.keyId,
    jti: 'j'.repeat(20),
    iat: NOW_S,
    exp: NOW_S + 60,
    sub: 'x',
    verbs: ['read'],
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'pluvio-cap+jwt', kid: key.keyId, ...header })
    .sign(key.privateKey);

/** A step below another token, with any claims. */
async function forgeChild(parent: string, claims: Record<string, unknown>): Promise<string> {
  const { steps, seed } = decodeToken(parent);
  const { jwt } = steps.at(-1)!;
  const child = await forge(signingKeyOfSeed(seed!), {
    sub: undefined,
    verbs: undefined,
    parent: hashOfJwt(jwt),
    ...claims,
  });
  return [...steps.map((step) => step.jwt), child].join('~');
}

describe('a token', () => {
  it('speaks for its subject, tenant, workers and verbs', async () => {
    const text = await rootOf({ tenant: 'acme', workers: ['web-*'], audience: ['node-1'] });
    expect(await verify(text)).toEqual({
      subject: 'alice',
      tenant: 'acme',
      workers: ['web-*'],
      verbs: new Set(['read', 'call']),
    });
  });

  it('is narrowed offline, step by step, down to a final one', async () => {
    const once = await narrowed(await rootOf(), { subject: 'ci', workers: ['web-*'] });
    const twice = await narrowed(once, { workers: ['web-1', 'web-2'], verbs: ['read'], tenant: 'acme', final: true });
    expect(await verify(twice)).toEqual({
      subject: 'alice/ci',
      tenant: 'acme',
      workers: ['web-1', 'web-2'],
      verbs: new Set(['read']),
    });
    await expect(narrowed(twice)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(decodeToken(twice).seed).toBeUndefined();
  });

  it('lives no longer than the one it came from', async () => {
    const text = await narrowed(await rootOf({ lifetimeS: 60 }), { lifetimeS: 86_400 });
    expect(decodeToken(text).steps.map(({ claims }) => claims.exp)).toEqual([NOW_S + 60, NOW_S + 60]);
    await expect(narrowed(text, { nowMs: NOW_MS + 61_000 })).rejects.toThrowError(/has expired/);
  });

  it('whatever narrows it: never more than its parent (property)', async () => {
    const verbs = fc.subarray([...ALL_VERBS]);
    const workers = fc.option(fc.array(fc.constantFrom('a', 'a*', 'ab', 'ab*', 'b', '*'), { maxLength: 3 }), {
      nil: undefined,
    });
    const steps = fc.array(fc.record({ verbs, workers }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(steps, async ([first, ...rest]) => {
        let text = await rootOf({ verbs: first!.verbs, ...(first!.workers ? { workers: first!.workers } : {}) });
        let rights = await verify(text);
        for (const { verbs: asked, workers: names } of rest) {
          const request = { verbs: asked, ...(names ? { workers: names } : {}) };
          const next = await narrowed(text, request).catch(() => undefined);
          if (next === undefined) continue; // it would have been wider
          const after = await verify(next);
          expect([...after.verbs].every((verb) => rights.verbs.has(verb))).toBe(true);
          for (const name of ['a', 'ab', 'abc', 'b', 'c']) {
            const reaches = ({ workers: patterns }: Identity): boolean =>
              patterns === undefined || patterns.some((pattern) => matchesPattern(pattern, name));
            if (reaches(after)) expect(reaches(rights)).toBe(true);
          }
          [text, rights] = [next, after];
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('hostile tokens', () => {
  it('alg none, another alg, another type, another key, a symmetric key', async () => {
    const unsecured = new UnsecuredJWT({ sub: 'x', verbs: ['admin'] })
      .setIssuedAt(NOW_S)
      .setExpirationTime(NOW_S + 60)
      .encode();
    await expect(verify(unsecured)).rejects.toMatchObject(refused(/is no token/));
    const [, payload] = (await forge(issuer, {})).split('.') as [string, string, string];
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'pluvio-cap+jwt', kid: issuer.keyId })).toString(
      'base64url',
    );
    await expect(verify(`${none}.${payload}.${'A'.repeat(86)}`)).rejects.toMatchObject(refused(/alg EdDSA/));
    const hs256 = await new SignJWT({
      iss: issuer.keyId,
      jti: 'j'.repeat(20),
      iat: NOW_S,
      exp: NOW_S + 60,
      sub: 'x',
      verbs: ['read'],
    })
      .setProtectedHeader({ alg: 'HS512', typ: 'pluvio-cap+jwt', kid: issuer.keyId })
      .sign(Buffer.concat([Buffer.from(issuer.publicKey), Buffer.alloc(32)]));
    await expect(verify(hs256)).rejects.toMatchObject(refused(/alg EdDSA/));
    await expect(verify(await forge(issuer, {}, { typ: 'JWT' }))).rejects.toMatchObject(refused(/typ pluvio-cap/));
    await expect(verify(await forge(other, {}))).rejects.toMatchObject(refused(/issuer that this node does not know/));
    const stolenId = await forge(other, { iss: issuer.keyId }, { kid: issuer.keyId });
    await expect(verify(stolenId)).rejects.toMatchObject(refused(/signature verification failed/));
  });

  it.each([
    [{ extra: true }, /claim\.extra: is not a field here/],
    [{ verbs: ['everything'] }, /there is no verb "everything"/],
    [{ verbs: undefined }, /claims sub and verbs/],
    [{ sub: 'a/b' }, /claim\.sub/],
    [{ parent: 'A'.repeat(43) }, /claim\.parent/],
    [{ exp: NOW_S - 120, iat: NOW_S - 240 }, /exp|expired/],
    [{ exp: NOW_S - 120 }, /claim\.exp: lies before/],
    [{ exp: NOW_S + TOKEN_LIMITS.lifetimeS.value + 1 }, /claim\.exp: 2592001 s after/],
    [{ exp: undefined }, /claim\.exp: is missing/],
    [{ exp: '9999999999' }, /claim\.exp/],
    [{ nbf: NOW_S + 120 }, /not valid yet|nbf/],
    [{ iat: NOW_S + 120, exp: NOW_S + 180 }, /not valid yet/],
    [{ jti: 'short' }, /claim\.jti/],
    [{ workers: Array.from({ length: 65 }, () => 'a') }, /at most 64/],
    [{ cnf: { jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } } }, /needs its seed/],
    [{ cnf: { jwk: { kty: 'RSA', crv: 'Ed25519', x: 'A'.repeat(43) } } }, /claim\.cnf/],
  ])('claims %j', async (claims, reason) => {
    await expect(verify(await forge(issuer, claims))).rejects.toMatchObject(refused(reason));
  });

  it.each([
    [{ crit: ['b64'], b64: true }, /header\.crit/],
    [{ jwk: { kty: 'OKP' } }, /header\.jwk/],
    [{ jku: 'https://evil.example' }, /header\.jku/],
    [{ kid: 'x' }, /must be the same/],
  ])('header %j', async (header, reason) => {
    await expect(verify(await forge(issuer, {}, header))).rejects.toMatchObject(refused(reason));
  });

  it.each([
    [{ verbs: ['read', 'admin'] }, /claim\.verbs: allows more/],
    [{ workers: ['*'] }, /claim\.workers: allows more/],
    [{ workers: ['web-*', 'db'] }, /claim\.workers: allows more/],
    [{ tenant: 'other' }, /claim\.tenant: allows more/],
    [{ exp: NOW_S + 7200 }, /claim\.exp: allows more/],
    [{ aud: ['node-2'] }, /claim\.aud: allows more/],
    [{ parent: 'A'.repeat(43) }, /narrowed from another one/],
    [{ parent: undefined }, /narrowed from another one/],
  ])('a child that widens: %j', async (claims, reason) => {
    const parent = await rootOf({ tenant: 'acme', workers: ['web-*'], audience: ['node-1'] });
    await expect(verify(await forgeChild(parent, { workers: ['web-1'], exp: NOW_S + 60 }))).resolves.toBeDefined();
    await expect(verify(await forgeChild(parent, { exp: NOW_S + 60, ...claims }))).rejects.toMatchObject(
      refused(reason),
    );
  });

  it('what narrows a token cannot be stripped, swapped or hung elsewhere', async () => {
    const root = await rootOf({ verbs: ['read', 'admin'] });
    const child = await narrowed(root, { verbs: ['read'] });
    const { steps, seed } = decodeToken(child);
    const [first, second] = steps.map(({ jwt }) => jwt) as [string, string];
    await expect(verify(first)).rejects.toMatchObject(refused(/needs its seed/));
    await expect(verify(`${first}~${seed}`)).rejects.toMatchObject(refused(/needs its seed/));
    await expect(verify(`${first}~${second}`)).rejects.toMatchObject(refused(/needs its seed/));
    await expect(verify(`${second}~${seed}`)).rejects.toMatchObject(refused(/claims sub and verbs/));
    await expect(verify(`${second}~${first}~${seed}`)).rejects.toMatchObject(refused(/./));
    const elsewhere = decodeToken(await rootOf()).steps[0]!.jwt;
    await expect(verify(`${elsewhere}~${second}~${seed}`)).rejects.toMatchObject(refused(/does not name/));
    const final = await rootOf({ final: true });
    await expect(verify(`${final}~${seed}`)).rejects.toMatchObject(refused(/cannot be narrowed/));
    await expect(verify(`${final}~${second}~${seed}`)).rejects.toMatchObject(refused(/cannot be narrowed/));
  });

  it('a bit that flips anywhere', async () => {
    const text = await narrowed(await rootOf(), { verbs: ['read'] });
    for (let at = 0; at < text.length; at += 37) {
      const flipped = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      // The last character of base64url may carry bits that mean nothing; decoders refuse those, too.
      await expect(verify(flipped)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  it('a chain at its depth is taken, one step more is not; nor is a text that is too long', async () => {
    let text = await rootOf();
    for (let step = 1; step < 4; step++) text = await narrowed(text);
    const { depth, textBytes } = TOKEN_LIMITS;
    await expect(verify(text)).resolves.toBeDefined();
    const jwts = Array.from({ length: depth.value + 1 }, () => 'e.e.' + 'A'.repeat(86));
    await expect(verify(jwts.join('~'))).rejects.toMatchObject(refused(/more than 8 tokens/));
    await expect(verify(jwts.slice(1).join('~'))).rejects.toMatchObject(refused(/is no token/));
    await expect(verify('a'.repeat(textBytes.value + 1))).rejects.toMatchObject(refused(/at most 8192/));
    await expect(verify('~'.repeat(textBytes.value))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('chains are narrowed up to the depth, if they fit', async () => {
    let text = await rootOf({ subject: 'a' });
    for (let step = 1; step < TOKEN_LIMITS.depth.value; step++) text = await narrowed(text);
    await expect(verify(text)).resolves.toBeDefined();
    await expect(narrowed(text)).rejects.toThrowError(/more than 8 tokens|at most 8192/);
  });

  it('signatures that are no Ed25519 of ours', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const [head, payload] = (await forge(issuer, {})).split('.') as [string, string, string];
    const signature = sign(null, Buffer.from(`${head}.${payload}`), privateKey).toString('base64url');
    await expect(verify(`${head}.${payload}.${signature}`)).rejects.toMatchObject(
      refused(/signature verification failed/),
    );
  });

  it('any text is refused with a code and nothing else (property)', async () => {
    const good = await narrowed(await rootOf());
    const pieces = fc.array(fc.oneof(fc.string(), fc.constantFrom(...good.split(/(?=[~.])/))), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, async (parts) => {
        const text = parts.join('');
        if (text === good) return;
        await expect(verify(text)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      }),
      { numRuns: 100 },
    );
  });
});

describe('on each use, also of a token that was verified before', () => {
  it('the clock counts, with a bounded skew', async () => {
    const verifier = verifierOf();
    const text = await rootOf({ lifetimeS: 100 });
    const { value: skewS } = TOKEN_LIMITS.skewS;
    await verify(text, verifier);
    nowMs = NOW_MS + (100 + skewS) * 1000 - 1;
    await expect(verify(text, verifier)).resolves.toBeDefined();
    nowMs += 1;
    await expect(verify(text, verifier)).rejects.toMatchObject(refused(/has expired/));
    nowMs = NOW_MS - skewS * 1000;
    await expect(verify(text, verifier)).resolves.toBeDefined();
    nowMs -= 1;
    await expect(verify(text, verifier)).rejects.toMatchObject(refused(/not valid yet/));
    nowMs = NOW_MS;
  });

  it('audience and issuer count', async () => {
    await expect(verify(await rootOf({ audience: ['node-2'] }))).rejects.toMatchObject(refused(/another node/));
    const verbs: Verb[] = ['read'];
    const bounded = verifierOf({ issuers: [{ key: issuer.publicText, tenants: ['acme-*'], verbs }] });
    await expect(verify(await rootOf({ tenant: 'acme-1', verbs }), bounded)).resolves.toBeDefined();
    await expect(verify(await rootOf({ tenant: 'acme-1' }), bounded)).rejects.toMatchObject(refused(/verb call/));
    await expect(verify(await rootOf({ tenant: 'other', verbs }), bounded)).rejects.toMatchObject(refused(/tenant/));
    await expect(verify(await rootOf({ verbs }), bounded)).rejects.toMatchObject(refused(/tenant/));
  });

  it('a second verification of the same text needs no promise', async () => {
    const verifier = verifierOf();
    const text = await rootOf();
    const identity = await verify(text, verifier);
    expect(verifier.verify(text)).toBe(identity);
  });
});

describe('revocation', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pluvio-revoked-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('of one token ends it and all that came from it, at once', async () => {
    const path = join(folder, 'one', 'revoked.jsonl');
    const verifier = verifierOf({ revocations: new Revocations(path, 0) });
    const root = await rootOf();
    const child = await narrowed(root);
    const bystander = await rootOf();
    await Promise.all([root, child, bystander].map((text) => verify(text, verifier)));
    const [first] = decodeToken(root).steps;
    await revoke(path, { jti: first!.claims.jti, atS: NOW_S });
    await expect(verify(root, verifier)).rejects.toMatchObject(refused(/was revoked/));
    await expect(verify(child, verifier)).rejects.toMatchObject(refused(/was revoked/));
    await expect(verify(bystander, verifier)).resolves.toBeDefined();
    await expect(verify(root, verifierOf({ revocations: new Revocations(path, 0) }))).rejects.toMatchObject(
      refused(/revoked/),
    );
  });

  it('of all that an issuer signed before a moment', async () => {
    const path = join(folder, 'issuer', 'revoked.jsonl');
    const verifier = verifierOf({ revocations: new Revocations(path, 0) });
    const old = await rootOf({ nowMs: NOW_MS - 10_000 });
    const young = await rootOf();
    await revoke(path, { issuer: keyIdOf(issuer.publicText), beforeS: NOW_S, atS: NOW_S });
    await expect(verify(old, verifier)).rejects.toMatchObject(refused(/was revoked/));
    await expect(verify(young, verifier)).resolves.toBeDefined();
  });
});

describe('patterns', () => {
  it('cover each other as the names that they match say (property)', () => {
    const pattern = fc.stringMatching(/^[ab]{0,3}\*?$/);
    const name = fc.stringMatching(/^[ab]{0,4}$/);
    fc.assert(
      fc.property(pattern, pattern, name, (outer, inner, text) => {
        if (coversPattern(outer, inner) && matchesPattern(inner, text)) expect(matchesPattern(outer, text)).toBe(true);
      }),
    );
    expect(coversPattern('a', 'a*')).toBe(false);
    expect(coversPattern('a*', 'a')).toBe(true);
    expect(coversPattern('*', '')).toBe(true);
  });
});
