/** A kernel in a worker, as any program runs: in slices, with the event loop between them. */
import { readFileSync } from 'node:fs';
import { createWorker, loadModule } from '../../../runtime/index.ts';
import { readJob, report } from '../child.ts';
import { type CallJob, type Run, timeCalls } from './time-calls.ts';

const job = readJob<CallJob>();
const module = await loadModule(readFileSync(job.path));
const instantiate = async (): Promise<Run> => {
  const worker = await createWorker(module);
  return async (arg) => {
    const outcome = await worker.call('run', [arg]);
    if (outcome.kind !== 'returned') throw new Error(`${job.path}: run(${arg}) ended as ${JSON.stringify(outcome)}`);
    return Number(outcome.values[0]);
  };
};
report(await timeCalls(job, instantiate));
