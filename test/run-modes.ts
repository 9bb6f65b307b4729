/** The ways in which a function program is run: in one go, sliced at every safepoint, stopped at every safepoint. Runs in any engine. */
import { createWorker, type LoadedModule, type Outcome, restoreWorker, type Worker } from '../runtime/index.ts';
import type { PollDecision } from '../runtime/engine/index.ts';
import type { Expected } from './programs/corpus.ts';
import { createFunctionImports } from './programs/function-imports.ts';

/** What is called. */
export interface FunctionCall {
  readonly export: string;
  readonly args: readonly unknown[];
}

export interface ModeRun {
  readonly outcome: Outcome;
  readonly fuelUsed: bigint;
  /** How often it was sliced or stopped. */
  readonly breaks: number;
}

const options = (onPoll?: () => PollDecision) => ({
  imports: createFunctionImports(),
  ...(onPoll === undefined ? {} : { onPoll }),
});

/** Goes on at the first safepoint, where it was stopped before, then breaks at the `stride`-th after it. */
function atEverySafepoint(decision: 'slice' | 'stop', stride: number): () => PollDecision {
  let passed = -1;
  return () => {
    passed = (passed + 1) % (stride + 1);
    return passed < stride ? 'go on' : decision;
  };
}

export async function runPlain(module: LoadedModule, call: FunctionCall): Promise<ModeRun> {
  const worker = await createWorker(module, options());
  return { outcome: await worker.call(call.export, call.args), fuelUsed: worker.fuelUsed, breaks: 0 };
}

/** @param stride At every how many safepoints it is sliced. */
export async function runSliced(module: LoadedModule, call: FunctionCall, stride = 1): Promise<ModeRun> {
  let breaks = 0;
  const decide = atEverySafepoint('slice', stride);
  const worker = await createWorker(
    module,
    options(() => {
      const decision = decide();
      if (decision === 'slice') breaks++;
      return decision;
    }),
  );
  return { outcome: await worker.call(call.export, call.args), fuelUsed: worker.fuelUsed, breaks };
}

/** Each resume in a fresh instance, from bytes. @param stride At every how many safepoints it is stopped. */
export async function runStopped(module: LoadedModule, call: FunctionCall, stride = 1): Promise<ModeRun> {
  let worker: Worker = await createWorker(
    module,
    options(() => 'stop'),
  );
  let outcome = await worker.call(call.export, call.args);
  let breaks = 0;
  for (; outcome.kind === 'stopped'; breaks++) {
    const bytes = worker.snapshot();
    await worker.close();
    worker = await restoreWorker(module, bytes, options(atEverySafepoint('stop', stride)));
    outcome = await worker.resume();
  }
  return { outcome, fuelUsed: worker.fuelUsed, breaks };
}

/** An outcome as the corpus tells it: of a trap the code alone. */
export const essence = (outcome: Outcome): Expected | Outcome =>
  outcome.kind === 'trapped' ? { kind: 'trapped', code: outcome.code } : outcome;
