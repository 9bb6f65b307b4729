/** The history of workers: listed, added to, gone back to. */
import { describe, expect, it } from 'vitest';
import { deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { answerModule, openFolder, openNode, type OpenNode, counterModule, outputUntil } from './open-nodes.ts';
import { spawnNode } from './spawn-node.ts';

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ grants: LEDGER_GRANTS, ...options });

describe('history', () => {
  it('has what was asked for, newest first; pinned ones stay', async () => {
    const { client } = await open({ storeLimits: { checkpointsKept: 2, checkpointHours: 0 } });
    await deployLedger(client, 'ledger');
    expect(await client.workers.history('ledger')).toEqual([]);
    await client.workers.invoke('ledger', 'add', '1');
    const first = await client.workers.checkpoint('ledger', { pin: true });
    expect(first).toMatchObject({ id: 1, pinned: true, resumable: false, inputSeq: 0 });
    for (let round = 0; round < 3; round++) await client.workers.checkpoint('ledger');
    const ids = async (): Promise<number[]> => (await client.workers.history('ledger')).map(({ id }) => id);
    expect(await ids()).toEqual([4, 3, 1]);
    await client.workers.pin('ledger', 1, false);
    await client.workers.pin('ledger', 3);
    await client.workers.checkpoint('ledger');
    await client.workers.checkpoint('ledger');
    expect(await ids()).toEqual([6, 5, 3]);
    await expect(client.workers.pin('ledger', 1)).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
    await expect(client.workers.revert('ledger', { checkpoint: 1 })).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
    });
    expect(textOf(await client.workers.invoke('ledger', 'add', '1'))).toBe('2');
  });

  it('has bundles that were kept, and those that it needs are not collected', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger');
    await client.workers.invoke('ledger', 'add', '3');
    const { digest } = await client.workers.snapshot('ledger');
    await client.workers.invoke('ledger', 'add', '4');
    const [entry] = await client.workers.history('ledger');
    expect(entry).toMatchObject({ id: 1, bundle: digest });
    await client.bundles.delete(digest);
    expect(await client.bundles.get(digest)).toMatchObject({ origin: 'held' });
    await client.workers.revert('ledger', { checkpoint: 1 });
    expect(textOf(await client.workers.invoke('ledger', 'total'))).toBe('3');
  });
});

it('a bundle that a worker in memory came from is kept for the states that stand on it', async () => {
  const dataDir = await openFolder();
  const storeLimits = { checkpointsKept: 1, checkpointHours: 0 };
  const first = await spawnNode({ dataDir, grants: LEDGER_GRANTS, storeLimits });
  await deployLedger(first.client, 'ledger');
  await first.client.workers.invoke('ledger', 'add', '1');
  const before = await first.client.workers.snapshot('ledger');
  await first.kill();
  const second = await spawnNode({ dataDir, grants: LEDGER_GRANTS, storeLimits });
  expect(textOf(await second.client.workers.invoke('ledger', 'add', '2'))).toBe('3');
  await second.client.workers.snapshot('ledger');
  await second.client.bundles.delete(before.digest);
  expect(await second.client.bundles.get(before.digest)).toMatchObject({ origin: 'held' });
  await second.client.workers.invoke('ledger', 'add', '4');
  await second.client.workers.checkpoint('ledger'); // a state on the bundle that it came from
  await second.kill();
  const third = await open({ dataDir });
  expect(textOf(await third.client.workers.invoke('ledger', 'add', '8'))).toBe('15');
});

describe.each(['never', 'each-call', 'idle'] as const)('a worker with the policy %s', (checkpoint) => {
  it('goes back, and what ended since counts as done', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger', { checkpoint });
    await client.workers.invoke('ledger', 'add', '1', { key: 'one' });
    const { id } = await client.workers.checkpoint('ledger', { pin: true });
    expect(textOf(await client.workers.invoke('ledger', 'add', '2', { key: 'two' }))).toBe('3');
    expect(textOf(await client.workers.ask('ledger', '4', { key: 'four' }))).toBe('7');
    const reverted = await client.workers.revert('ledger', { checkpoint: id });
    expect(reverted.inputs).toEqual({ stopped: 0, again: 0, waiting: 0 });
    expect(textOf(await client.workers.invoke('ledger', 'total'))).toBe('1');
    expect(textOf(await client.workers.invoke('ledger', 'add', '2', { key: 'two' }))).toBe('3');
    expect(textOf(await client.workers.invoke('ledger', 'total'))).toBe('1');
    expect(textOf(await client.workers.invoke('ledger', 'add', '8', { key: 'eight' }))).toBe('9');
    expect((await client.workers.history('ledger')).some((entry) => entry.id === id && entry.pinned)).toBe(true);
  });

  it('stays as it is set back when its node is killed', async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir, grants: LEDGER_GRANTS });
    await deployLedger(first.client, 'ledger', { checkpoint });
    await first.client.workers.invoke('ledger', 'add', '1', { key: 'a' });
    const { id } = await first.client.workers.checkpoint('ledger');
    await first.client.workers.invoke('ledger', 'add', '2', { key: 'b' });
    await first.client.workers.revert('ledger', { checkpoint: id });
    await first.kill();
    const second = await open({ dataDir });
    expect(textOf(await second.client.workers.invoke('ledger', 'total'))).toBe('1');
    expect(textOf(await second.client.workers.invoke('ledger', 'add', '2', { key: 'b' }))).toBe('3');
    expect(textOf(await second.client.workers.invoke('ledger', 'total'))).toBe('1');
  });
});

describe('revert', () => {
  it('gives inputs again where the journal has them, and refuses where it has not', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger', { checkpoint: 'every 900000s' });
    await client.workers.invoke('ledger', 'add', '1', { key: 'a' });
    const older = await client.workers.checkpoint('ledger');
    await client.workers.invoke('ledger', 'add', '2', { key: 'b' });
    const newest = await client.workers.checkpoint('ledger');
    await client.workers.invoke('ledger', 'add', '4', { key: 'c' });
    const answer = await client.workers.revert('ledger', { checkpoint: newest.id, replay: true });
    expect(answer.inputs).toEqual({ stopped: 0, again: 1, waiting: 0 });
    expect(textOf(await client.workers.invoke('ledger', 'total', '', { key: 'd' }))).toBe('7');
    await expect(client.workers.revert('ledger', { checkpoint: older.id, replay: true })).rejects.toMatchObject({
      code: 'INPUTS_GONE',
    });
    expect(textOf(await client.workers.invoke('ledger', 'total', '', { key: 'e' }))).toBe('7');
  });

  it('stops the call in progress, and gives what waits to the worker in its new state', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger', { checkpoint: 'each-call' });
    await client.workers.invoke('ledger', 'add', '1');
    const { id } = await client.workers.checkpoint('ledger');
    const spinning = client.workers.invoke('ledger', 'spin', '', { key: 'spin' });
    spinning.catch(() => undefined);
    await expect.poll(async () => (await client.workers.get('ledger')).status).toBe('running');
    const seq = await client.workers.send('ledger', '5');
    const { inputs } = await client.workers.revert('ledger', { checkpoint: id });
    expect(inputs).toEqual({ stopped: 1, again: 0, waiting: 1 });
    await expect.poll(async () => textOf(await client.workers.invoke('ledger', 'total'))).toBe('6');
    await expect(client.workers.invoke('ledger', 'spin', '', { key: 'spin' })).rejects.toMatchObject({
      code: 'CALL_FAILED',
    });
    expect(seq).toBeGreaterThan(0);
  });

  it('takes a call that was in progress up again', async () => {
    const { client } = await open();
    await deployLedger(client, 'loop', { checkpoint: 'each-call' });
    client.workers.invoke('loop', 'serve').catch(() => undefined);
    expect(textOf(await client.workers.ask('loop', '3'))).toBe('3');
    const { id, resumable } = await client.workers.checkpoint('loop', { pin: true });
    expect(resumable).toBe(true);
    expect(textOf(await client.workers.ask('loop', '4'))).toBe('7');
    await client.workers.revert('loop', { checkpoint: id, start: false });
    expect(await client.workers.get('loop')).toMatchObject({ status: 'stopped' });
    await client.workers.resume('loop');
    expect(textOf(await client.workers.ask('loop', '10'))).toBe('13');
    await client.workers.revert('loop', { checkpoint: id });
    expect(textOf(await client.workers.ask('loop', '20'))).toBe('23');
  });

  it('has timers fire that the state has, also those that fired since', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger', { checkpoint: 'each-call' });
    await client.workers.invoke('ledger', 'remind', '1');
    const total = async (): Promise<string> => textOf(await client.workers.invoke('ledger', 'total'));
    await expect.poll(total).toBe('100');
    await client.workers.invoke('ledger', 'remind', '700');
    const { id: armed } = await client.workers.checkpoint('ledger', { pin: true });
    await expect.poll(total).toBe('200');
    await client.workers.revert('ledger', { checkpoint: armed });
    await expect.poll(total).toBe('200'); // its time is over: it fires once more
    await client.workers.invoke('ledger', 'remind', '3600000');
    const { id } = await client.workers.checkpoint('ledger', { pin: true });
    await client.workers.invoke('ledger', 'remind', '1');
    await expect.poll(total).toBe('300');
    await client.workers.revert('ledger', { checkpoint: id });
    expect(await total()).toBe('200'); // it is an hour away again
  });

  it('brings a program back that has ended, with its output as it was', async () => {
    const { client } = await open();
    await client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await client.workers.sendStdin('talk', 'add 5\n');
    await outputUntil(client, 'talk', 'total 5');
    const { id } = await client.workers.checkpoint('talk');
    await client.workers.sendStdin('talk', 'add 1\nquit\n');
    await expect.poll(async () => (await client.workers.get('talk')).status).toBe('ended');
    await client.workers.revert('talk', { checkpoint: id });
    await client.workers.sendStdin('talk', 'add 7\n');
    expect(await outputUntil(client, 'talk', 'total 12')).toBe('ready\ntotal 5\ntotal 12\n');
  });

  it('refuses what is not there, and changes nothing', async () => {
    const { client } = await open();
    await client.workers.create({ name: 'counter', module: await counterModule() });
    await expect(client.workers.revert('counter', { checkpoint: 1 })).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
    });
    await expect(client.workers.revert('nobody', { checkpoint: 1 })).rejects.toMatchObject({
      code: 'WORKER_NOT_FOUND',
    });
    await expect(client.workers.revert('counter', { checkpoint: 0 })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(await client.workers.call('counter', 'add', [2n])).toEqual({ kind: 'returned', values: [42n] });
  });
});
