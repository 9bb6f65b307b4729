/** Forks a stopped worker and a waiting one, again and again; each fork ends its call. */
import { createWorker, type Outcome, pending, type Worker } from '../../../runtime/index.ts';
import { readJob, report } from '../child.ts';
import { fill, incompressible, loadProgram, memoryOf, PAGE, timeClone } from './filled-worker.ts';

export interface ForkJob {
  readonly memoryPages: number;
  readonly depth: number;
  readonly repetitions: number;
}

/** Times by the clock, in milliseconds, in the order of the repetitions. */
export interface ForkTimes {
  /** Of a worker that is stopped in a loop. */
  readonly stopped: readonly number[];
  /** Of a worker that waits in a host call. */
  readonly waiting: readonly number[];
  /** The baseline: make an instance of the bare module, copy the memory in. */
  readonly clone: readonly number[];
}

const job = readJob<ForkJob>();
const expected = BigInt(job.depth) * BigInt(job.depth + 1);
const contents = incompressible(job.memoryPages * PAGE);
const limits = { memoryPages: Math.max(4096, job.memoryPages) };

function check(outcome: Outcome): void {
  if (outcome.kind === 'returned' && outcome.values[0] === expected) return;
  throw new Error(`the fork ended as ${outcome.kind}; it must return ${expected}`);
}

async function timeForks(parent: Worker, end: (fork: Worker) => Promise<Outcome>): Promise<number[]> {
  const times: number[] = [];
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const start = performance.now();
    const fork = await parent.fork();
    times.push(performance.now() - start);
    check(await end(fork));
    await fork.close();
  }
  return times;
}

async function timeStopped(): Promise<{ stopped: number[]; clone: number[] }> {
  const { module, bare } = await loadProgram('deep');
  const parent = await createWorker(module, { limits });
  await fill(parent, contents);
  const running = parent.call('run', [job.depth]);
  await new Promise((resolve) => setImmediate(resolve)); // after the first slice
  await parent.stop();
  await running;
  const clone: number[] = [];
  const stopped = await timeForks(parent, async (fork) => {
    clone.push(timeClone(bare, memoryOf(parent)));
    new DataView(fork.memory().buffer).setUint32(0, 1, true);
    return fork.resume();
  });
  return { stopped, clone };
}

async function timeWaiting(): Promise<number[]> {
  const { module } = await loadProgram('waiting');
  let answers = false;
  const ask = (): unknown => (answers ? 1 : pending(new Promise(() => undefined)));
  const parent = await createWorker(module, { imports: { host: { ask } }, limits });
  await fill(parent, contents);
  const running = parent.call('run', [job.depth]);
  await new Promise((resolve) => setImmediate(resolve)); // until it waits
  answers = true;
  const waiting = await timeForks(parent, async (fork) => fork.resume());
  await parent.stop();
  await running;
  return waiting;
}

report({ ...(await timeStopped()), waiting: await timeWaiting() } satisfies ForkTimes);
