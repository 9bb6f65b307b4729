/**
 * A worker on its way in: its memory is there first, and is brought up to date by delta snapshots until the worker begins.
 *
 * Boundary: knows the order of snapshots; how each part is restored is in capture.ts and memory-state.ts.
 *
 * Invariants:
 * 1. A snapshot is taken up only if it fits the module and, as a delta, if its parent is the one taken up before.
 * 2. Only memories are filled at once; of everything else the last snapshot counts, when the worker begins, with what it changes of the
 *    hosts' state before.
 */
import { PluvioError } from '../errors/index.ts';
import { requireInstance, restoreState } from './capture.ts';
import { withWholeHosts } from './host-changes.ts';
import { restoreMemories } from './memory-state.ts';
import type { Snapshot } from './snapshot.ts';
import { decodeSnapshot } from './snapshot-codec.ts';
import { Worker } from './worker.ts';
import type { CarriedStack, WorkerParts } from './worker-parts.ts';

/** A worker whose memory is there before it begins: deltas bring it up to date, then `finish` gives the worker. */
export class StagedWorker {
  readonly #parts: WorkerParts;
  #latest: Snapshot | undefined;
  #worker: Worker | undefined;

  /**
   * @param parts With an initialised instance of which nothing has run, its host modules bound.
   * @throws PluvioError as `update`
   */
  constructor(parts: WorkerParts, whole: Snapshot) {
    this.#parts = parts;
    if (whole.parent !== undefined) {
      throw new PluvioError(
        'SNAPSHOT_PARENT',
        `the snapshot is a delta on ${hexOf(whole.parent)}, which must be there before it`,
      );
    }
    this.#fill(whole);
  }

  /**
   * Brings the memory up to date.
   * @param delta Bytes of `Worker.snapshot` with `delta`, or the data; its parent must be the snapshot that was taken up last.
   * @throws PluvioError `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION`, `SNAPSHOT_MISMATCH`, `SNAPSHOT_PARENT`, `LINK_FAILED`, `WORKER_CLOSED`
   */
  update(delta: Uint8Array | Snapshot): void {
    const latest = this.#requireLatest();
    const next = dataOf(delta);
    const found = next.parent === undefined ? 'no parent' : `the parent ${hexOf(next.parent)}`;
    const here = latest.id === undefined ? 'a snapshot that was not kept' : hexOf(latest.id);
    if (next.parent === undefined || latest.id === undefined || hexOf(next.parent) !== hexOf(latest.id)) {
      throw new PluvioError('SNAPSHOT_PARENT', `the snapshot has ${found}; what is there is ${here}`);
    }
    this.#fill(withWholeHosts(next, latest.hosts));
  }

  #fill(snapshot: Snapshot): void {
    const { instance, limits, room } = this.#parts;
    const state = requireInstance(instance.module, snapshot);
    restoreMemories(instance, state, limits, room);
    const memories = state.memories.map(({ pages }) => ({ pages, runs: [] })); // their bytes are not held on to
    this.#latest = { ...snapshot, instances: [{ ...state, memories }] };
  }

  /**
   * The worker, where the last snapshot says: stopped in the middle of a call, or idle. Ends the staging, also if it fails.
   * @param carried A stack of the same module, if the snapshot has none.
   * @throws PluvioError `SNAPSHOT_MISMATCH`, `STACK_TOO_DEEP`, `WORKER_CLOSED`
   */
  finish(carried?: CarriedStack): Worker {
    const latest = this.#requireLatest();
    this.#latest = undefined;
    try {
      const restored = restoreState(this.#parts, latest, this.#parts.limits);
      const { stack, entryFunc } = carried ?? restored;
      this.#worker = new Worker(this.#parts, { ...restored, stack, entryFunc });
      return this.#worker;
    } catch (error) {
      this.#parts.room.close();
      throw error;
    }
  }

  /** The worker once it is there. */
  get worker(): Worker | undefined {
    return this.#worker;
  }

  #requireLatest(): Snapshot {
    if (this.#latest !== undefined) return this.#latest;
    throw new PluvioError('WORKER_CLOSED', `the staging of worker "${this.#parts.name}" has ended`);
  }
}

/** A snapshot as data, its shape checked. @throws PluvioError `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION` */
export const dataOf = (snapshot: Uint8Array | Snapshot): Snapshot =>
  snapshot instanceof Uint8Array ? decodeSnapshot(snapshot) : snapshot;

const hexOf = (id: Uint8Array): string => Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
