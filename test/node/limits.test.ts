/** What an operator lets workers and tenants have, on a node as it runs. */
import { describe, expect, it } from 'vitest';
import type { NodeOptions } from '../../runtime/node/index.ts';
import type { NodeEvent } from '../../runtime/node/api-types.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { assembleModule } from '../engine/text-module.ts';
import { deploy, deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { counterModule, openFolder, openNode, type OpenNode } from './open-nodes.ts';

const ADMIN = 'the-token-of-the-admin';
const TOKENS = { acme: 'the-token-of-tenant-acme', beta: 'the-token-of-tenant-beta' };

interface Tenants {
  readonly node: OpenNode;
  readonly acme: PluvioClient;
  readonly beta: PluvioClient;
}

async function openTenants(quotas: NodeOptions['quotas'], options: Partial<NodeOptions> = {}): Promise<Tenants> {
  const tokens = Object.entries(TOKENS).map(([tenant, token]) => ({ token, tenant }));
  const node = await openNode({ token: ADMIN, tokens, grants: LEDGER_GRANTS, quotas: quotas ?? {}, ...options });
  const clientOf = (token: string): PluvioClient => new PluvioClient({ baseUrl: node.url, token });
  return { node, acme: clientOf(TOKENS.acme), beta: clientOf(TOKENS.beta) };
}

const refused = (limit: string, max: number) => ({ code: 'TENANT_LIMIT', details: { tenant: 'acme', limit, max } });

/** The first event of a kind. */
async function eventOf(client: PluvioClient, kind: string): Promise<NodeEvent> {
  for await (const event of client.events({ after: 0 })) if (event.kind === kind) return event;
  throw new Error(`the stream ended without an event ${kind}`);
}

const metricOf = async ({ client }: OpenNode, name: string): Promise<string | undefined> =>
  (await client.metrics()).split('\n').find((line) => line.startsWith(name));

describe('limits of workers', () => {
  it('that a manifest asks for beyond the maximum are refused when it is made, updated or forked', async () => {
    const node = await openNode({ quotas: { workerMaximums: { memoryPages: 8 } } });
    const module = await counterModule();
    const asking = (memoryPages: number) => ({ name: 'a', limits: { memoryPages } });
    const error = { code: 'LIMIT_OUT_OF_RANGE', status: 400, details: { limit: 'memoryPages', asked: 9, max: 8 } };
    await expect(deploy(node.client, module, asking(9))).rejects.toMatchObject(error);
    expect(await node.client.workers.list()).toEqual([]);
    expect(await eventOf(node.client, 'limited')).toMatchObject({
      worker: 'a',
      data: { scope: 'worker', limit: 'memoryPages', action: 'refused', max: 8 },
    });
    const { digest } = (await node.client.bundles.list())[0] ?? { digest: '' };
    expect(await deploy(node.client, module, asking(8))).toMatchObject({ name: 'a' });
    await expect(node.client.workers.update('a', { bundle: digest })).rejects.toMatchObject(error);
    expect(await node.client.workers.call('a', 'add', [2n])).toEqual({
      kind: 'returned',
      values: [42n],
    });
  });

  it('that it does not ask for are those of the node', async () => {
    const node = await openNode({ quotas: { workerLimits: { fuel: 100_000 } } });
    await deploy(node.client, await counterModule(), { name: 'a' });
    await deploy(node.client, await counterModule(), { name: 'b', limits: { fuel: 1000n } });
    for (const name of ['a', 'b']) {
      expect(await node.client.workers.call(name, 'spin')).toEqual({ kind: 'limit', limit: 'fuel' });
    }
    const used = async (name: string): Promise<number> => Number((await node.client.workers.get(name)).fuelUsed);
    expect(await used('a')).toBeGreaterThan(90_000);
    expect(await used('a')).toBeLessThanOrEqual(100_000);
    expect(await used('b')).toBeLessThanOrEqual(1000);
  });

  it('end a call that takes longer than its wall clock allows', async () => {
    const node = await openNode({ quotas: { workerLimits: { wallClockMs: 30 } } });
    await deploy(node.client, await counterModule(), { name: 'a' });
    expect(await node.client.workers.call('a', 'spin')).toEqual({ kind: 'limit', limit: 'wallClockMs' });
    expect(await eventOf(node.client, 'limit')).toMatchObject({ worker: 'a', data: { limit: 'wallClockMs' } });
  });

  it('hold for its host, too', async () => {
    const node = await openNode({ grants: LEDGER_GRANTS, quotas: { workerMaximums: { mailboxLength: 4 } } });
    await expect(deployLedger(node.client, 'a', { hostLimits: { mailboxLength: 5 } })).rejects.toMatchObject({
      details: { limit: 'mailboxLength', asked: 5, max: 4 },
    });
    await deployLedger(node.client, 'a', { hostLimits: { mailboxLength: 4 } });
    expect(textOf(await node.client.workers.invoke('a', 'total'))).toBe('0');
  });

  it('and bundles beyond a size, are refused when they come from another node', async () => {
    const from = await openNode();
    const to = await openNode({ quotas: { workerMaximums: { fuel: 5000 } } });
    await deploy(from.client, await counterModule(), { name: 'a', limits: { fuel: 5001n } });
    await expect(from.client.workers.move('a', { target: to.url })).rejects.toMatchObject({ code: 'MOVE_FAILED' });
    expect(await from.client.workers.call('a', 'add', [2n])).toMatchObject({ kind: 'returned' });
    expect(await to.client.workers.list()).toEqual([]);
  });
});

describe('limits of a tenant', () => {
  it('workers: one more is refused, others have theirs', async () => {
    const { node, acme, beta } = await openTenants({ tenants: { acme: { limits: { workers: 2 } } } });
    const module = await counterModule();
    const make = (client: PluvioClient, name: string) => client.workers.create({ name, module });
    const made = await Promise.allSettled(['a1', 'a2', 'a3', 'a4'].map((name) => make(acme, name)));
    expect(made.filter(({ status }) => status === 'fulfilled').length).toBe(2);
    const mine = (await acme.workers.list()).map(({ name }) => name);
    await expect(acme.workers.fork(mine[0] ?? '', { name: 'twin' })).rejects.toMatchObject(refused('workers', 2));
    for (const name of ['b1', 'b2', 'b3']) await make(beta, name);
    await acme.workers.delete(mine[0] ?? '');
    await make(acme, 'a5');
    const error = await make(acme, 'a6').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...refused('workers', 2), status: 429 });
    expect(await metricOf(node, 'pluvio_limits_reached_total{scope="tenant",limit="workers"}')).toMatch(/ 4$/);
    expect(await eventOf(acme, 'limited')).toMatchObject({ data: { scope: 'tenant', limit: 'workers', max: 2 } });
  });

  it('callsPerSecond: the call is refused, and says when to come again', async () => {
    const { node, acme, beta } = await openTenants({ tenants: { acme: { limits: { callsPerSecond: 1 } } } });
    const module = await counterModule();
    for (const [client, name] of [
      [acme, 'a'],
      [beta, 'b'],
    ] as const)
      await client.workers.create({ name, module });
    const statuses: number[] = [];
    let hint: string | null = null;
    const calls = Array.from({ length: 8 }, async () => {
      const headers = { authorization: `Bearer ${TOKENS.acme}`, 'content-type': 'application/json' };
      const body = '{"args":[{"i64":"1"}]}';
      const response = await fetch(`${node.url}/v1/workers/a/call/add`, { method: 'POST', headers, body });
      if (response.status === 429) hint = response.headers.get('retry-after');
      statuses.push(response.status);
      await response.text();
    });
    await Promise.all(calls);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(hint).toBe('1');
    for (let call = 0; call < 4; call++) await beta.workers.call('b', 'add', [1n]);
  });

  it('bundleBytes: a bundle beyond is refused, and leaves nothing', async () => {
    const module = await counterModule();
    const free = await openTenants({});
    await deploy(free.acme, module, { name: 'one' });
    const sizeBytes = (await free.acme.bundles.list())[0]?.sizeBytes ?? 0;
    const { acme, beta } = await openTenants({ tenants: { acme: { limits: { bundleBytes: 2 * sizeBytes } } } });
    await deploy(acme, module, { name: 'one' });
    await deploy(acme, module, { name: 'two' });
    await expect(deploy(acme, module, { name: 'six' })).rejects.toMatchObject(refused('bundleBytes', 2 * sizeBytes));
    expect((await acme.bundles.list()).length).toBe(2);
    expect((await acme.workers.list()).length).toBe(2);
    await expect(acme.workers.snapshot('one')).rejects.toMatchObject(refused('bundleBytes', 2 * sizeBytes));
    for (const name of ['b-1', 'b-2', 'b-3']) await deploy(beta, module, { name });
  });

  it('streams: one more is refused until one is closed', async () => {
    const { node } = await openTenants({ tenants: { acme: { limits: { streams: 1 } } } });
    const open = async (token: string): Promise<[number, AbortController]> => {
      const abort = new AbortController();
      const headers = { authorization: `Bearer ${token}` };
      return [(await fetch(`${node.url}/v1/events`, { headers, signal: abort.signal })).status, abort];
    };
    const [status, abort] = await open(TOKENS.acme);
    expect([status, (await open(TOKENS.acme))[0], (await open(TOKENS.beta))[0]]).toEqual([200, 429, 200]);
    abort.abort();
    await expect.poll(async () => (await open(TOKENS.acme))[0]).toBe(200);
  });

  it('liveWorkers: what needs memory is refused, and what the journal has waits until another has left', async () => {
    const dataDir = await openFolder();
    const { acme, beta } = await openTenants(
      { tenants: { acme: { limits: { liveWorkers: 1 } } } },
      { dataDir, hibernateAfterMs: 50, checkpointPolicy: 'idle' },
    );
    await deployLedger(acme, 'a');
    const asleep = async (name: string): Promise<unknown> =>
      expect.poll(async () => (await acme.workers.get(name)).status, { timeout: 20_000 }).toBe('hibernated');
    await acme.workers.invoke('a', 'add', '1');
    await asleep('a');
    await deployLedger(acme, 'b', { hibernate: { afterMs: 86_400_000 } });
    await acme.workers.invoke('b', 'add', '1');
    // It stays in memory; a message for the other one is journalled all the same.
    await expect(acme.workers.invoke('a', 'total')).rejects.toMatchObject(refused('liveWorkers', 1));
    await acme.workers.send('a', '41');
    expect((await acme.workers.get('a')).status).toBe('hibernated');
    await deployLedger(beta, 'c');
    await acme.workers.delete('b');
    await expect.poll(async () => textOf(await acme.workers.invoke('a', 'total'))).toBe('42');
  });

  it('memoryBytes: over all engines; a worker that needs more is refused, and grows are', async () => {
    const { acme, beta } = await openTenants(
      { tenants: { acme: { limits: { memoryBytes: 20 * 65_536 } } } },
      { engines: 2 },
    );
    const module = await assembleModule(GROWING);
    for (const name of ['a-1', 'a-2']) await deploy(acme, module, { name });
    const grow = async (client: PluvioClient, name: string, pages: number) =>
      client.workers.call(name, 'grow', [pages]);
    expect(await grow(acme, 'a-1', 10)).toMatchObject({ values: [2] });
    expect(await grow(acme, 'a-2', 7)).toMatchObject({ values: [-1] });
    expect(await grow(acme, 'a-2', 6)).toMatchObject({ values: [2] });
    await expect(deploy(acme, module, { name: 'a-3' })).rejects.toMatchObject({
      ...refused('memoryBytes', 20 * 65_536),
      status: 429,
    });
    const told = { scope: 'tenant', limit: 'memoryBytes', action: 'refused', max: 20 * 65_536, tenant: 'acme' };
    expect(await eventOf(acme, 'limited')).toMatchObject({ worker: 'a-2', data: told });
    await deploy(beta, module, { name: 'b' });
    expect(await grow(beta, 'b', 30)).toMatchObject({ values: [2] });
    await acme.workers.delete('a-1');
    await deploy(acme, module, { name: 'a-3' });
    expect(await grow(acme, 'a-3', 10)).toMatchObject({ values: [2] });
  });

  it('memoryBytes: each process has its part', async () => {
    const limits = { memoryBytes: 40 * 65_536 };
    const { acme } = await openTenants({ tenantLimits: limits }, { isolation: 'process', engines: 2 });
    await deploy(acme, await assembleModule(GROWING), { name: 'a' });
    expect(await acme.workers.call('a', 'grow', [19])).toMatchObject({ values: [-1] });
    expect(await acme.workers.call('a', 'grow', [18])).toMatchObject({ values: [2] });
  });

  it('storageBytes: over all its workers, those that sleep and those of an earlier process included', async () => {
    const dataDir = await openFolder();
    const max = 1000;
    const options = {
      dataDir,
      hibernateAfterMs: 20,
      checkpointPolicy: 'idle' as const,
      grants: { all: { kv: [] }, tenants: {} },
    };
    const module = await assembleModule(KEEPING);
    const first = await openTenants({ tenants: { acme: { limits: { storageBytes: max } } } }, options);
    const keep = async (client: PluvioClient, name: string, bytes: number) =>
      client.workers.call(name, 'keep', [bytes]);
    for (const name of ['a-1', 'a-2']) await deploy(first.acme, module, { name, capabilities: { kv: [] } });
    const own = 128 + 1; // an entry, and its key
    expect(await keep(first.acme, 'a-1', max - 2 * own - 100)).toMatchObject({ values: [0] });
    await expect.poll(async () => (await first.acme.workers.get('a-1')).status, { timeout: 20_000 }).toBe('hibernated');
    expect(await keep(first.acme, 'a-2', 101)).toMatchObject({ values: [-5] });
    expect(await eventOf(first.acme, 'limited')).toMatchObject({
      worker: 'a-2',
      data: { scope: 'tenant', limit: 'storageBytes', action: 'refused', max },
    });
    expect(await keep(first.acme, 'a-2', 100)).toMatchObject({ values: [0] });
    await first.node.close();
    const second = await openTenants({ tenants: { acme: { limits: { storageBytes: max } } } }, options);
    expect(await keep(second.acme, 'a-2', 101)).toMatchObject({ values: [-5] });
    expect(await keep(second.acme, 'a-2', 99)).toMatchObject({ values: [0] });
    await second.acme.workers.delete('a-1');
    expect(await keep(second.acme, 'a-2', max - own)).toMatchObject({ values: [0] });
    expect(await keep(second.acme, 'a-2', max - own + 1)).toMatchObject({ values: [-5] });
  });

  it('fuelPerSecond: its workers wait for each other, on all engines, and others do not', async () => {
    const { acme, beta } = await openTenants(
      { tenants: { acme: { limits: { fuelPerSecond: 10_000_000 } } } },
      { engines: 2 },
    );
    const module = await counterModule();
    for (const [client, name] of [
      [acme, 'a-1'],
      [acme, 'a-2'],
      [beta, 'b'],
    ] as const) {
      await deploy(client, module, { name, limits: { fuel: 100_000_000n } });
    }
    // Of the two one alone can have all that there is for ten seconds.
    for (const name of ['a-1', 'a-2']) void acme.workers.call(name, 'spin').catch(() => undefined);
    expect(await beta.workers.call('b', 'spin')).toEqual({ kind: 'limit', limit: 'fuel' });
    const told = { scope: 'tenant', limit: 'fuelPerSecond', action: 'delayed', max: 10_000_000 };
    expect(await eventOf(acme, 'limited')).toMatchObject({ data: told });
    for (const name of ['a-1', 'a-2']) expect((await acme.workers.get(name)).status).toBe('running');
    for (const name of ['a-1', 'a-2']) await acme.workers.stop(name); // who waits for fuel stops at once
  });
});

/** `grow` asks for pages, of which it has two. */
const GROWING = `(module (memory 2) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;

/** `keep` stores so many bytes under a key of one letter; it gives the code of the call. */
const KEEPING = `(module
  (import "pluvio_v1" "kv_set" (func $set (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "k")
  (func (export "keep") (param i32) (result i32)
    (call $set (i32.const 0) (i32.const 1) (i32.const 16) (local.get 0))))`;
