import { describe, expect, it, vi } from 'vitest';
import type { PluvioClient } from '../../sdk/client/index.ts';
import { answerModule, openFolder, openNode, outputUntil } from './open-nodes.ts';
import { listenOf, spawnNode } from './spawn-node.ts';

const LIMITS = { retryMinMs: 50, retryMaxMs: 100, doubtMs: 200 };

async function openTalk(client: PluvioClient): Promise<void> {
  await client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
  await client.workers.sendStdin('talk', 'add 5\n');
  await outputUntil(client, 'talk', 'total 5');
}

async function expectTalk(client: PluvioClient): Promise<void> {
  await client.workers.sendStdin('talk', 'add 7\n');
  expect(await outputUntil(client, 'talk', 'total 12')).toBe('ready\ntotal 5\ntotal 12\n');
}

const livesOn = async (client: PluvioClient): Promise<string[]> =>
  (await client.workers.list()).map(({ name, status }) => `${name} ${status}`);

describe('kill -9 of the target', () => {
  it('in the middle of the transfer leaves the worker at the source; a second try works', async () => {
    const dataDir = await openFolder();
    let target = await spawnNode({ dataDir, limits: LIMITS });
    let kill = true;
    const source = await openNode({
      limits: LIMITS,
      fault: async (point, { sentBytes }) => {
        if (point !== 'transfer' || sentBytes < 4096 || !kill) return;
        kill = false;
        await target.kill();
      },
    });
    await openTalk(source.client);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'NODE_UNREACHABLE' },
    });
    expect(kill).toBe(false);
    await vi.waitFor(async () => expect(await livesOn(source.client)).toEqual(['talk waiting']));
    target = await spawnNode({ dataDir, limits: LIMITS, listen: listenOf(target.url) });
    expect(await livesOn(target.client)).toEqual([]);
    await source.client.workers.move('talk', { target: target.url });
    expect(await livesOn(source.client)).toEqual([]);
    await expectTalk(target.client);
  });

  it('before the commit arrives leaves the worker at the source', async () => {
    const dataDir = await openFolder();
    let target = await spawnNode({ dataDir, limits: LIMITS });
    const source = await openNode({
      limits: LIMITS,
      fault: async (point) => {
        if (point === 'commit-send') await target.kill();
      },
    });
    await openTalk(source.client);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_IN_DOUBT',
    });
    target = await spawnNode({ dataDir, limits: LIMITS, listen: listenOf(target.url) });
    await expect.poll(() => livesOn(source.client)).toEqual(['talk waiting']);
    expect(await livesOn(target.client)).toEqual([]);
    await expectTalk(source.client);
  });

  it('after the commit leaves the worker at the target, in the state that arrived', async () => {
    const dataDir = await openFolder();
    let target = await spawnNode({ dataDir, limits: LIMITS });
    let kill = true;
    const source = await openNode({
      limits: LIMITS,
      fault: async (point) => {
        if (point !== 'commit-answer' || !kill) return;
        kill = false;
        await target.kill();
        throw new Error('the answer is lost');
      },
    });
    await openTalk(source.client);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_IN_DOUBT',
    });
    expect(await livesOn(source.client)).toEqual(['talk moving']);
    target = await spawnNode({ dataDir, limits: LIMITS, listen: listenOf(target.url) });
    await expect.poll(() => livesOn(source.client)).toEqual([]);
    expect(await target.client.workers.get('talk')).toMatchObject({ status: 'stopped', interrupted: true });
    await target.client.workers.resume('talk');
    await expectTalk(target.client);
  });
});

describe('kill -9 of the source', () => {
  it.each(['commit-send', 'commit-answer'] as const)('at %s: one copy runs, the target’s', async (killAt) => {
    const dataDir = await openFolder();
    const target = await openNode({ limits: LIMITS });
    const dying = await spawnNode({ dataDir, limits: LIMITS, killAt });
    await openTalk(dying.client);
    await expect(dying.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
    });
    await dying.gone;
    const source = await openNode({ dataDir, limits: LIMITS });
    await expect.poll(() => livesOn(source.client)).toEqual([]);
    await vi.waitFor(async () => expect(await livesOn(target.client)).toEqual(['talk waiting']));
    await expectTalk(source.client);
  });

  it('before the commit: the target forgets the worker, the source has its last snapshot', async () => {
    const dataDir = await openFolder();
    const target = await openNode({ limits: { ...LIMITS, leaseMs: 200 } });
    const dying = await spawnNode({ dataDir, limits: LIMITS, killAt: 'transfer' });
    await openTalk(dying.client);
    await dying.client.workers.snapshot('talk');
    await expect(dying.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
    });
    await dying.gone;
    const source = await openNode({ dataDir, limits: LIMITS });
    expect(await livesOn(source.client)).toEqual(['talk stopped']);
    await source.client.workers.resume('talk');
    await expectTalk(source.client);
    expect(await livesOn(target.client)).toEqual([]);
  });
});

describe('a node that is started again', () => {
  it('does not share its data directory', async () => {
    const dataDir = await openFolder();
    const node = await openNode({ dataDir });
    await expect(openNode({ dataDir })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(spawnNode({ dataDir })).rejects.toThrow(/one node at a time may use it/);
    await node.close();
    await openNode({ dataDir });
  });

  it('in the middle of a move goes on with the worker', async () => {
    const dataDir = await openFolder();
    const target = await openNode({ limits: { ...LIMITS, leaseMs: 500 } });
    const reached = Promise.withResolvers<void>();
    const first = await openNode({
      dataDir,
      limits: LIMITS,
      fault: async (point) => {
        if (point !== 'transfer') return;
        reached.resolve();
        await first.close().catch(() => undefined);
      },
    });
    await openTalk(first.client);
    const moving = first.client.workers.move('talk', { target: target.url });
    moving.catch(() => undefined);
    await reached.promise;
    await first.close();
    const second = await openNode({ dataDir, limits: LIMITS });
    await vi.waitFor(async () => expect(await livesOn(second.client)).toEqual(['talk waiting']));
    await expectTalk(second.client);
  });

  it('after a clean end goes on with what ran', async () => {
    const dataDir = await openFolder();
    const first = await openNode({ dataDir });
    await openTalk(first.client);
    await first.client.workers.create({ name: 'halted', module: await answerModule(), stdin: 'open' });
    await outputUntil(first.client, 'halted', 'ready');
    await first.client.workers.stop('halted');
    await first.close();
    const second = await openNode({ dataDir });
    await vi.waitFor(async () => expect(await livesOn(second.client)).toEqual(['halted stopped', 'talk waiting']));
    await expectTalk(second.client);
  });

  it('after kill -9 tells what is known and what is lost', async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir });
    const { client } = first;
    await openTalk(client);
    await client.workers.snapshot('talk');
    await client.workers.sendStdin('talk', 'add 100\n');
    await outputUntil(client, 'talk', 'total 105');
    await client.workers.create({ name: 'unsaved', module: await answerModule(), stdin: 'open' });
    await outputUntil(client, 'unsaved', 'ready');
    await client.workers.create({ name: 'done', module: await answerModule() });
    await client.workers.waitOutcome('done');
    await client.workers.create({ name: 'new', module: await answerModule(), start: false });
    await first.kill();

    const second = await openNode({ dataDir });
    expect(await livesOn(second.client)).toEqual(['done ended', 'new idle', 'talk stopped', 'unsaved lost']);
    expect(await second.client.workers.get('talk')).toMatchObject({ interrupted: true });
    await expect(second.client.workers.resume('unsaved')).rejects.toMatchObject({ code: 'WORKER_LOST' });
    expect(await second.client.workers.waitOutcome('done')).toEqual({ kind: 'exited', code: 0 });
    expect(await outputUntil(second.client, 'done', '0 lines')).toBe('ready\n0 lines, total 0\n');
    // Output after the snapshot is gone with the state that made it.
    await second.client.workers.resume('talk');
    await expectTalk(second.client);
    await second.client.workers.resume('new');
    expect(await second.client.workers.waitOutcome('new')).toEqual({ kind: 'exited', code: 0 });
  });
});
