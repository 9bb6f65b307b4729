/** What a real program is to the benchmarks: a module that nobody here wrote, and work for it. */
import type { Imports, WasiOptions } from '../../../runtime/index.ts';

/** An instance of a program's module, bare or in a worker. */
export interface Guest {
  call(name: string, args?: readonly number[]): Promise<unknown>;
  memory(): WebAssembly.Memory;
  /** What it wrote to standard output. */
  output(): Uint8Array;
}

/** Work that is ready to begin. */
export interface Task {
  /** The part that is timed. */
  run(): Promise<void>;
  /** A checksum of what it did. */
  result(): number | Promise<number>;
}

/** What one instance needs of its host. */
export interface Session {
  /** Beside those of WASI. */
  readonly imports: Imports;
  /** @param quick The least work there is. */
  begin(guest: Guest, quick: boolean): Promise<Task>;
}

export interface Program {
  readonly name: string;
  readonly what: string;
  readonly module: URL;
  /** Name of the exported memory; or the type of the one that the module imports as "env"."memory". */
  readonly memory: string | WebAssembly.MemoryDescriptor;
  readonly wasi: Pick<WasiOptions, 'args'>;
  /** @param memory The memory of the instance, once there is one. */
  connect(memory: () => WebAssembly.Memory): Session;
}

export const inPackages = (path: string): URL => new URL(`../../../node_modules/${path}`, import.meta.url);

/** @throws TypeError if the function gives anything else */
export async function callNumber(guest: Guest, name: string, args: readonly number[] = []): Promise<number> {
  const value = await guest.call(name, args);
  if (typeof value !== 'number') throw new TypeError(`${name} gave ${String(value)}; it must give a number`);
  return value;
}

export const bytesAt = (guest: Guest, pointer: number, length: number): Uint8Array =>
  new Uint8Array(guest.memory().buffer).slice(pointer, pointer + length);

/** The 32-bit words from there on. */
export const wordsAt = (guest: Guest, pointer: number, count: number): Uint32Array =>
  new Uint32Array(guest.memory().buffer.slice(pointer, pointer + 4 * count));

/** Puts bytes into memory that the guest allocates. */
export async function place(guest: Guest, bytes: Uint8Array, allocate: string): Promise<number> {
  const pointer = await callNumber(guest, allocate, [bytes.length]);
  new Uint8Array(guest.memory().buffer).set(bytes, pointer);
  return pointer;
}

const encoder = new TextEncoder();

/** Text as C has it, with its final zero. */
export const placeText = async (guest: Guest, text: string, allocate: string): Promise<number> =>
  place(guest, encoder.encode(`${text}\0`), allocate);

/** FNV-1a. */
export const checksum = (bytes: Uint8Array): number =>
  bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);

/** Numbers below `limit` that look random and are the same each time. */
export function sequence(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
}

/** Text with the repetitions that text has: words of a small vocabulary, the first of them most often. */
export function wordyText(sizeBytes: number): string {
  const next = sequence(7);
  const words = Array.from({ length: 2000 }, () => (next(2 ** 22) + 1).toString(36));
  const parts: string[] = [];
  for (let length = 0; length < sizeBytes;) {
    const word = words[next(1 + next(words.length))] ?? '';
    const end = next(12) === 0 ? '.\n' : ' ';
    parts.push(word, end);
    length += word.length + end.length;
  }
  return parts.join('').slice(0, sizeBytes);
}
