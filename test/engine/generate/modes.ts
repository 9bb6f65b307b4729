/** Runs a generated program on the bare engine and in every mode of this one. */
import { pending } from '../../../runtime/index.ts';
import {
  createWorker,
  type LoadedModule,
  type Outcome,
  restoreWorker,
  type Snapshot,
  type Worker,
} from '../../../runtime/engine/index.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { trapCode } from '../../../runtime/engine/traps.ts';
import { leavingAtEach } from '../stops.ts';
import { GLOBAL_TYPES } from './shapes.ts';
import { F32, F64, I32, I64 } from '../../../runtime/wasm/index.ts';

/** What can be compared with the bare engine: result or trap, memory, globals, table. */
export interface Observed {
  readonly result: unknown;
  readonly memory: Uint8Array;
  readonly globals: readonly unknown[];
  readonly table: readonly number[] | undefined;
}

/** What can be compared between runs of ours. */
export interface Finished {
  readonly observed: Observed;
  readonly state: Snapshot['instances'] | undefined;
  readonly fuelUsed: bigint;
  readonly trapped: boolean;
  readonly breaks: number;
}

const tick = (x: number): number => (Math.imul(x, 5) + 1) | 0;
const wide = (x: bigint, y: number): bigint => BigInt.asIntN(64, x * 3n + BigInt(Math.trunc(y) % 1000 || 0));
const fail = (x: number): number => {
  if ((x & 3) === 1) throw new Error('the host function failed');
  return x + 1;
};
const bareImports = () => ({ env: { tick, wide, fail, later: (x: number): number => x ^ 0x55 } });
const imports = () => ({ env: { tick, wide, fail, later: (x: number) => pending(Promise.resolve(x ^ 0x55)) } });

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table | undefined;
  readonly global: (index: number) => WebAssembly.Global;
  readonly indexOf: (func: unknown) => number;
}

const READABLE = new Set([I32, I64, F32, F64]);

function observe(result: unknown, { memory, table, global, indexOf }: Exports): Observed {
  return {
    result,
    memory: new Uint8Array(memory.buffer.slice(0)),
    globals: GLOBAL_TYPES.map((type, index) => (READABLE.has(type) ? (global(index).value as unknown) : undefined)),
    table: table && Array.from({ length: table.length }, (_, slot) => indexOf(table.get(slot) as unknown)),
  };
}

export async function runBare(bytes: Uint8Array): Promise<Observed> {
  const { instance } = await WebAssembly.instantiate(bytes as BufferSource, bareImports());
  const { exports } = instance;
  const funcs = Object.entries(exports).flatMap(([name, value]) => (/^f\d/.test(name) ? [value] : []));
  let result: unknown;
  try {
    const value: unknown = (exports['run'] as () => unknown)(); // every program exports it
    result = value === undefined ? [] : Array.isArray(value) ? value : [value];
  } catch (error) {
    result = error instanceof WebAssembly.RuntimeError ? trapCode(error.message) : 'exception'; // traps are errors
  }
  return observe(result, {
    memory: exports['memory'] as WebAssembly.Memory,
    table: exports['table'] as WebAssembly.Table | undefined,
    global: (index) => exports[`g${index}`] as WebAssembly.Global,
    indexOf: (func) => funcs.indexOf(func as WebAssembly.ExportValue),
  });
}

function finish(worker: Worker, outcome: Outcome, breaks: number): Finished {
  const { instance, module } = worker;
  const exported = module.exports.some(({ kind }) => kind === 'table');
  const firstFunc = module.module.importedFuncs;
  const result = outcome.kind === 'trapped' ? outcome.code : outcome.kind === 'returned' ? outcome.values : outcome;
  const [memory] = instance.memories;
  if (memory === undefined) throw new Error('every program has a memory');
  return {
    observed: observe(result, {
      memory,
      table: exported ? instance.table(0) : undefined,
      global: (index) => instance.global(index),
      indexOf: (func) => (func === null ? -1 : (instance.indexOfFunc(func) ?? -2) - firstFunc),
    }),
    state: module.portability.migratable ? worker.capture().instances : undefined,
    fuelUsed: worker.fuelUsed,
    trapped: outcome.kind === 'trapped',
    breaks,
  };
}

export async function runPlain(module: LoadedModule): Promise<Finished> {
  const worker = await createWorker(module, { imports: imports() });
  return finish(worker, await worker.call('run'), 0);
}

export async function runSliced(module: LoadedModule): Promise<Finished> {
  let breaks = 0;
  const onPoll = leavingAtEach('slice', () => breaks++);
  const worker = await createWorker(module, { imports: imports(), onPoll });
  return finish(worker, await worker.call('run'), breaks);
}

/**
 * Stopped at every safepoint; each resume in a fresh instance, from bytes. Where a handler holds a host's exception the worker cannot
 * travel and is resumed where it is.
 */
export async function runStopped(module: LoadedModule): Promise<Finished> {
  let worker = await createWorker(module, { imports: imports(), onPoll: leavingAtEach('stop') });
  let outcome = await worker.call('run');
  let breaks = 0;
  for (; outcome.kind === 'stopped'; breaks++) {
    const bytes = snapshotOf(worker);
    if (bytes !== undefined) {
      await worker.close();
      worker = await restoreWorker(module, bytes, { imports: imports(), onPoll: leavingAtEach('stop') });
    }
    outcome = await worker.resume();
  }
  return finish(worker, outcome, breaks);
}

function snapshotOf(worker: Worker): Uint8Array | undefined {
  try {
    return worker.snapshot();
  } catch (error) {
    if (error instanceof PluvioError && error.code === 'NOT_MIGRATABLE' && /host/.test(error.message)) return undefined;
    throw error;
  }
}
