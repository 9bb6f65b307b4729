/**
 * QuickJS compiled to WebAssembly (npm quickjs-wasi), driven through its exports: a program of half a megabyte that nobody
 * here wrote, with an interpreter loop of five hundred cases. Runs in any engine.
 */
import { createWorker, type GuestOptions, type LoadedModule, type Outcome, type Worker } from '../../runtime/index.ts';

/** Sorting, recursion, closures, exceptions, strings and maps; the result is one line of text. */
export const SCRIPT = `(() => {
  const random = (() => { let s = 42; return () => (s = (s * 1103515245 + 12345) % 2147483648) / 2147483648; })();
  const numbers = Array.from({ length: 20000 }, () => Math.floor(random() * 1e6));
  numbers.sort((a, b) => a - b);
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  const words = new Map();
  for (const n of numbers) { const k = String(n % 977); words.set(k, (words.get(k) ?? 0) + 1); }
  let thrown = 0;
  for (let i = 0; i < 3000; i++) { try { if (i % 3 === 0) throw new Error('x' + i); } catch (e) { thrown += e.message.length; } }
  return JSON.stringify([numbers[0], numbers[9999], numbers[19999], fib(20), words.size, thrown, [...words.values()].reduce((a, b) => a + b * b, 0)]);
})()`;

/** What the host has to give beside WASI; the script uses none of it. */
export const quickjsOptions = (): GuestOptions => ({
  wasi: {},
  imports: {
    env: {
      host_get_timezone_offset: () => 0,
      host_interrupt: () => 0,
      host_promise_rejection: () => undefined,
      host_module_normalize: () => 0,
      host_module_load: () => 0,
      host_call: () => 0,
    },
  },
});

/** The value of a call that must return one. */
export function returned(outcome: Outcome): number {
  if (outcome.kind !== 'returned') throw new Error(`the call ended as ${outcome.kind}`);
  return Number(outcome.values[0] ?? 0);
}

async function writeText(worker: Worker, text: string): Promise<{ at: number; size: number }> {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const at = returned(await worker.call('wasm_malloc', [bytes.length]));
  new Uint8Array(worker.memory().buffer).set(bytes, at);
  return { at, size: bytes.length - 1 };
}

/** Starts the interpreter and evaluates the script. */
export async function callScript(worker: Worker): Promise<Outcome> {
  await worker.call('_initialize');
  await worker.call('qjs_init');
  const code = await writeText(worker, SCRIPT);
  const name = await writeText(worker, 'script.js');
  return worker.call('qjs_eval', [code.at, code.size, name.at, 0]);
}

/** A worker that evaluates the script. */
export async function beginScript(
  module: LoadedModule,
  options: GuestOptions,
): Promise<{ worker: Worker; run: Promise<Outcome> }> {
  const worker = await createWorker(module, options);
  return { worker, run: callScript(worker) };
}

/** The text of a value of the interpreter. */
export async function textOf(worker: Worker, value: number): Promise<string> {
  const at = returned(await worker.call('qjs_get_string', [value]));
  const bytes = new Uint8Array(worker.memory().buffer);
  return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
}
