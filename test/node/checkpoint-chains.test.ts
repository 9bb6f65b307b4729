/** Checkpoints that hold only what changed: killed at any moment, gone back to, damaged, moved. */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { databasePath } from '../../runtime/node/store/index.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';
import { slateModule, slateSum } from '../programs/slate.ts';
import { random } from '../store/crash-work.ts';
import { deploy } from './deploy.ts';
import { answerModule, assemble, openFolder, openNode, outputOf, outputUntil } from './open-nodes.ts';
import { listenOf, spawnNode } from './spawn-node.ts';

const TIMEOUT_MS = 120_000;
/** A whole state of the slate takes more, a change of it less. */
const CHANGE_MAX_BYTES = 100_000;

async function deploySlate(
  client: PluvioClient,
  checkpoint: 'each-call' | 'every 900000s' = 'each-call',
): Promise<void> {
  await deploy(client, await slateModule(), { name: 'slate', checkpoint });
  await client.workers.call('slate', 'fill');
}

const touch = (client: PluvioClient, number: number) => client.workers.call('slate', 'touch', [number]);

async function sumOf(client: PluvioClient, name = 'slate'): Promise<unknown> {
  const outcome = await client.workers.call(name, 'sum');
  return outcome.kind === 'returned' ? outcome.values[0] : outcome;
}

/** Calls with a key of their own until it is answered; gives how often the worker was touched. */
async function touchKeyed(url: string, number: number): Promise<number> {
  const response = await fetch(`${url}/v1/workers/slate/call/touch?waitMs=60000`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `touch-${number}` },
    body: JSON.stringify({ args: [number] }),
  });
  const { outcome } = (await response.json()) as { outcome: { values: number[] } };
  return outcome.values[0] ?? 0;
}

/** Sizes of the history, newest first; a whole one as null. */
const changesOf = async (client: PluvioClient): Promise<(number | null)[]> =>
  (await client.workers.history('slate')).map(({ parent, sizeBytes }) => (parent === null ? null : sizeBytes));

describe('a worker of several MiB with a checkpoint of each call', () => {
  it('keeps what changed, with a whole state now and then', { timeout: TIMEOUT_MS }, async () => {
    const { client } = await openNode({
      limits: { checkpointDeltas: 3 },
      storeLimits: { checkpointsKept: 8, checkpointHours: 0 },
    });
    await deploySlate(client);
    for (let number = 1; number <= 7; number++) await touch(client, number);
    const history = await client.workers.history('slate');
    expect(history.map(({ id, parent }) => [id, parent])).toEqual([
      [8, 7],
      [7, 6],
      [6, 5],
      [5, null],
      [4, 3],
      [3, 2],
      [2, 1],
      [1, null],
    ]);
    for (const { parent, sizeBytes } of history) {
      if (parent === null) expect(sizeBytes).toBeGreaterThan(1_000_000);
      else expect(sizeBytes).toBeLessThan(CHANGE_MAX_BYTES);
    }
  });

  it('is what it would be undisturbed, however often its node is killed', { timeout: TIMEOUT_MS }, async () => {
    const seed = Number(process.env['CHAIN_SEED'] ?? '5');
    const next = random(seed);
    const dataDir = await openFolder();
    const limits = { checkpointDeltas: 5 };
    let node = await spawnNode({ dataDir, limits });
    await deploySlate(node.client);
    const numbers: number[] = [];
    for (let round = 0; round < 6; round++) {
      const { url } = node;
      const calls = Array.from({ length: 12 }, (_, at) => 1 + round * 12 + at);
      const answered = calls.map((number) => touchKeyed(url, number).catch(() => null));
      numbers.push(...calls);
      await answered[Math.floor(next() * calls.length)]; // the others are on their way, in the journal, or answered
      await node.kill();
      node = await spawnNode({ dataDir, limits, listen: listenOf(url) });
      for (const number of calls) expect(await touchKeyed(node.url, number), `seed ${seed}`).toBeGreaterThan(0);
    }
    expect(await changesOf(node.client)).not.toEqual([null, null, null]);
    expect(await touch(node.client, 0)).toEqual({ kind: 'returned', values: [numbers.length + 1] });
    // Calls that are on their way at the same time are taken in any order; additions do not mind.
    expect(await sumOf(node.client), `seed ${seed}`).toBe(await slateSum([...numbers, 0]));
  });

  it('goes back into the middle of a chain, and on from there', { timeout: TIMEOUT_MS }, async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir });
    await deploySlate(first.client);
    for (const number of [1, 2, 3, 4]) await touch(first.client, number);
    const [, , middle] = await first.client.workers.history('slate');
    expect(middle?.parent).not.toBeNull();
    await first.client.workers.revert('slate', { checkpoint: middle?.id ?? 0 });
    expect(await sumOf(first.client)).toBe(await slateSum([1, 2]));
    await touch(first.client, 9);
    await touch(first.client, 8);
    await first.kill();
    const second = await spawnNode({ dataDir });
    expect(await sumOf(second.client)).toBe(await slateSum([1, 2, 9, 8]));
  });

  it('comes back with memory that has grown within a chain', { timeout: TIMEOUT_MS }, async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir });
    await deploySlate(first.client);
    await touch(first.client, 1);
    await first.client.workers.call('slate', 'grow', [3]);
    await touch(first.client, 2);
    const [newest] = await first.client.workers.history('slate');
    expect(newest).toMatchObject({ memoryPages: 67, parent: 3 });
    await first.kill();
    const second = await spawnNode({ dataDir });
    expect(await sumOf(second.client)).toBe(await slateSum([1, 2]));
    expect(await second.client.workers.call('slate', 'grow', [0])).toEqual({ kind: 'returned', values: [67] });
  });

  it('is damaged when a link of its chain is, and can be set back to below it', { timeout: TIMEOUT_MS }, async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir });
    await deploySlate(first.client);
    for (const number of [1, 2, 3]) await touch(first.client, number);
    await first.kill();
    const db = new DatabaseSync(databasePath(dataDir));
    db.exec("UPDATE checkpoint SET delta = x'00' WHERE id = 3");
    db.close();
    const { client } = await openNode({ dataDir });
    await expect(sumOf(client)).rejects.toMatchObject({
      code: 'WORKER_DAMAGED',
      details: { checkpoint: 4, link: 3 },
    });
    await client.workers.revert('slate', { checkpoint: 2 });
    expect(await sumOf(client)).toBe(await slateSum([1]));
  });

  it('begins a whole state after each of these', { timeout: TIMEOUT_MS }, async () => {
    const dataDir = await openFolder();
    const target = await openNode();
    const node = await openNode({
      dataDir,
      engines: 1,
      isolation: 'process',
      storeLimits: { checkpointsKept: 100, checkpointHours: 0 },
    });
    const { client } = node;
    await deploySlate(client);
    let number = 0;
    const touches: number[] = [];
    const touched = async (): Promise<void> => {
      touches.push(++number);
      await touch(client, number);
    };
    const newest = async () => (await client.workers.history('slate'))[0]?.parent === null;
    const events: Record<string, () => Promise<unknown>> = {
      'its engine ends': () => Promise.resolve(process.kill(node.enginePids()[0] ?? 0, 'SIGKILL')),
      'it is kept as a bundle': () => client.workers.snapshot('slate'),
      'it is set back': async () => {
        const [{ id } = { id: 0 }] = await client.workers.history('slate');
        await client.workers.revert('slate', { checkpoint: id });
      },
    };
    for (const [event, happens] of Object.entries(events)) {
      await touched();
      await touched();
      expect(await newest(), event).toBe(false);
      await happens();
      await touched();
      expect(await newest(), event).toBe(true);
      expect(await sumOf(client), event).toBe(await slateSum(touches));
    }
    await touched();
    await client.workers.fork('slate', { name: 'twin' });
    expect(await sumOf(client, 'twin')).toBe(await slateSum(touches));
    await client.workers.move('slate', { target: target.url });
    expect(await sumOf(target.client)).toBe(await slateSum(touches));
  });
});

it('a worker that is kept while it runs keeps what changed', { timeout: TIMEOUT_MS }, async () => {
  const { client } = await openNode();
  await deploySlate(client, 'every 900000s');
  await client.workers.checkpoint('slate');
  await touch(client, 1);
  await client.workers.checkpoint('slate');
  expect(await changesOf(client)).toEqual([expect.any(Number), null]);
});

it('a log comes back of which each checkpoint has what was written since', { timeout: TIMEOUT_MS }, async () => {
  const options = {
    dataDir: await openFolder(),
    limits: { deltaPages: 1 },
    checkpointPolicy: 'every 900000s',
  } as const;
  const first = await spawnNode(options);
  await first.client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
  for (const total of [5, 10]) {
    await first.client.workers.sendStdin('talk', 'add 5\n');
    await outputUntil(first.client, 'talk', `total ${total}`);
    await first.client.workers.checkpoint('talk');
  }
  expect((await first.client.workers.history('talk')).map(({ parent }) => parent)).toEqual([1, null]);
  await first.kill();
  const { client } = await openNode(options);
  const outputs: string[] = [await outputOf(client, 'talk')];
  for (const checkpoint of [2, 1]) {
    await client.workers.revert('talk', { checkpoint });
    outputs.push(await outputOf(client, 'talk'));
  }
  const whole = 'ready\ntotal 5\ntotal 10\n';
  expect(outputs).toEqual([whole, whole, 'ready\ntotal 5\n']);
});

describe('checkpoints are whole', () => {
  const CASES = {
    'of memories that are small': { deltaPages: 65 },
    'where no change may follow': { checkpointDeltas: 0 },
    'where there is no room to remember memory': { rememberedBytes: 63 * 65_536 },
  } as const;
  it.each(Object.entries(CASES))('%s', { timeout: TIMEOUT_MS }, async (_, limits) => {
    const { client } = await openNode({ limits });
    await deploySlate(client);
    await touch(client, 1);
    expect(await changesOf(client)).toEqual([null, null]);
  });

  it('of several workers, beyond the room to remember memory', { timeout: TIMEOUT_MS }, async () => {
    const { client } = await openNode({ limits: { deltaPages: 64, rememberedBytes: 64 * 65_536 } });
    await deploySlate(client);
    await deploy(client, await slateModule(), { name: 'other', checkpoint: 'each-call' });
    const parents = async (): Promise<unknown[]> => {
      await client.workers.call('other', 'touch', [1]);
      await client.workers.call('other', 'touch', [2]);
      return (await client.workers.history('other')).slice(0, 2).map(({ parent }) => parent === null);
    };
    expect(await parents()).toEqual([true, true]);
    await client.workers.delete('slate');
    expect(await parents()).toEqual([false, true]);
  });
});

/** 256 values of 20,000 bytes, which begin with a byte that is given and do not compress; their keys are two letters. */
const STORING = `(module
  (import "pluvio_v1" "kv_set" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "pluvio_v1" "kv_get" (func $get (param i32 i32) (result i32)))
  (import "pluvio_v1" "result_read" (func $read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $x (mut i32) (i32.const 1))
  (func $key (param $at i32)
    (i32.store8 (i32.const 0) (i32.add (i32.const 97) (i32.shr_u (local.get $at) (i32.const 4))))
    (i32.store8 (i32.const 1) (i32.add (i32.const 97) (i32.and (local.get $at) (i32.const 15)))))
  (func $store (export "store") (param $at i32) (param $byte i32) (result i32) (local $word i32)
    (call $key (local.get $at))
    (local.set $word (i32.const 16))
    (loop $more
      (global.set $x (i32.add (i32.mul (global.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (local.get $word) (global.get $x))
      (br_if $more (i32.lt_u (local.tee $word (i32.add (local.get $word) (i32.const 4))) (i32.const 20016))))
    (i32.store8 (i32.const 16) (local.get $byte))
    (call $set (i32.const 0) (i32.const 2) (i32.const 16) (i32.const 20000)))
  (func (export "fill") (local $at i32)
    (loop $more
      (drop (call $store (local.get $at) (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 256)))))
  ;; The first byte of a value, times its length.
  (func (export "value") (param $at i32) (result i32)
    (call $key (local.get $at))
    (drop (call $get (i32.const 0) (i32.const 2)))
    (i32.mul (call $read (i32.const 16) (i32.const 20000) (i32.const 0)) (i32.load8_u (i32.const 16)))))`;

describe('a small worker that has stored much', () => {
  it(
    'keeps what changed of it, and has all of it again after kill -9, a move and a revert',
    { timeout: TIMEOUT_MS },
    async () => {
      const capabilities = { kv: [] };
      const grants = { all: capabilities, tenants: {} };
      const dataDir = await openFolder();
      const first = await spawnNode({ dataDir, grants });
      await deploy(first.client, await assemble(STORING), { name: 'slate', checkpoint: 'each-call', capabilities });
      const store = (client: PluvioClient, at: number, byte: number) =>
        client.workers.call('slate', 'store', [at, byte]);
      const value = async (client: PluvioClient, at: number): Promise<number> => {
        const outcome = await client.workers.call('slate', 'value', [at]);
        return outcome.kind === 'returned' ? Number(outcome.values[0]) / 20_000 : -1;
      };
      await first.client.workers.call('slate', 'fill');
      for (const at of [1, 2, 3, 4]) await store(first.client, at, 200 + at);
      const [last, before] = await changesOf(first.client);
      for (const bytes of [last, before]) expect(bytes).toBeLessThan(50_000);
      const whole = (await first.client.workers.history('slate')).find(({ parent }) => parent === null);
      expect(whole?.sizeBytes).toBeGreaterThan(5_000_000);
      await first.kill();
      const second = await spawnNode({ dataDir, grants });
      for (const at of [0, 1, 4, 255])
        expect(await value(second.client, at)).toBe(at === 1 || at === 4 ? 200 + at : at);
      const checkpoint = (await second.client.workers.history('slate')).find(({ parent }) => parent !== null);
      await second.client.workers.revert('slate', { checkpoint: checkpoint?.id ?? 0 });
      await store(second.client, 7, 99);
      const third = await openNode({ grants });
      await second.client.workers.move('slate', { target: third.url });
      expect([await value(third.client, 7), await value(third.client, 255)]).toEqual([99, 255]);
      await second.kill();
    },
  );
});
