/** The state that another program of a worker begins with where the worker keeps what it has stored. */
import { decodeSnapshot, encodeSnapshot, type Snapshot, withWholeHosts } from '../engine/index.ts';
import { ABI_MODULE, withStorage } from '../host/index.ts';
import { loadProgram, type Program } from './program.ts';
import { stateOf } from './stored-state.ts';
import type { Checkpoint } from './store/index.ts';
import type { DoneInputs, GuestState } from './threads/engine-protocol.ts';
import type { WorkerRecord } from './worker-record.ts';
import { firstState, restoredState } from './worker-reverting.ts';
import type { WorkerServices } from './worker-services.ts';

/** The state of the hosts, at the end of all changes. */
function hostsOf({ base, between = [], snapshot }: GuestState): Snapshot['hosts'] {
  const states = [...(base === null ? [] : [base]), ...between, snapshot];
  return states
    .map((state) => (state instanceof Uint8Array ? decodeSnapshot(state) : state))
    .reduce((before, next) => withWholeHosts(next, before.hosts)).hosts;
}

export interface CarriedStorage extends Awaited<ReturnType<typeof restoredState>> {
  readonly memoryPages: number;
  readonly fuelUsed: string;
}

/**
 * Has an engine make a state of a program that has not begun, with the keys, blobs, timers and topics of the worker's last one.
 * @param record Of the worker as it will be.
 * @returns undefined: the program before, or this one, stores nothing.
 * @throws PluvioError as the engine refuses a state, such as `SNAPSHOT_MISMATCH` where the storage exceeds a new limit
 */
export async function carryStorage(
  services: WorkerServices,
  old: WorkerRecord,
  last: Checkpoint,
  program: Program,
  record: WorkerRecord,
  done: DoneInputs,
): Promise<CarriedStorage | undefined> {
  if (!program.module.usesAbi || program.bundle.snapshot !== undefined) return undefined;
  const before = await stateOf(last, await loadProgram(services, last.base));
  const stored = before === null ? undefined : hostsOf(before)[ABI_MODULE];
  if (stored === undefined) return undefined;
  const first = decodeSnapshot(await firstState(services, program, record));
  const snapshot = { ...first, hosts: { ...first.hosts, [ABI_MODULE]: withStorage(first.hosts[ABI_MODULE], stored) } };
  const state = { snapshot: encodeSnapshot(snapshot), base: null };
  const pages = snapshot.instances.flatMap(({ memories }) => memories.map((memory) => memory.pages));
  return {
    ...(await restoredState(services, program, record, state, done)),
    memoryPages: pages.reduce((sum, count) => sum + count, 0),
    fuelUsed: snapshot.fuelUsed.toString(),
  };
}
