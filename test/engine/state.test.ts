/** State that travels: the start function, imports, references, bits of values, dropped segments. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type ExternHandle,
  type HandleMap,
  type HostModule,
  loadModule,
  type Outcome,
  restoreWorker,
} from '../../runtime/engine/index.ts';
import { FUNCREF, HEAP, I32, I64 } from '../../runtime/wasm/index.ts';
import {
  bodyOf,
  exprOf,
  funcType,
  type Instr,
  limits,
  moduleOf,
  typesOf,
} from '../../runtime/wasm/testing/assemble.ts';
import { leavingAtEach, runStoppedEverywhere, stoppedAt } from './stops.ts';
import { assembleModule } from './text-module.ts';

const returned = (...values: unknown[]): Outcome => ({ kind: 'returned', values });

const START = `(module
  (memory 1) (global $g (mut i32) (i32.const 0))
  (func $init (local $i i32)
    (loop $l
      (i32.store (local.get $i) (i32.add (i32.load (local.get $i)) (i32.const 1)))
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 40)))))
  (start $init)
  (func (export "run") (param i32 i64 f32 f64) (result i32 i64 f32 f64 i32)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3) (global.get $g)))`;
const START_ARGS = [7, -5n, 1.5, -0.25];

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  const load = async (text: string) => loadModule(await assembleModule(text), { unwind });

  it('the start function is stopped like any, and runs once', async () => {
    const module = await load(START);
    const run = await runStoppedEverywhere(module, 'run', START_ARGS);
    expect(run.outcome).toEqual(returned(...START_ARGS, 10));
    expect(run.stops).toBeGreaterThanOrEqual(10);
    expect(await run.worker.call('run', START_ARGS)).toEqual(returned(...START_ARGS, 10));
  });

  it('a worker whose start function has not begun travels as it is', async () => {
    const module = await load(START);
    const fresh = await createWorker(module);
    const moved = await restoreWorker(module, fresh.snapshot());
    expect(moved.state).toBe('idle');
    expect(await moved.call('run', START_ARGS)).toEqual(returned(...START_ARGS, 10));
  });

  it('a trap in the start function ends the call; the next call runs it again', async () => {
    const module = await load(`(module (global $n (mut i32) (i32.const 0))
      (func $init
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (if (i32.lt_u (global.get $n) (i32.const 2)) (then unreachable)))
      (start $init) (func (export "run") (result i32) (global.get $n)))`);
    const worker = await createWorker(module);
    expect(await worker.call('run')).toMatchObject({ kind: 'trapped', code: 'unreachable' });
    expect(worker.state).toBe('idle');
    expect(await worker.call('run')).toEqual(returned(2));
  });

  it('imported memory, table and global', async () => {
    const module = await load(`(module
      (import "env" "memory" (memory 1 3)) (import "env" "table" (table 2 4 funcref))
      (import "env" "base" (global $base i32)) (import "env" "cell" (global $cell (mut i64)))
      (func $f (result i32) (i32.const 77))
      (func (export "run") (result i32 i64 i32) (local $i i32)
        (table.set (i32.const 1) (ref.func $f))
        (drop (memory.grow (i32.const 1)))
        (loop $l
          (i32.store (i32.const 70000) (i32.add (i32.load (i32.const 70000)) (global.get $base)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
        (i32.load (i32.const 70000)) (global.get $cell) (call_indirect (result i32) (i32.const 1)))
      (elem declare func $f))`);
    const fresh = () => ({
      imports: {
        env: {
          memory: new WebAssembly.Memory({ initial: 1, maximum: 3 }),
          table: new WebAssembly.Table({ element: 'anyfunc', initial: 2, maximum: 4 }),
          base: 3,
          cell: new WebAssembly.Global({ value: 'i64', mutable: true }, 9n),
        },
      },
    });
    expect(await (await createWorker(module, fresh())).call('run')).toEqual(returned(15, 9n, 77));
    let worker = await createWorker(module, { ...fresh(), onPoll: () => 'stop' });
    let outcome = await worker.call('run');
    for (; outcome.kind === 'stopped'; outcome = await worker.resume()) {
      worker = await restoreWorker(module, worker.snapshot(), { ...fresh(), onPoll: leavingAtEach('stop') });
    }
    expect(outcome).toEqual(returned(15, 9n, 77));
  });

  it('an import that is missing or of another kind is named', async () => {
    const module = await load(`(module (import "env" "memory" (memory 1)) (import "env" "f" (func)))`);
    await expect(createWorker(module)).rejects.toMatchObject({
      code: 'IMPORT_MISSING',
      message: expect.stringContaining('"env"."f"') as unknown,
    });
    const wrong = { env: { memory: 5, f: () => undefined } };
    await expect(createWorker(module, { imports: wrong })).rejects.toMatchObject({ code: 'IMPORT_MISMATCH' });
    const small = { env: { memory: new WebAssembly.Memory({ initial: 0 }), f: () => undefined } };
    await expect(createWorker(module, { imports: small })).rejects.toMatchObject({ code: 'LINK_FAILED' });
  });

  describe('externref', () => {
    const TEXT = `(module
      (import "env" "take" (func $take (param externref) (result i32)))
      (global $g (mut externref) (ref.null extern)) (table 3 externref)
      (func (export "run") (param externref) (result i32) (local $i i32) (local $s i32)
        (global.set $g (local.get 0))
        (table.set (i32.const 2) (local.get 0))
        (local.get 0)
        (loop $l
          (local.set $s (i32.add (local.get $s) (call $take (local.get 0))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
        (i32.add (call $take) (i32.add (local.get $s)
          (i32.add (call $take (global.get $g)) (call $take (table.get (i32.const 2)))))))
      )`;
    const imports = { env: { take: (value: { readonly n: number } | null) => value?.n ?? -1000 } };
    const object = { n: 5 };
    const handles: HandleMap = {
      handleOf: (value) => (value === object ? 'five' : undefined),
      valueOf: (handle: ExternHandle) => (handle === 'five' ? object : null),
    };

    it('travels by its handle', async () => {
      const run = await runStoppedEverywhere(await load(TEXT), 'run', [object], { imports, handles });
      expect(run.outcome).toEqual(returned(35));
      expect(run.stops).toBeGreaterThan(3);
    });

    it('without a handle it stays: the place is named', async () => {
      const module = await load(TEXT);
      const stopped = await stoppedAt(module, 'run', [{ n: 1 }], 2, { imports, handles });
      expect(() => stopped.snapshot()).toThrow(
        expect.objectContaining({
          code: 'NOT_MIGRATABLE',
          message: expect.stringMatching(/frame 0|global 0/) as unknown,
        }),
      );
      expect(await stopped.resume()).toEqual(returned(7));
      const withNull = await runStoppedEverywhere(module, 'run', [null], { imports });
      expect(withNull.outcome).toEqual(returned(-7000));
    });

    it('a host without handles refuses the snapshot', async () => {
      const module = await load(TEXT);
      const bytes = (await stoppedAt(module, 'run', [object], 2, { imports, handles })).snapshot();
      await expect(restoreWorker(module, bytes, { imports })).rejects.toMatchObject({ code: 'SNAPSHOT_MISMATCH' });
    });
  });

  it('bits of NaNs and vectors, in locals, on the stack and in globals', async () => {
    const module = await load(`(module
      (global $f (mut f32) (f32.const nan:0x200001)) (global $d (mut f64) (f64.const -nan:0x4000000000001))
      (global $v (mut v128) (v128.const i32x4 1 2 3 4))
      (func (export "run") (result i32 i64 i32 i64 i32 i64)
        (local $lf f32) (local $ld f64) (local $lv v128) (local $i i32)
        (local.set $lf (f32.const -nan:0x300001))
        (local.set $ld (f64.const nan:0x4000000000abc))
        (local.set $lv (v128.const i64x2 0x7ff4000000000001 -1))
        (f32.const nan:0x2abcde)
        (f64.const -nan:0x7ffffffffffff)
        (global.get $v)
        (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
        (global.set $v)
        (global.set $d)
        (global.set $f)
        (i32.reinterpret_f32 (global.get $f)) (i64.reinterpret_f64 (global.get $d))
        (i32.reinterpret_f32 (local.get $lf)) (i64.reinterpret_f64 (local.get $ld))
        (i32x4.extract_lane 3 (global.get $v)) (i64x2.extract_lane 0 (local.get $lv))))`);
    const expected = returned(0x7faabcde, -0x8000000000001n, -0x4fffff, 0x7ff4000000000abcn, 4, 0x7ff4000000000001n);
    expect(await (await createWorker(module)).call('run')).toEqual(expected);
    const run = await runStoppedEverywhere(module, 'run');
    expect(run.outcome).toEqual(expected);
    expect(run.stops).toBeGreaterThan(2);
  });

  it('segments that were dropped stay dropped', async () => {
    const module = await load(`(module (memory 1) (table 4 funcref) (func $f) (data $d "abc") (elem $e func $f)
      (func (export "drop") (data.drop $d) (elem.drop $e))
      (func (export "data") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "elem") (table.init $e (i32.const 0) (i32.const 0) (i32.const 1))))`);
    const worker = await createWorker(module);
    const before = await restoreWorker(module, worker.snapshot());
    expect(await before.call('data')).toEqual(returned());
    expect(await before.call('elem')).toEqual(returned());
    await worker.call('drop');
    const after = await restoreWorker(module, worker.snapshot());
    expect(await after.call('data')).toMatchObject({ kind: 'trapped', code: 'memory-out-of-bounds' });
    expect(await after.call('elem')).toMatchObject({ kind: 'trapped', code: 'table-out-of-bounds' });
  });

  it.each([
    ['a constant', '(i32.const 0)', '(ref.func $f)'],
    ['a global', '(global.get $at)', '(ref.func $f)'],
    ['a constant, and items of a global', '(i32.const 0)', '(global.get $item)'],
  ])('a table element that the guest took away stays away: segment at %s', async (_what, offset, item) => {
    const module = await load(`(module
      (import "env" "at" (global $at i32)) (import "env" "item" (global $item funcref))
      (table 3 funcref) (func $f) (elem declare func $f)
      (elem (offset ${offset}) funcref (item ${item}) (item (ref.func $f)))
      (func (export "clear") (param i32) (table.set (local.get 0) (ref.null func)))
      (func (export "null") (param i32) (result i32) (ref.is_null (table.get (local.get 0)))))`);
    const imports = { env: { at: 0, item: new WebAssembly.Global({ value: 'anyfunc' }) } };
    const worker = await createWorker(module, { imports });
    for (const slot of [0, 1]) await worker.call('clear', [slot]);
    const moved = await restoreWorker(module, worker.snapshot(), { imports });
    for (const slot of [0, 1, 2]) expect(await moved.call('null', [slot])).toEqual(returned(1));
  });

  it.each([
    ['an i64 constant', exprOf(['i64.const', 1])],
    ['a sum', exprOf(['i64.const', -2], ['i64.const', 3], ['i64.add'])],
    ['a global of its own', exprOf(['global.get', 0])],
  ])('what an active segment put into a table is in no snapshot: segment at %s', async (_what, offset) => {
    const element = { mode: 'active', tableIndex: 0, type: FUNCREF, offset } as const;
    const bytes = moduleOf({
      types: typesOf([funcType([], []), funcType([I64], [I32])]),
      globals: [{ type: { type: I64, mutable: false }, init: exprOf(['i64.const', 1]) }],
      funcs: [
        {
          typeIndex: 0,
          body: bodyOf([
            ['i64.const', 2],
            ['ref.null', HEAP.func],
            ['table.set', 0],
          ]),
        },
        { typeIndex: 1, body: bodyOf([['local.get', 0], ['table.get', 0], ['ref.is_null']]) },
      ],
      tables: [{ type: { element: FUNCREF, limits: limits(4, 4, { is64: true }) } }],
      elements: [{ ...element, items: { kind: 'funcs', funcs: [0, 1] } }],
      exports: [
        { name: 'clear', kind: 'func', index: 0 },
        { name: 'null', kind: 'func', index: 1 },
      ],
    });
    const module = await loadModule(bytes, { unwind });
    const worker = await createWorker(module);
    expect(worker.capture().instances[0]?.tables).toEqual([{ length: 4, runs: [] }]);
    await worker.call('clear');
    expect(worker.capture().instances[0]?.tables).toEqual([{ length: 4, runs: [{ offset: 2, values: [null] }] }]);
    const moved = await restoreWorker(module, worker.snapshot());
    for (const [slot, isNull] of [1, 0, 1, 1].entries())
      expect(await moved.call('null', [BigInt(slot)])).toEqual(returned(isNull));
  });

  it('tables with 64-bit addresses', async () => {
    const grow: Instr[] = [
      ['ref.func', 1],
      ['i64.const', 2],
      ['table.grow', 0],
      ['drop'],
      ['i64.const', 3],
      ['ref.func', 0],
      ['table.set', 0],
    ];
    const bytes = moduleOf({
      types: typesOf([funcType([], []), funcType([], [I32])]),
      funcs: [
        { typeIndex: 0, body: bodyOf(grow) },
        { typeIndex: 1, body: bodyOf([['i64.const', 3], ['table.get', 0], ['ref.is_null']]) },
      ],
      tables: [{ type: { element: FUNCREF, limits: limits(2, 10, { is64: true }) } }],
      elements: [{ mode: 'declarative', tableIndex: 0, type: FUNCREF, items: { kind: 'funcs', funcs: [0, 1] } }],
      exports: [
        { name: 'grow', kind: 'func', index: 0 },
        { name: 'null', kind: 'func', index: 1 },
      ],
    });
    const module = await loadModule(bytes, { unwind });
    const worker = await createWorker(module);
    await worker.call('grow');
    const moved = await restoreWorker(module, worker.snapshot());
    expect(await moved.call('null')).toEqual(returned(0));
    expect(moved.capture().instances).toEqual(worker.capture().instances);
  });

  it('memories with 64-bit addresses', async () => {
    const module = await load(`(module (memory i64 1 4)
      (func (export "run") (result i64 i64) (local $i i64)
        (drop (memory.grow (i64.const 1)))
        (loop $l
          (i64.store (i64.const 70000) (i64.add (i64.load (i64.const 70000)) (local.get $i)))
          (br_if $l (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 1))) (i64.const 5))))
        (i64.load (i64.const 70000)) (memory.size)))`);
    const run = await runStoppedEverywhere(module, 'run');
    expect(run.outcome).toEqual(returned(10n, 2n));
  });

  it('a handler that holds a host’s exception keeps the worker where it is, and says so', async () => {
    const module = await load(`(module (import "env" "fail" (func $fail))
      (func (export "run") (result i32) (local $i i32)
        (try (result i32)
          (do (try (result i32) (do (call $fail) (i32.const 1))
            (catch_all
              (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
              (rethrow 0))))
          (catch_all (i32.add (local.get $i) (i32.const 10))))))`);
    const imports = {
      env: {
        fail: (): never => {
          throw new Error('no');
        },
      },
    };
    const stopped = await stoppedAt(module, 'run', [], 2, { imports });
    expect(() => stopped.snapshot()).toThrow(expect.objectContaining({ code: 'NOT_MIGRATABLE' }));
    expect(await stopped.resume()).toEqual(returned(14));
    const sliced = await createWorker(module, { imports, onPoll: leavingAtEach('slice') });
    expect(await sliced.call('run')).toEqual(returned(14));
  });
});

describe('host modules', () => {
  const counter = (name = 'counter'): HostModule & { count: number } => {
    const self = {
      name,
      count: 0,
      imports: { host: { next: () => ++self.count } },
      bind: () => undefined,
      snapshot: () => ({ count: self.count }),
      restore: (state: unknown) => void (self.count = (state as { count: number }).count), // written by snapshot
    };
    return self;
  };
  const TEXT = `(module (import "host" "next" (func $next (result i32))) (func (export "run") (result i32) (local $i i32)
    (loop $l (br_if $l (i32.lt_u (local.tee $i (call $next)) (i32.const 6)))) (local.get $i)))`;

  it('their state travels', async () => {
    const module = await loadModule(await assembleModule(TEXT));
    let worker = await createWorker(module, { hosts: [counter()], onPoll: () => 'stop' });
    let outcome = await worker.call('run');
    let stops = 0;
    for (; outcome.kind === 'stopped'; outcome = await worker.resume(), stops++) {
      worker = await restoreWorker(module, worker.snapshot(), { hosts: [counter()], onPoll: leavingAtEach('stop') });
    }
    expect(outcome).toEqual(returned(6));
    expect(stops).toBeGreaterThan(4);
  });

  it('a host module without state in the snapshot, and state without a host module, are refused', async () => {
    const module = await loadModule(await assembleModule(TEXT));
    const stopped = await stoppedAt(module, 'run', [], 2, { hosts: [counter()] });
    const snapshot = decodeSnapshot(stopped.snapshot());
    const without = encodeSnapshot({ ...snapshot, hosts: {} });
    const mismatch = { code: 'SNAPSHOT_MISMATCH', message: expect.stringContaining('counter') as unknown };
    await expect(restoreWorker(module, without, { hosts: [counter()] })).rejects.toMatchObject(mismatch);
    const imports = counter().imports;
    await expect(restoreWorker(module, encodeSnapshot(snapshot), { imports })).rejects.toMatchObject(mismatch);
  });
});
