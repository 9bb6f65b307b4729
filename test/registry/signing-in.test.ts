import { describe, expect, it } from 'vitest';
import { PluvioError } from '../../runtime/errors/index.ts';
import { Authorizer } from '../../runtime/bundle/registry/authorizer.ts';
import { parseChallenges } from '../../runtime/bundle/registry/challenge.ts';
import { type Credential, pullBundle, pushBundle } from '../../runtime/bundle/registry/index.ts';
import { at, bundleOf, codecs, NO_PAUSE, openRegistry } from './open-registry.ts';

const ANN: Credential = { kind: 'password', user: 'ann', password: 'sécret' };
const AUTH = { user: 'ann', password: 'sécret' };
const gives = (credential: Credential | undefined) => () => Promise.resolve(credential);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof PluvioError ? error.code : String(error)),
  );

describe.each(['basic', 'bearer'] as const)('%s', (kind) => {
  it.each([
    ['the right password', ANN, 'done'],
    ['a wrong one', { ...ANN, password: 'wrong' }, 'REGISTRY_DENIED'],
    ['none', undefined, 'REGISTRY_DENIED'],
  ])('%s', async (_, credential, code) => {
    const registry = await openRegistry({ auth: { kind, ...AUTH } });
    const access = { codecs, credentials: gives(credential), ...NO_PAUSE };
    expect(await codeOf(pushBundle(await bundleOf([10, 20]), at(registry), access))).toBe(code);
    if (code === 'done') expect(await codeOf(pullBundle(at(registry), access))).toBe(code);
    expect(registry.seen[0]?.authorization).toBeUndefined();
  });

  it('credentials are asked for only when the registry asks', async () => {
    const registry = await openRegistry();
    let asked = 0;
    const credentials = (): Promise<undefined> => {
      asked++;
      return Promise.resolve(undefined);
    };
    await pushBundle(await bundleOf([10]), at(registry), { codecs, credentials });
    expect(asked).toBe(0);
  });
});

describe('bearer', () => {
  it('one token serves a whole push, for all that it does', async () => {
    const registry = await openRegistry({ auth: { kind: 'bearer', ...AUTH } });
    const access = { codecs, credentials: gives(ANN), mountFrom: 'other/pi' };
    await pushBundle(await bundleOf([10, 20, 30, 40]), at(registry), access);
    expect(registry.tokenRequests).toHaveLength(1);
    const query = new URL(`http://x${registry.tokenRequests[0]?.split(' ')[1]}`).searchParams;
    expect(query.getAll('scope')).toEqual(['repository:team/pi:pull,push', 'repository:other/pi:pull']);
    expect(query.get('service')).toBe('here');
    expect(query.get('account')).toBe('ann');
  });

  it('a token that has expired is renewed', async () => {
    const registry = await openRegistry({ auth: { kind: 'bearer', ...AUTH } });
    let requests = 0;
    registry.intercept(({ url }) => {
      if (!url.startsWith('/token') && ++requests % 4 === 0) registry.tokens.clear();
      return false;
    });
    const access = { codecs, credentials: gives(ANN), limits: { parallel: 1 } };
    expect(await codeOf(pushBundle(await bundleOf([10, 20, 30, 40]), at(registry), access))).toBe('done');
    expect(registry.tokenRequests.length).toBeGreaterThan(2);
  });

  it('an identity token is exchanged', async () => {
    const registry = await openRegistry({ auth: { kind: 'bearer', ...AUTH } });
    const credentials = gives({ kind: 'identity', token: AUTH.password });
    await pushBundle(await bundleOf([10]), at(registry), { codecs, credentials });
    expect(registry.tokenRequests[0]).toMatch(/^POST \/token .*grant_type=refresh_token/);
  });

  it('a registry with TLS has no token service without', async () => {
    const authorizer = new Authorizer({
      registry: 'registry.example.org',
      isPlainHttp: false,
      scopes: [],
      credentials: gives(ANN),
      fetchToken: () => Promise.reject(new Error('nothing may be sent')),
    });
    const challenges = parseChallenges('Bearer realm="http://registry.example.org/token"');
    await expect(authorizer.renew(challenges, undefined)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
  });
});

describe('a challenge', () => {
  it.each([
    ['Basic realm="here"', [['basic', { realm: 'here' }]]],
    [
      'Bearer realm="https://a/t",service="b",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://a/t', service: 'b', scope: 'repository:a/b:pull,push' }]],
    ],
    [
      'bearer  realm = "a\\"b" , error=x, Basic realm="c"',
      [
        ['bearer', { realm: 'a"b', error: 'x' }],
        ['basic', { realm: 'c' }],
      ],
    ],
    ['Negotiate', [['negotiate', {}]]],
    ['', []],
    ['=,"', []],
    [`Basic ${'a'.repeat(9000)}`, []],
  ] as const)('%j', (text, expected) => {
    const found = parseChallenges(text).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);
    expect(found).toEqual(expected);
  });
});
