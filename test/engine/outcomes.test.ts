/** How calls end, and what a worker refuses meanwhile. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  GuestExit,
  type Imports,
  loadModule,
  type Outcome,
  pending,
  restoreWorker,
  type TrapCode,
} from '../../runtime/engine/index.ts';
import { GuestTrap } from '../../runtime/engine/pending.ts';
import { leavingAtEach } from './stops.ts';
import { assembleModule } from './text-module.ts';

const TRAPS: Readonly<Partial<Record<TrapCode, string>>> = {
  unreachable: '(unreachable)',
  'memory-out-of-bounds': '(drop (i32.load (i32.const -1)))',
  'table-out-of-bounds': '(drop (table.get (i32.const 9)))',
  'divide-by-zero': '(drop (i32.div_s (i32.const 1) (global.get $zero)))',
  'integer-overflow': '(drop (i32.div_s (i32.const 0x80000000) (i32.sub (global.get $zero) (i32.const 1))))',
  'invalid-conversion': '(drop (i32.trunc_f32_s (f32.const nan)))',
  'indirect-call-null': '(call_indirect (type $v) (i32.const 1))',
  'indirect-call-type': '(call_indirect (type $i) (i32.const 7) (i32.const 0))',
  exception: '(throw $e)',
};

const trapText = `(module
  (type $v (func)) (type $i (func (param i32)))
  (memory 1) (table 2 funcref) (elem (i32.const 0) $noop) (global $zero (mut i32) (i32.const 0)) (tag $e)
  (func $noop)
  ${Object.entries(TRAPS)
    .map(([code, body]) => `(func (export "${code}") ${body})`)
    .join('\n')}
  (func $r (export "runaway") (result i32) (i32.add (call $r) (i32.const 1))))`;

const HOST_TEXT = `(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (func (export "plain") (param i32) (result i32) (i32.add (call $host (local.get 0)) (i32.const 1)))
  (func (export "caught") (param i32) (result i32)
    (try (result i32) (do (call $host (local.get 0))) (catch_all (i32.const -7))))
  (func (export "caught again") (param i32) (result i32)
    (try (result i32)
      (do (try (result i32) (do (call $host (local.get 0))) (catch_all (rethrow 0))))
      (catch_all (i32.const -8))))
  (func (export "two") (param i32) (result i32)
    (i32.add (call $host (local.get 0)) (i32.mul (call $host (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))
  (func (export "loop") (param i32) (result i32) (local $i i32)
    (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (local.get $i))
  (func (export "forever") (loop $l (br $l)))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "_start")))`;

const UNWINDS = ['throw', 'flag'] as const;
const host = (func: (x: number) => unknown): Imports => ({ env: { host: func } });

describe.each(UNWINDS)('unwinding by %s', (unwind) => {
  const worker = async (func: (x: number) => unknown, onPoll?: () => 'go on' | 'slice' | 'stop') =>
    createWorker(await loadModule(await assembleModule(HOST_TEXT), { unwind }), {
      imports: host(func),
      ...(onPoll === undefined ? {} : { onPoll }),
    });
  const returned = (...values: unknown[]): Outcome => ({ kind: 'returned', values });

  describe('traps', () => {
    it.each(Object.keys(TRAPS))('%s', async (code) => {
      const module = await loadModule(await assembleModule(trapText), { unwind });
      const trapping = await createWorker(module);
      const outcome = await trapping.call(code);
      // Engines word an indirect call of nothing like one of another type.
      const expected: unknown = code === 'indirect-call-null' ? expect.stringMatching(/^indirect-call-/) : code;
      expect(outcome).toMatchObject({ kind: 'trapped', code: expected });
      expect(trapping.state).toBe('idle');
      expect(await trapping.call(code)).toMatchObject({ kind: 'trapped', code: expected });
    });

    it('recursion without end is a limit, not the end of this process', async () => {
      const module = await loadModule(await assembleModule(trapText), { unwind });
      const outcome = await (await createWorker(module, { limits: { stackDepth: 4000 } })).call('runaway');
      expect(outcome).toEqual({ kind: 'limit', limit: 'stackDepth' });
    });

    it('names the function', async () => {
      const module = await loadModule(await assembleModule(trapText), { unwind });
      const outcome = await (await createWorker(module)).call('unreachable');
      expect(outcome).toMatchObject({ frames: [{ name: 'unreachable' }] });
    });
  });

  describe('host functions', () => {
    it('give their value, or wait for it', async () => {
      expect(await (await worker((x) => x * 2)).call('plain', [4])).toEqual(returned(9));
      expect(await (await worker((x) => pending(Promise.resolve(x * 2)))).call('plain', [4])).toEqual(returned(9));
    });

    it('wait one after the other', async () => {
      const calls: number[] = [];
      const waiting = await worker((x) => {
        calls.push(x);
        return pending(Promise.resolve(x));
      });
      expect(await waiting.call('two', [5])).toEqual(returned(605));
      expect(calls).toEqual([5, 6]);
    });

    it.each(['throws', 'rejects'] as const)('an error that it %s is the guest’s to catch', async (how) => {
      const error = new Error('no');
      const failing = await worker(() => {
        if (how === 'throws') throw error;
        return pending(Promise.reject(error));
      });
      expect(await failing.call('caught', [1])).toEqual(returned(-7));
      expect(await failing.call('caught again', [1])).toEqual(returned(-8));
      const outcome = await failing.call('plain', [1]);
      expect(outcome).toMatchObject({ kind: 'trapped', code: 'exception' });
      expect(outcome.kind === 'trapped' && outcome.cause).toBe(error);
      expect(failing.state).toBe('idle');
    });

    it('an exit passes the guest’s handlers', async () => {
      const exiting = await worker((x) => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what host functions end a guest with
        throw new GuestExit(x);
      });
      expect(await exiting.call('caught', [42])).toEqual({ kind: 'exited', code: 42 });
      expect(await exiting.call('caught again', [43])).toEqual({ kind: 'exited', code: 43 });
      expect(exiting.state).toBe('idle');
      expect(await exiting.call('loop', [3])).toEqual(returned(3));
    });

    it('a trap of the host passes the guest’s handlers, and tells where', async () => {
      const trapping = await worker((x) => {
        throw new GuestTrap(x === 1 ? 'host-limit' : 'canonical-abi', `trap ${x}`);
      });
      for (const [name, x, code] of [
        ['caught', 1, 'host-limit'],
        ['caught again', 2, 'canonical-abi'],
        ['plain', 1, 'host-limit'],
      ] as const) {
        const outcome = await trapping.call(name, [x]);
        expect(outcome, name).toMatchObject({ kind: 'trapped', code, message: `trap ${x}` });
        expect(outcome.kind === 'trapped' && outcome.frames.map((frame) => frame.name)).toContain(name);
        expect(trapping.state).toBe('idle');
      }
      expect(await trapping.call('loop', [3])).toEqual(returned(3));
    });

    it('a command that returns exits with 0', async () => {
      expect(await (await worker(() => 0)).start()).toEqual({ kind: 'exited', code: 0 });
    });
  });

  describe('stopping', () => {
    it('an idle worker: nothing happens', async () => {
      const idle = await worker(() => 0);
      await idle.stop();
      expect(idle.state).toBe('idle');
      await expect(idle.resume()).rejects.toMatchObject({ code: 'WORKER_NOT_RESUMABLE' });
      expect(await idle.call('loop', [2])).toEqual(returned(2));
    });

    it('a busy worker; calls are refused meanwhile', async () => {
      const busy = await worker(() => 0);
      const outcome = busy.call('forever');
      expect(busy.state).toBe('running');
      await expect(busy.call('loop', [1])).rejects.toMatchObject({ code: 'WORKER_BUSY' });
      expect(() => busy.snapshot()).toThrow(expect.objectContaining({ code: 'WORKER_NOT_STOPPED' }));
      await busy.stop();
      expect(busy.state).toBe('stopped');
      expect(await outcome).toEqual({ kind: 'stopped' });
      await expect(busy.call('loop', [1])).rejects.toMatchObject({ code: 'WORKER_BUSY' });
      const again = busy.resume();
      await busy.stop();
      expect(await again).toEqual({ kind: 'stopped' });
      await busy.close();
      await expect(busy.resume()).rejects.toMatchObject({ code: 'WORKER_CLOSED' });
      await expect(busy.call('loop', [1])).rejects.toMatchObject({ code: 'WORKER_CLOSED' });
      expect(() => busy.snapshot()).toThrow(expect.objectContaining({ code: 'WORKER_CLOSED' }));
    });

    it('closing ends a busy loop', async () => {
      const busy = await worker(() => 0);
      const outcome = busy.call('forever');
      await busy.close();
      expect(await outcome).toEqual({ kind: 'stopped' });
      expect(busy.state).toBe('closed');
    });

    it('asked for by a host function of the call itself', async () => {
      const stopping = await worker((x) => {
        if (x === 1) void stopping.stop();
        return x;
      });
      expect(await stopping.call('plain', [1])).toEqual(returned(2)); // no safepoint follows
      const looping = await createWorker(
        await loadModule(
          await assembleModule(`(module (import "env" "host" (func $host (param i32) (result i32)))
            (func (export "run") (drop (call $host (i32.const 1))) (loop $l (br $l))))`),
          { unwind },
        ),
        { imports: host((x) => (void looping.stop(), x)), limits: { wallClockMs: 2000 } },
      );
      expect(await looping.call('run')).toEqual({ kind: 'stopped' });
    });

    it('while it waits: the host function is called again, with the state that it left', async () => {
      const seen: unknown[] = [];
      const module = await loadModule(await assembleModule(HOST_TEXT), { unwind });
      const imports = (answer: Promise<unknown>, guest: () => { restartState(): unknown }): Imports =>
        host((x) => {
          seen.push([x, guest().restartState()]);
          return pending(answer, { state: { left: x } });
        });
      const waiting = await createWorker(module, {
        imports: imports(new Promise(() => undefined), () => waiting.guest),
      });
      const outcome = waiting.call('plain', [4]);
      expect(waiting.state).toBe('waiting');
      const bytes = waiting.snapshot();
      await waiting.stop();
      expect(await outcome).toEqual({ kind: 'stopped' });
      expect(waiting.snapshot()).toEqual(bytes);
      const again = waiting.resume();
      await waiting.stop();
      expect(await again).toEqual({ kind: 'stopped' });
      const moved = await restoreWorker(module, bytes, { imports: imports(Promise.resolve(10), () => moved.guest) });
      expect(await moved.resume()).toEqual(returned(11));
      expect(seen).toEqual([
        [4, undefined],
        [4, { left: 4 }],
        [4, { left: 4 }],
      ]);
    });
  });

  it('ten thousand slices', async () => {
    let slices = 0;
    const sliced = await worker(
      () => 0,
      leavingAtEach('slice', () => slices++),
    );
    expect(await sliced.call('loop', [10_001])).toEqual(returned(10_001));
    expect(slices).toBeGreaterThanOrEqual(10_000);
  });

  it('timers run while a guest loops', async () => {
    const busy = await worker(() => 0);
    const outcome = busy.call('forever');
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const tick = (): void => void (++ticks === 5 ? resolve() : setTimeout(tick, 0));
      tick();
    });
    expect(busy.state).toBe('running');
    await busy.stop();
    expect(await outcome).toEqual({ kind: 'stopped' });
  });

  it('an export that is not there, arguments of another type', async () => {
    const strict = await worker(() => 0);
    await expect(strict.call('none')).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    await expect(strict.call('i64', [1])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(strict.state).toBe('idle');
    expect(await strict.call('i64', [2n ** 63n])).toEqual(returned(-(2n ** 63n)));
  });
});
