/** Takes a worker's snapshots: whole ones, and deltas on one that was kept. */
import { PluvioError } from '../errors/index.ts';
import { type Capturable, captureWorker, type MemoryChanges } from './capture.ts';
import { KeptSnapshot } from './kept-snapshot.ts';
import { initialChanges } from './memory-state.ts';
import { type Snapshot, SNAPSHOT_ID_BYTES, type SnapshotVersion } from './snapshot.ts';
import { encodeSnapshot } from './snapshot-codec.ts';
import type { SnapshotOptions } from './types.ts';
import type { RestoredState } from './worker-parts.ts';

export class SnapshotTaker {
  readonly #worker: Capturable;
  #kept: KeptSnapshot | undefined;

  constructor(worker: Capturable) {
    this.#worker = worker;
  }

  /** @throws PluvioError `NOT_MIGRATABLE`, `SNAPSHOT_PARENT` */
  take(state: RestoredState, { keep = false, delta = false }: SnapshotOptions): Uint8Array {
    if (delta) return this.#takeDelta(state, keep);
    const snapshot = captureWorker(this.#worker, state, initialChanges(this.#worker.instance, false));
    if (!keep) return encodeSnapshot(snapshot);
    const id = newId();
    const bytes = encodeSnapshot({ ...snapshot, version: withIds(snapshot), id });
    if (this.#kept === undefined) this.#kept = new KeptSnapshot(this.#worker, id, snapshot.hosts);
    else this.#kept.advance(id, this.#kept.changes(), snapshot.hosts);
    return bytes;
  }

  #takeDelta(state: RestoredState, keep: boolean): Uint8Array {
    const kept = this.#kept;
    if (kept === undefined) {
      throw new PluvioError(
        'SNAPSHOT_PARENT',
        'no snapshot was kept that a delta could be taken on; take one with `keep`',
      );
    }
    const changes = kept.changes();
    const captured = captureWorker(this.#worker, state, changes);
    const hostChanges = kept.hostChanges(captured.hosts);
    const delta: Snapshot =
      hostChanges === undefined
        ? { ...captured, version: withIds(captured), parent: kept.id }
        : { ...captured, version: 4, parent: kept.id, hosts: {}, hostChanges };
    if (!keep) return encodeSnapshot(delta);
    const id = newId();
    const bytes = encodeSnapshot({ ...delta, id });
    kept.advance(id, changes, captured.hosts);
    return bytes;
  }

  /** Everything, as data. */
  capture(state: RestoredState, changes: MemoryChanges): Snapshot {
    return captureWorker(this.#worker, state, changes);
  }

  /** Releases the memory of what was kept. */
  forget(): void {
    this.#kept = undefined;
  }
}

/** The lowest version that has ids and all that is in the snapshot. */
const withIds = ({ version }: Snapshot): SnapshotVersion => (version === 1 ? 2 : version);

const newId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SNAPSHOT_ID_BYTES));
