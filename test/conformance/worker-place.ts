/** Making workers that may call each other. */
import {
  createWorker,
  type LoadedModule,
  restoreWorker,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';

/** @param snapshot undefined: a new worker */
export async function makeWorker(
  module: LoadedModule,
  options: WorkerOptions,
  snapshot: Uint8Array | undefined,
): Promise<Worker> {
  const worker = await (snapshot === undefined
    ? createWorker(module, options)
    : restoreWorker(module, snapshot, options));
  const { thread } = options;
  if (thread === undefined) return worker;
  // Others may call into the instance at any time, with its own thread's worker as the one that runs.
  thread.current = worker;
  worker.instance.depth.value = worker.limits.stackDepth;
  return worker;
}
