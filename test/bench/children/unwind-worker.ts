/** Takes a stack of a depth apart and builds it up again, on one worker, again and again. */
import { createWorker, loadModule, type Outcome, pending, type Worker } from '../../../runtime/index.ts';
import type { PollDecision } from '../../../runtime/engine/index.ts';
import { readJob, report } from '../child.ts';
import { readTextProgram } from './read-text-program.ts';

export interface UnwindJob {
  readonly depth: number;
  readonly repetitions: number;
}

/** Times by the clock, in milliseconds, in the order of the repetitions. */
export interface UnwindTimes {
  /** From the decision at a safepoint to the worker being stopped, its frames in a buffer of its own. */
  readonly stop: readonly number[];
  /** From `resume()` to the outcome of the call, which then returns through all frames. */
  readonly resume: readonly number[];
  /** From the answer of a host call that waited to the guest's next host call. */
  readonly wake: readonly number[];
  /** Baseline of `stop`: a JavaScript exception through as many frames of the bare module. */
  readonly bareThrow: readonly number[];
  /** Baseline of `resume`: a call of the bare module that recurses as deep and returns. */
  readonly bareCall: readonly number[];
}

/** A stack this deep needs more than the engine's default; the child is started with as much. */
const LIMITS = { stackDepth: 100_000 };

const job = readJob<UnwindJob>();
const since = (start: number): number => performance.now() - start;
const expected = BigInt(job.depth) * BigInt(job.depth + 1);

function check(outcome: Outcome): void {
  if (outcome.kind === 'returned' && outcome.values[0] === expected) return;
  throw new Error(`the worker ended as ${outcome.kind}; it must return ${expected}`);
}

const setFlag = (worker: Worker, value: number): void => new DataView(worker.memory().buffer).setUint32(0, value, true);

/** Stops in the loop at the bottom of the recursion, then lets it end. */
async function timeStops(): Promise<{ stop: number[]; resume: number[] }> {
  const module = await loadModule(await readTextProgram('deep'));
  let polls = 0;
  let start = 0;
  const decide = (): PollDecision => {
    if (++polls < job.depth + 4) return 'go on';
    polls = Number.NEGATIVE_INFINITY;
    start = performance.now();
    return 'stop';
  };
  const worker = await createWorker(module, { onPoll: decide, limits: LIMITS });
  const stop: number[] = [];
  const resume: number[] = [];
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    setFlag(worker, 0);
    polls = 0;
    const stopped = await worker.call('run', [job.depth]);
    stop.push(since(start));
    if (stopped.kind !== 'stopped') throw new Error(`the worker did not stop but ended as ${stopped.kind}`);
    setFlag(worker, 1);
    const resumed = performance.now();
    const outcome = await worker.resume();
    resume.push(since(resumed));
    check(outcome);
  }
  return { stop, resume };
}

/** Waits in a host call at the bottom of the recursion; the answer comes from outside. */
async function timeWakes(): Promise<number[]> {
  const module = await loadModule(await readTextProgram('waiting'));
  const wake: number[] = [];
  let answer: PromiseWithResolvers<number> | undefined;
  let answered = 0;
  const ask = (): unknown => {
    if (answered > 0) wake.push(since(answered));
    if (wake.length === job.repetitions) return 1;
    answer = Promise.withResolvers();
    return pending(answer.promise);
  };
  const worker = await createWorker(module, { imports: { host: { ask } }, limits: LIMITS });
  const running = worker.call('run', [job.depth]);
  while (wake.length < job.repetitions) {
    await new Promise((resolve) => setImmediate(resolve)); // until the guest waits
    if (worker.state !== 'waiting') continue;
    answered = performance.now();
    answer?.resolve(0);
  }
  check(await running);
  return wake;
}

async function timeBare(): Promise<{ bareThrow: number[]; bareCall: number[] }> {
  const thrown = new Error('stop');
  let throws = true;
  const ask = (): number => {
    if (throws) throw thrown;
    return 1;
  };
  const { instance } = await WebAssembly.instantiate(await readTextProgram('waiting'), { host: { ask } });
  const run = instance.exports['run'] as (depth: number) => bigint; // waiting.wat exports it
  const bareThrow: number[] = [];
  const bareCall: number[] = [];
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    throws = true;
    let start = performance.now();
    try {
      run(job.depth);
    } catch (error) {
      if (error !== thrown) throw error;
      bareThrow.push(since(start));
    }
    throws = false;
    start = performance.now();
    if (run(job.depth) !== expected) throw new Error('the bare module gives another sum');
    bareCall.push(since(start));
  }
  return { bareThrow, bareCall };
}

const wake = await timeWakes();
report({ ...(await timeStops()), wake, ...(await timeBare()) } satisfies UnwindTimes);
