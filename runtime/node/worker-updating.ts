/**
 * Another version of a worker under its name: a new bundle, and the way back.
 *
 * | the new bundle has    | the worker                                                                      |
 * | --------------------- | ------------------------------------------------------------------------------- |
 * | the same module       | goes on with its state, under the new manifest and with the files of its state   |
 * | another module        | begins anew; its state is pinned in the history, for the way back               |
 * | the same, `storage`   | the same, but it finds its keys, blobs, timers and topics                       |
 *
 * A state speaks of the module that it was made by: of its functions, and of its initial memory. So it is never given to another one. What
 * the host ABI stores for a worker speaks of no module.
 *
 * Invariants:
 * 1. A state that is kept was restored under the new version before anything is changed.
 * 2. State, ends of inputs, timers, topics and record change in one transaction. Inputs are dealt with as in worker-reverting.ts.
 */
import { PluvioError } from '../errors/index.ts';
import { NO_MOVE } from './faults.ts';
import { carryStorage } from './carried-storage.ts';
import { type Program, loadProgram, recordOf } from './program.ts';
import { stateOf } from './stored-state.ts';
import type { Checkpoint } from './store/index.ts';
import type { TakenInputs } from './worker-keeping.ts';
import type { VersionRecord, WorkerRecord } from './worker-record.ts';
import { inputsDone, restoredState, standingOf, writeReverted } from './worker-reverting.ts';
import type { WorkerServices } from './worker-services.ts';

/** Earlier versions that are remembered. */
export const VERSIONS_KEPT = 10;

export interface UpdateRequest {
  readonly bundle: string;
  /** Whether the update is refused where the worker would begin anew. */
  readonly keep: boolean;
  /** Whether a worker that begins anew finds what it has stored. */
  readonly storage: boolean;
}

/**
 * `kept`: it goes on with its state. `restored`: with the one that the version had. `storage`: it begins anew, with what it has stored.
 * `anew`: with the state of the bundle.
 */
export type KeptState = 'kept' | 'restored' | 'storage' | 'anew';

export interface Updated {
  readonly record: WorkerRecord;
  readonly state: KeptState;
}

/** @throws PluvioError `SNAPSHOT_MISMATCH`, codes of bundle, module and snapshot, and the store's */
export async function writeUpdated(
  services: WorkerServices,
  old: WorkerRecord,
  taken: TakenInputs,
  program: Program,
  { bundle, keep, storage }: UpdateRequest,
): Promise<Updated> {
  const atMs = services.clock.now();
  const version = { bundle: old.bundle, module: old.module, atMs };
  if (program.module.digest === old.module && taken.state !== undefined) {
    const versions = [{ ...version, checkpoint: null }, ...old.versions].slice(0, VERSIONS_KEPT);
    return writeKept(services, old, await taken.state(), { program, bundle, versions });
  }
  if (keep) {
    const why = taken.state === undefined ? 'it has ended' : 'the bundle has another module';
    throw new PluvioError('SNAPSHOT_MISMATCH', `worker "${old.name}" cannot keep its state: ${why}`, {
      worker: old.name,
    });
  }
  const last = old.notMigratable.length === 0 ? await taken.state?.() : undefined;
  const next = last === undefined ? null : ((await services.post.store.history(old.name))[0]?.id ?? 0) + 1;
  const versions = [{ ...version, checkpoint: next }, ...old.versions].slice(0, VERSIONS_KEPT);
  const change = { program, bundle, versions };
  const carried = storage && last !== undefined ? await writeStorage(services, old, taken, last, change) : undefined;
  return carried ?? writeAnew(services, old, taken, last, change);
}

/** @throws PluvioError `VERSION_NOT_FOUND`, and as `writeUpdated` */
export async function writeRolledBack(
  services: WorkerServices,
  old: WorkerRecord,
  taken: TakenInputs,
): Promise<Updated> {
  const [version, ...versions] = old.versions;
  if (version === undefined) {
    throw new PluvioError('VERSION_NOT_FOUND', `worker "${old.name}" has had no other version`, { worker: old.name });
  }
  const { bundle, checkpoint } = version;
  const program = await loadProgram(services, bundle);
  if (version.module === old.module && taken.state !== undefined) {
    return writeKept(services, old, await taken.state(), { program, bundle, versions });
  }
  if (checkpoint === null) return writeAnew(services, old, taken, undefined, { program, bundle, versions });
  const { routes, policy } = recordOf(program, old.name, bundle, old.createdMs, services.checkpointPolicy);
  const change = { bundle, versions, routes, policy };
  const { record } = await writeReverted(services, old, taken, { checkpoint, replay: false }, change);
  await services.post.store.pinCheckpoint(old.name, checkpoint, false);
  return { record, state: 'restored' };
}

/** Every input stays what it is. */
const NOTHING_DONE = { upTo: 0, except: [] };

interface NewVersion {
  readonly program: Program;
  readonly bundle: string;
  readonly versions: readonly VersionRecord[];
}

async function writeKept(
  services: WorkerServices,
  old: WorkerRecord,
  state: Checkpoint,
  { program, bundle, versions }: NewVersion,
): Promise<Updated> {
  const { post, clock } = services;
  const { kind, module, policy, routes, notMigratable } = recordOf(
    program,
    old.name,
    bundle,
    old.createdMs,
    services.checkpointPolicy,
  );
  const { fuelUsed, memoryPages, resumable, inputSeq } = state;
  const atMs = clock.now();
  const record: WorkerRecord = {
    ...old,
    ...{ kind, module, policy, routes, notMigratable, bundle, versions },
    ...{ clean: true, running: false, halted: resumable, asleep: false, wakeMs: null, fuelUsed, memoryPages },
    checkpoint: { bundle, stored: true, atMs, fuelUsed, memoryPages, resumable, inputSeq },
  };
  const guest = await stateOf(state, program);
  const { delta } = await restoredState(services, program, record, guest, NOTHING_DONE);
  await post.commit(old.name, { checkpoint: { ...state, base: bundle, delta, atMs }, record });
  return { record, state: 'kept' };
}

const newRecord = (
  { checkpointPolicy }: WorkerServices,
  { name, createdMs, tenant, stdinOpen }: WorkerRecord,
  { program, bundle, versions }: NewVersion,
): WorkerRecord => ({ ...recordOf(program, name, bundle, createdMs, checkpointPolicy), tenant, stdinOpen, versions });

/** Begins anew with what the worker has stored; undefined: that is nothing. */
async function writeStorage(
  services: WorkerServices,
  old: WorkerRecord,
  taken: TakenInputs,
  last: Checkpoint,
  change: NewVersion,
): Promise<Updated | undefined> {
  const { post, clock } = services;
  const { program, bundle } = change;
  const after = await inputsDone(services, old.name, { inputSeq: 0 }, taken);
  const begun = newRecord(services, old, change);
  const carried = await carryStorage(services, old, last, program, begun, after.done);
  if (carried === undefined) return undefined;
  const { delta, standing, memoryPages, fuelUsed } = carried;
  const facts = { atMs: clock.now(), fuelUsed, memoryPages, resumable: false, inputSeq: after.inputSeq };
  const record: WorkerRecord = {
    ...begun,
    fresh: begun.kind === 'command' || program.module.funcs.has('_initialize'),
    clean: true,
    checkpoint: { ...facts, bundle, stored: true },
  };
  await post.commit(old.name, { checkpoint: last, pin: true }); // for the way back; the worker is still what it was
  await services.fault('update-kept', NO_MOVE);
  await post.commit(old.name, {
    checkpoint: { ...facts, base: bundle, delta, side: null },
    settled: after.settled,
    ...(standing === null ? {} : standingOf(standing, old.tenant)),
    record,
  });
  return { record, state: 'storage' };
}

async function writeAnew(
  services: WorkerServices,
  old: WorkerRecord,
  taken: TakenInputs,
  last: Checkpoint | undefined,
  { program, bundle, versions }: NewVersion,
): Promise<Updated> {
  const after = await inputsDone(services, old.name, { inputSeq: 0 }, taken); // also those that are in progress in the last state
  const record = newRecord(services, old, { program, bundle, versions });
  await services.post.commit(old.name, {
    ...(last === undefined ? {} : { checkpoint: last, pin: true }),
    settled: after.settled,
    coveredSeq: after.inputSeq,
    timers: [],
    subscriptions: [],
    record,
  });
  return { record, state: 'anew' };
}
