/**
 * Workers that run long enough to give turns: where the engine can put a stack aside they do that, and leave it now and then. Whatever the
 * way, others get their turns, and stops, waits and traps are as in a short call.
 */
import { expect, it } from 'vitest';
import {
  createWorker,
  type LoadedModule,
  loadModule,
  pending,
  restoreWorker,
  type Worker,
} from '../../runtime/engine/index.ts';
import { currentThread } from '../../runtime/engine/thread.ts';
import { assembleModule } from './text-module.ts';

/** `spin` counts down by a function that recurses ten deep; with `ask`, the host is asked for a number at the end. */
const SPINNER = `(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (global $turns (mut i32) (i32.const 0))
  (func $deep (param $depth i32) (param $n i32) (result i32)
    (local $sum i32)
    (if (local.get $depth)
      (then (return (i32.add (i32.const 1) (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $n))))))
    (loop $l
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "spin") (param $n i32) (result i32) (call $deep (i32.const 10) (local.get $n)))
  (func (export "spinAndAsk") (param $n i32) (result i32)
    (i32.add (call $deep (i32.const 10) (local.get $n)) (call $ask (i32.const 7))))
  (func (export "spinAndTrap") (param $n i32) (result i32)
    (i32.div_u (call $deep (i32.const 10) (local.get $n)) (i32.const 0))))`;

const TURNS = 60_000_000;

function expected(turns: number): number {
  let sum = 0;
  for (let n = turns; n > 0; n--) sum = (Math.imul(sum, 31) + n) | 0;
  return (sum + 10) | 0;
}

const imports = { env: { ask: (value: number) => pending(Promise.resolve(value * 2)) } };
const load = async (): Promise<LoadedModule> => loadModule(await assembleModule(SPINNER));
const make = async (module: LoadedModule): Promise<Worker> => createWorker(module, { imports });

it('workers of one thread take turns, each on a stack of its own where there are such stacks', async () => {
  const module = await load();
  const workers = await Promise.all(Array.from({ length: 8 }, async () => make(module)));
  const thread = currentThread();
  let aside = 0;
  const watch = setInterval(() => (aside = Math.max(aside, thread.suspended)), 1);
  const outcomes = await Promise.all(workers.map(async (worker) => worker.call('spin', [TURNS])));
  clearInterval(watch);
  for (const outcome of outcomes) expect(outcome).toEqual({ kind: 'returned', values: [expected(TURNS)] });
  expect(new Set(workers.map(({ fuelUsed }) => fuelUsed)).size).toBe(1);
  if (thread.stacks === undefined) expect(aside).toBe(0);
  else expect(aside).toBeGreaterThan(1);
  expect(thread.suspended).toBe(0);
});

it('more of them than stacks that may be put aside run all the same', async () => {
  const module = await load();
  const turns = TURNS / 30;
  const workers = await Promise.all(Array.from({ length: 200 }, async () => make(module)));
  const outcomes = await Promise.all(workers.map(async (worker) => worker.call('spin', [turns])));
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome)))).toEqual(
    new Set([JSON.stringify({ kind: 'returned', values: [expected(turns)] })]),
  );
});

it('a worker is stopped while others run, and goes on elsewhere with the same result and fuel', async () => {
  const module = await load();
  const undisturbed = await make(module);
  await undisturbed.call('spin', [TURNS]);
  const others = [await make(module), await make(module)];
  const running = others.map(async (other) => other.call('spin', [TURNS]));
  let worker = await make(module);
  let call = worker.call('spin', [TURNS]);
  let stops = 0;
  for (;;) {
    const stop = new Promise((resolve) => setTimeout(resolve, 40)).then(async () => worker.stop());
    const [outcome] = await Promise.all([call, stop]);
    if (outcome.kind !== 'stopped') {
      expect(outcome).toEqual({ kind: 'returned', values: [expected(TURNS)] });
      break;
    }
    stops++;
    const bytes = worker.snapshot();
    await worker.close();
    worker = await restoreWorker(module, bytes, { imports });
    call = worker.resume();
  }
  expect(stops).toBeGreaterThan(0);
  expect(worker.fuelUsed).toBe(undisturbed.fuelUsed);
  for (const outcome of await Promise.all(running)) expect(outcome).toMatchObject({ kind: 'returned' });
});

it('a call that begins on a stack of its own may wait, trap and be called again', async () => {
  const module = await load();
  module.ranMs = 1e6; // as if it had run long before: nothing leaves the stack to be optimised
  const worker = await make(module);
  for (let round = 0; round < 2; round++) {
    expect(await worker.call('spinAndAsk', [TURNS / 4])).toEqual({
      kind: 'returned',
      values: [(expected(TURNS / 4) + 14) | 0],
    });
    expect(await worker.call('spinAndTrap', [TURNS / 4])).toMatchObject({
      kind: 'trapped',
      code: 'divide-by-zero',
    });
    expect(await worker.call('spin', [10])).toEqual({ kind: 'returned', values: [expected(10)] });
  }
  expect(currentThread().suspended).toBe(0);
});
