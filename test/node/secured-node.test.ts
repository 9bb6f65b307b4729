/** Nodes that run with the rights, keys and logs of a config. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  createToken,
  decodeToken,
  generateSigningKey,
  NodeIdentity,
  type SigningKey,
  trustedSealingKey,
  verifyAuditLog,
} from '../../runtime/node/security/index.ts';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { startNode } from '../../runtime/node/index.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';
import { makeCertificate } from './certificates.ts';
import { startConfigured } from './configured-node.ts';
import { counterModule, openFolder, openNode } from './open-nodes.ts';

describe('a node by its config', () => {
  it('answers over TLS to those who have a token, and shows keys that it vouches for', async () => {
    const folder = await openFolder();
    const { pem } = await makeCertificate(folder, 'node');
    await writeFile(join(folder, 'admin.token'), 'a-token-for-everything\n');
    const issuer = generateSigningKey();
    const node = await startConfigured(
      {
        tls: { cert: 'node.crt', key: 'node.key' },
        access: { tokenFile: 'admin.token', issuers: [{ key: issuer.publicText, verbs: ['read'] }] },
      },
      { folder, ca: [pem] },
    );
    expect(node.url).toMatch(/^https:/);
    await expect(node.client().node()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const shown = await node.client('a-token-for-everything').node();
    expect(trustedSealingKey(shown.sealingKey, shown.identity.publicKey)).toHaveLength(32);
    const key = execFileSync('openssl', [
      'pkey',
      '-in',
      join(node.dataDir, 'identity.pem'),
      '-pubout',
      '-outform',
      'der',
    ]);
    expect(Buffer.from(shown.identity.publicKey, 'base64url')).toEqual(key.subarray(-32));
    const claims = { subject: 'alice', verbs: ['read'] as const, lifetimeS: 60, nowMs: Date.now() };
    const reader = node.client(await createToken(issuer, claims));
    expect(await reader.workers.list()).toEqual([]);
    await expect(reader.workers.create({ name: 'a', module: await counterModule() })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await node.client(await node.token({ verbs: ['read'] })).workers.list()).toEqual([]);
  });

  it('keeps its identity, and an audit log that can be verified', async () => {
    const folder = await openFolder();
    const config = { audit: { file: 'audit.log' } };
    const first = await startConfigured(config, { folder });
    const { identity } = await first.client().node();
    await first.client().workers.create({ name: 'counted', module: await counterModule() });
    await first.client().workers.call('counted', 'add', [1n]);
    await expect(first.client().workers.get('absent')).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await first.close();
    const second = await startConfigured(config, { folder });
    expect((await second.client().node()).identity).toEqual(identity);
    await second.close();
    const summary = await verifyAuditLog(join(folder, 'audit.log'), identity.publicKey);
    expect(summary).toMatchObject({ unsealed: 0 });
    const cli = fileURLToPath(new URL('../../sdk/cli/main.ts', import.meta.url));
    const verify = [cli, 'audit', 'verify', join(folder, 'audit.log'), '--public-key', identity.publicKey];
    expect(spawnSync(process.execPath, verify, { encoding: 'utf8' })).toMatchObject({ status: 0 });
    const stranger = [...verify.slice(0, -1), generateSigningKey().publicText];
    expect(spawnSync(process.execPath, stranger, { encoding: 'utf8' }).status).not.toBe(0);
    const text = await readFile(join(folder, 'audit.log'), 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = lines.filter(({ operation }) => operation !== undefined && operation !== 'getNode');
    expect(told.map(({ operation, verb, worker, code }) => [operation, verb, worker, code])).toEqual([
      ['createWorker', 'deploy', null, 'OK'],
      ['callExport', 'call', 'counted', 'OK'],
      ['getWorker', 'read', 'absent', 'WORKER_NOT_FOUND'],
    ]);
  });

  it('runs tenants in processes of their own', async () => {
    const node = await startConfigured({ engine: { isolation: 'process-per-tenant' } });
    const module = await counterModule();
    const pids = new Set<number>();
    for (const tenant of ['acme', 'beta']) {
      await node.client().workers.create({ name: tenant, module, tenant });
      for (const pid of node.enginePids()) pids.add(pid);
      expect((await node.client().workers.get(tenant)).tenant).toBe(tenant);
    }
    expect(pids.size).toBeGreaterThanOrEqual(2);
  });

  it('checkpoints workers that do not say when, by the policy of the config', async () => {
    const folder = await openFolder();
    const config = { checkpoint: { policy: 'each-call' } };
    const node = await startConfigured(config, { folder });
    const worker = await node.client().workers.create({ name: 'counter', module: await counterModule() });
    expect(worker.policy).toBe('each-call');
    await node.client().workers.call('counter', 'add', [2n]);
    expect((await node.client().workers.get('counter')).checkpoint).not.toBeNull();
  });

  it('that cannot start leaves its data directory to the next', async () => {
    const folder = await openFolder();
    const taken = await openNode();
    const listen = taken.url.replace('http://', '');
    await expect(startConfigured({ listen }, { folder })).rejects.toMatchObject({ code: 'LISTEN_REFUSED' });
    const node = await startConfigured({}, { folder });
    expect((await node.client().node()).persistent).toBe(true);
    await node.close();
    const options = { listen: '127.0.0.1:0', dataDir: node.dataDir, limits: { workers: 0 } };
    await expect(startNode(options)).rejects.toMatchObject({ code: 'LIMIT_OUT_OF_RANGE' });
  });
});

describe('publishers', () => {
  /** A bundle signed by somebody, on its node. */
  async function send(client: PluvioClient, name: string, signer: SigningKey | undefined): Promise<string> {
    const manifest = { schemaVersion: 1 as const, name };
    const packed = await packBundle({ manifest, module: await counterModule(), files: new Map() }, nodeCodecs);
    const signature = signer && (await new NodeIdentity(signer).sign(packed.manifestBytes));
    const pieces: Uint8Array[] = [];
    for await (const piece of writeDrop({ ...packed, ...(signature ? { signature } : {}) })) pieces.push(piece);
    return (await client.bundles.upload(Buffer.concat(pieces))).digest;
  }

  it('deploy what their rows allow, and what they answer for can be forked within them', async () => {
    const [web, any, stranger] = [generateSigningKey(), generateSigningKey(), generateSigningKey()];
    const publishers = [{ key: web.publicText, names: ['web-*'], tenants: ['default'] }, { key: any.publicText }];
    const node = await startConfigured({ trust: { publishers } });
    const client = node.client();
    const digest = await send(client, 'web-1', web);
    await client.workers.create({ name: 'web-1', bundle: digest });
    const untrusted = { code: 'BUNDLE_UNTRUSTED' };
    await expect(client.workers.create({ name: 'db', bundle: digest })).rejects.toMatchObject(untrusted);
    await expect(client.workers.create({ name: 'web-3', bundle: digest, tenant: 'acme' })).rejects.toMatchObject(
      untrusted,
    );
    await client.workers.fork('web-1', { name: 'web-2' });
    await expect(client.workers.fork('web-1', { name: 'db' })).rejects.toMatchObject(untrusted);
    await client.workers.create({ name: 'db', bundle: await send(client, 'db', any), tenant: 'acme' });
    await expect(send(client, 'odd', stranger)).rejects.toMatchObject(untrusted);
    const unsigned = { code: 'BUNDLE_UNSIGNED' };
    await expect(send(client, 'odd', undefined)).rejects.toMatchObject(unsigned);
    const module = await counterModule();
    await expect(client.workers.create({ name: 'web-4', module })).rejects.toMatchObject(unsigned);
    const state = await client.workers.snapshot('web-1');
    await expect(client.workers.create({ name: 'web-5', bundle: state.digest })).rejects.toMatchObject(unsigned);
    expect((await client.workers.list()).map(({ name, tenant }) => `${name} ${tenant}`)).toEqual([
      'db acme',
      'web-1 default',
      'web-2 default',
    ]);
  });
});

describe('a token', () => {
  it('that is revoked over the API counts no more, also after a restart; who revokes needs the verb admin', async () => {
    const first = await startConfigured(
      { access: { issuers: [] }, audit: { file: 'audit.log' } },
      { tokens: [{ token: 'the-token-of-the-admin' }] },
    );
    const [reader, admin] = [await first.token({ verbs: ['read'] }), await first.token({ verbs: ['read', 'admin'] })];
    const revoke = (token: string, what: object): Promise<number> =>
      fetch(`${first.url}/v1/revocations`, {
        method: 'POST',
        body: JSON.stringify(what),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      }).then(({ status }) => status);
    const { jti } = decodeToken(reader).steps[0]!.claims;
    expect(await first.client(reader).workers.list()).toEqual([]);
    expect(await revoke(reader, { jti })).toBe(403);
    expect(await revoke(admin, { jti: 'short' })).toBe(400);
    expect(await revoke(admin, { jti })).toBe(204);
    await expect(first.client(reader).workers.list()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await first.client(admin).workers.list()).toEqual([]);
    await first.close();
    const second = await startConfigured({}, { folder: first.folder, tokens: [{ token: 'the-token-of-the-admin' }] });
    await expect(second.client(reader).workers.list()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const issuer = (await second.client(admin).node()).identity.keyId;
    const beforeS = Math.floor(Date.now() / 1000) + 1;
    const all = await fetch(`${second.url}/v1/revocations`, {
      method: 'POST',
      body: JSON.stringify({ issuer, beforeS }),
      headers: { authorization: 'Bearer the-token-of-the-admin', 'content-type': 'application/json' },
    });
    expect(all.status).toBe(204);
    await expect(second.client(admin).workers.list()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
