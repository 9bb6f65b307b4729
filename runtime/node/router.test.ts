import { beforeEach, describe, expect, it } from 'vitest';
import { AccessPolicy, type AccessOptions, parseListen, type TokenGrant } from './access.ts';
import type { Handlers, OperationCall } from './handlers.ts';
import { silentLogger } from './logger.ts';
import { resolveNodeLimits } from './node-limits.ts';
import type { RequestEnded } from './operation-run.ts';
import { createRouter } from './router.ts';
import { type Route, ROUTES } from './route-table.ts';
import { createToken, narrowToken, type TokenRequest } from './security/capability-tokens.ts';
import { generateSigningKey } from './security/ed25519-keys.ts';
import { Revocations } from './security/revocations.ts';
import { TokenVerifier } from './security/token-verifier.ts';
import { ALL_VERBS, NARROWED_OPERATIONS, verbOf } from './security/verbs.ts';
import { PluvioError } from '../errors/index.ts';

const issuer = generateSigningKey();
const revocations = new Revocations(undefined);
const capabilities = new TokenVerifier({
  issuers: [{ key: issuer.publicText }],
  audience: [],
  revocations,
  now: Date.now,
});
const tokenOf = (request: Partial<TokenRequest>): Promise<string> =>
  createToken(issuer, { subject: 'alice', verbs: ALL_VERBS, lifetimeS: 60, nowMs: Date.now(), ...request });

let seen: OperationCall[];
let ended: RequestEnded[];
beforeEach(() => {
  seen = [];
  ended = [];
});

/** Every operation answers; one worker fails. */
const handlers = Object.fromEntries(
  Object.keys(ROUTES).map((id) => [
    id,
    (call: OperationCall) => {
      seen.push(call);
      if (call.params['name'] === 'absent') return Promise.reject(new PluvioError('WORKER_NOT_FOUND', 'none'));
      return Promise.resolve({});
    },
  ]),
) as unknown as Handlers; // one per operation

function appOf(grants: readonly TokenGrant[], options: AccessOptions = { capabilities, tokenRequired: true }) {
  const access = new AccessPolicy(parseListen('127.0.0.1:1'), grants, [], options);
  const limits = resolveNodeLimits();
  return createRouter({ access, handlers, limits, logger: silentLogger, onEnd: (end) => ended.push(end) });
}

const headersOf = (token?: string): Record<string, string> => ({
  host: '127.0.0.1:1',
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});
const get = async (app: ReturnType<typeof appOf>, path: string, token?: string): Promise<number> =>
  (await app.request(`http://127.0.0.1:1${path}`, { headers: headersOf(token) })).status;

describe('capability tokens', () => {
  it('reach handlers as an identity, and every use is told', async () => {
    const app = appOf([]);
    const token = await narrowToken(await tokenOf({}), { subject: 'ci', lifetimeS: 30, nowMs: Date.now() });
    expect(await get(app, '/v1/workers/web', token)).toBe(200);
    expect(await get(app, '/v1/workers/absent', token)).toBe(404);
    expect(await get(app, '/v1/workers/web')).toBe(401);
    expect(await get(app, '/healthz')).toBe(200);
    expect(seen.map(({ identity }) => identity?.subject)).toEqual(['alice/ci', 'alice/ci', undefined]);
    expect(ended).toMatchObject([
      { operation: 'getWorker', verb: 'read', worker: 'web', code: 'OK', identity: { subject: 'alice/ci' } },
      { operation: 'getWorker', worker: 'absent', code: 'WORKER_NOT_FOUND', identity: { subject: 'alice/ci' } },
      { operation: 'getWorker', worker: 'web', code: 'UNAUTHENTICATED', identity: undefined },
    ]);
  });

  it('stand beside static tokens, and a revoked one counts no more', async () => {
    const app = appOf([{ token: 'a-static-token-here', verbs: ['read'] }]);
    expect(await get(app, '/v1/workers', 'a-static-token-here')).toBe(200);
    expect(await get(app, '/v1/workers/web/logs', 'a-static-token-here')).toBe(403);
    const token = await tokenOf({});
    expect(await get(app, '/v1/workers', token)).toBe(200);
    revocations.add({ issuer: issuer.keyId, beforeS: Math.floor(Date.now() / 1000) + 1, atS: 0 });
    expect(await get(app, '/v1/workers', token)).toBe(401);
  });
});

describe('a token of one tenant or of some workers', () => {
  const grants: TokenGrant[] = [
    { token: 'token-of-some-workers', workers: ['web-*'] },
    { token: 'token-of-the-tenant-a', tenant: 'a' },
  ];
  const tenantOf = (name: string): string | undefined => ({ 'web-1': 'a', db: 'b' })[name];

  it('reaches its workers and no others', async () => {
    const app = appOf(grants, { tenantOf });
    const statuses = (token: string): Promise<number[]> =>
      Promise.all(['web-1', 'db', 'web-absent'].map((name) => get(app, `/v1/workers/${name}`, token)));
    expect(await statuses('token-of-some-workers')).toEqual([200, 403, 200]);
    expect(await statuses('token-of-the-tenant-a')).toEqual([200, 403, 403]);
    expect(await get(appOf(grants, {}), '/v1/workers/web-1', 'token-of-the-tenant-a')).toBe(403);
  });

  it('is refused what could show or change others', async () => {
    const app = appOf(grants, { tenantOf });
    for (const [id, route] of Object.entries(ROUTES) as [keyof typeof ROUTES, Route][]) {
      if (route.method !== 'GET' || route.scope === 'public') continue;
      const path = route.path.replace('{name}', 'web-1').replace('{digest}', `sha256:${'0'.repeat(64)}`);
      const id0 = '0'.repeat(8) + '-0000-0000-0000-000000000000';
      const status = await get(app, path.replace('{id}', id0).replace('{input}', '1'), grants[1]!.token);
      expect([id, status]).toEqual([id, NARROWED_OPERATIONS.has(id) ? 200 : 403]);
    }
  });
});

it('what an operation asks for, if no row says it, is what changes most', () => {
  expect(verbOf('someOperationOfTomorrow', 'write')).toBe('admin');
  expect(verbOf('getWorker', 'read')).toBe('read');
  expect(verbOf('getHealth', 'public')).toBe('public');
});

it.each([{ verbs: ['everything'] }, { verbs: ['read', '__proto__'] }])('a static token with %j is refused', (grant) => {
  expect(() => appOf([{ token: 'a-static-token-here', ...grant }])).toThrowError(/unknown verb/);
});
