/**
 * Every function program of the corpus in every mode. The bare engine's results are those of the corpus table, which a test
 * of its own holds against the engine.
 */
import { describe, expect, it } from 'vitest';
import { loadModule } from '../runtime/index.ts';
import { decodeModule, draftOf, encodeModule } from '../runtime/wasm/index.ts';
import { CORPUS, type FunctionProgram } from './programs/corpus.ts';
import { essence, runPlain, runSliced, runStopped } from './run-modes.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function');
const UNWINDS = ['throw', 'flag'] as const;

describe.each(UNWINDS)('unwinding by %s', (unwind) => {
  it.each(PROGRAMS.map((program) => [program.name, program] as const))('%s', async (_name, program) => {
    const module = await loadModule(await program.load(), { unwind });
    const plain = await runPlain(module, program);
    expect(essence(plain.outcome)).toEqual(program.expected);
    const sliced = await runSliced(module, program);
    expect(essence(sliced.outcome)).toEqual(program.expected);
    const runs = [sliced];
    if (module.portability.migratable) {
      const stopped = await runStopped(module, program);
      expect(essence(stopped.outcome)).toEqual(program.expected);
      runs.push(stopped);
    } else expect(program.features.length).toBeGreaterThan(0); // only programs of proposals may stay behind
    if (plain.outcome.kind === 'trapped') return; // fuel after a trap is a lower bound
    for (const run of runs) expect(run.fuelUsed).toBe(plain.fuelUsed);
  });
});

describe('decoded and encoded', () => {
  it.each(PROGRAMS.map((program) => [program.name, program] as const))('%s', async (_name, program) => {
    const bytes = encodeModule(draftOf(decodeModule(await program.load())));
    const run = await runPlain(await loadModule(bytes), program);
    expect(essence(run.outcome)).toEqual(program.expected);
  });
});

it('programs without loops, recursion and calls of the host cannot be stopped; all others were', async () => {
  const breaks = await Promise.all(
    PROGRAMS.map(async (program) => (await runSliced(await loadModule(await program.load()), program)).breaks),
  );
  expect(breaks.filter((count) => count > 0).length).toBeGreaterThan(PROGRAMS.length * 0.9);
});
