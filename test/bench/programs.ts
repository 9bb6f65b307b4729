/** Real programs to run: what overhead is in code that nobody chose for a benchmark. */
import type { HostFunction } from '../../runtime/index.ts';
import { REAL_MODULES, type RealModule } from './modules.ts';

/** An instance of a program's module, bare or in a worker. */
export interface Guest {
  call(name: string, args: readonly number[]): Promise<unknown>;
  memory(): WebAssembly.Memory;
}

export interface Program {
  readonly name: string;
  readonly module: RealModule;
  readonly wasi: { readonly args: readonly string[] };
  readonly imports: Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;
  /** Whether Asyncify is measured too: it takes the better part of a minute per megabyte to make. */
  readonly asyncify: boolean;
  /** What goes before the part that is timed. */
  readonly prepare: (guest: Guest) => Promise<void>;
  /** Gives a checksum. */
  readonly run: (guest: Guest, quick: boolean) => Promise<number>;
}

function moduleNamed(name: string): RealModule {
  const found = REAL_MODULES.find((module) => module.name === name);
  if (found === undefined) throw new RangeError(`there is no module "${name}"`);
  return found;
}

async function callNumber(guest: Guest, name: string, args: readonly number[]): Promise<number> {
  const value = await guest.call(name, args);
  if (typeof value !== 'number') throw new TypeError(`${name} gave ${String(value)}; it must give a number`);
  return value;
}

/** Objects, closures, strings, maps, sorting and numbers: a mixture as programs have it. */
const script = (rounds: number): string => `
  (() => {
    class Point { constructor(x, y) { this.x = x; this.y = y; } add(p) { return new Point(this.x + p.x, this.y + p.y); } }
    let checksum = 0, seed = 1;
    const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff);
    for (let round = 0; round < ${rounds}; round++) {
      let sum = new Point(0, 0);
      for (let i = 0; i < 2000; i++) sum = sum.add(new Point(i, random() % 10));
      const words = Array.from({ length: 300 }, () => (random() % 5000).toString(36));
      const counts = new Map();
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
      const sorted = [...counts.keys()].sort();
      const text = JSON.stringify(sorted.map((word) => ({ word, count: counts.get(word) })));
      checksum = (checksum * 31 + sum.x + sum.y + JSON.parse(text).length + text.replace(/[a-f]+/g, '').length) % 1000003;
    }
    return checksum;
  })()`;

/** Writes text with its final zero into memory that the guest has allocated. */
async function place(guest: Guest, text: string): Promise<{ readonly pointer: number; readonly length: number }> {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const pointer = await callNumber(guest, 'wasm_malloc', [bytes.length]);
  new Uint8Array(guest.memory().buffer).set(bytes, pointer);
  return { pointer, length: bytes.length - 1 };
}

const SENTENCE =
  'It was a bright cold day in the harbour, and the ferries were counting thirteen waves to every tide. ';

export const PROGRAMS: readonly Program[] = [
  {
    name: 'quickjs',
    module: moduleNamed('quickjs'),
    asyncify: true,
    wasi: { args: [] },
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
    prepare: async (guest) => {
      await guest.call('_initialize', []);
      await guest.call('qjs_init', []);
    },
    run: async (guest, quick) => {
      const source = await place(guest, script(quick ? 1 : 150));
      const name = await place(guest, 'bench.js');
      const value = await callNumber(guest, 'qjs_eval', [source.pointer, source.length, name.pointer, 0]);
      return callNumber(guest, 'qjs_get_float64', [value]);
    },
  },
  {
    name: 'flite',
    module: moduleNamed('flite'),
    asyncify: false,
    wasi: { args: ['flite', '-t', SENTENCE.repeat(40), '-o', 'none'] },
    imports: {},
    prepare: () => Promise.resolve(),
    run: async (guest) => {
      await guest.call('_start', []);
      return 0;
    },
  },
];
