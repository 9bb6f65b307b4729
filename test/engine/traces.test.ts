import { expect, it } from 'vitest';
import { createWorker, loadModule } from '../../runtime/index.ts';
import { assembleModule } from './text-module.ts';

it('a trap names the same functions whether or not the stack was taken apart before', async () => {
  const module = await loadModule(
    await assembleModule(`(module
      (func $other (export "other"))
      (func $inner (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (unreachable))
      (func $outer (export "run") (call $inner (i32.const 3))))`),
  );
  const traceOf = async (sliced: boolean): Promise<unknown> => {
    let polls = 0;
    const worker = await createWorker(module, { onPoll: () => (sliced && polls++ % 2 === 0 ? 'slice' : 'go on') });
    const outcome = await worker.call('run');
    return outcome.kind === 'trapped' ? outcome.frames.map(({ func }) => func) : outcome;
  };
  expect(await traceOf(false)).toEqual([1, 2]);
  expect(await traceOf(true)).toEqual([1, 2]);
});
