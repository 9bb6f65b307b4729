/**
 * All workers of a node by name, those that moved away included.
 *
 * Invariants:
 * 1. A name is held by at most one of: a worker, or a creation, a deletion or a move that reserved it. A tombstone holds nothing.
 * 2. A name's record on disk is replaced, never removed and written anew, when a worker becomes a tombstone or the reverse.
 */
import type { WorkerManifest } from '../bundle/index.ts';
import { assert, PluvioError } from '../errors/index.ts';
import { HostedWorker } from './hosted-worker.ts';
import { forkWorker } from './worker-forking.ts';
import { loadProgram, recordOf } from './program.ts';
import { RouteIndex, routeScopes } from './route-index.ts';
import type { Deployment } from './security/trust.ts';
import { checkGrants } from './security/grants.ts';
import type { TakenInputs } from './worker-keeping.ts';
import { checkRecord, DEFAULT_TENANT, type TombstoneRecord, type WorkerRecord } from './worker-record.ts';
import { type InputsAfter, type RevertRequest, writeReverted } from './worker-reverting.ts';
import { type KeptState, type Updated, type UpdateRequest, writeRolledBack, writeUpdated } from './worker-updating.ts';
import type { WorkerServices } from './worker-services.ts';

const RECORDS_AT_ONCE = 1000;

export interface CreateOptions {
  readonly stdinOpen?: boolean;
  readonly tenant?: string;
}

export class WorkerTable {
  readonly #services: WorkerServices;
  readonly #workers = new Map<string, HostedWorker>();
  readonly #tombstones = new Map<string, TombstoneRecord>();
  /** Which of them answer which HTTP requests. */
  readonly routes = new RouteIndex();
  /** Reserved names, who reserved them, and for which tenant, where that is known. */
  readonly #reserved = new Map<string, { readonly holder: string; readonly tenant?: string }>();
  /** Bundles that workers are being made of, or given. */
  readonly #coming = new Set<{ readonly bundle: string }>();

  constructor(services: WorkerServices) {
    this.#services = services;
  }

  get size(): number {
    return this.#workers.size;
  }

  /** In no order. */
  all(): IterableIterator<HostedWorker> {
    return this.#workers.values();
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
    this.checkFree(name);
    this.#reserved.set(name, { holder });
  }

  /** Whether there may be one more worker, of that name. @throws PluvioError `WORKER_EXISTS` or `WORKERS_TOO_MANY` */
  checkFree(name: string): void {
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
  }

  /** A reserved name is for a worker of that tenant. @throws PluvioError `TENANT_LIMIT` */
  reserveFor(tenant: string, name: string, holder: string): void {
    this.#services.quotas.checkWorkers({ name, tenant }, () => this.#countOf(tenant));
    this.#reserved.set(name, { holder, tenant });
  }

  /** Workers of a tenant, those on their way included. */
  #countOf(tenant: string): number {
    let count = 0;
    for (const worker of this.#workers.values()) if (worker.record.tenant === tenant) count++;
    for (const reserved of this.#reserved.values()) if (reserved.tenant === tenant) count++;
    return count;
  }

  release(name: string, holder: string): void {
    if (this.#reserved.get(name)?.holder === holder) this.#reserved.delete(name);
  }

  /** Makes a worker from a kept bundle; with a snapshot in it, in that state. */
  async create(name: string, bundle: string, options: CreateOptions = {}): Promise<HostedWorker> {
    const holder = `create ${name}`;
    this.reserve(name, holder);
    const coming = { bundle };
    this.#coming.add(coming);
    try {
      const { stdinOpen = false, tenant = DEFAULT_TENANT } = options;
      this.reserveFor(tenant, name, holder);
      const program = await loadProgram(this.#services, bundle);
      const record = recordOf(program, name, bundle, this.#services.clock.now(), this.#services.checkpointPolicy);
      this.checkAllowed({ name, tenant }, bundle, program.bundle.manifest);
      this.routes.claim(name, record.routes);
      const worker = new HostedWorker(this.#services, { ...record, stdinOpen, tenant });
      await worker.load(program);
      await this.settle(worker, holder);
      this.#services.events.emit('created', name, { bundle });
      return worker;
    } finally {
      this.#coming.delete(coming);
      if (!this.#workers.has(name)) this.routes.drop(name);
      this.release(name, holder);
    }
  }

  /** Makes a second worker in the state of one, or of a checkpoint of it. */
  async fork(parent: string, name: string, checkpoint: number | undefined): Promise<HostedWorker> {
    const holder = `fork ${name}`;
    this.reserve(name, holder);
    try {
      const original = this.get(parent);
      const { tenant, bundle } = original.record;
      this.reserveFor(tenant, name, holder);
      // Whoever answers for the worker answers for its twin.
      this.checkAllowed({ name, tenant }, bundle, (await original.program()).bundle.manifest);
      const { worker, isStored } = await forkWorker(this.#services, original, name, checkpoint);
      if (isStored) {
        this.#tombstones.delete(name);
        this.routes.drop(name);
        this.#workers.set(name, worker);
      } else {
        await this.settle(worker, holder);
        await worker.alignNow();
      }
      this.#services.events.emit('created', name, { parent, bundle: worker.record.bundle });
      return worker;
    } finally {
      this.release(name, holder);
    }
  }

  /**
   * Whether a worker of that bundle, with that manifest, may be made; routes ask for `http.inbound`.
   * @throws PluvioError `FORBIDDEN` the manifest asks for more than is granted, `LIMIT_OUT_OF_RANGE` for more than the node allows,
   * `BUNDLE_UNSIGNED`, `BUNDLE_UNTRUSTED`
   */
  checkAllowed(worker: Pick<Deployment, 'name' | 'tenant'>, bundle: string, manifest: WorkerManifest): void {
    const { shelf, quotas } = this.#services;
    quotas.checkManifest(worker, manifest, shelf.get(bundle).sizeBytes);
    const { capabilities = {}, routes = [] } = manifest;
    const inbound = routes.length === 0 ? {} : { 'http.inbound': routeScopes(routes) };
    const asked = { ...capabilities, ...inbound };
    const publicKey = shelf.signerOf(bundle);
    this.#services.publishers.check({ ...worker, publicKey, capabilities: Object.keys(asked) });
    checkGrants(this.#services.grants, worker, asked);
  }

  /** Gives a reserved name to its worker, in the store first; `journal`: what its journal was elsewhere. */
  async settle(worker: HostedWorker, holder: string, journal?: Uint8Array): Promise<void> {
    const { records, post } = this.#services;
    const takenSeq = worker.live?.engine.abi?.lastSeq ?? 0;
    if (journal === undefined) await records.put(worker.name, worker.record);
    else await post.store.importWorker(worker.name, journal, worker.record);
    if (journal === undefined && takenSeq > 0) await post.store.startJournal(worker.name, takenSeq);
    this.#tombstones.delete(worker.name);
    this.#workers.set(worker.name, worker);
    this.#claimRoutes(worker);
    this.release(worker.name, holder);
    worker.settled(journal !== undefined);
  }

  /** For workers that are here whatever others want: a route that is taken is none of theirs. */
  #claimRoutes({ name, record: { routes } }: HostedWorker): void {
    try {
      this.routes.claim(name, routes);
    } catch (error) {
      this.#services.logger.log('error', 'a worker does not get its routes', { worker: name, error: String(error) });
    }
  }

  /** Leaves a tombstone in place of a worker that runs elsewhere now. */
  async bury(
    name: string,
    { movedTo, moveId, ingress }: Pick<TombstoneRecord, 'movedTo' | 'moveId' | 'ingress'>,
  ): Promise<void> {
    const worker = this.#workers.get(name);
    const atMs = this.#services.clock.now();
    const { routes = [] } = worker?.record ?? {};
    const whose = worker ? { tenant: worker.record.tenant } : {};
    const tombstone: TombstoneRecord = { version: 1, name, movedTo, moveId, atMs, routes, ingress, ...whose };
    const holder = `bury ${moveId}`;
    this.#reserved.set(name, { holder });
    this.#workers.delete(name);
    this.#tombstones.set(name, tombstone);
    this.routes.moved(name, routes, ingress);
    try {
      await worker?.close(movedError(tombstone));
      this.#services.quotas.ledger.forget(name);
      await this.#services.records.put(name, tombstone);
    } finally {
      this.release(name, holder);
    }
  }

  /** Whose a worker is that is here, or was before it moved away; undefined: it is not known. */
  tenantOf(name: string): string | undefined {
    return (this.#workers.get(name)?.record ?? this.#tombstones.get(name))?.tenant;
  }

  /** Address of a worker that has moved away. */
  movedTo(name: string): string | undefined {
    return this.#tombstones.get(name)?.movedTo;
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
    this.#reserved.set(name, { holder });
    this.#workers.delete(name);
    this.routes.drop(name);
    try {
      await worker.close(new PluvioError('WORKER_NOT_FOUND', `worker "${name}" was deleted`));
      await this.#services.records.delete(name);
    } finally {
      this.release(name, holder);
    }
    this.#services.quotas.ledger.forget(name);
    this.#services.events.emit('deleted', name, {}, worker.record.tenant);
    this.#services.shelf.collect();
  }

  /**
   * Puts another worker in the place of one that is there; `make` writes its record, and the state that it stands for, to the store while
   * the old one stands still. If it fails the old one goes on.
   */
  async replace(
    name: string,
    make: (old: HostedWorker, taken: TakenInputs) => Promise<WorkerRecord>,
  ): Promise<HostedWorker> {
    const old = this.get(name);
    let record: WorkerRecord | undefined;
    await old.giveWay(async (taken) => {
      record = await make(old, taken);
    });
    assert(record !== undefined, 'nothing was put in the place of a worker');
    const worker = new HostedWorker(this.#services, record, true);
    this.#services.quotas.ledger.sleeps(name, record.tenant, record.storageBytes ?? 0);
    this.#workers.set(name, worker);
    this.#claimRoutes(worker);
    return worker;
  }

  /** Sets a worker back to a checkpoint; `start`: it goes on from there. */
  async revert(
    name: string,
    request: RevertRequest,
    start: boolean,
  ): Promise<{ readonly worker: HostedWorker; readonly inputs: InputsAfter['counts'] }> {
    let inputs: InputsAfter['counts'] = { stopped: 0, again: 0, waiting: 0 };
    const worker = await this.replace(name, async ({ record }, taken) => {
      const reverted = await writeReverted(this.#services, record, taken, request);
      inputs = reverted.counts;
      return reverted.record;
    });
    if (start) await worker.goOn();
    return { worker, inputs };
  }

  /** Gives a worker another version. */
  async update(
    name: string,
    request: UpdateRequest,
  ): Promise<{ readonly worker: HostedWorker; readonly state: KeptState }> {
    const coming = { bundle: request.bundle };
    this.#coming.add(coming);
    try {
      const program = await loadProgram(this.#services, request.bundle);
      const { tenant } = this.get(name).record;
      this.checkAllowed({ name, tenant }, request.bundle, program.bundle.manifest);
      this.routes.check(name, program.bundle.manifest.routes ?? []);
      return await this.#exchange(name, (old, taken) => writeUpdated(this.#services, old, taken, program, request));
    } finally {
      this.#coming.delete(coming);
    }
  }

  /** Gives a worker the version that it had before. @throws PluvioError `VERSION_NOT_FOUND` */
  rollBack(name: string): Promise<{ readonly worker: HostedWorker; readonly state: KeptState }> {
    return this.#exchange(name, (old, taken) => writeRolledBack(this.#services, old, taken));
  }

  async #exchange(
    name: string,
    write: (old: WorkerRecord, taken: TakenInputs) => Promise<Updated>,
  ): Promise<{ readonly worker: HostedWorker; readonly state: KeptState }> {
    const before = this.get(name);
    const { isOver } = before;
    const ran = before.status === 'running' || before.status === 'waiting';
    if (!isOver) await before.program(); // its state is in memory then
    let state: KeptState = 'anew';
    const worker = await this.replace(name, async ({ record }, taken) => {
      const updated = await write(record, taken);
      ({ state } = updated);
      return updated.record;
    });
    const { bundle } = worker.record;
    this.#services.events.emit('updated', name, { bundle, state });
    if (state === 'anew' || state === 'storage') {
      await worker.openState();
      await worker.begin();
    } else if (ran || state === 'restored') await worker.goOn();
    worker.arrived();
    return { worker, state };
  }

  /** Digests that the workers need, and those that are being made. */
  roots(): string[] {
    const workers = [...this.all()].flatMap(({ live, record: { bundle, checkpoint, finalSide, versions } }) => [
      bundle,
      ...versions.map((version) => version.bundle),
      ...(checkpoint ? [checkpoint.bundle] : []),
      // What it was brought into memory from is the base of the states that it keeps next, also when its last one is a later bundle.
      ...(live === undefined ? [] : [live.program.digest]),
      ...(finalSide === null ? [] : [finalSide]),
    ]);
    return [...workers, ...[...this.#coming].map(({ bundle }) => bundle)];
  }

  /** Reads what an earlier process left. */
  async recover(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await this.#services.records.page(after, RECORDS_AT_ONCE);
      for (const [key, document] of page) this.#adopt(key, document);
      after = page.at(-1)?.[0];
      if (after === undefined) return;
    }
  }

  #adopt(key: string, document: unknown): void {
    try {
      const record = checkRecord(key, document);
      if ('movedTo' in record) {
        this.#tombstones.set(record.name, record);
        this.routes.moved(record.name, record.routes, record.ingress);
        return;
      }
      const worker = new HostedWorker(this.#services, record, true);
      this.#workers.set(record.name, worker);
      if (!record.ended) this.#services.quotas.ledger.sleeps(record.name, record.tenant, record.storageBytes ?? 0);
      this.#claimRoutes(worker);
    } catch (error) {
      // One that cannot be read does not keep the others from coming back.
      this.#services.logger.log('error', 'the record of a worker is damaged', { worker: key, error: String(error) });
    }
  }

  /** Takes up a worker whose record another journal held; `journal`: what its own was elsewhere. */
  async restore(record: HostedWorker['record'], journal?: Uint8Array): Promise<void> {
    await this.settle(new HostedWorker(this.#services, record), `restore ${record.name}`, journal);
  }

  /** What ran goes on: after a clean end all of it, after a crash what is kept by a policy. */
  async resumeWhatRan(): Promise<void> {
    const { logger, post } = this.#services;
    const journals = await post.store.openJournals();
    const unsettled = new Set(journals.flatMap((journal) => (journal.unsettled > 0 ? [journal.worker] : [])));
    for (const { worker, frozen } of journals) {
      // The end of the process came before the move was written down: it has not taken place.
      if (frozen && this.#workers.get(worker)?.move === undefined) await post.store.thawWorker(worker);
    }
    for (const worker of this.list()) {
      const { running, clean, asleep, ended } = worker.record;
      if (ended || worker.move) continue;
      try {
        if (unsettled.has(worker.name) || (worker.isDurable && running && !asleep)) worker.wake();
        else if (running && clean && !asleep) await worker.resume();
      } catch (error) {
        logger.log('error', 'a worker could not be resumed', { worker: worker.name, error: String(error) });
      }
    }
  }
}

function movedError({ name, movedTo }: TombstoneRecord): PluvioError {
  return new PluvioError('WORKER_MOVED', `worker "${name}" lives at ${movedTo}`, { worker: name, location: movedTo });
}
