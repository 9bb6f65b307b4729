/**
 * A second worker in the state of one that does not run, without a way through the bytes of a snapshot: memory is copied once, a stack
 * without references is shared as it is.
 */
import { captureWorker } from './capture.ts';
import type { ResolvedLimits } from './limits.ts';
import { initialChanges } from './memory-state.ts';
import { decodePlain, encodePlain } from './messagepack.ts';
import { ownContainers } from './plain-change.ts';
import type { Snapshot } from './snapshot.ts';
import { stackRecords } from './stack.ts';
import type { HostModule, WorkerOptions } from './types.ts';
import type { RestoredState, WorkerParts } from './worker-parts.ts';
import type { Worker } from './worker.ts';

/**
 * @param own Options of the fork; where they say nothing, imports, handles and limits are the parent's.
 * @throws PluvioError as `Worker.fork`
 */
export async function forkWorker(
  parent: WorkerParts,
  state: RestoredState,
  own: WorkerOptions,
  limits: ResolvedLimits,
): Promise<Worker> {
  const { instance, module, options } = parent;
  const carried = own.limits === undefined && carries(parent, state) ? state : undefined;
  const captured = carried === undefined ? state : { ...state, stack: undefined };
  const snapshot = captureWorker(parent, captured, initialChanges(instance, false));
  return parent.restore(module, withOwnHostState(snapshot, parent.hosts), optionsOf(options, own), limits, carried);
}

/** Whether the stack means the same in another instance: none of its records refers to a table of this one. */
function carries({ module }: WorkerParts, { stack, waitingCall }: RestoredState): boolean {
  if (stack === undefined || waitingCall !== undefined) return false;
  const checked = new Set<number>();
  for (const { site } of stackRecords(stack)) {
    if (checked.has(site)) continue;
    checked.add(site);
    if (module.site(site).hasReferences) return false;
  }
  return true;
}

/**
 * The state with a copy of what belongs to hosts: they may have given, and may take up, data that they go on using. Bytes that do not change
 * any more are not copied: who takes them up does it.
 * @throws PluvioError `INVALID_ARGUMENT` the state of a host is not plain data
 */
function withOwnHostState(snapshot: Snapshot, hosts: readonly HostModule[]): Snapshot {
  const states = hosts.map(({ name, stableBytes }) => {
    const state = snapshot.hosts[name];
    return [name, stableBytes === true ? ownContainers(state) : throughBytes(state)] as const;
  });
  const { restartState } = snapshot;
  return {
    ...snapshot,
    hosts: Object.fromEntries(states),
    restartState: restartState === undefined ? undefined : throughBytes(restartState),
  };
}

const throughBytes = (state: unknown): unknown => decodePlain(encodePlain(state, 'snapshot'));

/** Host modules belong to one worker, and so do names. */
function optionsOf({ imports, handles }: WorkerOptions, own: WorkerOptions): WorkerOptions {
  if (imports === undefined && handles === undefined) return own;
  return { ...(imports === undefined ? {} : { imports }), ...(handles === undefined ? {} : { handles }), ...own };
}
