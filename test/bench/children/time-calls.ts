import { type Elapsed, startWatch } from '../stopwatch.ts';

/** A job of the children that run a kernel. */
export interface CallJob {
  readonly path: string;
  readonly arg: number;
  /** What each call must give; left out: not known beforehand. */
  readonly result?: number;
  /** Calls in this process, the first among them. */
  readonly calls: number;
}

export interface CallTimes {
  readonly times: readonly Elapsed[];
  readonly result: number;
}

export type Run = (arg: number) => number | Promise<number>;

/**
 * Times calls of `run`, each on an instance of its own of one compiled module, as calls may leave something behind in memory.
 * @throws Error if a call gives another result than it must
 */
export async function timeCalls(job: CallJob, instantiate: () => Promise<Run>): Promise<CallTimes> {
  const times: Elapsed[] = [];
  let expected = job.result;
  for (let call = 0; call < job.calls; call++) {
    const run = await instantiate();
    const elapsed = startWatch();
    const result = await run(job.arg);
    times.push(elapsed());
    expected ??= result;
    if (result !== expected) throw new Error(`${job.path}: run(${job.arg}) gave ${result}; it must give ${expected}`);
  }
  return { times, result: expected ?? 0 };
}
