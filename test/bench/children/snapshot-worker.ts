/** Stops a worker in a recursion, captures it, restores it in the same process and lets it end; again and again. */
import { readFileSync } from 'node:fs';
import wabt from 'wabt';
import { createWorker, loadModule, restoreWorker, type Worker } from '../../../runtime/index.ts';
import { readJob, report } from '../child.ts';

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
  readonly sizeBytes: number;
}

const PAGE = 65_536;
const INITIAL_PAGES = 2;
/** Most that `crypto.getRandomValues` gives at once. */
const RANDOM_BYTES = 65_536;

const job = readJob<SnapshotJob>();
const tools = await wabt();
const text = readFileSync(new URL('../programs/deep.wat', import.meta.url), 'utf8');
const bytes = Uint8Array.from(tools.parseWat('deep.wat', text).toBinary({}).buffer);
const module = await loadModule(bytes);
const bare = new WebAssembly.Module(bytes);

/** Bytes that no codec makes smaller, none of them zero; the word that the guest looks at is not yet set. */
function incompressible(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += RANDOM_BYTES) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES));
  return bytes.map((byte) => byte || 0xa5);
}

const contents = incompressible(job.memoryPages * PAGE);
const memoryOf = (worker: Worker): Uint8Array => new Uint8Array(worker.memory().buffer);
const since = (start: number): number => performance.now() - start;

async function stoppedWorker(): Promise<{ readonly worker: Worker; readonly stopMs: number }> {
  const worker = await createWorker(module);
  await worker.call('grow', [job.memoryPages - INITIAL_PAGES]);
  memoryOf(worker).set(contents);
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

function copyBaseline(memory: Uint8Array): number {
  const start = performance.now();
  const saved = memory.slice();
  const { exports } = new WebAssembly.Instance(bare);
  const fresh = exports['memory'] as WebAssembly.Memory; // deep.wat exports it
  fresh.grow(memory.length / PAGE - INITIAL_PAGES);
  new Uint8Array(fresh.buffer).set(saved);
  return since(start);
}

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
  const twin = await restoreWorker(module, snapshot);
  restore.push(since(restoreStart));
  resume.push(await finish(twin));
  copy.push(copyBaseline(memoryOf(worker)));
  await twin.close();
  await worker.close();
}
report({ stop, capture, restore, resume, copy, sizeBytes } satisfies SnapshotTimes);
