/**
 * A second worker in the state of one that goes on, or of a state of its history.
 *
 *     parent in memory, nothing kept ──── the engine's fork: memory is copied once
 *     otherwise ──── a checkpoint of it ──▶ the store copies it ──▶ the twin comes into memory when it is needed
 *
 * A twin has files, log, unread input, timers and topics of the state. It has no routes, no history but that state, and none of the inputs
 * that wait for its parent: its own are numbered from the parent's last one on.
 */
import { PluvioError } from '../errors/index.ts';
import { HostedWorker } from './hosted-worker.ts';
import type { CheckpointInfo } from './store/index.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

/** A twin, not yet in the table. `isStored`: the store has its record. */
export interface Twin {
  readonly worker: HostedWorker;
  readonly isStored: boolean;
}

/** @throws PluvioError `NOT_MIGRATABLE`, `WORKER_ENDED`, `CHECKPOINT_NOT_FOUND`, and the store's codes */
export async function forkWorker(
  services: WorkerServices,
  parent: HostedWorker,
  name: string,
  checkpoint: number | undefined,
): Promise<Twin> {
  const keepsNothing = !services.persistent && !parent.isDurable;
  const { store } = services.post;
  if (checkpoint === undefined && keepsNothing) {
    return { worker: await liveTwin(services, parent, name), isStored: false };
  }
  const id = checkpoint ?? (await parent.checkpointNow(false));
  const found = (await store.history(parent.name)).find((entry) => entry.id === id);
  if (found === undefined) {
    const message = `worker "${parent.name}" has no checkpoint ${id} (any more)`;
    throw new PluvioError('CHECKPOINT_NOT_FOUND', message, { worker: parent.name, id });
  }
  const { lastSeq = 0 } = (await store.journalState(parent.name)) ?? {};
  const record = { ...twinRecord(services, parent.record, name), ...stateFields(parent.record, found, lastSeq) };
  await store.copyWorker(parent.name, name, { journal: false, checkpoint: id, record });
  return { worker: new HostedWorker(services, record, true), isStored: true };
}

async function liveTwin(services: WorkerServices, parent: HostedWorker, name: string): Promise<HostedWorker> {
  const worker = new HostedWorker(services, {
    ...twinRecord(services, parent.record, name),
    fresh: parent.record.fresh,
    clean: false,
    checkpoint: null,
  });
  await parent.forkInto(worker);
  return worker;
}

function twinRecord({ clock }: WorkerServices, parent: WorkerRecord, name: string): WorkerRecord {
  return {
    ...parent,
    name,
    createdMs: clock.now(),
    running: false,
    halted: false,
    asleep: false,
    wakeMs: null,
    ended: false,
    outcome: null,
    finalSide: null,
    routes: [],
    versions: [],
  };
}

function stateFields(
  { kind }: WorkerRecord,
  { base, sizeBytes, fuelUsed, memoryPages, resumable, atMs }: CheckpointInfo,
  inputSeq: number,
): Partial<WorkerRecord> {
  const stored = sizeBytes > 0; // otherwise the state is that of the bundle
  return {
    fresh: kind === 'command' && !resumable, // a command without a call in progress has not begun
    clean: true,
    halted: resumable,
    fuelUsed,
    memoryPages,
    checkpoint: { bundle: base, stored, atMs, fuelUsed, memoryPages, resumable, inputSeq },
  };
}
