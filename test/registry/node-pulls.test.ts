/** Nodes that make workers of what is in a registry, under the rules of their config. */
import { expect, it, describe } from 'vitest';
import { generateKeyPair, packBundle } from '../../runtime/bundle/index.ts';
import { type Credential, parseReference, pushBundle } from '../../runtime/bundle/registry/index.ts';
import { RegistryRules, ruleFault } from '../../runtime/node/registry/registry-rules.ts';
import { NodeRegistries, type RegistrySettings } from '../../runtime/node/registry/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { counterModule, openNode, type OpenNode } from '../node/open-nodes.ts';
import type { LocalRegistry, LocalRegistryOptions } from './local-registry.ts';
import { at, codecs, openRegistry } from './open-registry.ts';

const PRIVATE = { allowPrivate: ['127.0.0.1'] };

/** A registry with a counter in it, and a node. */
async function openBoth(
  settings: (host: string) => RegistrySettings,
  options: Parameters<typeof openNode>[0] = {},
  registryOptions: LocalRegistryOptions = {},
): Promise<{ readonly registry: LocalRegistry; readonly node: OpenNode; readonly reference: string }> {
  const registry = await openRegistry(registryOptions);
  const bundle = await packBundle(
    { manifest: { schemaVersion: 1, name: 'counter' }, module: await counterModule(), files: new Map() },
    codecs,
    { sign: await generateKeyPair() },
  );
  const { auth } = registryOptions;
  const credentials = (): Promise<Credential | undefined> =>
    Promise.resolve(auth && { kind: 'password', user: auth.user, password: auth.password });
  await pushBundle(bundle, at(registry, 'team/counter:1'), { codecs, credentials });
  const node = await openNode({ registries: settings(registry.host), ...options });
  return { registry, node, reference: `${registry.host}/team/counter:1` };
}

it('a node runs what it has pulled, and keeps the bundle with its signature', async () => {
  const { node, reference } = await openBoth((host) => ({ allow: [host], ...PRIVATE }));
  const worker = await node.client.workers.create({ reference });
  expect(worker).toMatchObject({ name: 'counter' });
  expect(await node.client.workers.call('counter', 'add', [5n])).toMatchObject({ kind: 'returned' });
  expect(await node.client.bundles.get(worker.bundle)).toMatchObject({ origin: 'uploaded', name: 'counter' });
});

describe('a node refuses', () => {
  it.each<[string, (host: string) => RegistrySettings, string]>([
    ['every registry by default', () => ({ ...PRIVATE }), 'REGISTRY_REFUSED'],
    ['one that is not listed', () => ({ allow: ['registry.example.org'], ...PRIVATE }), 'REGISTRY_REFUSED'],
    ['another repository than is listed', (host) => ({ allow: [`${host}/tea`], ...PRIVATE }), 'REGISTRY_REFUSED'],
    ['an address that is not public, though it is listed', (host) => ({ allow: [host] }), 'REGISTRY_REFUSED'],
  ])('%s', async (_, settings, code) => {
    const { registry, node, reference } = await openBoth(settings);
    const before = registry.seen.length;
    await expect(node.client.workers.create({ reference })).rejects.toMatchObject({ code });
    expect(registry.seen.length).toBe(before);
    expect(await node.client.bundles.list()).toEqual([]);
  });

  it('a name with an address that is not public', async () => {
    const node = await openNode({
      registries: { allow: ['http://registry.test:5000'], resolve: () => Promise.resolve(['10.0.0.1']) },
    });
    const creating = node.client.workers.create({ reference: 'registry.test:5000/team/counter:1' });
    await expect(creating).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
  });

  it('what is not signed as it asks', async () => {
    const { publicKey } = await generateKeyPair();
    const trust = { keys: [publicKey], signatureRequired: true };
    const { registry, node, reference } = await openBoth((host) => ({ allow: [host], ...PRIVATE }), { trust });
    const before = registry.count('GET', '/blobs/');
    await expect(node.client.workers.create({ reference })).rejects.toMatchObject({ code: 'BUNDLE_UNTRUSTED' });
    expect(registry.count('GET', '/blobs/')).toBe(before);
  });

  it('both a bundle and a reference, and neither', async () => {
    const { node, reference } = await openBoth((host) => ({ allow: [host], ...PRIVATE }));
    const bundle = `sha256:${'0'.repeat(64)}`;
    for (const asked of [{ bundle, reference }, { name: 'counter' }]) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) };
      const answer = await fetch(`${node.url}/v1/workers`, init);
      expect(await answer.json()).toMatchObject({ code: 'REQUEST_INVALID', status: 400 });
    }
  });

  it('more pulls at a time than its limit', async () => {
    const { registry, node, reference } = await openBoth((host) => ({ allow: [host], pulls: 1, ...PRIVATE }));
    const held: (() => void)[] = [];
    const isHeld = Promise.withResolvers<void>();
    registry.intercept(({ url }, _request, response) => {
      if (!url.endsWith('/manifests/1')) return false;
      held.push(() => response.writeHead(404).end());
      isHeld.resolve();
      return true;
    });
    const first = node.client.workers.create({ reference }).catch((error: unknown) => error);
    await isHeld.promise;
    const client = new PluvioClient({ baseUrl: node.url, retries: 0 });
    await expect(client.workers.create({ reference })).rejects.toMatchObject({ code: 'REGISTRY_BUSY' });
    held.forEach((end) => end());
    expect(await first).toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
  });
});

it('a node signs in with its own credentials', async () => {
  const auth = { kind: 'bearer', user: 'node', password: 'secret' } as const;
  const credentials = () => Promise.resolve({ kind: 'password' as const, user: 'node', password: 'secret' });
  const { node, reference } = await openBoth((host) => ({ allow: [host], credentials, ...PRIVATE }), {}, { auth });
  expect(await node.client.workers.create({ reference })).toMatchObject({ name: 'counter' });
});

it('a tenant gets nothing by naming what others have sent', async () => {
  const token = 'the-token-of-the-admin';
  const tokens = [{ token: 'the-token-of-tenant-acme', tenant: 'acme' }];
  const { registry, node, reference } = await openBoth((host) => ({ allow: [host], ...PRIVATE }), { token, tokens });
  const asTenant = new PluvioClient({ baseUrl: node.url, token: 'the-token-of-tenant-acme' });
  await node.client.workers.create({ reference });
  const read = registry.count('GET', '/blobs/');
  await node.client.workers.create({ reference, name: 'again' });
  expect(registry.count('GET', '/blobs/')).toBe(read);
  for (const blob of registry.repository('team/counter').blobs.keys())
    registry.repository('team/counter').blobs.delete(blob);
  await expect(asTenant.workers.create({ reference, name: 'mine' })).rejects.toMatchObject({
    code: 'REGISTRY_NOT_FOUND',
  });
});

it.each([
  ['pulls', 1, 256],
  ['timeoutMs', 1000, 86_400_000],
] as const)('the limit %s is from %i to %i', async (name, min, max) => {
  const open = (value: number): NodeRegistries =>
    new NodeRegistries({ codecs, bundleLimits: {}, trust: {}, [name]: value });
  for (const edge of [min, max]) await open(edge).close();
  for (const beyond of [min - 1, max + 1])
    expect(() => open(beyond)).toThrow(expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE' }));
});

describe('an entry of the list', () => {
  it.each([
    ['a.b', 'a.b/x/y:1', true],
    ['a.b', 'a.b:80/x:1', false],
    ['a.b/x', 'a.b/x:1', true],
    ['a.b/x', 'a.b/x/y:1', true],
    ['a.b/x', 'a.b/xy:1', false],
    ['https://a.b/x', 'a.b/x:1', true],
    ['http://10.0.0.1:5000', '10.0.0.1:5000/x:1', true],
  ])('%s, %s: %s', (entry, text, isListed) => {
    const rules = new RegistryRules([entry]);
    const reference = parseReference(text);
    if (isListed) expect(rules.check(reference).plainHttp).toBe(entry.startsWith('http://'));
    else expect(() => rules.check(reference)).toThrow(expect.objectContaining({ code: 'REGISTRY_REFUSED' }));
  });

  it.each(['', 'a', '*', 'a.b/X', 'a.b/x:1', 'a.b/x:latest', 'a.b/', 'ftp://a.b', `a.b/x@sha256:${'0'.repeat(64)}`])(
    '%j is none',
    (entry) => {
      expect(ruleFault(entry)).toMatch(/^cannot allow registry/);
    },
  );
});
