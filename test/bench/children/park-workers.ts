/** Many workers of one module in one process, all of them waiting for the host; and as many bare instances. */
import { createWorker, loadModule, pending } from '../../../runtime/index.ts';
import { readJob, report } from '../child.ts';
import { readTextProgram } from './read-text-program.ts';

export interface ParkJob {
  readonly workers: number;
}

/** Of all workers together, by the clock; resident memory of the process. */
export interface ParkTimes {
  /** From nothing to all of them waiting in a host call, ten activations deep. */
  readonly createMs: number;
  /** From the answers to all of them waiting again. */
  readonly wakeMs: number;
  readonly residentBytes: number;
  readonly bareCreateMs: number;
  readonly bareResidentBytes: number;
}

const DEPTH = 10;
const SUM = BigInt(DEPTH) * BigInt(DEPTH + 1);

const job = readJob<ParkJob>();
const bytes = await readTextProgram('waiting');
const module = await loadModule(bytes);

/** Answers that the guests wait for, in the order in which they asked. */
let questions: PromiseWithResolvers<number>[] = [];
const ask = (): unknown => {
  const question = Promise.withResolvers<number>();
  questions.push(question);
  return pending(question.promise);
};
const imports = { host: { ask } };

/** Everything that is waiting now, once as many wait as there are workers. */
async function takeQuestions(count: number): Promise<typeof questions> {
  while (questions.length < count) await new Promise((resolve) => setImmediate(resolve));
  const taken = questions;
  questions = [];
  return taken;
}

const since = (start: number): number => performance.now() - start;

function resident(): number {
  globalThis.gc?.(); // the benchmark runs this with --expose-gc
  return process.memoryUsage().rss;
}

/** Takes a worker through all that happens to it, and answers it. */
async function parkAndEnd(count: number): Promise<Omit<ParkTimes, 'bareCreateMs' | 'bareResidentBytes'>> {
  const before = resident();
  const start = performance.now();
  const workers = await Promise.all(Array.from({ length: count }, () => createWorker(module, { imports })));
  const calls = workers.map((worker) => worker.call('run', [DEPTH]));
  let asked = await takeQuestions(count);
  const createMs = since(start);
  const residentBytes = resident() - before;
  const answered = performance.now();
  for (const question of asked) question.resolve(0);
  asked = await takeQuestions(count);
  const wakeMs = since(answered);
  for (const question of asked) question.resolve(1);
  for (const outcome of await Promise.all(calls)) {
    if (outcome.kind === 'returned' && outcome.values[0] === SUM) continue;
    throw new Error(`a worker ended as ${outcome.kind}; it must return ${SUM}`);
  }
  await Promise.all(workers.map((worker) => worker.close()));
  return { createMs, wakeMs, residentBytes };
}

function makeBare(count: number): Pick<ParkTimes, 'bareCreateMs' | 'bareResidentBytes'> {
  const compiled = new WebAssembly.Module(bytes);
  const before = resident();
  const start = performance.now();
  const instances = Array.from({ length: count }, () => new WebAssembly.Instance(compiled, { host: { ask: () => 1 } }));
  for (const { exports } of instances) {
    const run = exports['run'] as (depth: number) => bigint; // waiting.wat exports it
    if (run(DEPTH) !== SUM) throw new Error('a bare instance gives another sum');
  }
  return { bareCreateMs: since(start), bareResidentBytes: resident() - before };
}

await parkAndEnd(1); // loads what every first worker loads
const parked = await parkAndEnd(job.workers);
report({ ...parked, ...makeBare(job.workers) } satisfies ParkTimes);
