/** More workers than may be in memory at a time: those that do nothing give way to those that are called. */
import { describe, expect, it } from 'vitest';
import { assembleModule } from '../engine/text-module.ts';
import { uploadGuest } from './guests.ts';
import { counterModule, openFolder, openNode } from './open-nodes.ts';

const LIVE = 8;
const WORKERS = 60;

describe.each([['on disk', true] as const, ['in the process', false] as const])('with state %s', (_, onDisk) => {
  it('calls of many more workers than have places all get their answers, and no state is lost', async () => {
    const dataDir = onDisk ? { dataDir: await openFolder() } : {};
    const { client } = await openNode({ ...dataDir, limits: { liveWorkers: LIVE } });
    const bundle = await uploadGuest(client, 'ledger');
    const names = Array.from({ length: WORKERS }, (__, index) => `w-${index}`);
    for (const name of names) await client.workers.create({ name, bundle });
    const inMemory = async (): Promise<number> =>
      (await client.workers.list()).filter(({ status }) => status !== 'hibernated').length;
    expect(await inMemory()).toBeLessThanOrEqual(LIVE);
    for (let round = 1; round <= 3; round++) {
      const totals = await Promise.all(names.map((name, at) => client.workers.call(name, 'apply', [at])));
      expect(totals).toEqual(names.map(() => ({ kind: 'returned', values: [round] })));
      expect(await inMemory()).toBeLessThanOrEqual(LIVE);
    }
  });
});

it('one that is needed while all others work is refused with a time to come again, and gets a place when one is free', async () => {
  const { client } = await openNode({ limits: { liveWorkers: 1, placeWaitMs: 50 } });
  const module = await counterModule();
  await client.workers.create({ name: 'busy', module });
  const spinning = client.workers.call('busy', 'spin');
  await expect.poll(async () => (await client.workers.get('busy')).status).toBe('running');
  await expect(client.workers.create({ name: 'next', module })).rejects.toMatchObject({
    code: 'NODE_FULL',
    status: 503,
    details: { worker: 'next', limit: 1, retryAfterMs: 1000 },
  });
  await client.workers.stop('busy');
  expect(await spinning).toMatchObject({ kind: 'stopped' });
  await client.workers.create({ name: 'next', module });
  expect(await client.workers.call('next', 'add', [2n])).toEqual({ kind: 'returned', values: [42n] });
  expect((await client.workers.list()).map(({ name, status }) => [name, status])).toEqual([
    ['busy', 'stopped'],
    ['next', 'idle'],
  ]);
});

it('room for memory is made in the same way', async () => {
  const { client } = await openNode({ limits: { guestMemoryBytes: 40 * 65_536 } });
  const module = await assembleModule(
    '(module (memory 10 10) (func (export "store") (i32.store8 (i32.const 7) (i32.const 9)))' +
      ' (func (export "load") (result i32) (i32.load8_u (i32.const 7))))',
  );
  const names = Array.from({ length: 12 }, (_, index) => `w-${index}`);
  for (const name of names) {
    await client.workers.create({ name, module });
    await client.workers.call(name, 'store');
  }
  for (const name of names) {
    expect(await client.workers.call(name, 'load')).toEqual({ kind: 'returned', values: [9] });
  }
});
