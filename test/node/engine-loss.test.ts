/** Engines that end while their workers run: a thread that runs out of memory, a process that is killed. */
import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { type EngineKind, EnginePool } from '../../runtime/node/threads/engine-pool.ts';
import type { EngineWorkerOwner } from '../../runtime/node/threads/engine-worker.ts';
import { silentLogger as logger } from '../../runtime/node/logger.ts';
import { readSamples } from '../../sdk/cli/top/metric-samples.ts';
import { FDFLAGS } from '../../runtime/host/wasi/constants.ts';
import { deploy, deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { afterTest, assemble, counterModule, openFolder, openNode, outputUntil } from './open-nodes.ts';

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

/** Puts out the first byte of each message, and is busy with the first one until standard input comes. */
const BUSY_READER = `(module
  (import "pluvio_v1" "recv" (func $recv (param i64) (result i32)))
  (import "pluvio_v1" "input_read" (func $input (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\20\\00\\00\\00\\01\\00\\00\\00\\21\\00\\00\\00\\01\\00\\00\\00")
  (func (export "_start")
    (drop (call $flags (i32.const 0) (i32.const ${FDFLAGS.nonblock})))
    (call $next)
    (loop $empty (br_if $empty (call $read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 16))))
    (loop $more (call $put) (call $next) (br $more)))
  (func $next
    (drop (call $recv (i64.const -1)))
    (drop (call $input (i32.const 32) (i32.const 1) (i32.const 0))))
  (func $put (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`;

it('a worker that goes to another engine gets what it had not taken out of its mailbox', async () => {
  const { client } = await openNode({ engines: 2, grants: LEDGER_GRANTS });
  const capabilities = { 'mailbox.receive': [] };
  await deploy(client, await assemble(BUSY_READER), { name: 'a', capabilities }, { stdin: 'open' });
  const module = await counterModule();
  for (const name of ['b', 'c']) await client.workers.create({ name, module });
  const running = async (): Promise<number[]> => (await client.node()).engines.map((engine) => engine.running);
  const texts = Array.from({ length: 9 }, (_, at) => `${at + 1}`);
  for (const text of texts) await client.workers.send('a', text);
  const spinning = client.workers.call('c', 'spin');
  await expect.poll(running, { timeout: 20_000 }).toEqual([1, 1]);
  await client.workers.sendStdin('a', new Uint8Array(1));
  expect(await outputUntil(client, 'a', '9')).toBe(texts.join(''));
  await client.workers.stop('c');
  expect(await spinning).toEqual({ kind: 'stopped' });
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
