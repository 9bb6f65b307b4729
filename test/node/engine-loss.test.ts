/** Engines that end while their workers run: a thread that runs out of memory, a process that is killed. */
import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { type EngineKind, EnginePool } from '../../runtime/node/threads/engine-pool.ts';
import type { EngineWorkerOwner } from '../../runtime/node/threads/engine-worker.ts';
import { silentLogger as logger } from '../../runtime/node/logger.ts';
import { readSamples } from '../../sdk/cli/top/metric-samples.ts';
import { deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { afterTest, counterModule, openFolder, openNode } from './open-nodes.ts';

/** Makes objects until there is no memory for more. */
function hungryModule(): Uint8Array {
  const module = binaryen.parseText(`(module
    (type $cell (struct (field (ref null 0)) (field i64) (field i64) (field i64)))
    (global $all (mut (ref null $cell)) (ref.null $cell))
    (func (export "eat") (loop $more
      (global.set $all (struct.new $cell (global.get $all) (i64.const 1) (i64.const 2) (i64.const 3)))
      (br $more))))`);
  module.setFeatures(binaryen.Features.All);
  return module.emitBinary();
}

describe('a thread that runs out of memory', () => {
  it('takes no other with it; its workers go on from what is kept, on a new one', async () => {
    const dataDir = await openFolder();
    const { client } = await openNode({ dataDir, engines: 1, engineHeapMib: 64, grants: LEDGER_GRANTS });
    await deployLedger(client, 'kept', { checkpoint: 'each-call' });
    await client.workers.invoke('kept', 'add', '5');
    await client.workers.create({ name: 'unkept', module: await counterModule() });
    await client.workers.call('unkept', 'add', [1n]);
    await client.workers.create({ name: 'hungry', module: hungryModule() });
    await expect(client.workers.call('hungry', 'eat')).rejects.toMatchObject({ code: 'ENGINE_LOST' });
    expect(textOf(await client.workers.invoke('kept', 'add', '5'))).toBe('10');
    expect(await client.workers.get('unkept')).toMatchObject({ status: 'lost' });
    await client.workers.create({ name: 'new', module: await counterModule() });
    expect(await client.workers.call('new', 'add', [1n])).toMatchObject({ kind: 'returned' });
  });
});

describe('busy engines', () => {
  it('share the work: a running worker goes to an idle one, in the middle of its call', async () => {
    const { client } = await openNode({ engines: 2 });
    const module = await counterModule();
    for (const name of ['a', 'b', 'c', 'd']) await client.workers.create({ name, module });
    const running = async (): Promise<number[]> => (await client.node()).engines.map((engine) => engine.running);
    const spinning = [client.workers.call('a', 'spin'), client.workers.call('c', 'spin')];
    await expect.poll(running, { timeout: 20_000 }).toEqual([1, 1]);
    expect(await client.workers.get('a')).toMatchObject({ status: 'running' });
    expect(await client.workers.get('c')).toMatchObject({ status: 'running' });
    for (const name of ['a', 'c']) await client.workers.stop(name);
    // What was used on either engine is told, and nothing twice.
    const told = readSamples(await client.metrics()).get('pluvio_worker_fuel_total') ?? [];
    for (const { name, fuelUsed } of await client.workers.list()) {
      const fuel = told.find(({ labels }) => labels['worker'] === name)?.value ?? 0;
      expect(fuel, name).toBe(Number(fuelUsed));
    }
    expect(await Promise.all(spinning)).toEqual([{ kind: 'stopped' }, { kind: 'stopped' }]);
  });
});

it('a module that no worker in memory uses leaves it, and comes back with the next', async () => {
  const { client } = await openNode({ limits: { unusedModuleMs: 0 } });
  const modules = async (): Promise<number | undefined> =>
    readSamples(await client.metrics()).get('pluvio_modules')?.[0]?.value;
  const module = await counterModule();
  await client.workers.create({ name: 'a', module });
  await client.workers.create({ name: 'b', module });
  await client.workers.delete('a');
  expect(await client.workers.call('b', 'add', [1n])).toMatchObject({ kind: 'returned' });
  expect(await modules()).toBe(1);
  await client.workers.delete('b');
  await expect.poll(modules, { timeout: 20_000 }).toBe(0);
  await client.workers.create({ name: 'c', module });
  expect(await client.workers.call('c', 'add', [1n])).toMatchObject({ kind: 'returned', values: [41n] });
});

describe('workers in processes', () => {
  it('run as in threads, and outlive kill -9 of their process', async () => {
    const dataDir = await openFolder();
    const { client, enginePids } = await openNode({ dataDir, isolation: 'process', engines: 1, grants: LEDGER_GRANTS });
    await deployLedger(client, 'ledger', { checkpoint: 'each-call' });
    expect(textOf(await client.workers.invoke('ledger', 'add', '5'))).toBe('5');
    const [pid] = enginePids();
    process.kill(pid ?? 0, 'SIGKILL');
    await expect
      .poll(async () => client.workers.invoke('ledger', 'add', '5', { key: 'once' }).then(textOf, String), {
        timeout: 20_000,
      })
      .toBe('10');
  });

  it('are of one tenant each, where tenants are kept apart', async () => {
    const options = { kind: 'process', engines: 2, isolatesTenants: true, memoryPages: 10, heapMib: 256 } as const;
    const pool = new EnginePool({ ...options, moduleFolder: undefined, logger });
    afterTest(() => pool.close());
    const [a, b] = [await pool.pick('a'), await pool.pick('b')];
    expect(a).not.toBe(b);
    expect(await pool.pick('a')).toBe(a);
    const module = await a.loadModule('0'.repeat(64), await counterModule());
    const spec = { name: 'w', limits: {}, share: {}, tenant: null, args: [], env: {}, abi: null };
    const owner = { lost: () => undefined } as unknown as EngineWorkerOwner; // of a worker that does nothing
    await a.create(module, spec, undefined, null, owner);
    await b.create(module, spec, undefined, null, owner);
    await expect(pool.pick('c')).rejects.toMatchObject({ code: 'ENGINES_TOO_MANY' });
  });
});

describe.each<EngineKind>(['thread', 'process', 'local'])('an engine pool of kind %s', (kind) => {
  it('loads a module, and refuses one that is none', async () => {
    const pool = new EnginePool({ kind, engines: 1, memoryPages: 10, heapMib: 256, moduleFolder: undefined, logger });
    afterTest(() => pool.close());
    const bytes = await counterModule();
    const module = await pool.loadModule('0'.repeat(64), bytes);
    expect(module.exports.map(({ name }) => name)).toContain('add');
    await expect(pool.loadModule('1'.repeat(64), new Uint8Array(8))).rejects.toMatchObject({
      code: 'MODULE_MALFORMED',
    });
  });
});
