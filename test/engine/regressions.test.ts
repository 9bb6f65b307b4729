/** Small cases of faults that generated programs have found, each run in every mode and both ways of unwinding. */
import { describe, expect, it } from 'vitest';
import { createWorker, loadModule } from '../../runtime/engine/index.ts';
import { BLOCK_KIND, I32, I64, refNull } from '../../runtime/wasm/index.ts';
import { bodyOf, funcType, moduleOf, typesOf } from '../../runtime/wasm/testing/assemble.ts';
import { leavingAtEach, runStoppedEverywhere } from './stops.ts';
import { assembleModule } from './text-module.ts';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

const CASES: readonly Case[] = [
  {
    name: 'a funcref on the operand stack survives functions being looked up while the worker is stopped',
    values: [1, 7],
    text: `(module
      (table 2 funcref) (elem (i32.const 1) $g)
      (func $g (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "run") (result i32 i32) (local $i i32) (local $f funcref)
        (table.get (i32.const 0))
        (local.set $i (i32.const 5))
        (loop $l
          (local.set $i (call $g (i32.sub (local.get $i) (i32.const 2))))
          (br_if $l (local.get $i)))
        (ref.is_null)
        (i32.const 7)))`,
  },
  {
    name: 'a catch_all clause around a loop of a function without calls does not catch the stop',
    values: [6],
    text: `(module
      (func (export "run") (result i32) (local $i i32)
        (block $h
          (try_table (catch_all $h)
            (loop $l
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $i) (i32.const 6)))))
          (return (local.get $i)))
        (i32.const -1)))`,
  },
  {
    name: 'a legacy catch_all around a loop of a function without calls does not catch the stop',
    values: [6],
    text: `(module
      (func (export "run") (result i32) (local $i i32)
        (try (result i32)
          (do
            (loop $l
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $i) (i32.const 6))))
            (local.get $i))
          (catch_all (i32.const -1)))))`,
  },
  {
    name: 'a null exnref in a module without handlers takes their newer encoding',
    values: [1, 4],
    text: `(module
      (func $f (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 4))))
      (func (export "run") (result i32 i32)
        (ref.is_null (ref.null exn)) (call $f (i32.const 3))))`,
  },
];

/** Counts its parameter down to nothing, and gives 3. */
const COUNT_DOWN = bodyOf([
  ['loop'],
  ['local.get', 0],
  ['i32.const', 1],
  ['i32.sub'],
  ['local.tee', 0],
  ['br_if', 0],
  ['end'],
  ['i32.const', 3],
]);

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  it.each(CASES.map((entry) => [entry.name, entry] as const))('%s', async (_name, { text, values }) => {
    const bytes = await assembleModule(text);
    const module = await loadModule(bytes, { unwind });
    const expected = { kind: 'returned', values };
    const plain = await createWorker(module);
    expect(await plain.call('run')).toEqual(expected);
    const sliced = await createWorker(module, { onPoll: leavingAtEach('slice') });
    expect(await sliced.call('run')).toEqual(expected);
    const stopped = await runStoppedEverywhere(module, 'run');
    expect(stopped.outcome).toEqual(expected);
    expect(stopped.stops).toBeGreaterThan(2);
    expect([sliced.fuelUsed, stopped.worker.fuelUsed]).toEqual([plain.fuelUsed, plain.fuelUsed]);
  });

  it('an exnref of a global that is kept over a call takes the newer encoding of handlers', async () => {
    const bytes = await assembleModule(`(module
      (global $e exnref (ref.null exn))
      (func $f (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 4))))
      (func $g (param exnref i32) (result i32 i32) (local.get 1) (ref.is_null (local.get 0)))
      (func (export "run") (result i32 i32)
        (call $g (global.get $e) (call $f (i32.const 3)))))`);
    const module = await loadModule(bytes, { unwind });
    const worker = await createWorker(module, { onPoll: leavingAtEach('slice') });
    expect(await worker.call('run')).toEqual({ kind: 'returned', values: [4, 1] });
  });

  it('what an if gives another type is kept in its else arm, too', async () => {
    const at = { cell: 0, get: 1, arms: 2, run: 3 };
    const bytes = moduleOf({
      types: typesOf([
        { kind: 'struct', fields: [{ storage: I32, mutable: true }] },
        funcType([I32], [I32]),
        funcType([refNull(at.cell)], [I32]),
        funcType([], [I32]),
      ]),
      funcs: [
        {
          typeIndex: at.get,
          body: bodyOf([
            ['local.get', 0],
            ['if', BLOCK_KIND.value, I32],
            ['local.get', 0],
            ['i32.const', 1],
            ['i32.sub'],
            ['call', 0],
            ['else'],
            ['i32.const', 4],
            ['end'],
          ]),
        },
        {
          typeIndex: at.run,
          body: bodyOf([
            ['i32.const', 3],
            ['struct.new', at.cell],
            ['i32.const', 0],
            ['if', BLOCK_KIND.typeIndex, at.arms],
            ['drop'],
            ['i32.const', 0],
            ['else'],
            ['i32.const', 3],
            ['call', 0],
            ['drop'],
            ['struct.get', at.cell, 0],
            ['end'],
          ]),
        },
      ],
      exports: [{ name: 'run', kind: 'func', index: 1 }],
    });
    const { outcome, stops } = await runStoppedEverywhere(await loadModule(bytes, { unwind }), 'run');
    expect(outcome).toEqual({ kind: 'returned', values: [3] });
    expect(stops).toBeGreaterThan(2);
  });

  it.each(['catch', 'catch_all'] as const)(
    'a restored %s clause that rethrows has nulls for what other tags carry',
    async (clause) => {
      const at = { taken: 0, count: 1, run: 2, plainTag: 3, takenTag: 4 };
      const bytes = moduleOf({
        types: typesOf([
          funcType([I64], [I64]),
          funcType([I32], [I32]),
          funcType([], [I32]),
          funcType([], []),
          funcType([refNull(at.taken)], []),
        ]),
        tags: [{ typeIndex: at.plainTag }, { typeIndex: at.takenTag }],
        funcs: [
          {
            typeIndex: at.count, // a function of another type than the reference in the other tag's payload
            body: COUNT_DOWN,
          },
          {
            typeIndex: at.run,
            body: bodyOf([
              ['try', BLOCK_KIND.value, I32],
              ['throw', 0],
              clause === 'catch' ? ['catch', 0] : ['catch_all'],
              ['i32.const', 0],
              ['if'],
              ['rethrow', 1],
              ['end'],
              ['i32.const', 2],
              ['call', 0],
              ['call', 0],
              ['end'],
            ]),
          },
        ],
        exports: [{ name: 'run', kind: 'func', index: 1 }],
      });
      const { outcome, stops } = await runStoppedEverywhere(await loadModule(bytes, { unwind }), 'run');
      expect(outcome).toEqual({ kind: 'returned', values: [3] });
      expect(stops).toBeGreaterThan(2);
    },
  );

  it('a handler notes what was passed on to it', async () => {
    const bytes = moduleOf({
      types: typesOf([funcType([I32], [I32]), funcType([], [I32]), funcType([], [])]),
      tags: [{ typeIndex: 2 }],
      funcs: [
        {
          typeIndex: 0,
          body: COUNT_DOWN,
        },
        {
          typeIndex: 1,
          body: bodyOf([
            ['try', BLOCK_KIND.value, I32],
            ['try'],
            ['throw', 0],
            ['delegate', 0],
            ['i32.const', 0],
            ['catch', 0],
            ['i32.const', 0],
            ['if'],
            ['rethrow', 1],
            ['end'],
            ['i32.const', 2],
            ['call', 0],
            ['catch_all'],
            ['i32.const', 9],
            ['end'],
          ]),
        },
      ],
      exports: [{ name: 'run', kind: 'func', index: 1 }],
    });
    const { outcome, stops } = await runStoppedEverywhere(await loadModule(bytes, { unwind }), 'run');
    expect(outcome).toEqual({ kind: 'returned', values: [3] });
    expect(stops).toBeGreaterThan(1);
  });

  it('a start function may end in a tail call of a function that is stopped', async () => {
    const bytes = await assembleModule(`(module
      (global $sum (mut i32) (i32.const 0))
      (func $loop (param $i i32)
        (loop $l
          (global.set $sum (i32.add (global.get $sum) (local.get $i)))
          (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
      (func $start (return_call $loop (i32.const 4)))
      (start $start)
      (func (export "run") (result i32) (global.get $sum)))`);
    const { outcome, stops } = await runStoppedEverywhere(await loadModule(bytes, { unwind }), 'run');
    expect(outcome).toEqual({ kind: 'returned', values: [10] });
    expect(stops).toBeGreaterThan(2);
  });
});

it('an imported function that another instance exports must have the declared type', async () => {
  const exporter = await assembleModule('(module (func (export "f") (param i32) (result i32) (local.get 0)))');
  const { f } = (await WebAssembly.instantiate(exporter)).instance.exports;
  const importer = (type: string): string => `(module (import "m" "f" (func ${type})) (func (export "run")))`;
  const imports = { m: { f: f as WebAssembly.ExportValue } }; // the module above exports it
  const create = async (type: string) =>
    createWorker(await loadModule(await assembleModule(importer(type))), { imports });
  await expect(create('(param i64) (result i32)')).rejects.toMatchObject({ code: 'IMPORT_MISMATCH' });
  await expect(create('(param i32)')).rejects.toMatchObject({ code: 'IMPORT_MISMATCH' });
  expect(await (await create('(param i32) (result i32)')).call('run')).toEqual({ kind: 'returned', values: [] });
});
