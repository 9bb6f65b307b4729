/** Making workers: by the public functions, or on an engine thread of their own. */
import { restoreState } from '../../runtime/engine/capture.ts';
import {
  createWorker,
  decodeSnapshot,
  type LoadedModule,
  resolveLimits,
  restoreWorker,
  Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';
import { linkImports, ModuleInstance } from '../../runtime/engine/instance.ts';
import { EngineThread } from '../../runtime/engine/thread.ts';

/** @param thread undefined: the thread that all workers share. */
export async function makeWorker(
  module: LoadedModule,
  options: WorkerOptions,
  thread: EngineThread | undefined,
  snapshot?: Uint8Array,
): Promise<Worker> {
  if (thread === undefined) {
    return snapshot === undefined ? createWorker(module, options) : restoreWorker(module, snapshot, options);
  }
  const limits = resolveLimits(options.limits);
  const links = linkImports(module, options.imports === undefined ? [] : [options.imports]);
  const instance = new ModuleInstance(module, links, thread, limits);
  instance.initialise();
  const { handles, onPoll } = options;
  const restore = (): Promise<Worker> => Promise.reject(new Error('linked workers are not forked'));
  const parts = {
    module,
    instance,
    links,
    thread,
    limits,
    hosts: [],
    handles,
    name: 'linked',
    onPoll,
    options,
    restore,
  };
  const restored = snapshot === undefined ? undefined : restoreState(parts, decodeSnapshot(snapshot), limits);
  const worker = new Worker(parts, restored);
  // Others may call into the instance at any time, with its own thread's worker as the one that runs.
  thread.current = worker;
  instance.depth.value = limits.stackDepth;
  return worker;
}

export { EngineThread };
