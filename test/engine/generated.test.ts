/**
 * Generated programs in every mode: bare, plain, sliced at every safepoint, stopped at every safepoint and resumed from bytes in a
 * fresh instance; both ways of unwinding.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadModule, type Portability } from '../../runtime/engine/index.ts';
import { runBare, runPlain, runSliced, runStopped } from './generate/modes.ts';
import { programFrom, programNumbers } from './generate/program.ts';

const UNWINDS = ['throw', 'flag'] as const;
/** A failure is not shrunk here, as that takes minutes; its seed and numbers are printed. */
const PARAMETERS = { numRuns: 400, endOnFailure: true };

interface Counts {
  programs: number;
  trapped: number;
  stops: number;
  migratable: number;
}

async function check(numbers: readonly number[], counts: Counts): Promise<void> {
  const bytes = programFrom(numbers);
  expect(WebAssembly.validate(bytes as BufferSource), 'the generator made an invalid program').toBe(true);
  const bare = await runBare(bytes);
  const runs = [];
  let portability: Portability = { migratable: true };
  for (const unwind of UNWINDS) {
    const module = await loadModule(bytes, { unwind });
    portability = module.portability;
    const stopped = portability.migratable ? [await runStopped(module)] : [];
    runs.push(await runPlain(module), await runSliced(module), ...stopped);
  }
  const [first] = runs;
  for (const run of runs) {
    if (!isDeepStrictEqual(run.observed, bare)) expect(run.observed).toEqual(bare); // slow, but tells what differs
    if (!isDeepStrictEqual(run.state, first?.state)) expect(run.state).toEqual(first?.state);
    if (!run.trapped) expect(run.fuelUsed).toBe(first?.fuelUsed);
  }
  counts.programs++;
  counts.trapped += first?.trapped === true ? 1 : 0;
  counts.stops += runs.reduce((sum, { breaks }) => sum + breaks, 0);
  counts.migratable += portability.migratable ? 1 : 0;
}

describe('generated programs', () => {
  it('give the same in every mode', async () => {
    const counts: Counts = { programs: 0, trapped: 0, stops: 0, migratable: 0 };
    await fc.assert(
      fc.asyncProperty(programNumbers, (numbers) => check(numbers, counts)),
      PARAMETERS,
    );
    expect(counts.migratable).toBe(counts.programs);
    expect(counts.stops).toBeGreaterThan(counts.programs);
    expect(counts.trapped).toBeLessThan(counts.programs / 2);
  }, 120_000);
});
