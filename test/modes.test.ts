/**
 * Every function program of the corpus in every mode. The bare engine's results are those of the corpus table, which a test
 * of its own holds against the engine.
 */
import { describe, expect, it } from 'vitest';
import { decodeModule, draftOf, encodeModule } from '../runtime/wasm/index.ts';
import {
  createWorker,
  type LoadedModule,
  loadModule,
  type Outcome,
  restoreWorker,
  type Worker,
} from '../runtime/index.ts';
import type { PollDecision } from '../runtime/engine/index.ts';
import { CORPUS, createFunctionImports, type Expected, type FunctionProgram } from './programs/corpus.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function');
const UNWINDS = ['throw', 'flag'] as const;

interface Run {
  readonly outcome: Outcome;
  readonly fuelUsed: bigint;
  /** How often it was sliced or stopped. */
  readonly breaks: number;
}

const options = (onPoll?: () => PollDecision) => ({
  imports: createFunctionImports(),
  ...(onPoll === undefined ? {} : { onPoll }),
});

/** Goes on at the first safepoint, where it was stopped before, then breaks at the next. */
function atEverySafepoint(decision: 'slice' | 'stop'): () => PollDecision {
  let fresh = false;
  return () => {
    fresh = !fresh;
    return fresh ? 'go on' : decision;
  };
}

async function runPlain(module: LoadedModule, program: FunctionProgram): Promise<Run> {
  const worker = await createWorker(module, options());
  return { outcome: await worker.call(program.export, program.args), fuelUsed: worker.fuelUsed, breaks: 0 };
}

async function runSliced(module: LoadedModule, program: FunctionProgram): Promise<Run> {
  let breaks = 0;
  const everySecond = atEverySafepoint('slice');
  const worker = await createWorker(
    module,
    options(() => {
      const decision = everySecond();
      if (decision === 'slice') breaks++;
      return decision;
    }),
  );
  return { outcome: await worker.call(program.export, program.args), fuelUsed: worker.fuelUsed, breaks };
}

/** Each resume in a fresh instance, from bytes. */
async function runStopped(module: LoadedModule, program: FunctionProgram): Promise<Run> {
  let worker: Worker = await createWorker(
    module,
    options(() => 'stop'),
  );
  let outcome = await worker.call(program.export, program.args);
  let breaks = 0;
  for (; outcome.kind === 'stopped'; breaks++) {
    const bytes = worker.snapshot();
    await worker.close();
    worker = await restoreWorker(module, bytes, options(atEverySafepoint('stop')));
    outcome = await worker.resume();
  }
  return { outcome, fuelUsed: worker.fuelUsed, breaks };
}

const essence = (outcome: Outcome): Expected | Outcome =>
  outcome.kind === 'trapped' ? { kind: 'trapped', code: outcome.code } : outcome;

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
