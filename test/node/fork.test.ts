/** Workers made of workers. */
import { describe, expect, it } from 'vitest';
import { deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { answerModule, openFolder, openNode, type OpenNode, outputUntil } from './open-nodes.ts';
import { spawnNode } from './spawn-node.ts';

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ grants: LEDGER_GRANTS, ...options });

describe.each([
  ['in memory', 'never', false],
  ['in memory', 'each-call', false],
  ['with a data directory', 'never', true],
  ['with a data directory', 'each-call', true],
] as const)('a fork on a node %s, with the policy %s', (_, checkpoint, persistent) => {
  const node = async (): Promise<OpenNode> => open(persistent ? { dataDir: await openFolder() } : {});

  it('goes its own way from the same state', async () => {
    const { client } = await node();
    await deployLedger(client, 'ledger', { checkpoint });
    await client.workers.invoke('ledger', 'add', '5', { key: 'k' });
    await client.workers.fork('ledger', { name: 'twin' });
    expect(textOf(await client.workers.invoke('twin', 'add', '1', { key: 'k' }))).toBe('6');
    expect(textOf(await client.workers.invoke('ledger', 'add', '2'))).toBe('7');
    expect(textOf(await client.workers.ask('twin', '10'))).toBe('16');
    expect(textOf(await client.workers.invoke('twin', 'total'))).toBe('16');
    await expect(client.workers.fork('ledger', { name: 'twin' })).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
  });

  it('goes on in the middle of a call, and a message that waits stays its parent’s', async () => {
    const { client } = await node();
    await deployLedger(client, 'loop', { checkpoint });
    client.workers.invoke('loop', 'serve').catch(() => undefined);
    expect(textOf(await client.workers.ask('loop', '3'))).toBe('3');
    await client.workers.fork('loop', { name: 'twin' });
    await client.workers.fork('loop', { name: 'still', start: false });
    expect(textOf(await client.workers.ask('loop', '4'))).toBe('7');
    expect(textOf(await client.workers.ask('twin', '10'))).toBe('13');
    expect(await client.workers.get('still')).toMatchObject({ status: 'stopped' });
    await client.workers.resume('still');
    expect(textOf(await client.workers.ask('still', '20'))).toBe('23');
    await client.workers.send('twin', 'stop');
    await expect.poll(async () => (await client.workers.get('twin')).status).toBe('idle');
    expect(textOf(await client.workers.invoke('twin', 'add', '1'))).toBe('14');
  });

  it('has output, unread input and timers of its parent', async () => {
    const { client } = await node();
    await client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await client.workers.sendStdin('talk', 'add 5\n');
    await outputUntil(client, 'talk', 'total 5');
    await client.workers.fork('talk', { name: 'twin' });
    await client.workers.sendStdin('twin', 'add 2\n');
    expect(await outputUntil(client, 'twin', 'total 7')).toBe('ready\ntotal 5\ntotal 7\n');
    await deployLedger(client, 'ledger', { checkpoint });
    await client.workers.invoke('ledger', 'remind', '400');
    await client.workers.fork('ledger', { name: 'late' });
    for (const name of ['ledger', 'late'])
      await expect.poll(async () => textOf(await client.workers.invoke(name, 'total')), { timeout: 5000 }).toBe('100');
  });
});

it('a fork of a state of the history, and of a bundle that was kept', async () => {
  const { client } = await open();
  await deployLedger(client, 'ledger');
  await client.workers.invoke('ledger', 'add', '5');
  const { id } = await client.workers.checkpoint('ledger', { pin: true });
  await client.workers.invoke('ledger', 'add', '1');
  await client.workers.snapshot('ledger');
  await client.workers.invoke('ledger', 'add', '1');
  await client.workers.fork('ledger', { name: 'early', checkpoint: id });
  await client.workers.fork('ledger', { name: 'later', checkpoint: id + 1 });
  const totals = await Promise.all(['ledger', 'early', 'later'].map((name) => client.workers.invoke(name, 'total')));
  expect(totals.map(textOf)).toEqual(['7', '5', '6']);
  await expect(client.workers.fork('ledger', { name: 'none', checkpoint: 99 })).rejects.toMatchObject({
    code: 'CHECKPOINT_NOT_FOUND',
  });
  await expect(client.workers.get('none')).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
});

it('a fork is durable when it is answered', async () => {
  const dataDir = await openFolder();
  const first = await spawnNode({ dataDir, grants: LEDGER_GRANTS });
  await deployLedger(first.client, 'ledger');
  await first.client.workers.invoke('ledger', 'add', '5');
  await first.client.workers.fork('ledger', { name: 'twin' });
  await first.kill();
  const second = await open({ dataDir });
  expect(textOf(await second.client.workers.invoke('twin', 'total'))).toBe('5');
  await second.client.workers.move('twin', { target: (await open()).url });
  expect(textOf(await second.client.workers.invoke('twin', 'add', '1'))).toBe('6');
});
