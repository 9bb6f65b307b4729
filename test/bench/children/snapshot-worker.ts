/** Stops a worker in a recursion, captures it, restores it in the same process and lets it end; again and again. Then deltas. */
import { createWorker, restoreWorker, stageWorker, type Worker } from '../../../runtime/index.ts';
import { readJob, report } from '../child.ts';
import { fill, incompressible, loadProgram, memoryOf, PAGE, timeCopy } from './filled-worker.ts';

export interface SnapshotJob {
  readonly memoryPages: number;
  readonly depth: number;
  readonly repetitions: number;
}

/** Times by the clock, in milliseconds, in the order of the repetitions. */
export interface SnapshotTimes {
  readonly stop: readonly number[];
  readonly capture: readonly number[];
  readonly restore: readonly number[];
  readonly resume: readonly number[];
  /** The baseline: copy the memory out, make an instance of the bare module, copy the memory in. */
  readonly copy: readonly number[];
  /** A delta taken, and a staged worker brought up to date by it. */
  readonly delta: readonly number[];
  /** The baseline of that: the memory compared with an equal copy. */
  readonly compare: readonly number[];
  readonly sizeBytes: number;
  readonly deltaBytes: number;
}

const BLOCK = 4096;
/** Share of the blocks that change before each delta. */
const CHANGED_SHARE = 0.01;

const job = readJob<SnapshotJob>();
const limits = { memoryPages: Math.max(4096, job.memoryPages) };
const { module, bare } = await loadProgram('deep');
const contents = incompressible(job.memoryPages * PAGE);
const since = (start: number): number => performance.now() - start;

async function stoppedWorker(): Promise<{ readonly worker: Worker; readonly stopMs: number }> {
  const worker = await createWorker(module, { limits });
  await fill(worker, contents);
  const running = worker.call('run', [job.depth]);
  await new Promise((resolve) => setImmediate(resolve)); // after the first slice
  const start = performance.now();
  await worker.stop();
  const stopMs = since(start);
  const outcome = await running;
  if (outcome.kind !== 'stopped') throw new Error(`the worker did not stop but ended as ${outcome.kind}`);
  return { worker, stopMs };
}

async function finish(worker: Worker): Promise<number> {
  new DataView(worker.memory().buffer).setUint32(0, 1, true);
  const start = performance.now();
  const outcome = await worker.resume();
  const resumeMs = since(start);
  const expected = BigInt(job.depth) * BigInt(job.depth + 1);
  if (outcome.kind !== 'returned' || outcome.values[0] !== expected) {
    throw new Error(`the resumed worker ended as ${outcome.kind}; it must return ${expected}`);
  }
  return resumeMs;
}

async function timeWhole(): Promise<Omit<SnapshotTimes, 'delta' | 'compare' | 'deltaBytes'>> {
  const stop: number[] = [];
  const capture: number[] = [];
  const restore: number[] = [];
  const resume: number[] = [];
  const copy: number[] = [];
  let sizeBytes = 0;
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const { worker, stopMs } = await stoppedWorker();
    stop.push(stopMs);
    const captureStart = performance.now();
    const snapshot = worker.snapshot();
    capture.push(since(captureStart));
    sizeBytes = snapshot.length;
    const restoreStart = performance.now();
    const twin = await restoreWorker(module, snapshot, { limits });
    restore.push(since(restoreStart));
    resume.push(await finish(twin));
    copy.push(timeCopy(bare, memoryOf(worker)));
    await twin.close();
    await worker.close();
  }
  return { stop, capture, restore, resume, copy, sizeBytes };
}

/** Changes one byte in each of some blocks, here and there. */
function touch(memory: Uint8Array, round: number): void {
  const blocks = memory.length / BLOCK;
  const changed = Math.ceil(blocks * CHANGED_SHARE);
  for (let count = 0; count < changed; count++) {
    const block = 1 + Math.floor(Math.random() * (blocks - 1)); // the first has the word that the guest looks at
    const at = block * BLOCK + Math.floor(Math.random() * BLOCK);
    memory[at] = (memory[at] ?? 0) ^ (1 + (round % 255));
  }
}

async function timeDeltas(): Promise<Pick<SnapshotTimes, 'delta' | 'compare' | 'deltaBytes'>> {
  const { worker } = await stoppedWorker();
  const staged = await stageWorker(module, worker.snapshot({ keep: true }), { limits });
  const memory = memoryOf(worker);
  const same = memory.slice();
  const delta: number[] = [];
  const compare: number[] = [];
  let deltaBytes = 0;
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const compareStart = performance.now();
    if (Buffer.compare(memory, same) !== 0) throw new Error('the copy is not equal');
    compare.push(since(compareStart));
    touch(memory, repetition);
    const start = performance.now();
    const bytes = worker.snapshot({ delta: true, keep: true });
    staged.update(bytes);
    delta.push(since(start));
    deltaBytes = bytes.length;
    same.set(memory);
  }
  const twin = staged.finish();
  if (Buffer.compare(memory, memoryOf(twin)) !== 0) throw new Error('the twin has other memory');
  await finish(twin);
  return { delta, compare, deltaBytes };
}

report({ ...(await timeWhole()), ...(await timeDeltas()) } satisfies SnapshotTimes);
