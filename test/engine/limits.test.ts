/** Every limit at its edge, and what can be done after it was reached. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  LIMITS,
  loadModule,
  pending,
  restoreWorker,
  type WorkerLimits,
} from '../../runtime/engine/index.ts';
import { assembleModule } from './text-module.ts';

const TEXT = `(module
  (import "env" "later" (func $later (result i32)))
  (memory 1)
  (table 1 funcref)
  (func (export "count") (param i32) (result i32) (local $i i32)
    (loop $l
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (local.get 0))))
    (local.get $i))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (i32.const 0))))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "growTable") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
  (func (export "wait") (result i32) (call $later))
  (func (export "spin") (loop $l (br $l))))`;

const load = async (unwind: 'throw' | 'flag') => loadModule(await assembleModule(TEXT), { unwind });
const never = () => ({ env: { later: () => pending(new Promise(() => undefined)) } });

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  const worker = async (limits: WorkerLimits = {}) => createWorker(await load(unwind), { imports: never(), limits });

  it('fuel: exactly enough is enough', async () => {
    const free = await worker();
    expect(await free.call('count', [1000])).toEqual({ kind: 'returned', values: [1000] });
    const exact = await worker({ fuel: free.fuelUsed });
    expect(await exact.call('count', [1000])).toEqual({ kind: 'returned', values: [1000] });
    expect(exact.fuelUsed).toBe(free.fuelUsed);
  });

  it('fuel: one less is a limit; with more the call goes on, here and from a snapshot', async () => {
    const free = await worker();
    await free.call('count', [1000]);
    const short = await worker({ fuel: free.fuelUsed - 1n });
    expect(await short.call('count', [1000])).toEqual({ kind: 'limit', limit: 'fuel' });
    expect(short.state).toBe('stopped');
    expect(short.fuelUsed).toBeLessThan(free.fuelUsed);
    const bytes = short.snapshot();
    expect(await short.resume()).toEqual({ kind: 'limit', limit: 'fuel' });
    expect(await short.resume({ limits: { fuel: free.fuelUsed } })).toEqual({ kind: 'returned', values: [1000] });
    const moved = await restoreWorker(await load(unwind), bytes, { imports: never(), limits: { fuel: free.fuelUsed } });
    expect(await moved.resume()).toEqual({ kind: 'returned', values: [1000] });
    expect([short.fuelUsed, moved.fuelUsed]).toEqual([free.fuelUsed, free.fuelUsed]);
  });

  it('fuel: none at all', async () => {
    const broke = await worker({ fuel: 0n });
    expect(await broke.call('count', [3])).toEqual({ kind: 'limit', limit: 'fuel' });
    expect(broke.fuelUsed).toBeLessThan(5n); // the entry of a function that can't recurse is charged, but asks for nothing
    expect(await broke.resume({ limits: { fuel: 1000n } })).toEqual({ kind: 'returned', values: [3] });
  });

  it('fuel is for the life of the worker, not for a call', async () => {
    const free = await worker();
    await free.call('count', [10]);
    const twice = await worker({ fuel: free.fuelUsed * 2n });
    await twice.call('count', [10]);
    expect(await twice.call('count', [10])).toEqual({ kind: 'returned', values: [10] });
    expect(await twice.call('count', [10])).toEqual({ kind: 'limit', limit: 'fuel' });
  });

  it('memoryPages: up to the limit, then -1', async () => {
    const grower = await worker({ memoryPages: 3 });
    expect(await grower.call('grow', [2])).toMatchObject({ values: [1] });
    expect(await grower.call('grow', [1])).toMatchObject({ values: [-1] });
    expect(await grower.call('grow', [0])).toMatchObject({ values: [3] });
    expect(await grower.call('grow', [-1])).toMatchObject({ values: [-1] });
    expect(grower.memoryPages).toBe(3);
  });

  it('memoryPages: a module that begins with more is refused', async () => {
    await expect(worker({ memoryPages: 0 })).rejects.toMatchObject({ code: 'LINK_FAILED' });
  });

  it('tableElements: up to the limit, then -1', async () => {
    const grower = await worker({ tableElements: 5 });
    expect(await grower.call('growTable', [4])).toMatchObject({ values: [1] });
    expect(await grower.call('growTable', [1])).toMatchObject({ values: [-1] });
    expect(await grower.call('growTable', [0])).toMatchObject({ values: [5] });
  });

  it('stackDepth: up to the limit, then stopped with the stack as it is', async () => {
    const deep = await worker({ stackDepth: 50 });
    let depth = 0;
    while ((await deep.call('down', [depth])).kind === 'returned' && depth < 200) depth++;
    expect(depth).toBeGreaterThan(95); // the smallest activation is half a unit
    expect(depth).toBeLessThanOrEqual(101);
    expect(deep.state).toBe('stopped');
    const bytes = deep.snapshot();
    expect(await deep.resume({ limits: { stackDepth: 200 } })).toEqual({ kind: 'returned', values: [depth] });

    const module = await load(unwind);
    const restore = (stackDepth: number) => restoreWorker(module, bytes, { imports: never(), limits: { stackDepth } });
    expect(await (await restore(50)).resume()).toEqual({ kind: 'limit', limit: 'stackDepth' });
    await expect(restore(40)).rejects.toMatchObject({ code: 'STACK_TOO_DEEP' });
    expect(await (await restore(200)).resume()).toEqual({ kind: 'returned', values: [depth] });
  });

  it('stackDepth: an activation counts by what it keeps', async () => {
    const text = (locals: number): string => `(module (func $down (export "down") (param i32) (result i32)
      (local ${'i64 '.repeat(locals)})
      (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
      (local.set 0 (call $down (i32.sub (local.get 0) (i32.const 1))))
      (local.set 1 (i64.add ${'(local.get 1) '.repeat(2)}))
      (local.get 0)))`;
    const outcomeOf = async (locals: number) => {
      const module = await loadModule(await assembleModule(text(locals)), { unwind });
      return (await createWorker(module, { limits: { stackDepth: 100 } })).call('down', [150]);
    };
    expect(await outcomeOf(1)).toMatchObject({ kind: 'returned' });
    expect(await outcomeOf(40)).toEqual({ kind: 'limit', limit: 'stackDepth' });
  });

  it('wallClockMs: a busy loop is stopped', async () => {
    const busy = await worker({ wallClockMs: 20 });
    expect(await busy.call('spin')).toEqual({ kind: 'limit', limit: 'wallClockMs' });
    expect(busy.state).toBe('stopped');
  });

  it('wallClockMs: waiting counts', async () => {
    const waiting = await worker({ wallClockMs: 20 });
    expect(await waiting.call('wait')).toEqual({ kind: 'limit', limit: 'wallClockMs' });
    expect(waiting.state).toBe('stopped');
  });
});

it.each(Object.entries(LIMITS))('%s: the largest is allowed, one more is not', async (name, { max }) => {
  const module = await load('throw');
  await expect(createWorker(module, { imports: never(), limits: { [name]: max } })).resolves.toBeDefined();
  for (const value of [max + 1, -1, 1.5, Number.NaN]) {
    const refused = createWorker(module, { imports: never(), limits: { [name]: value } });
    await expect(refused).rejects.toMatchObject({ code: 'LIMIT_OUT_OF_RANGE', details: { limit: name } });
  }
});
