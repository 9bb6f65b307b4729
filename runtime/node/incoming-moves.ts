/**
 * The target's side of a move: offered, prepared, committed or discarded.
 *
 * Boundary: knows the worker table and the shelf; the source speaks to it through the HTTP API.
 *
 * Invariants:
 * 1. The point of no return is one atomic write: the move's record `committed`. Before it nothing of the worker runs; after it
 *    the worker belongs to this node, also across `kill -9` (`recover` finishes what the record says).
 * 2. A move that is neither prepared nor committed is never committed later: its id is unknown, expired or aborted for good.
 *    So a source that hears one of these may resume the worker.
 * 3. An offer or a prepared worker that is not followed up within the lease is discarded.
 */
import { checkTrust, type CheckpointPolicy, decodeSignature } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { IncomingMove } from './api-types.ts';
import type { FaultHook } from './faults.ts';
import { HostedWorker } from './hosted-worker.ts';
import { programOf, recordOf } from './program.ts';
import type { RecordStore } from './record-store.ts';
import { decodeSideState } from './side-state.ts';
import { checkRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';
import type { WorkerTable } from './worker-table.ts';

interface Prepared {
  readonly bundle: string;
  readonly run: boolean;
  readonly worker: HostedWorker;
  readonly journal: Uint8Array | undefined;
}

type Move =
  | { readonly kind: 'offered'; readonly worker: string; readonly lease: AbortController; preparing: boolean }
  | {
      readonly kind: 'prepared';
      readonly worker: string;
      readonly lease: AbortController;
      readonly prepared: Prepared;
      /** A commit began and failed: the disk may say `committed`, so the move can only be committed again, never discarded. */
      readonly commitBegun?: true;
    }
  | { readonly kind: 'committed'; readonly worker: string; readonly bundle: string; readonly done: Promise<void> };

/** The durable form; `applied`: the worker's own record has been written. */
interface CommittedRecord {
  readonly version: 1;
  readonly id: string;
  readonly worker: string;
  readonly bundle: string;
  readonly run: boolean;
  readonly applied: boolean;
  readonly atMs: number;
  readonly record: HostedWorker['record'];
}

export interface PrepareRequest {
  readonly bundle: string;
  readonly run: boolean;
  readonly fresh: boolean;
  readonly createdMs: number;
  /** The last input of the journal that the state has taken. */
  readonly inputSeq: number;
  readonly tenant: string;
  /** False: it is a twin, which does not have the routes of its manifest. */
  readonly routed?: boolean;
  /** When its state is kept; a source that does not say goes by the manifest. */
  readonly policy?: CheckpointPolicy;
  /** Of the bundle's manifest by the node that sends it. */
  readonly signature?: string;
}

export class IncomingMoves {
  readonly #services: WorkerServices;
  readonly #table: WorkerTable;
  readonly #records: RecordStore;
  readonly #fault: FaultHook;
  readonly #moves = new Map<string, Move>();

  constructor(services: WorkerServices, table: WorkerTable, records: RecordStore, fault: FaultHook) {
    this.#services = services;
    this.#table = table;
    this.#records = records;
    this.#fault = fault;
  }

  /** Digests that moves in progress need: not to be collected. */
  roots(): string[] {
    return [...this.#moves.values()].flatMap((move) => (move.kind === 'prepared' ? [move.prepared.bundle] : []));
  }

  /** Finishes what committed before this process began. Returns the workers that were to run. */
  async recover(): Promise<void> {
    for (const [, document] of await this.#records.list()) {
      const move = document as CommittedRecord; // written by this class alone
      this.#moves.set(move.id, {
        kind: 'committed',
        worker: move.worker,
        bundle: move.bundle,
        done: Promise.resolve(),
      });
      if (move.applied) continue;
      if (!this.#table.knowsSince(move.worker, move.atMs)) {
        const log = await this.#services.shelf.log(move.bundle);
        await this.#table.restore(
          checkRecord(move.worker, move.record) as HostedWorker['record'], // no tombstone moves
          log === undefined ? undefined : decodeSideState(log).journal,
        );
      }
      await this.#records.put(move.id, { ...move, applied: true });
    }
  }

  async offer(id: string, worker: string): Promise<void> {
    await this.#fault('offer', { moveId: id, sentBytes: 0 });
    if (this.#moves.has(id))
      throw new PluvioError('MOVE_EXPIRED', `move ${id} was offered before; a new try needs a new id`);
    this.#table.reserve(worker, id);
    this.#moves.set(id, { kind: 'offered', worker, lease: this.#lease(id), preparing: false });
  }

  #lease(id: string): AbortController {
    const lease = new AbortController();
    const { clock, limits } = this.#services;
    void clock.sleep(limits.leaseMs, lease.signal).then(() => {
      if (!lease.signal.aborted) void this.#discard(id, 'its lease ended');
    });
    return lease;
  }

  /** Gets the module ready while the worker still runs at the source. */
  async warm(id: string, module: string): Promise<void> {
    this.#must(id, 'offered');
    await this.#services.modules.load(await this.#services.shelf.blob(module));
  }

  /** Checks and restores the worker without running it. */
  async prepare(id: string, request: PrepareRequest): Promise<IncomingMove> {
    await this.#fault('prepare', { moveId: id, sentBytes: 0 });
    const offered = this.#must(id, 'offered');
    if (offered.preparing) throw new PluvioError('WORKER_MOVING', `move ${id} is being prepared`);
    offered.preparing = true;
    try {
      const { worker, journal } = await this.#restore(id, offered.worker, request);
      if (this.#moves.get(id) !== offered) {
        await worker.close(new PluvioError('MOVE_EXPIRED', `move ${id} is over`));
        throw this.#unknown(id);
      }
      offered.lease.abort();
      const prepared = { bundle: request.bundle, run: request.run, worker, journal };
      this.#moves.set(id, { kind: 'prepared', worker: offered.worker, lease: this.#lease(id), prepared });
      return { id, worker: offered.worker, state: 'prepared', bundle: request.bundle };
    } catch (error) {
      if (this.#moves.get(id) === offered) await this.#discard(id, 'it could not be prepared');
      throw error;
    }
  }

  async #restore(id: string, name: string, request: PrepareRequest): Promise<Pick<Prepared, 'worker' | 'journal'>> {
    const { shelf, clock, checkpointPolicy, peers, quotas } = this.#services;
    const { signature, tenant } = request;
    const signed = signature === undefined ? undefined : decodeSignature(signature);
    await checkTrust(await shelf.blob(request.bundle), signed, peers.trust);
    const program = await programOf(this.#services, await shelf.adoptOpen(request.bundle), request.bundle);
    quotas.checkManifest({ name, tenant }, program.bundle.manifest, shelf.get(request.bundle).sizeBytes);
    this.#table.reserveFor(tenant, name, id);
    const base = recordOf(program, name, request.bundle, request.createdMs, request.policy ?? checkpointPolicy);
    const log = program.bundle.log;
    const journal = log === undefined ? undefined : decodeSideState(log).journal;
    const routes = request.routed === false ? [] : base.routes;
    this.#table.routes.claim(name, routes);
    const worker = new HostedWorker(this.#services, {
      ...base,
      routes,
      tenant,
      fresh: request.fresh,
      checkpoint: {
        bundle: request.bundle,
        stored: false,
        inputSeq: request.inputSeq,
        atMs: clock.now(),
        fuelUsed: program.bundle.snapshot?.fuelUsed.toString() ?? '0',
        memoryPages: base.memoryPages,
        resumable: (program.bundle.snapshot?.frames.length ?? 0) > 0,
      },
    });
    await worker.load(program);
    return { worker, journal };
  }

  /** Starts the worker; once, however often it is asked. */
  async commit(id: string): Promise<IncomingMove> {
    await this.#fault('commit-receive', { moveId: id, sentBytes: 0 });
    const move = this.#moves.get(id);
    if (!move || move.kind === 'offered') throw this.#unknown(id);
    if (move.kind === 'prepared') {
      move.lease.abort();
      const { worker, prepared } = move;
      const done = this.#apply(id, prepared);
      this.#moves.set(id, { kind: 'committed', worker, bundle: prepared.bundle, done });
      done.catch(() => this.#moves.set(id, { ...move, commitBegun: true }));
      await done;
    } else {
      await move.done;
    }
    await this.#fault('commit-apply', { moveId: id, sentBytes: 0 });
    return this.state(id);
  }

  async #apply(id: string, { bundle, run, worker, journal }: Prepared): Promise<void> {
    const atMs = this.#services.clock.now();
    const record = { ...worker.record, running: run };
    const committed: CommittedRecord = {
      version: 1,
      id,
      worker: worker.name,
      bundle,
      run,
      applied: false,
      atMs,
      record,
    };
    await this.#records.put(id, committed);
    await this.#table.settle(worker, id, journal);
    this.#services.events.emit('arrived', worker.name, { move: id });
    if (run) {
      await worker.resume().catch((error: unknown) => {
        this.#services.logger.log('error', 'a moved worker could not be resumed', {
          worker: worker.name,
          error: String(error),
        });
      });
    }
    void this.#records.put(id, { ...committed, applied: true }).then(() => this.#forgetOld());
  }

  /** Keeps the youngest records only. */
  async #forgetOld(): Promise<void> {
    for (const [id, move] of this.#moves) {
      if (this.#moves.size <= this.#services.limits.movesKept) return;
      if (move.kind !== 'committed') continue;
      this.#moves.delete(id);
      await this.#records.delete(id);
    }
  }

  state(id: string): IncomingMove {
    const move = this.#moves.get(id);
    if (!move) throw this.#unknown(id);
    if (move.kind === 'offered') return { id, worker: move.worker, state: 'offered', bundle: null };
    const bundle = move.kind === 'prepared' ? move.prepared.bundle : move.bundle;
    return { id, worker: move.worker, state: move.kind, bundle };
  }

  /** Discards an offered or prepared move. @throws PluvioError `INVALID_ARGUMENT` if it is committed, or may be */
  async abort(id: string): Promise<void> {
    const move = this.#moves.get(id);
    if (move?.kind === 'prepared' && move.commitBegun) {
      throw new PluvioError('INVALID_ARGUMENT', `move ${id} is half committed, as a write failed: commit it again`);
    }
    if (move?.kind === 'committed') {
      throw new PluvioError('INVALID_ARGUMENT', `move ${id} is committed; worker "${move.worker}" lives here`);
    }
    await this.#discard(id, 'the source aborted it');
  }

  async #discard(id: string, reason: string): Promise<void> {
    const move = this.#moves.get(id);
    if (!move || move.kind === 'committed' || (move.kind === 'prepared' && move.commitBegun)) return;
    this.#moves.delete(id);
    move.lease.abort();
    this.#table.release(move.worker, id);
    this.#table.routes.drop(move.worker);
    this.#services.logger.log('info', 'an incoming move was discarded', { move: id, worker: move.worker, reason });
    if (move.kind === 'prepared')
      await move.prepared.worker.close(new PluvioError('MOVE_EXPIRED', `move ${id}: ${reason}`));
    this.#services.shelf.collect();
  }

  #must<Kind extends Move['kind']>(id: string, kind: Kind): Extract<Move, { kind: Kind }> {
    const move = this.#moves.get(id);
    if (move?.kind !== kind) throw this.#unknown(id);
    return move as Extract<Move, { kind: Kind }>; // compared above
  }

  #unknown(id: string): PluvioError {
    return new PluvioError(
      'MOVE_NOT_FOUND',
      `this node holds no move ${id} that could go on: it was never offered, expired or was aborted`,
    );
  }

  /** Ends leases and discards what is not committed. */
  async close(): Promise<void> {
    for (const id of [...this.#moves.keys()]) await this.#discard(id, 'the node is shutting down');
  }
}
