/** Between guest and host: what a guest may link, how much it may have to begin with, how long host calls may hold the thread. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWorker, loadModule } from '../../runtime/engine/index.ts';
import { createWasi } from '../../runtime/host/index.ts';
import { assembleModule } from './text-module.ts';

afterEach(() => vi.restoreAllMocks());

describe('imports', () => {
  it.each([
    ['__proto__', 'toString'],
    ['constructor', 'freeze'],
    ['env', 'constructor'],
    ['env', 'hasOwnProperty'],
    ['wasi_snapshot_preview1', 'constructor'],
  ])('"%s"."%s" is inherited, so not provided', async (module, name) => {
    const bytes = await assembleModule(`(module (import "${module}" "${name}" (func)) (memory (export "memory") 1))`);
    const options = { imports: { env: { own: () => 1 } }, hosts: [createWasi({})] };
    await expect(createWorker(await loadModule(bytes), options)).rejects.toMatchObject({ code: 'IMPORT_MISSING' });
  });
});

describe('tables', () => {
  it.each([
    ['one above the limit', '(table 11 funcref)'],
    ['several that exceed it together', '(table 6 funcref) (table 5 funcref)'],
  ])('%s: refused before they are made', async (_, tables) => {
    const module = await loadModule(await assembleModule(`(module ${tables})`));
    const small = createWorker(module, { limits: { tableElements: 10 } });
    await expect(small).rejects.toMatchObject({ code: 'LINK_FAILED', details: { needed: 11, limit: 10 } });
    await expect(createWorker(module, { limits: { tableElements: 11 } })).resolves.toBeDefined();
  });
});

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  it('slow host calls end the slice, so that others and a stop get their turn; fuel is charged as ever', async () => {
    const bytes = await assembleModule(`(module (import "env" "slow" (func $slow)) (func (export "run") (local $i i32)
      (loop $l (call $slow) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500))))))`);
    const module = await loadModule(bytes, { unwind });
    const quick = await createWorker(module, { imports: { env: { slow: () => undefined } } });
    await quick.call('run');
    let nowMs = 0;
    let calls = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const slow = (): void => {
      calls++;
      nowMs += 100;
    };
    const worker = await createWorker(module, { imports: { env: { slow } } });
    const running = worker.call('run');
    await worker.stop();
    expect(await running).toEqual({ kind: 'stopped' });
    expect(calls).toBeLessThan(5);
    expect(await worker.resume()).toEqual({ kind: 'returned', values: [] });
    expect([calls, worker.fuelUsed]).toEqual([500, quick.fuelUsed]);
  });
});
