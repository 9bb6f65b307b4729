/** Components that break the rules of the canonical ABI at their edge. */
import { describe, expect, it } from 'vitest';
import { createWorker, loadModule, type Outcome, restoreWorker, type Worker } from '../../runtime/index.ts';
import { componentOf } from './tools.ts';

const PLACES = { nowhere: 0, allocator: 1, 'post-return': 2, call: 3 } as const;
const CALLS = { nothing: 0, out: 1, 'resource.new': 2, 'resource.drop': 3, 'resource.rep': 4, stranger: 5 } as const;

/** Makes a call out of the place that `prepare` has named, while `take` is called; and catches whatever comes. */
const TEXT = `(component
  (import "example:host/words@1.0.0" (instance $words (export "out" (func))))
  (type $thing (resource (rep i32)))
  (core func $out (canon lower (func $words "out")))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (core func $rep (canon resource.rep $thing))
  (core module $main
    (import "host" "out" (func $out))
    (import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "rep" (func $rep (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $handle (mut i32) (i32.const 0))
    (global $place (mut i32) (i32.const 0))
    (global $what (mut i32) (i32.const 0))
    (func $leave (param $place i32)
      (if (i32.ne (local.get $place) (global.get $place)) (then (return)))
      (block $caught (try_table (catch_all $caught)
        (if (i32.eq (global.get $what) (i32.const 1)) (then (call $out)))
        (if (i32.eq (global.get $what) (i32.const 2)) (then (drop (call $new (i32.const 1)))))
        (if (i32.eq (global.get $what) (i32.const 3)) (then (call $drop (global.get $handle))))
        (if (i32.eq (global.get $what) (i32.const 4)) (then (drop (call $rep (global.get $handle)))))
        (if (i32.eq (global.get $what) (i32.const 5)) (then (call $drop (i32.const 999)))))))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $leave (i32.const 1)) (i32.const 1024))
    (func (export "prepare") (param $place i32) (param $what i32)
      (global.set $place (local.get $place))
      (global.set $what (local.get $what))
      (global.set $handle (call $new (i32.const 7))))
    (func (export "take") (param i32 i32) (result i32) (call $leave (i32.const 3)) (local.get 1))
    (func (export "after") (param i32) (call $leave (i32.const 2))))
  (core instance $main (instantiate $main (with "host" (instance
    (export "out" (func $out)) (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
  (func $prepare (param "place" u32) (param "what" u32) (canon lift (core func $main "prepare")))
  (func $take (param "text" string) (result u32) (canon lift (core func $main "take")
    (memory (core memory $main "memory")) (realloc (core func $main "realloc")) (post-return (core func $main "after"))))
  (export "prepare" (func $prepare))
  (export "take" (func $take)))`;

const module = componentOf(TEXT).then(loadModule);

async function leaving(place: keyof typeof PLACES, what: keyof typeof CALLS): Promise<[Outcome, number, Worker]> {
  let calls = 0;
  const imports = { 'example:host/words@1.0.0': { out: () => void calls++ } };
  const worker = await createWorker(await module, { imports });
  expect(await worker.call('prepare', [PLACES[place], CALLS[what]])).toMatchObject({ kind: 'returned' });
  const outcome = await worker.call('take', ['text']);
  return [outcome, calls, worker];
}

const RETURNED = { kind: 'returned', values: [4] };

describe('a call out of a component', () => {
  it.each(['out', 'resource.new', 'resource.drop', 'resource.rep'] as const)('%s is made in a call', async (what) => {
    const [outcome, calls] = await leaving('call', what);
    expect([outcome, calls]).toEqual([RETURNED, what === 'out' ? 1 : 0]);
  });

  it.each([
    ['allocator', 'while it allocates for its host'],
    ['post-return', 'after it has given its result'],
  ] as const)('is none in its %s', async (place, when) => {
    for (const what of ['out', 'resource.new', 'resource.drop'] as const) {
      const [outcome, calls] = await leaving(place, what);
      const message = `the component calls ${what} ${when}`;
      expect(outcome).toMatchObject({ kind: 'trapped', code: 'canonical-abi', message });
      expect(calls).toBe(0);
    }
    expect((await leaving(place, 'resource.rep'))[0]).toEqual(RETURNED);
    expect((await leaving(place, 'nothing'))[0]).toEqual(RETURNED);
  });

  it('that the canonical ABI does not allow is a trap that nothing catches, and the worker can be called again', async () => {
    const [outcome, , worker] = await leaving('call', 'stranger');
    expect(outcome).toMatchObject({
      kind: 'trapped',
      code: 'canonical-abi',
      message: expect.stringContaining('handle 999 is none') as unknown,
    });
    expect(await worker.call('prepare', [0, 0])).toEqual({ kind: 'returned', values: [] });
    expect(await worker.call('take', ['text'])).toEqual(RETURNED);
  });

  it('is none in the post-return that goes on elsewhere', async () => {
    const options = { imports: { 'example:host/words@1.0.0': { out: () => undefined } } };
    for (let at = 0; ; at++) {
      let polls = 0;
      const onPoll = (): 'stop' | 'go on' => (polls++ === at ? 'stop' : 'go on');
      const worker = await createWorker(await module, { ...options });
      await worker.call('prepare', [PLACES['post-return'], CALLS.out]);
      const stopping = await restoreWorker(await module, worker.snapshot(), { ...options, onPoll });
      const outcome = await stopping.call('take', ['text']);
      const end =
        outcome.kind === 'stopped'
          ? await (await restoreWorker(await module, stopping.snapshot(), options)).resume()
          : outcome;
      expect(end).toMatchObject({ kind: 'trapped', code: 'canonical-abi' });
      if (outcome.kind !== 'stopped') break;
    }
  });
});
