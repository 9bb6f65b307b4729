/** Calls that are given up: waiting, running, asleep, at their deadline, before a crash. */
import { describe, expect, it } from 'vitest';
import { deploy, deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { counterModule, openFolder, openNode, type OpenNode, sleeperModule } from './open-nodes.ts';
import { spawnNode } from './spawn-node.ts';

const CANCELLED = { kind: 'trapped', code: 'cancelled' };

interface State {
  readonly outcome: { readonly kind: string } | null;
  readonly input?: string;
}

/** Begins a call without waiting for it; gives what it is asked for by. */
async function begin(
  { url }: { url: string },
  name: string,
  func: string,
  args: unknown[],
  key?: string,
): Promise<string> {
  const response = await fetch(`${url}/v1/workers/${name}/call/${func}?waitMs=0`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify({ args }),
  });
  const { input, outcome } = (await response.json()) as State;
  expect([response.status, outcome, typeof input]).toEqual([200, null, 'string']);
  return input!;
}

const endOf = async ({ url }: { url: string }, name: string, input: string): Promise<State['outcome']> =>
  ((await (await fetch(`${url}/v1/workers/${name}/inputs/${input}?waitMs=10000`)).json()) as State).outcome;

async function openCounter(): Promise<OpenNode> {
  const node = await openNode();
  await node.client.workers.create({ name: 'count', module: await counterModule() });
  return node;
}

describe('a call in progress that is cancelled', () => {
  it('ends as a trap, and the worker takes the next one with the memory that it has', async () => {
    const { client } = await openCounter();
    await client.workers.call('count', 'add', [2n]);
    const spinning = client.workers.call('count', 'spin');
    await expect.poll(async () => (await client.workers.get('count')).status).toBe('running');
    expect(await client.workers.cancel('count')).toMatchObject({ name: 'count' });
    expect(await spinning).toMatchObject({ ...CANCELLED, message: 'the call was cancelled' });
    expect(await client.workers.get('count')).toMatchObject({ status: 'idle', outcome: CANCELLED });
    expect(await client.workers.call('count', 'add', [0n])).toMatchObject({ values: [42n] });
  });

  it('leaves alone what waits behind it: each caller gets the end of its own call', async () => {
    const node = await openCounter();
    const spin = await begin(node, 'count', 'spin', []);
    const add = await begin(node, 'count', 'add', [{ i64: '1' }]);
    await expect(node.client.workers.cancel('count', 'c12345678-1')).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await node.client.workers.cancel('count', spin);
    expect(await endOf(node, 'count', spin)).toMatchObject(CANCELLED);
    expect(await endOf(node, 'count', add)).toMatchObject({ kind: 'returned' });
  });

  it('may have been stopped, or sleep', async () => {
    const { client } = await openNode({ dataDir: await openFolder(), hibernateAfterMs: 0, grants: LEDGER_GRANTS });
    await deployLedger(client, 'serving', { hibernate: { afterMs: 0 } });
    const serving = client.workers.invoke('serving', 'serve');
    serving.catch(() => undefined); // told below
    await expect.poll(async () => (await client.workers.get('serving')).status, { timeout: 10_000 }).toBe('hibernated');
    await client.workers.cancel('serving');
    await expect(serving).rejects.toMatchObject({ code: 'CALL_FAILED' });
    expect(textOf(await client.workers.invoke('serving', 'add', '3'))).toBe('3');
    await client.workers.create({ name: 'count', module: await counterModule() });
    const spinning = client.workers.call('count', 'spin');
    await expect.poll(async () => (await client.workers.get('count')).status).toBe('running');
    await client.workers.stop('count');
    expect(await spinning).toEqual({ kind: 'stopped' });
    await client.workers.cancel('count');
    await expect.poll(async () => (await client.workers.get('count')).outcome).toMatchObject(CANCELLED);
    expect(await client.workers.call('count', 'add', [1n])).toMatchObject({ kind: 'returned' });
  });

  it('is followed by its caller to the node that the worker moved to', async () => {
    const [one, other] = [await openCounter(), await openNode()];
    const spinning = one.client.workers.call('count', 'spin');
    await expect.poll(async () => (await one.client.workers.get('count')).status).toBe('running');
    await one.client.workers.move('count', { target: other.url });
    await other.client.workers.cancel('count');
    expect(await spinning).toMatchObject(CANCELLED);
  });

  it('may be all that a program does', async () => {
    const { client } = await openNode();
    await client.workers.create({ name: 'sleeper', module: await sleeperModule(), args: ['100', '10000'] });
    await client.workers.cancel('sleeper');
    await expect.poll(async () => (await client.workers.get('sleeper')).status).toBe('ended');
    await expect(client.workers.cancel('sleeper')).rejects.toMatchObject({ code: 'WORKER_ENDED' });
  });
});

it('a call that waits is taken back, and does nothing', async () => {
  const node = await openCounter();
  const spin = await begin(node, 'count', 'spin', []);
  const add = await begin(node, 'count', 'add', [{ i64: '100' }]);
  await node.client.workers.cancel('count', add);
  expect(await endOf(node, 'count', add)).toMatchObject(CANCELLED);
  await expect(node.client.workers.cancel('count', add)).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  await node.client.workers.cancel('count', spin);
  expect(await node.client.workers.call('count', 'add', [0n])).toMatchObject({ values: [40n] });
  await expect(node.client.workers.cancel('count')).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
});

it('a call is given up at its deadline, running or waiting', async () => {
  const { client } = await openCounter();
  const late = { ...CANCELLED, message: 'the deadline of the call has passed' };
  const running = client.workers.call('count', 'spin', [], { deadlineMs: 1000 });
  const waiting = client.workers.call('count', 'add', [100n], { deadlineMs: 0 });
  const patient = client.workers.call('count', 'add', [0n], { deadlineMs: 86_400_000 });
  expect(await Promise.all([running, waiting])).toMatchObject([late, late]);
  expect(await patient).toMatchObject({ values: [40n] });
  await expect(client.workers.call('count', 'add', [0n], { deadlineMs: 86_400_001 })).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
  });
});

it.each(['each-call', 'idle', 'every 1s'] as const)(
  'with the policy %s is not done again after kill -9',
  async (checkpoint) => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir });
    await deploy(first.client, await counterModule(), { name: 'count', checkpoint });
    await first.client.workers.call('count', 'add', [1n]);
    const spin = await begin(first, 'count', 'spin', [], 'the-spin');
    const behind = await begin(first, 'count', 'add', [{ i64: '100' }], 'behind');
    await first.client.workers.cancel('count', behind);
    await first.client.workers.cancel('count', spin);
    expect(await endOf(first, 'count', spin)).toMatchObject(CANCELLED);
    await first.kill();
    const second = await spawnNode({ dataDir });
    expect(await endOf(second, 'count', spin)).toMatchObject(CANCELLED);
    expect(await endOf(second, 'count', behind)).toMatchObject(CANCELLED);
    expect(await second.client.workers.call('count', 'add', [1n])).toMatchObject({ kind: 'returned', values: [42n] });
  },
);
