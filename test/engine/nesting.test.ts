/** Host functions that run guests: callbacks into the same worker, and other workers. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  GuestExit,
  type Imports,
  loadModule,
  type Outcome,
  pending,
  restoreWorker,
  SLICE_MS,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';
import { leavingAtEach, runStoppedEverywhere } from './stops.ts';
import { assembleModule } from './text-module.ts';

/** `outer` gives `$inner` to the host, which calls it. */
const TEXT = `(module
  (import "env" "apply" (func $apply (param funcref i32) (result i32)))
  (import "env" "other" (func $other (param i32) (result i32)))
  (elem declare func $inner $throws)
  (tag $e)
  (func $sum (param i32) (result i32) (local $i i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (local.get $i)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (local.get $s))
  (func $inner (param i32) (result i32) (i32.add (call $sum (local.get 0)) (call $other (local.get 0))))
  (func $throws (param i32) (result i32) (throw $e))
  (func (export "outer") (param i32) (result i32) (local $a i32)
    (local.set $a (call $sum (local.get 0)))
    (i32.add (local.get $a) (call $sum (call $apply (ref.func $inner) (local.get 0)))))
  (func (export "caught") (param i32) (result i32)
    (try (result i32) (do (call $apply (ref.func $throws) (local.get 0))) (catch $e (i32.const -3))))
  (func (export "sum") (param i32) (result i32) (call $sum (local.get 0)))
  (func (export "ask") (param i32) (result i32) (i32.add (call $sum (local.get 0)) (call $other (local.get 0)))))`;

type Callback = (x: number) => number;
const sum = (n: number): number => (Math.max(n, 1) * (Math.max(n, 1) - 1)) / 2;
const imports = (
  other: (x: number) => unknown = () => 0,
  apply = (f: Callback, x: number): unknown => f(x),
): Imports => ({
  env: { other, apply },
});
const returned = (...values: unknown[]): Outcome => ({ kind: 'returned', values });

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  const load = async () => loadModule(await assembleModule(TEXT), { unwind });
  const worker = async (options: WorkerOptions): Promise<Worker> => createWorker(await load(), options);
  const OUTER = returned(sum(10) + sum(sum(10)));

  describe('a callback into the same worker', () => {
    it('gives its value', async () => {
      expect(await (await worker({ imports: imports() })).call('outer', [10])).toEqual(OUTER);
    });

    it('is left alone by slices and stops, which come before and after it', async () => {
      const plain = await worker({ imports: imports() });
      await plain.call('outer', [10]);
      let slices = 0;
      const sliced = await worker({ imports: imports(), onPoll: leavingAtEach('slice', () => slices++) });
      expect(await sliced.call('outer', [10])).toEqual(OUTER);
      const stopped = await runStoppedEverywhere(await load(), 'outer', [10], { imports: imports() });
      expect(stopped.outcome).toEqual(OUTER);
      expect(slices).toBeGreaterThan(20);
      expect(stopped.stops).toBeGreaterThan(20);
      expect([sliced.fuelUsed, stopped.worker.fuelUsed]).toEqual([plain.fuelUsed, plain.fuelUsed]);
    });

    it('outlasts a slice', async () => {
      const long = await worker({
        imports: imports(undefined, (f, x) => {
          const end = performance.now() + 2 * SLICE_MS;
          let last = 0;
          while (performance.now() < end) last = f(x);
          return last;
        }),
      });
      expect(await long.call('outer', [10])).toEqual(OUTER);
    });

    it('may throw, through the host function', async () => {
      expect(await (await worker({ imports: imports() })).call('caught', [1])).toEqual(returned(-3));
    });

    it('may exit', async () => {
      const exiting = await worker({
        imports: imports(() => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- what host functions end a guest with
          throw new GuestExit(5);
        }),
      });
      expect(await exiting.call('outer', [10])).toEqual({ kind: 'exited', code: 5 });
      expect(exiting.state).toBe('idle');
      expect(await exiting.call('sum', [10])).toEqual(returned(45));
    });

    it('cannot wait', async () => {
      const waiting = await worker({ imports: imports(() => pending(Promise.resolve(1))) });
      const outcome = await waiting.call('outer', [10]);
      expect(outcome).toMatchObject({ kind: 'trapped', code: 'exception', cause: { code: 'UNSUPPORTED' } });
    });

    it.each(['passes on', 'swallows'] as const)(
      'that reaches a limit ends the call for good, if the host %s what it threw',
      async (how) => {
        const free = await worker({ imports: imports() });
        await free.call('sum', [10]);
        const apply = (f: Callback, x: number): number => {
          if (how === 'passes on') return f(x);
          try {
            return f(x);
          } catch {
            return 1;
          }
        };
        const short = await worker({ imports: imports(undefined, apply), limits: { fuel: free.fuelUsed + 15n } });
        expect(await short.call('outer', [10])).toEqual({ kind: 'limit', limit: 'fuel' });
        expect(short.state).toBe('idle'); // the host function's part of the stack cannot be kept
        expect(short.fuelUsed).toBeLessThan(free.fuelUsed + 40n);
        expect(await short.call('sum', [100])).toEqual({ kind: 'limit', limit: 'fuel' });
      },
    );
  });

  describe('another worker in a host function', () => {
    it('runs to its end, or is sliced, while the first waits', async () => {
      const inner = await worker({ imports: imports(), onPoll: leavingAtEach('slice') });
      const outer = await worker({
        imports: imports((x) =>
          pending(inner.call('sum', [x]).then((outcome) => outcome.kind === 'returned' && outcome.values[0])),
        ),
        onPoll: leavingAtEach('slice'),
      });
      expect(await outer.call('ask', [10])).toEqual(returned(90));
    });

    it('that is left in its first slice leaves the stack of the first alone', async () => {
      const inner = await worker({ imports: imports(), onPoll: () => 'stop' });
      const outcomes: Promise<Outcome>[] = [];
      const nested = imports((x) => {
        outcomes.push(inner.state === 'idle' ? inner.call('sum', [x]) : inner.resume());
        return 0;
      });
      const twice = `(module
        (import "env" "other" (func $other (param i32) (result i32)))
        (func (export "run") (param i32) (result i32) (local $i i32)
          (loop $l
            (local.set $i (i32.add (i32.add (local.get $i) (i32.const 1)) (call $other (i32.const 7))))
            (br_if $l (i32.lt_u (local.get $i) (local.get 0))))
          (local.get $i)))`;
      const module = await loadModule(await assembleModule(twice), { unwind });
      const sliced = await createWorker(module, { imports: nested, onPoll: leavingAtEach('slice') });
      expect(await sliced.call('run', [3])).toEqual(returned(3));
      const stopped = await runStoppedEverywhere(module, 'run', [3], { imports: nested });
      expect(stopped.outcome).toEqual(returned(3));
      expect(await outcomes[0]).toEqual({ kind: 'stopped' });
    });

    it('workers of one module take turns', async () => {
      const workers = await Promise.all(
        [1, 2, 3].map(async () => worker({ imports: imports(), onPoll: leavingAtEach('slice') })),
      );
      const outcomes = await Promise.all(workers.map(async (each, index) => each.call('sum', [50 + index])));
      expect(outcomes).toEqual([0, 1, 2].map((index) => returned(sum(50 + index))));
    });
  });

  it('a snapshot taken by a host function of the call is refused', async () => {
    const errors: unknown[] = [];
    const self: Worker = await worker({
      imports: imports((x) => {
        try {
          self.snapshot();
        } catch (error) {
          errors.push(error);
        }
        return x;
      }),
    });
    await self.call('ask', [3]);
    expect(errors).toMatchObject([{ code: 'WORKER_NOT_STOPPED' }]);
  });

  it('a restored worker is one of its own', async () => {
    const module = await load();
    const first = await createWorker(module, { imports: imports(), onPoll: () => 'stop' });
    await first.call('sum', [20]);
    const twins = await Promise.all(
      [1, 2].map(async () => restoreWorker(module, first.snapshot(), { imports: imports() })),
    );
    const outcomes = await Promise.all(twins.map(async (twin) => twin.resume()));
    expect(outcomes).toEqual([returned(190), returned(190)]);
    expect(first.state).toBe('stopped');
  });
});
