/** Types whose only value is null: what is of such a type is in snapshots, though JavaScript may not even read it. */
import { describe, expect, it } from 'vitest';
import { createWorker, decodeSnapshot, loadModule, restoreWorker } from '../../runtime/engine/index.ts';
import { moduleOfText } from '../conformance/text-module.ts';
import { runStoppedEverywhere } from './stops.ts';

const LOOP = `
  (loop $l
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $l (i32.lt_u (local.get $i) (i32.const 4))))`;

const TYPES = [
  ['nullref', 'none'],
  ['nullfuncref', 'nofunc'],
  ['nullexternref', 'noextern'],
  ['nullexnref', 'noexn'],
] as const;

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  it.each(TYPES)('%s: globals and tables that grow are captured and come back', async (type, heap) => {
    const bytes = await moduleOfText(`(module
      (global $fixed ${type} (ref.null ${heap}))
      (global $changes (mut ${type}) (ref.null ${heap}))
      (table $t 3 ${type})
      (func (export "run") (result i32 i32 i32 i32) (local $i i32)
        (drop (table.grow $t (ref.null ${heap}) (i32.const 2)))
        (global.set $changes (global.get $fixed))
        ${LOOP}
        (table.set $t (i32.const 4) (global.get $changes))
        (ref.is_null (global.get $fixed))
        (ref.is_null (global.get $changes))
        (ref.is_null (table.get $t (i32.const 4)))
        (table.size $t)))`);
    const module = await loadModule(bytes, { unwind });
    const { outcome, stops } = await runStoppedEverywhere(module, 'run');
    expect(outcome).toEqual({ kind: 'returned', values: [1, 1, 1, 5] });
    expect(stops).toBeGreaterThan(2);
  });

  it.each(TYPES)('%s: fields and elements of objects are captured and come back', async (type, heap) => {
    const bytes = await moduleOfText(`(module
      (type $s (struct (field (mut ${type})) (field i32)))
      (type $a (array (mut ${type})))
      (func (export "run") (result i32 i32 i32) (local $i i32) (local $s (ref null $s)) (local $a (ref null $a))
        (local.set $s (struct.new $s (ref.null ${heap}) (i32.const 7)))
        (local.set $a (array.new_default $a (i32.const 3)))
        ${LOOP}
        (ref.is_null (struct.get $s 0 (local.get $s)))
        (struct.get $s 1 (local.get $s))
        (array.len (local.get $a))))`);
    const module = await loadModule(bytes, { unwind });
    const { outcome, stops } = await runStoppedEverywhere(module, 'run');
    expect(outcome).toEqual({ kind: 'returned', values: [1, 7, 3] });
    expect(stops).toBeGreaterThan(2);
  });

  it.each(TYPES)('%s: a snapshot that has anything else there is refused', async (type, heap) => {
    const bytes = await moduleOfText(`(module
      (global (mut ${type}) (ref.null ${heap})) (table 3 ${type}) (func $f) (elem declare func $f) (func (drop (ref.func $f))))`);
    const module = await loadModule(bytes, { unwind });
    const whole = decodeSnapshot((await createWorker(module)).snapshot());
    const [state] = whole.instances;
    if (state === undefined) throw new Error('a snapshot without an instance');
    expect([state.globals, state.tables]).toEqual([[null], [{ length: 3, runs: [] }]]);
    const func = { kind: 'func', index: 0 } as const;
    const claims = [{ globals: [func] }, { tables: [{ length: 3, runs: [{ offset: 1, values: [func] }] }] }];
    for (const claim of claims) {
      const restoring = restoreWorker(module, { ...whole, instances: [{ ...state, ...claim }] });
      await expect(restoring).rejects.toMatchObject({ code: 'SNAPSHOT_MISMATCH' });
    }
    const nulls = [{ length: 3, runs: [{ offset: 1, values: [null] }] }];
    await restoreWorker(module, { ...whole, instances: [{ ...state, tables: nulls }] });
  });
});
