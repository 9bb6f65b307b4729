import vm from 'node:vm';
import { expect, it } from 'vitest';
import { restoreWorker } from '../../runtime/index.ts';
import { beginScript, loadQuickjs, quickjsOptions, returned, SCRIPT, textOf } from './quickjs.ts';

/** What any JavaScript engine makes of the script. */
const EXPECTED: unknown = vm.runInNewContext(SCRIPT);

it('QuickJS is migratable', async () => {
  expect((await loadQuickjs()).portability).toEqual({ migratable: true });
});

it.each([400_009, 1_000_003])(
  'a script stopped at every %i-th safepoint, each resume in a fresh instance',
  async (step) => {
    const module = await loadQuickjs();
    const undisturbed = await beginScript(module, quickjsOptions());
    const result = await undisturbed.run;
    const { fuelUsed } = undisturbed.worker;
    expect(await textOf(undisturbed.worker, returned(result))).toBe(EXPECTED);

    let polls = 0;
    const options = {
      ...quickjsOptions(),
      onPoll: () => (++polls % step === 0 ? ('stop' as const) : ('go on' as const)),
    };
    const begun = await beginScript(module, options);
    let { worker } = begun;
    let outcome = await begun.run;
    let moves = 0;
    for (; outcome.kind === 'stopped'; moves++) {
      const bytes = worker.snapshot();
      await worker.close();
      worker = await restoreWorker(module, bytes, options);
      outcome = await worker.resume();
    }
    expect(moves).toBeGreaterThan(5);
    expect(worker.fuelUsed).toBe(fuelUsed);
    expect(await textOf(worker, returned(outcome))).toBe(EXPECTED);
  },
);
