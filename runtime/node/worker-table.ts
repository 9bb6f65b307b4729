/**
 * All workers of a node by name, those that moved away included.
 *
 * Invariants:
 * 1. A name is held by at most one of: a worker, or a creation, a deletion or a move that reserved it. A tombstone holds nothing.
 * 2. A name's record on disk is replaced, never removed and written anew, when a worker becomes a tombstone or the reverse.
 */
import { PluvioError } from '../errors/index.ts';
import { HostedWorker } from './hosted-worker.ts';
import { loadProgram, recordOf } from './program.ts';
import { checkRecord, type TombstoneRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

export class WorkerTable {
  readonly #services: WorkerServices;
  readonly #workers = new Map<string, HostedWorker>();
  readonly #tombstones = new Map<string, TombstoneRecord>();
  /** Reserved names and who reserved them. */
  readonly #reserved = new Map<string, string>();

  constructor(services: WorkerServices) {
    this.#services = services;
  }

  get size(): number {
    return this.#workers.size;
  }

  list(): HostedWorker[] {
    return [...this.#workers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): HostedWorker | undefined {
    return this.#workers.get(name);
  }

  /** @throws PluvioError `WORKER_MOVED` or `WORKER_NOT_FOUND` */
  get(name: string): HostedWorker {
    const worker = this.#workers.get(name);
    if (worker) return worker;
    const tombstone = this.#tombstones.get(name);
    if (tombstone) throw movedError(tombstone);
    throw new PluvioError('WORKER_NOT_FOUND', `this node has no worker "${name}"`, { worker: name });
  }

  /** @throws PluvioError `WORKER_EXISTS` or `WORKERS_TOO_MANY` */
  reserve(name: string, holder: string): void {
    if (this.#workers.has(name) || this.#reserved.has(name)) {
      throw new PluvioError(
        'WORKER_EXISTS',
        `this node already has a worker "${name}", or one of that name is on its way`,
        { worker: name },
      );
    }
    const { workers } = this.#services.limits;
    if (this.#workers.size + this.#reserved.size >= workers) {
      throw new PluvioError('WORKERS_TOO_MANY', `this node holds ${workers} workers, its limit`, { limit: workers });
    }
    this.#reserved.set(name, holder);
  }

  release(name: string, holder: string): void {
    if (this.#reserved.get(name) === holder) this.#reserved.delete(name);
  }

  /** Makes a worker from a kept bundle; with a snapshot in it, in that state. */
  async create(name: string, bundle: string, stdinOpen = false): Promise<HostedWorker> {
    const holder = `create ${name}`;
    this.reserve(name, holder);
    try {
      const program = await loadProgram(this.#services, bundle);
      const worker = new HostedWorker(this.#services, {
        ...recordOf(program, name, bundle, this.#services.clock.now()),
        stdinOpen,
      });
      await worker.loadSide();
      await worker.load(program);
      await this.settle(worker, holder);
      this.#services.events.emit('created', name, { bundle });
      return worker;
    } finally {
      this.release(name, holder);
    }
  }

  /** Gives a reserved name to its worker, on disk first. */
  async settle(worker: HostedWorker, holder: string): Promise<void> {
    await this.#services.records.put(worker.name, worker.record);
    this.#tombstones.delete(worker.name);
    this.#workers.set(worker.name, worker);
    this.release(worker.name, holder);
  }

  /** Leaves a tombstone in place of a worker that runs elsewhere now. */
  async bury(name: string, { movedTo, moveId }: { movedTo: string; moveId: string }): Promise<void> {
    const tombstone: TombstoneRecord = { version: 1, name, movedTo, moveId, atMs: this.#services.clock.now() };
    const worker = this.#workers.get(name);
    const holder = `bury ${moveId}`;
    this.#reserved.set(name, holder);
    this.#workers.delete(name);
    this.#tombstones.set(name, tombstone);
    try {
      await worker?.close(movedError(tombstone));
      await this.#services.records.put(name, tombstone);
    } finally {
      this.release(name, holder);
    }
  }

  isBuriedBy(name: string, moveId: string): boolean {
    return this.#tombstones.get(name)?.moveId === moveId;
  }

  /** Whether the table has anything of that name that is not older than that. */
  knowsSince(name: string, atMs: number): boolean {
    return this.#workers.has(name) || (this.#tombstones.get(name)?.atMs ?? -1) >= atMs;
  }

  async delete(name: string): Promise<void> {
    const worker = this.get(name);
    worker.checkDeletable();
    // Its name is free when its record is gone: a new worker's record would go with it.
    const holder = `delete ${name}`;
    this.#reserved.set(name, holder);
    this.#workers.delete(name);
    try {
      await worker.close(new PluvioError('WORKER_NOT_FOUND', `worker "${name}" was deleted`));
      await this.#services.records.delete(name);
    } finally {
      this.release(name, holder);
    }
    this.#services.events.emit('deleted', name);
    this.#services.shelf.collect();
  }

  /** Digests that the workers need. */
  roots(): string[] {
    return this.list().flatMap(({ record: { bundle, checkpoint, finalSide } }) => [
      bundle,
      ...(checkpoint ? [checkpoint.bundle] : []),
      ...(finalSide === null ? [] : [finalSide]),
    ]);
  }

  /** Reads what an earlier process left. */
  async recover(): Promise<void> {
    for (const [key, document] of await this.#services.records.list()) {
      const record = checkRecord(key, document);
      if ('movedTo' in record) this.#tombstones.set(record.name, record);
      else await this.#adopt(new HostedWorker(this.#services, record));
    }
  }

  /** Takes up a worker whose record another journal held. */
  async restore(record: HostedWorker['record']): Promise<void> {
    await this.#services.records.put(record.name, record);
    this.#tombstones.delete(record.name);
    await this.#adopt(new HostedWorker(this.#services, record));
  }

  async #adopt(worker: HostedWorker): Promise<void> {
    this.#workers.set(worker.name, worker);
    await worker.loadSide().catch((error: unknown) => {
      this.#services.logger.log('error', 'the log of a worker is lost', { worker: worker.name, error: String(error) });
    });
  }
}

function movedError({ name, movedTo }: TombstoneRecord): PluvioError {
  return new PluvioError('WORKER_MOVED', `worker "${name}" lives at ${movedTo}`, { worker: name, location: movedTo });
}
