/** Workers whose memory is full of bytes that no codec makes smaller, and the bare module beside them. */
import { type LoadedModule, loadModule, type Worker } from '../../../runtime/index.ts';
import { readTextProgram } from './read-text-program.ts';

export const PAGE = 65_536;
/** Pages that deep.wat and waiting.wat begin with. */
const INITIAL_PAGES = 2;
/** Most that `crypto.getRandomValues` gives at once. */
const RANDOM_BYTES = 65_536;

export interface Program {
  readonly module: LoadedModule;
  readonly bare: WebAssembly.Module;
}

export async function loadProgram(name: string): Promise<Program> {
  const bytes = await readTextProgram(name);
  return { module: await loadModule(bytes), bare: new WebAssembly.Module(bytes) };
}

export const memoryOf = (worker: Worker): Uint8Array => new Uint8Array(worker.memory().buffer);

/** Random bytes, none of them zero. */
export function incompressible(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + RANDOM_BYTES, sizeBytes)));
  }
  for (let at = 0; at < sizeBytes; at++) bytes[at] ||= 0xa5;
  return bytes;
}

/** Brings the memory to that size and fills it; the word that deep.wat looks at is not yet set. */
export async function fill(worker: Worker, contents: Uint8Array): Promise<void> {
  await worker.call('grow', [contents.length / PAGE - INITIAL_PAGES]);
  memoryOf(worker).set(contents);
}

/** The baseline: a memory copied out, an instance of the bare module made, the memory copied in. Gives the milliseconds. */
export function timeCopy(bare: WebAssembly.Module, memory: Uint8Array, imports?: WebAssembly.Imports): number {
  const start = performance.now();
  const saved = memory.slice();
  fillBare(bare, saved, imports);
  return performance.now() - start;
}

/** The baseline of a fork: an instance of the bare module is made, the memory copied into it. Gives the milliseconds. */
export function timeClone(bare: WebAssembly.Module, memory: Uint8Array, imports?: WebAssembly.Imports): number {
  const start = performance.now();
  fillBare(bare, memory, imports);
  return performance.now() - start;
}

function fillBare(bare: WebAssembly.Module, contents: Uint8Array, imports?: WebAssembly.Imports): void {
  const { exports } = new WebAssembly.Instance(bare, imports);
  const fresh = exports['memory'] as WebAssembly.Memory; // both programs export it
  fresh.grow(contents.length / PAGE - INITIAL_PAGES);
  new Uint8Array(fresh.buffer).set(contents);
}
