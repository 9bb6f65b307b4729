/**
 * A sandbox for an agent: its script runs in a JavaScript interpreter (QuickJS) that is a worker. Whenever the script asks what to do, the worker
 * waits, in the middle of the script; it is forked there, and both ways are explored. The best end is kept, the others are dropped.
 *
 * Neither the script nor the interpreter knows of this: its plan is in closures, generators and maps, and all of that is forked. Nothing is written
 * down, nothing is done again.
 */
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { createWorker, forkWorker, type Imports, loadModule, pending, type Worker } from 'pluvio/runtime';

const ANSWERS_READY = 8;

/** What the interpreter imports. */
const importsWith = (decide: () => unknown): Imports => ({
  env: {
    host_call: decide,
    host_get_timezone_offset: () => 0,
    host_interrupt: () => 0,
    host_promise_rejection: () => undefined,
    host_module_normalize: () => 0,
    host_module_load: () => 0,
  },
});

const unanswered = importsWith(() => pending(new Promise(() => undefined)));

async function number(worker: Worker, name: string, args: readonly number[] = []): Promise<number> {
  const outcome = await worker.call(name, args);
  if (outcome.kind !== 'returned') throw new Error(`${name} ended as ${outcome.kind}`);
  return Number(outcome.values[0]);
}

/** Text in the memory of the interpreter. */
async function place(worker: Worker, text: string): Promise<[at: number, length: number]> {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const at = await number(worker, 'wasm_malloc', [bytes.length]);
  new Uint8Array(worker.memory().buffer).set(bytes, at);
  return [at, bytes.length - 1];
}

async function textOf(worker: Worker, value: number): Promise<string> {
  const at = await number(worker, 'qjs_get_string', [value]);
  const bytes = new Uint8Array(worker.memory().buffer);
  return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
}

/** Answers that the interpreter has ready: a call of the script takes one. */
interface Answers {
  readonly yes: readonly number[];
  readonly no: readonly number[];
}

interface Explored {
  readonly answers: readonly boolean[];
  readonly result: { readonly way: number; readonly plan: readonly string[] };
}

/** Everything that comes of a script from where it waits: both answers, each in a fork, and so on. */
async function explore(waiting: Worker, ready: Answers, given: readonly boolean[]): Promise<Explored[]> {
  const ends: Explored[] = [];
  for (const answer of [false, true]) {
    let isAnswered = false;
    const values = answer ? ready.yes : ready.no;
    const imports = importsWith(() => {
      if (isAnswered) return pending(new Promise(() => undefined));
      isAnswered = true;
      return values[given.length];
    });
    const fork = await forkWorker(waiting, { imports, wasi: {} });
    forks++;
    const answers = [...given, answer];
    const outcome = await Promise.race([fork.resume(), untilWaiting(fork)]);
    if (outcome === undefined) ends.push(...(await explore(fork, ready, answers)));
    else if (outcome.kind === 'returned') {
      const text = await textOf(fork, Number(outcome.values[0]));
      ends.push({ answers, result: JSON.parse(text) as Explored['result'] }); // the script's own
    } else throw new Error(`the script ended as ${outcome.kind}`);
    await fork.close(); // one that waits is dropped where it is
  }
  return ends;
}

async function untilWaiting(worker: Worker): Promise<undefined> {
  while (worker.state !== 'waiting') {
    if (worker.state !== 'running') return new Promise(() => undefined); // it has ended: `run` says how
    await setImmediate();
  }
  return undefined;
}

let forks = 0;
const bytes = await readFile(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
const parent = await createWorker(await loadModule(bytes), {
  imports: unanswered,
  wasi: {},
  limits: { fuel: 10n ** 9n },
});
await number(parent, '_initialize');
await number(parent, 'qjs_init');
const [decideAt, decideLength] = await place(parent, 'decide');
const decide = await number(parent, 'qjs_new_host_function', [decideAt, decideLength, 0]);
const global = await number(parent, 'qjs_get_global');
await number(parent, 'qjs_set_prop_string', [global, decideAt, decide]);
const many = async (name: string): Promise<number[]> => {
  const values: number[] = [];
  while (values.length < ANSWERS_READY) values.push(await number(parent, name));
  return values;
};
const ready = { yes: await many('qjs_get_true'), no: await many('qjs_get_false') };
const script = await readFile(new URL('agent.js', import.meta.url), 'utf8');
const [codeAt, codeLength] = await place(parent, script);
const [nameAt] = await place(parent, 'agent.js');

void parent.call('qjs_eval', [codeAt, codeLength, nameAt, 0]);
await untilWaiting(parent);
const began = performance.now();
const ends = await explore(parent, ready, []);
const elapsedMs = performance.now() - began;
await parent.close();

const [best] = ends.sort((a, b) => a.result.way - b.result.way);
if (best === undefined) throw new Error('nothing was explored');
console.error(`${forks} forks, ${ends.length} ends in ${elapsedMs.toFixed(0)} ms`);
for (const { answers, result } of ends) {
  console.log(
    `${result.way.toFixed(2).padStart(6)}  ${answers.map((yes) => (yes ? 'y' : 'n')).join('')}  ${result.plan.join(', ')}`,
  );
}
