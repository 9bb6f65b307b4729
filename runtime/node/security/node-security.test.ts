import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { Agent, request } from 'undici/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseListen } from '../access.ts';
import { systemClock } from '../clock.ts';
import { loadConfig, securitySettingsOf } from '../config/index.ts';
import type { Handlers } from '../handlers.ts';
import { silentLogger } from '../logger.ts';
import { resolveNodeLimits } from '../node-limits.ts';
import { ROUTES } from '../route-table.ts';
import { createRouter } from '../router.ts';
import { verifyAuditLog } from './audit-files.ts';
import { createToken } from './capability-tokens.ts';
import { generateSigningKey } from './ed25519-keys.ts';
import type { Identity } from './identity.ts';
import { type NodeSecurity, openNodeSecurity } from './node-security.ts';
import { Secrets } from './secrets-file.ts';
import { pinOf } from './tls.ts';

let folder: string;
const inFolder = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-security-'));
  const subject = ['-subj', '/CN=node', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes'];
  const files = ['-keyout', inFolder('node.key'), '-out', inFolder('node.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', ...subject, ...files], { stdio: 'pipe' });
  await chmod(inFolder('node.key'), 0o600);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function openOf(config: object, listen = '127.0.0.1:0', dataDir?: string): Promise<NodeSecurity> {
  const file = inFolder('node.json');
  await writeFile(file, JSON.stringify(config));
  const settings = await securitySettingsOf(await loadConfig({ file }));
  const place = { listen: parseListen(listen), dataDir, nodeName: 'node-1', clock: systemClock, logger: silentLogger };
  return openNodeSecurity(settings, place);
}

describe('a node by its config', () => {
  it('answers over TLS to pinned peers with tokens of its issuers, and writes the audit log', async () => {
    const issuer = generateSigningKey();
    const config = {
      tls: {
        cert: 'node.crt',
        key: 'node.key',
        peerCa: 'node.crt',
        pins: [pinOf(new X509Certificate(await readFile(inFolder('node.crt'))))],
      },
      access: { issuers: [{ key: issuer.publicText, verbs: ['read', 'call'] }] },
      audit: { file: 'audit.log' },
    };
    const security = await openOf(config, '127.0.0.1:0', inFolder('data'));
    const handlers = Object.fromEntries(
      Object.keys(ROUTES).map((id) => [id, () => Promise.resolve({})]),
    ) as unknown as Handlers; // one per operation
    const { access, onRequestEnd: onEnd } = security;
    const app = createRouter({ access, handlers, limits: resolveNodeLimits(), logger: silentLogger, onEnd });
    const server = createAdaptorServer({ fetch: app.fetch, createServer, serverOptions: security.tls! }) as Server; // made by https.createServer
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dispatcher = new Agent({ connect: security.peerConnect });
    const ask = async (token?: string): Promise<number> => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const { statusCode, body } = await request(`${url}/v1/workers/web`, { dispatcher, headers });
      await body.dump();
      return statusCode;
    };
    const claims = { subject: 'alice', lifetimeS: 60, nowMs: Date.now() };
    expect(await ask(await createToken(issuer, { ...claims, verbs: ['read'] }))).toBe(200);
    expect(await ask(await createToken(issuer, { ...claims, verbs: ['call'] }))).toBe(403);
    expect(await ask(await createToken(issuer, { ...claims, verbs: ['admin'] }))).toBe(401);
    expect(await ask(await createToken(security.identity.signingKey, { ...claims, verbs: ['read'] }))).toBe(200);
    expect(await ask(await createToken(generateSigningKey(), { ...claims, verbs: ['read'] }))).toBe(401);
    expect(await ask()).toBe(401);
    await dispatcher.close();
    await new Promise((resolve) => server.close(resolve));
    await security.close();

    const log = (await readFile(inFolder('audit.log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(log.slice(1, -1).map(({ subject, verb, worker, code }) => [subject, verb, worker, code])).toEqual([
      ['alice', 'read', 'web', 'OK'],
      ['alice', 'read', 'web', 'FORBIDDEN'],
      [null, 'read', 'web', 'UNAUTHENTICATED'],
      ['alice', 'read', 'web', 'OK'],
      [null, 'read', 'web', 'UNAUTHENTICATED'],
      [null, 'read', 'web', 'UNAUTHENTICATED'],
    ]);
    expect(await verifyAuditLog(inFolder('audit.log'), security.identity.shown.publicKey)).toMatchObject({
      unsealed: 0,
    });
  });

  it('does not listen on other addresses where nobody could have a token', async () => {
    await expect(openOf({}, '0.0.0.0:1')).rejects.toMatchObject({ code: 'LISTEN_REFUSED' });
    await openOf({}, '0.0.0.0:1', inFolder('data'));
    await openOf({ access: { issuers: [{ key: generateSigningKey().publicText }] } }, '0.0.0.0:1');
  });

  it.each([
    [{ tls: { cert: 'node.crt' } }, 'INVALID_ARGUMENT'],
    [{ tls: { peerCa: 'absent' } }, 'FILE_FAILED'],
    [{ tls: { pins: ['x'] } }, 'INVALID_ARGUMENT'],
    [{ encryption: { keyFile: 'absent' } }, 'FILE_FAILED'],
    [{ secretsFile: 'absent' }, 'FILE_FAILED'],
    [{ access: { tokens: [{ file: 'absent' }] } }, 'FILE_FAILED'],
    [{ access: { issuers: [{ key: 'A'.repeat(43), verbs: ['everything'] }] } }, 'INVALID_ARGUMENT'],
  ])('is refused with %j', async (config, code) => {
    await expect(openOf(config)).rejects.toMatchObject({ code });
  });

  it('takes tokens of files, each with what it covers', async () => {
    await writeFile(inFolder('reader.token'), 'a-token-that-only-reads\n');
    const { access } = await openOf({
      access: { tokens: [{ file: 'reader.token', verbs: ['read'], workers: ['web-*'] }] },
    });
    const headers = new Headers({ authorization: 'Bearer a-token-that-only-reads' });
    const identity = access.identify(headers) as Identity; // a static token is known at once
    expect(identity).toEqual({
      subject: 'reader.token',
      tenant: undefined,
      verbs: new Set(['read']),
      workers: ['web-*'],
    });
  });
});

describe('secrets', () => {
  it('come from a file for its owner only, by tenant, and show nowhere else', async () => {
    const path = inFolder('secrets.json');
    await writeFile(path, '{"acme": {"KEY": "hidden"}, "__proto__": {"KEY": "trap"}}', { mode: 0o600 });
    const secrets = await Secrets.open(path);
    expect([secrets.get('acme', 'KEY'), secrets.get('other', 'KEY'), secrets.get('acme', 'toString')]).toEqual([
      'hidden',
      undefined,
      undefined,
    ]);
    expect(secrets.names('acme')).toEqual(['KEY']);
    expect(JSON.stringify(secrets) + inspect(secrets, { showHidden: true, depth: 9 })).not.toContain('hidden');
    for (const text of ['{"acme": {"KEY": 5}}', '{"hidden"', '[]']) {
      await writeFile(path, text);
      const error: unknown = await secrets.reload().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'KEY_INVALID' });
      expect(inspect(error)).not.toContain('hidden');
    }
    expect(secrets.get('acme', 'KEY')).toBe('hidden');
    await chmod(path, 0o644);
    await expect(Secrets.open(path)).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect((await Secrets.open(undefined)).get('acme', 'KEY')).toBeUndefined();
  });
});
