/** Ways to run a worker that is left at its safepoints. */
import {
  createWorker,
  type LoadedModule,
  type Outcome,
  type PollDecision,
  restoreWorker,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';

/** Goes on at the safepoint where the worker was left, then leaves at the next one. */
export function leavingAtEach(decision: 'slice' | 'stop', onLeave: () => void = () => undefined): () => PollDecision {
  let fresh = false;
  return () => {
    fresh = !fresh;
    if (fresh) return 'go on';
    onLeave();
    return decision;
  };
}

export interface StoppedRun {
  readonly outcome: Outcome;
  readonly worker: Worker;
  readonly stops: number;
}

/** Stopped at every safepoint, resumed each time from bytes in a fresh instance. */
export async function runStoppedEverywhere(
  module: LoadedModule,
  name: string,
  args: readonly unknown[] = [],
  options: WorkerOptions = {},
): Promise<StoppedRun> {
  let worker = await createWorker(module, { ...options, onPoll: () => 'stop' });
  let outcome = await worker.call(name, args);
  let stops = 0;
  for (; outcome.kind === 'stopped'; stops++) {
    const bytes = worker.snapshot();
    await worker.close();
    worker = await restoreWorker(module, bytes, { ...options, onPoll: leavingAtEach('stop') });
    outcome = await worker.resume();
  }
  return { outcome, worker, stops };
}

/** A worker stopped at its n-th safepoint, counted from 1. */
export async function stoppedAt(
  module: LoadedModule,
  name: string,
  args: readonly unknown[],
  safepoint: number,
  options: WorkerOptions = {},
): Promise<Worker> {
  let polls = 0;
  const worker = await createWorker(module, { ...options, onPoll: () => (++polls === safepoint ? 'stop' : 'go on') });
  await worker.call(name, args);
  return worker;
}
