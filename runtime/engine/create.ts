/** Making workers: new ones and those of a snapshot. */
import { checkImportTypes } from './import-types.ts';
import { assert } from '../errors/index.ts';
import { hostEntries } from './entries.ts';
import { type Links, linkImports, ModuleInstance } from './instance.ts';
import { type ResolvedLimits, resolveLimits } from './limits.ts';
import type { LoadedModule } from './loaded-module.ts';
import { Room, takePages } from './room.ts';
import type { Snapshot } from './snapshot.ts';
import { dataOf, StagedWorker } from './staged-worker.ts';
import { currentThread, type EngineThread } from './thread.ts';
import { Share } from './turn-queue.ts';
import type { GuestAccess, Imports, MemoryBudget, RestoreOptions, WorkerOptions } from './types.ts';
import { Worker } from './worker.ts';
import type { CarriedStack, WorkerParts } from './worker-parts.ts';

let unnamed = 0;

function prepare(
  module: LoadedModule,
  options: WorkerOptions,
  base?: ResolvedLimits,
): { parts: WorkerParts; bind: (guest: GuestAccess) => void } {
  const hosts = options.hosts ?? [];
  const sources: Imports[] = [
    ...hosts.map((host) => host.imports),
    ...(options.imports === undefined ? [] : [options.imports]),
  ];
  const limits = resolveLimits(options.limits, base);
  const links = linkImports(module, sources);
  if (options.imports !== undefined) checkImportTypes(module, links.funcs); // what host modules give is JavaScript's
  const thread = options.thread ?? currentThread();
  const pages = initialPages(module);
  takePages(options.memoryBudget, pages);
  const instance = makeInstance(module, links, thread, limits, options.memoryBudget, pages);
  const name = options.name ?? `worker-${++unnamed}`;
  return {
    parts: {
      module,
      instance,
      links,
      thread,
      limits,
      hosts,
      entries: hostEntries(module, hosts),
      handles: options.handles,
      name,
      share: new Share({ ...options.share, fuelPerSecond: limits.fuelPerSecond }),
      room: new Room(instance, limits, options.memoryBudget, pages),
      onPoll: options.onPoll,
      options,
      restore: restoreWhole,
    },
    bind: (guest) => {
      for (const host of hosts) host.bind(guest);
    },
  };
}

/** Pages of the memories that the module defines. */
function initialPages({ module }: LoadedModule): number {
  const imported = module.imports.filter(({ desc }) => desc.kind === 'memory').length;
  return module.memories.slice(imported).reduce((sum, { type }) => sum + Number(type.limits.min), 0);
}

function makeInstance(
  module: LoadedModule,
  links: Links,
  thread: EngineThread,
  limits: ResolvedLimits,
  budget: MemoryBudget | undefined,
  pages: number,
): ModuleInstance {
  try {
    return new ModuleInstance(module, links, thread, limits);
  } catch (error) {
    budget?.give(pages);
    throw error;
  }
}

/**
 * Makes a worker of a module: its memories, tables and globals as they are before anything runs. The start function runs with the
 * first call, under control as any code.
 *
 * @throws PluvioError `IMPORT_MISSING`, `IMPORT_MISMATCH`, `LINK_FAILED`, `LIMIT_OUT_OF_RANGE`, `MEMORY_FULL`
 */
export async function createWorker(module: LoadedModule, options: WorkerOptions = {}): Promise<Worker> {
  const { parts, bind } = prepare(module, options);
  parts.instance.initialise();
  const worker = new Worker(parts);
  bind(worker.guest);
  return Promise.resolve(worker);
}

/**
 * Makes a worker that is where the snapshot says: stopped in the middle of a call (`resume` goes on), or idle.
 *
 * @param snapshot Bytes of `Worker.snapshot`, or the data; left unchanged, and not needed afterwards.
 * @throws PluvioError as `createWorker`, and `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION`, `SNAPSHOT_MISMATCH`, `SNAPSHOT_PARENT`,
 *   `STACK_TOO_DEEP`
 */
export async function restoreWorker(
  module: LoadedModule,
  snapshot: Uint8Array | Snapshot,
  { base, ...options }: RestoreOptions = {},
): Promise<Worker> {
  const staged = await stageWorker(module, base ?? snapshot, options);
  if (base !== undefined) staged.update(snapshot);
  return staged.finish();
}

/** As `restoreWorker`, with the limits that hold where the options have none. */
async function restoreWhole(
  module: LoadedModule,
  snapshot: Snapshot,
  options: WorkerOptions,
  base: ResolvedLimits,
  carried: CarriedStack | undefined,
): Promise<Worker> {
  return Promise.resolve(stage(module, snapshot, options, base).finish(carried));
}

/**
 * Prepares a worker whose memory is there before it begins: deltas bring it up to date, then `finish` gives the worker.
 *
 *     const staged = await stageWorker(module, worker.snapshot({ keep: true }));   // while it still runs elsewhere
 *     staged.update(worker.snapshot({ delta: true }));                             // only what changed since
 *     const twin = staged.finish();
 *
 * @param snapshot A whole snapshot; for deltas on it, one that was kept.
 * @throws PluvioError as `restoreWorker`
 */
export async function stageWorker(
  module: LoadedModule,
  snapshot: Uint8Array | Snapshot,
  options: WorkerOptions = {},
): Promise<StagedWorker> {
  return Promise.resolve(stage(module, snapshot, options));
}

function stage(
  module: LoadedModule,
  snapshot: Uint8Array | Snapshot,
  options: WorkerOptions,
  base?: ResolvedLimits,
): StagedWorker {
  const whole = dataOf(snapshot); // first: it costs less than an instance
  const { parts, bind } = prepare(module, options, base);
  parts.instance.initialise();
  const access: { staged?: StagedWorker } = {};
  // Host modules are bound first: some of them need the guest while they are restored.
  bind({
    memory: (index) => parts.instance.memory(index ?? 0),
    restartState: () => access.staged?.worker?.guest.restartState(),
    exported: (name) => {
      const { worker } = access.staged ?? {};
      assert(worker !== undefined, 'a function of a guest that is not made yet');
      return worker.guest.exported(name);
    },
  });
  try {
    access.staged = new StagedWorker(parts, whole);
  } catch (error) {
    parts.room.close();
    throw error;
  }
  return access.staged;
}
