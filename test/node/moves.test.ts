import { describe, expect, it, vi } from 'vitest';
import type { FaultHook, FaultPoint, NodeOptions } from '../../runtime/node/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { assembleModule } from '../engine/text-module.ts';
import {
  answerModule,
  counterModule,
  largeModule,
  openNode,
  type OpenNode,
  outputOf,
  outputUntil,
  piModule,
  sleeperModule,
} from './open-nodes.ts';

const QUICK = { retryMinMs: 20, retryMaxMs: 50 };

/** A worker that waits for input, with a total of 5. */
async function openTalk(node: OpenNode): Promise<void> {
  await node.client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
  await node.client.workers.sendStdin('talk', 'add 5\n');
  await outputUntil(node.client, 'talk', 'total 5');
}

/** Sends one more line and expects the state of `openTalk`. */
async function expectTalk(client: PluvioClient): Promise<void> {
  await client.workers.sendStdin('talk', 'add 7\n');
  expect(await outputUntil(client, 'talk', 'total 12')).toBe('ready\ntotal 5\ntotal 12\n');
}

/** Fails at one point, so many times. */
function failAt(point: FaultPoint, times = 1): FaultHook {
  let left = times;
  return (at) => {
    if (at === point && left-- > 0) throw new Error(`fault at ${point}`);
  };
}

const twoNodes = async (
  source: Partial<NodeOptions> = {},
  target: Partial<NodeOptions> = {},
): Promise<[OpenNode, OpenNode]> => [
  await openNode({ limits: QUICK, ...source }),
  await openNode({ limits: QUICK, ...target }),
];

const livesOn = async (node: OpenNode): Promise<string[]> =>
  (await node.client.workers.list()).map(({ name, status }) => `${name} ${status}`);

describe('a move', () => {
  it('takes a computation along, again and again, and its output is that of one run', async () => {
    const nodes = [await openNode(), await openNode(), await openNode()] as const;
    const module = await piModule();
    const args = ['30000'];
    await nodes[0].client.workers.create({ name: 'still', module, args });
    const expected = await outputOf(nodes[0].client, 'still', true);
    await nodes[0].client.workers.create({ name: 'pi', module, args });
    const following = outputOf(nodes[0].client, 'pi', true);
    await outputUntil(nodes[0].client, 'pi', '3');
    for (const target of [nodes[1], nodes[2], nodes[0]]) {
      const result = await nodes[0].client.workers.move('pi', { target: target.url });
      expect(result).toMatchObject({ worker: 'pi', location: `${target.url}/v1/workers/pi` });
      expect(result.bytesSent).toBeGreaterThan(0);
      expect(result.downtimeMs).toBeGreaterThan(0);
      expect(result.phases.map(({ name }) => name)).toEqual([
        'precopy',
        'stop',
        'capture',
        'pack',
        'transfer',
        'prepare',
        'commit',
      ]);
    }
    expect(await nodes[0].client.workers.waitOutcome('pi')).toEqual({ kind: 'exited', code: 0 });
    expect(await following).toBe(expected);
    expect(await outputOf(nodes[0].client, 'pi')).toBe(expected);
    expect(await livesOn(nodes[1])).toEqual([]);
    expect(await livesOn(nodes[2])).toEqual([]);
  });

  it('sends the module before it stops the worker, and nothing that the target has', async () => {
    const [source, target] = await twoNodes();
    await openTalk(source);
    const there = await source.client.workers.move('talk', { target: target.url });
    expect(there.bytesSkipped).toBe(0);
    const back = await target.client.workers.move('talk', { target: source.url });
    const moduleBytes = (await answerModule()).length;
    expect(back.bytesSkipped).toBeGreaterThanOrEqual(moduleBytes);
    expect(back.bytesSent).toBeLessThan(there.bytesSent - moduleBytes);
    await expectTalk(target.client);
  });

  it('copies a large worker ahead while it runs, and then only what changed', async () => {
    const [source, target] = await twoNodes();
    const { workers } = source.client;
    const begun = async (worker: string, calls = 1): Promise<void> => {
      let started = 0;
      for await (const { kind } of source.client.events({ after: 0, worker }))
        if (kind === 'started' && ++started === calls) return;
    };
    await workers.create({ name: 'endless', module: await largeModule() });
    await workers.call('endless', 'fill', []);
    const endless = workers.call('endless', 'spin', []);
    endless.catch(() => undefined);
    await begun('endless', 2);
    const result = await workers.move('endless', { target: target.url });
    expect(result.pausedMs).toBeGreaterThan(0);
    expect(result.bytesSent).toBeGreaterThan(6 * 2 ** 20); // all of them
    expect(result.bytesSent).toBeLessThan(8.5 * 2 ** 20); // and one region of 2 MiB again
    await workers.stop('endless');
    expect(await endless).toEqual({ kind: 'stopped' });

    await workers.create({ name: 'still', module: await largeModule() });
    const expected = await workers.call('still', 'run', [900_000_000]);
    await workers.create({ name: 'large', module: await largeModule() });
    const running = workers.call('large', 'run', [900_000_000]);
    await begun('large');
    await workers.move('large', { target: target.url });
    expect(await running).toEqual(expected);
    expect(await livesOn(target)).toEqual(['endless stopped', 'large idle']);
  });

  it('leaves a sign at the old place, for every operation', async () => {
    const [source, target] = await twoNodes();
    await openTalk(source);
    await source.client.workers.move('talk', { target: target.url });
    const response = await fetch(`${source.url}/v1/workers/talk/logs?stream=stdout`, { redirect: 'manual' });
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe(`${target.url}/v1/workers/talk/logs?stream=stdout`);
    expect(await response.json()).toMatchObject({
      code: 'WORKER_MOVED',
      details: { location: `${target.url}/v1/workers/talk` },
    });
    await expect.poll(async () => (await source.client.workers.get('talk')).status).toBe('waiting');
    await expectTalk(source.client);
    expect(await source.client.workers.list()).toEqual([]);
  });

  it('keeps unread input, and waiting for it', async () => {
    const [source, target] = await twoNodes();
    await openTalk(source);
    await source.client.workers.stop('talk');
    await source.client.workers.sendStdin('talk', 'add 7\n', { end: true });
    await source.client.workers.move('talk', { target: target.url });
    expect(await livesOn(target)).toEqual(['talk stopped']);
    await target.client.workers.resume('talk');
    expect(await target.client.workers.waitOutcome('talk')).toEqual({ kind: 'exited', code: 0 });
    expect(await outputOf(target.client, 'talk')).toBe('ready\ntotal 5\ntotal 12\n2 lines, total 12\n');
  });

  it('takes an idle worker with its state', async () => {
    const [source, target] = await twoNodes();
    await source.client.workers.create({ name: 'counter', module: await counterModule() });
    await source.client.workers.call('counter', 'add', [2n]);
    await source.client.workers.move('counter', { target: target.url });
    expect(await livesOn(target)).toEqual(['counter idle']);
    expect(await target.client.workers.call('counter', 'add', [1n])).toEqual({ kind: 'returned', values: [43n] });
  });

  it('takes a command that has not begun', async () => {
    const [source, target] = await twoNodes();
    await source.client.workers.create({ name: 'pi', module: await piModule(), args: ['8'], start: false });
    await source.client.workers.move('pi', { target: target.url });
    await target.client.workers.resume('pi');
    expect(await target.client.workers.waitOutcome('pi')).toEqual({ kind: 'exited', code: 0 });
  });

  it('takes a sleeper, which sleeps the rest there', async () => {
    const [source, target] = await twoNodes();
    await source.client.workers.create({ name: 'sleeper', module: await sleeperModule(), args: ['3', '1500'] });
    await outputUntil(source.client, 'sleeper', 'step 1');
    await source.client.workers.move('sleeper', { target: target.url });
    expect(await source.client.workers.waitOutcome('sleeper')).toEqual({ kind: 'exited', code: 0 });
    const steps = [1, 2, 3].map((step) => `step ${step} of 3: slept\n`);
    expect(await outputOf(target.client, 'sleeper')).toBe(steps.join(''));
  });

  it('is followed by who waits for a call', async () => {
    const [source, target] = await twoNodes();
    await source.client.workers.create({ name: 'counter', module: await counterModule() });
    const spinning = source.client.workers.call('counter', 'spin');
    for await (const { kind } of source.client.events({ after: 0, worker: 'counter' })) if (kind === 'started') break;
    await source.client.workers.move('counter', { target: target.url });
    await target.client.workers.stop('counter');
    expect(await spinning).toEqual({ kind: 'stopped' });
  });

  it('gives the token to the target only', async () => {
    const token = 'the-token-of-the-target';
    const [source, target] = await twoNodes({}, { token });
    await openTalk(source);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'UNAUTHENTICATED', phase: 'precopy' },
    });
    await source.client.workers.move('talk', { target: target.url, token });
    await expect(source.client.workers.get('talk')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const both = new PluvioClient({
      baseUrl: source.url,
      token: (origin) => (origin === target.url ? token : undefined),
    });
    await expectTalk(both);
  });
});

const SHARED_MEMORY = '(module (memory 1 2 shared) (func (export "run")))';

describe('a move that fails', () => {
  it('because the worker holds what cannot be captured, is refused with the reasons', async () => {
    const [source, target] = await twoNodes();
    const module = await assembleModule(SHARED_MEMORY);
    const info = await source.client.workers.create({ name: 'rooted', module });
    expect(info.notMigratable).not.toEqual([]);
    const refused = { code: 'NOT_MIGRATABLE', details: { reasons: info.notMigratable } };
    await expect(source.client.workers.move('rooted', { target: target.url })).rejects.toMatchObject(refused);
    await expect(source.client.workers.snapshot('rooted')).rejects.toMatchObject(refused);
    expect(await source.client.workers.call('rooted', 'run')).toMatchObject({ kind: 'returned' });
  });

  it.each(['file:///etc/passwd', 'ftp://host/', 'http://user:secret@host/', 'nonsense'])(
    'to the target %s, is refused',
    async (target) => {
      const source = await openNode();
      await openTalk(source);
      await expect(source.client.workers.move('talk', { target })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expectTalk(source.client);
    },
  );

  it('because nobody answers, leaves the worker where it was', async () => {
    const source = await openNode({ limits: QUICK });
    await openTalk(source);
    await expect(source.client.workers.move('talk', { target: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'NODE_UNREACHABLE' },
    });
    await expectTalk(source.client);
  });

  it('because the target has a worker of that name, never stops the worker', async () => {
    const [source, target] = await twoNodes();
    await openTalk(source);
    await openTalk(target);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'WORKER_EXISTS', phase: 'precopy' },
    });
    await expectTalk(source.client);
    await expectTalk(target.client);
  });

  it.each(['offer', 'prepare'] as const)('because the target fails at %s, goes on at the source', async (point) => {
    const [source, target] = await twoNodes({}, { fault: failAt(point) });
    await openTalk(source);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
    });
    expect(await livesOn(target)).toEqual([]);
    await expectTalk(source.client);
    await source.client.workers.move('talk', { target: target.url });
    await vi.waitFor(async () => expect(await livesOn(target)).toEqual(['talk waiting']));
  });

  it.each([0, 100, 20_000])('because the stream is cut after %i bytes, goes on at the source', async (cutAfter) => {
    let armed = true;
    const [source, target] = await twoNodes({
      fault: (point, { sentBytes }) => {
        if (point === 'transfer' && armed && sentBytes >= cutAfter) throw new Error('cut');
      },
    });
    await openTalk(source);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
    });
    await vi.waitFor(async () => expect(await livesOn(source)).toEqual(['talk waiting']));
    expect(await livesOn(target)).toEqual([]);
    armed = false;
    await source.client.workers.move('talk', { target: target.url });
    await expectTalk(target.client);
  });

  it('is forgotten by the target when its lease ends', async () => {
    const target = await openNode({ limits: { ...QUICK, leaseMs: 100 } });
    const id = '00000000-0000-4000-8000-000000000001';
    const send = (path: string, body?: unknown): Promise<Response> =>
      fetch(target.url + path, {
        method: 'POST',
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    expect((await send('/v1/moves', { id, worker: 'talk' })).status).toBe(201);
    await expect(target.client.workers.create({ name: 'talk', module: await answerModule() })).rejects.toMatchObject({
      code: 'WORKER_EXISTS',
    });
    await expect.poll(async () => (await fetch(`${target.url}/v1/moves/${id}`)).status).toBe(404);
    expect(await (await send(`/v1/moves/${id}/commit`)).json()).toMatchObject({ code: 'MOVE_NOT_FOUND' });
    await target.client.workers.create({ name: 'talk', module: await answerModule() });
  });
});

describe('a move in doubt', () => {
  it.each(['commit-send', 'commit-answer'] as const)('at the source (%s) is cleared by asking', async (point) => {
    const [source, target] = await twoNodes({ fault: failAt(point) });
    await openTalk(source);
    await source.client.workers.move('talk', { target: target.url });
    expect(await livesOn(source)).toEqual([]);
    await expectTalk(target.client);
  });

  it.each(['commit-receive', 'commit-apply'] as const)('at the target (%s) is cleared by asking', async (point) => {
    const [source, target] = await twoNodes({}, { fault: failAt(point, 3) });
    await openTalk(source);
    await source.client.workers.move('talk', { target: target.url });
    expect(await livesOn(source)).toEqual([]);
    await expectTalk(target.client);
  });

  it('keeps the worker stopped, tells so, and ends when the target answers again', async () => {
    let broken = true;
    const [source, target] = await twoNodes(
      { limits: { ...QUICK, doubtMs: 100 } },
      {
        fault: (point) => {
          if (broken && point === 'commit-apply') throw new Error('no answer');
        },
      },
    );
    await openTalk(source);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_IN_DOUBT',
    });
    expect(await source.client.workers.get('talk')).toMatchObject({ status: 'moving', move: { phase: 'in-doubt' } });
    await expect(source.client.workers.resume('talk')).rejects.toMatchObject({ code: 'WORKER_MOVING' });
    await vi.waitFor(async () => expect(await livesOn(target)).toEqual(['talk waiting']));
    broken = false;
    await expect.poll(() => livesOn(source)).toEqual([]);
    await expectTalk(source.client);
  });

  it('ends at the source when the target says that it never started it', async () => {
    const [source, target] = await twoNodes({ fault: failAt('commit-send') }, { limits: { ...QUICK, leaseMs: 100 } });
    const slow = { ...QUICK, retryMinMs: 400, retryMaxMs: 400 };
    const late = await openNode({ limits: slow, fault: failAt('commit-send') });
    await openTalk(late);
    await expect(late.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
    });
    expect(await livesOn(target)).toEqual([]);
    await expectTalk(late.client);
    expect(await livesOn(source)).toEqual([]);
  });

  it('ends by an operator’s word', async () => {
    const [source, target] = await twoNodes(
      { limits: { ...QUICK, doubtMs: 100 } },
      { fault: failAt('commit-receive', 1e9) },
    );
    await openTalk(source);
    await expect(source.client.workers.move('talk', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_IN_DOUBT',
    });
    await target.close();
    await source.client.workers.settleMove('talk', 'here');
    await expect.poll(() => livesOn(source)).toEqual(['talk waiting']);
    await expectTalk(source.client);
  });
});
