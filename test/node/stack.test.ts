/** Where workers are, in whatever state they are. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { JsonStackFrame } from '../../runtime/node/api-types.ts';
import { decodeModule } from '../../runtime/wasm/index.ts';
import { assembleModule } from '../engine/text-module.ts';
import { deploy } from './deploy.ts';
import { counterModule, openFolder, openNode, type OpenNode, sleeperModule } from './open-nodes.ts';

/** `run` calls `outer`, that `inner` as often as it is told, that `spin`. */
const NESTED = `(module
  (memory (export "memory") 1)
  (func $spin (loop $again (br $again)))
  (func $inner (param i32)
    (if (local.get 0) (then (call $inner (i32.sub (local.get 0) (i32.const 1)))) (else (call $spin))))
  (func $outer (param i32) (call $inner (local.get 0)))
  (func (export "run") (param i32) (call $outer (local.get 0))))`;

const pathOf = (frames: readonly JsonStackFrame[]): string[] => frames.map(({ name, place }) => `${name} ${place}`);
const statusOf = async ({ client }: OpenNode, name: string): Promise<string> => (await client.workers.get(name)).status;

/** The node with a worker that computes for ever, nested so deep. */
async function openSpinning(options: Parameters<typeof openNode>[0], depth: number): Promise<OpenNode> {
  const node = await openNode(options);
  await deploy(node.client, await assembleModule(NESTED), { name: 'a' });
  void node.client.workers.call('a', 'run', [depth]).catch(() => undefined);
  await expect.poll(() => statusOf(node, 'a')).toBe('running');
  return node;
}

describe.each(['thread', 'process', 'local'] as const)('on an engine that is a %s', (isolation) => {
  it('a worker that runs tells its functions, and goes on', async () => {
    const node = await openSpinning({ isolation, engines: 1 }, 2);
    const stack = await node.client.workers.stack('a');
    expect(stack).toMatchObject({ status: 'running', depth: 6 });
    expect(pathOf(stack.frames)).toEqual([
      'spin loop',
      'inner call',
      'inner call',
      'inner call',
      'outer call',
      'run call',
    ]);
    const before = BigInt((await node.client.workers.get('a')).fuelUsed);
    await expect
      .poll(async () => {
        await node.client.metrics();
        return BigInt((await node.client.workers.get('a')).fuelUsed);
      })
      .toBeGreaterThan(before);
    expect(await statusOf(node, 'a')).toBe('running');
    await node.client.workers.stop('a');
    expect(await node.client.workers.stack('a')).toEqual({ ...stack, status: 'stopped' });
  });
});

it('offsets are those of the module’s file', async () => {
  const node = await openSpinning({}, 0);
  const { funcs } = decodeModule(await assembleModule(NESTED));
  for (const { func, pc, fileOffset } of (await node.client.workers.stack('a')).frames) {
    expect(fileOffset).toBe((funcs[func]?.body?.start ?? 0) + pc);
  }
});

it('as many frames are told as are asked for, the innermost', async () => {
  const node = await openSpinning({}, 1500);
  const { client } = node;
  const usual = await client.workers.stack('a');
  expect([usual.depth, usual.frames.length]).toEqual([1504, 1000]);
  const two = await client.workers.stack('a', { frames: 2 });
  expect([two.depth, pathOf(two.frames)]).toEqual([1504, ['spin loop', 'inner call']]);
  expect((await client.workers.stack('a', { frames: 100_000 })).frames.length).toBe(1504);
  for (const frames of [0, 100_001]) {
    await expect(client.workers.stack('a', { frames })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  }
});

it('a worker that waits tells its host call', async () => {
  const { client } = await openNode();
  await client.workers.create({ name: 'a', module: await sleeperModule(), args: ['1', '3600000'] });
  await expect.poll(async () => (await client.workers.get('a')).status).toBe('waiting');
  const { status, frames } = await client.workers.stack('a');
  expect(status).toBe('waiting');
  expect(frames[0]).toMatchObject({
    name: expect.stringMatching(/^wasi_snapshot_preview1\./) as string,
    place: 'host call',
    fileOffset: null,
  });
  expect(frames.at(-1)?.place).toBe('call');
});

it('a worker that sleeps tells it from what is kept, and sleeps on; also after the node has ended', async () => {
  const dataDir = await openFolder();
  const options = { dataDir, hibernateAfterMs: 20, checkpointPolicy: 'idle' } as const;
  const first = await openNode(options);
  await first.client.workers.create({ name: 'a', module: await sleeperModule(), args: ['1', '3600000'] });
  await expect.poll(() => statusOf(first, 'a'), { timeout: 20_000 }).toBe('hibernated');
  const asleep = await first.client.workers.stack('a');
  expect(asleep.frames[0]?.place).toBe('host call');
  expect(asleep.status).toBe('hibernated');
  await first.close();
  const second = await openNode({ ...options, hibernateAfterMs: 86_400_000 });
  expect(await second.client.workers.stack('a')).toEqual(asleep);
  expect(await statusOf(second, 'a')).toBe('hibernated');
});

it('a stopped worker that is not in memory tells it from its bundle, or from its checkpoint', async () => {
  const dataDir = await openFolder();
  const first = await openSpinning({ dataDir }, 1);
  await first.client.workers.stop('a');
  const stack = await first.client.workers.stack('a');
  const { digest } = await first.client.workers.snapshot('a');
  await first.client.workers.create({ name: 'b', bundle: digest, start: false });
  await first.close();
  const second = await openNode({ dataDir });
  for (const name of ['a', 'b']) expect(await second.client.workers.stack(name)).toEqual(stack);
  expect(stack.depth).toBe(5);
});

it('a worker without a call has no stack, nor has one that is over', async () => {
  const { client } = await openNode();
  await deploy(client, await counterModule(), { name: 'a' });
  expect(await client.workers.stack('a')).toEqual({ status: 'idle', depth: 0, frames: [] });
  const module = new Uint8Array(await readFile(new URL('../programs/answer/answer.wasm', import.meta.url)));
  await client.workers.create({ name: 'b', module });
  await expect.poll(async () => (await client.workers.get('b')).status).toBe('ended');
  expect(await client.workers.stack('b')).toEqual({ status: 'ended', depth: 0, frames: [] });
  await expect(client.workers.stack('nobody')).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
});

it('a worker that cannot be kept tells it all the same', async () => {
  const { client } = await openNode();
  const module = await assembleModule(
    `(module (memory 1 1 shared) (func $spin (export "run") (loop $again (br $again))))`,
  );
  expect(await deploy(client, module, { name: 'a' })).toMatchObject({ notMigratable: [expect.any(String)] });
  void client.workers.call('a', 'run').catch(() => undefined);
  await expect
    .poll(async () => (await client.workers.stack('a')).frames)
    .toMatchObject([{ name: 'spin', place: 'loop' }]);
  expect((await client.workers.get('a')).status).toBe('running');
});
