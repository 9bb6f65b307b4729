/** What tenants see and touch of each other on one node: nothing. */
import { describe, expect, it } from 'vitest';
import { type OperationId, type Route, ROUTES } from '../../runtime/node/route-table.ts';
import { NARROWED_OPERATIONS } from '../../runtime/node/security/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { assembleModule } from '../engine/text-module.ts';
import { deploy, deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { counterModule, openNode, type OpenNode, outputUntil } from './open-nodes.ts';

const TOKENS = { admin: 'the-token-of-the-admin', acme: 'the-token-of-tenant-acme', beta: 'the-token-of-tenant-beta' };
const SECRET = 'acme-only';

interface TwoTenants {
  readonly node: OpenNode;
  readonly as: Readonly<Record<keyof typeof TOKENS, PluvioClient>>;
}

async function openTwoTenants(options: Parameters<typeof openNode>[0] = {}): Promise<TwoTenants> {
  const node = await openNode({
    token: TOKENS.admin,
    tokens: [
      { token: TOKENS.acme, tenant: 'acme' },
      { token: TOKENS.beta, tenant: 'beta' },
    ],
    ...options,
  });
  const clientOf = (token: string): PluvioClient => new PluvioClient({ baseUrl: node.url, token });
  return { node, as: { admin: clientOf(TOKENS.admin), acme: clientOf(TOKENS.acme), beta: clientOf(TOKENS.beta) } };
}

/** A body that fits, where an operation takes one. */
const BODIES: Partial<Record<OperationId, readonly [type: string, body: string]>> = {
  forkWorker: ['application/json', '{"name":"twin"}'],
  moveWorker: ['application/json', '{"target":"http://127.0.0.1:9"}'],
  settleMove: ['application/json', '{"runs":"here"}'],
  callExport: ['application/json', '{"args":[{"i64":"1"}]}'],
  listMissing: ['application/json', '{"digests":[]}'],
  offerMove: ['application/json', '{"id":"00000000-0000-0000-0000-000000000000","worker":"taken"}'],
  sendMessage: ['application/octet-stream', 'x'],
  sendStdin: ['application/octet-stream', 'x'],
};

/** Operations without a worker or a bundle in their path: what a tenant may know, or what shows it its own alone (tested below). */
const OF_ITS_OWN: ReadonlySet<OperationId> = new Set<OperationId>([
  'getNode',
  'getEvents',
  'listWorkers',
  'listBundles',
  'createWorker',
  'uploadBundle',
]);

describe('a token of another tenant', () => {
  it('reaches nothing by any operation of the route table', async () => {
    const { node, as } = await openTwoTenants();
    const worker = await as.acme.workers.create({ name: SECRET, module: await counterModule() });
    expect(worker.tenant).toBe('acme');
    const snapshot = await as.acme.workers.snapshot(SECRET);
    const before = await as.acme.workers.get(SECRET);
    for (const [id, route] of Object.entries(ROUTES) as [OperationId, Route][]) {
      if (route.scope === 'public' || OF_ITS_OWN.has(id)) continue;
      const path = route.path
        .replace('{name}', SECRET)
        .replace('{digest}', snapshot.digest)
        .replace('{id}', '00000000-0000-0000-0000-000000000000')
        .replace('{export}', 'add')
        .replaceAll(/\{\w+\}/g, '1');
      const [type, body] = BODIES[id] ?? [];
      const response = await fetch(node.url + path, {
        method: route.method,
        headers: { authorization: `Bearer ${TOKENS.beta}`, ...(type === undefined ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      expect([403, 404], `${id} answers ${response.status} ${text}`).toContain(response.status);
      if (!NARROWED_OPERATIONS.has(id)) expect(response.status, id).toBe(403);
    }
    expect(await as.acme.workers.get(SECRET)).toEqual(before);
  });

  it('is shown its own alone by lists and events, and by the same words as one that is not there', async () => {
    const { as } = await openTwoTenants();
    const events = as.beta.events({ after: 0 });
    const module = await counterModule();
    const { digest } = await deploy(as.acme, module, { name: SECRET }).then(() => as.acme.workers.snapshot(SECRET));
    await as.acme.workers.delete(SECRET);
    await as.acme.workers.create({ name: SECRET, module });
    await as.beta.workers.create({ name: 'own', module });
    const names = async (client: PluvioClient): Promise<string[]> =>
      (await client.workers.list()).map(({ name }) => name);
    expect([await names(as.admin), await names(as.acme), await names(as.beta)]).toEqual([
      [SECRET, 'own'],
      [SECRET],
      ['own'],
    ]);
    expect((await as.beta.bundles.list()).map(({ name }) => name)).toEqual(['own']);
    expect((await as.acme.bundles.list()).map((bundle) => bundle.digest)).toContain(digest);
    for await (const event of events) {
      expect(event.worker).toBe('own');
      break;
    }
    const [there, absent] = await Promise.all(
      [SECRET, 'absent'].map((name) =>
        as.beta.workers.get(name).then(
          () => 'found',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(there?.replaceAll(SECRET, 'absent')).toBe(absent);
  });

  it('makes no worker of a bundle, of a name or for a tenant that is not its own', async () => {
    const { as } = await openTwoTenants();
    const module = await counterModule();
    await deploy(as.acme, module, { name: SECRET });
    const { digest } = await as.acme.workers.snapshot(SECRET);
    await expect(as.beta.workers.create({ name: 'copy', bundle: digest })).rejects.toMatchObject({
      code: 'BLOB_NOT_FOUND',
    });
    await as.beta.workers.create({ name: 'own', module });
    await expect(as.beta.workers.update('own', { bundle: digest })).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
    await as.beta.workers.delete('own');
    await expect(as.beta.workers.create({ name: 'own', module, tenant: 'acme' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(as.beta.workers.create({ name: SECRET, module })).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
    expect((await as.acme.workers.create({ name: 'twin', bundle: digest })).tenant).toBe('acme');
    expect((await as.acme.workers.fork(SECRET, { name: 'fork' })).tenant).toBe('acme');
    expect((await as.admin.workers.create({ name: 'given', module, tenant: 'beta' })).tenant).toBe('beta');
    expect((await as.beta.workers.list()).map(({ name }) => name)).toEqual(['given']);
    // The same bundle of two tenants goes for one of them alone.
    const own = await deploy(as.beta, module, { name: 'same' });
    await expect(deploy(as.acme, module, { name: 'same' })).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
    await as.beta.bundles.delete(own.bundle);
    await expect(as.beta.bundles.get(own.bundle)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
    expect((await as.acme.bundles.get(own.bundle)).digest).toBe(own.bundle);
  });
});

describe('a token of some workers', () => {
  it('makes and forks workers of these names alone', async () => {
    const node = await openNode({ tokens: [{ token: TOKENS.admin }, { token: TOKENS.acme, workers: ['web-*'] }] });
    const client = new PluvioClient({ baseUrl: node.url, token: TOKENS.acme });
    const admin = new PluvioClient({ baseUrl: node.url, token: TOKENS.admin });
    const module = await counterModule();
    await client.workers.create({ name: 'web-1', module });
    await admin.workers.create({ name: 'db', module });
    const { digest } = await admin.workers.snapshot('db');
    const forbidden = { code: 'FORBIDDEN' };
    await expect(client.workers.create({ name: 'other', module })).rejects.toMatchObject(forbidden);
    await expect(client.workers.fork('web-1', { name: 'other' })).rejects.toMatchObject(forbidden);
    await expect(client.workers.create({ name: 'web-2', bundle: digest })).rejects.toMatchObject({
      code: 'BLOB_NOT_FOUND',
    });
    await client.workers.fork('web-1', { name: 'web-2' });
    expect((await client.workers.list()).map(({ name }) => name)).toEqual(['web-1', 'web-2']);
  });
});

describe('workers of different tenants', () => {
  const totalOf = async (client: PluvioClient, name: string): Promise<string> =>
    textOf(await client.workers.invoke(name, 'total'));

  it('do not write to each other', async () => {
    const { as } = await openTwoTenants({ grants: LEDGER_GRANTS });
    await deployLedger(as.acme, 'a');
    await deployLedger(as.acme, 'a2');
    await deployLedger(as.beta, 'b');
    const answer = textOf(await as.acme.workers.invoke('a', 'relay', 'b 5'));
    expect(answer.replaceAll('"b"', '"nobody"')).toBe(textOf(await as.acme.workers.invoke('a', 'relay', 'nobody 5')));
    await as.acme.workers.invoke('a', 'post', 'b 5');
    expect(await outputUntil(as.acme, 'a', 'refused')).toContain('"to":"b"');
    expect(textOf(await as.acme.workers.invoke('a', 'relay', 'a2 7'))).toBe('7');
    expect(await totalOf(as.beta, 'b')).toBe('0');
  });

  it('do where the operator grants it by name', async () => {
    const tenants = { acme: { grants: { 'mailbox.send': ['b'] } } };
    const { as } = await openTwoTenants({ grants: { ...LEDGER_GRANTS, tenants } });
    await deployLedger(as.acme, 'a');
    await deployLedger(as.beta, 'b');
    await deployLedger(as.beta, 'b2');
    expect(textOf(await as.acme.workers.invoke('a', 'relay', 'b 5'))).toBe('5');
    expect(textOf(await as.acme.workers.invoke('a', 'relay', 'b2 5'))).toContain('b2');
    expect(textOf(await as.beta.workers.invoke('b', 'relay', 'a 5'))).toContain('"a"');
  });

  it('do not by way of the outbox, where the receiver comes later', async () => {
    const { as } = await openTwoTenants({ grants: LEDGER_GRANTS });
    await deployLedger(as.acme, 'a');
    await as.acme.workers.invoke('a', 'post', 'later 5');
    await as.acme.workers.invoke('a', 'post', 'own 6');
    await deployLedger(as.beta, 'later');
    await deployLedger(as.acme, 'own');
    await expect.poll(() => totalOf(as.acme, 'own'), { timeout: 10_000 }).toBe('6');
    expect(await totalOf(as.beta, 'later')).toBe('0');
  });

  it('have topics of their own', async () => {
    const capabilities = { 'topics.publish': ['*'], 'topics.subscribe': ['*'], 'mailbox.receive': [] };
    const { as } = await openTwoTenants({ grants: { all: capabilities, tenants: {} } });
    const module = await assembleModule(TOPICS);
    for (const [client, name] of [
      [as.acme, 'a1'],
      [as.acme, 'a2'],
      [as.beta, 'b'],
    ] as const) {
      await deploy(client, module, { name, capabilities });
      expect(await client.workers.call(name, 'listen')).toMatchObject({ values: [0] });
    }
    expect(await as.acme.workers.call('a1', 'say')).toMatchObject({ values: [0] });
    await expect.poll(() => as.acme.workers.call('a2', 'heard')).toMatchObject({ values: [1] });
    expect(await as.beta.workers.call('b', 'heard')).toMatchObject({ values: [0] });
  });
});

/** `listen` subscribes to the topic `news`, `say` publishes there, `heard` tells how often something came. */
const TOPICS = `(module
  (import "pluvio_v1" "subscribe" (func $subscribe (param i32 i32) (result i32)))
  (import "pluvio_v1" "publish" (func $publish (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "news")
  (global $heard (mut i32) (i32.const 0))
  (func (export "pluvio_input") (global.set $heard (i32.add (global.get $heard) (i32.const 1))))
  (func (export "listen") (result i32) (call $subscribe (i32.const 0) (i32.const 4)))
  (func (export "say") (result i32) (call $publish (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4)))
  (func (export "heard") (result i32) (global.get $heard)))`;
