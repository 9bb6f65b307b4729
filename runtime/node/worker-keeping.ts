/**
 * How the state of one worker is kept: checkpoints in the store, bundles on the shelf, and leaving memory.
 *
 * Invariant: a state is kept while the worker stands still; a running one is paused for that and goes on.
 */
import { checkpointPeriodMs } from '../bundle/index.ts';
import { assert, PluvioError } from '../errors/index.ts';
import type { Bundle, BundleInfo } from './bundle-shelf.ts';
import type { LiveWorker } from './live-worker.ts';
import type { Engine } from './threads/engine.ts';
import { CheckpointChain, type ChainLink } from './checkpoint-chain.ts';
import { packSnapshot } from './stored-state.ts';
import type { Checkpoint } from './store/index.ts';
import type { SnapshotForm, StateBytes } from './threads/engine-protocol.ts';
import type { WorkerCore } from './worker-core.ts';
import type { CheckpointRecord, WorkerRecord } from './worker-record.ts';

/** The worker's whole state as plain data, with all that a bundle needs. */
export interface Captured {
  readonly bundle: Bundle;
  readonly resumable: boolean;
}

/** Which inputs a worker has taken. */
export interface TakenInputs {
  readonly upTo: number;
  /** The call that it is in. */
  readonly current: number | undefined;
  /** Its state as it stands still; undefined: it is not in memory. */
  readonly state: (() => Promise<Checkpoint>) | undefined;
}

export class WorkerKeeping {
  readonly #core: WorkerCore;
  readonly #chain: CheckpointChain;
  /** Checkpoints are written in the order in which they were taken. */
  #writing: Promise<unknown> = Promise.resolve();
  /** States that were taken to be written to the store. */
  #taken = 0;

  constructor(core: WorkerCore) {
    this.#core = core;
    this.#chain = new CheckpointChain(core.services);
  }

  /** Stops the call in progress; done when its state is safe where the node keeps state. */
  stop(): Promise<void> {
    return this.#core.inTurn(async () => {
      this.#core.refuseMove();
      if (this.#core.phase === 'parked') {
        if (this.#core.record.checkpoint?.resumable !== true || this.#core.halted) return;
        this.#core.halted = true; // it sleeps
        return this.#core.save({ running: false });
      }
      const live = this.#core.mustLive();
      await live.engine.stop();
      await live.settled;
      if (live.engine.state !== 'stopped') return;
      this.#core.halted = true;
      if (this.#core.services.persistent && this.#core.isMigratable) await this.keep({ clean: true, running: false });
      else await this.#core.save({ running: false });
    });
  }

  /** Keeps the state as a bundle; a running worker goes on afterwards. */
  snapshot(origin: BundleInfo['origin'] = 'snapshot'): Promise<BundleInfo> {
    return this.#core.inTurn(async () => {
      this.#core.refuseMove();
      this.#core.refuseUnlessMigratable('captured');
      await this.#core.load();
      const wasRunning = await this.#core.mustLive().pause();
      if (this.#core.phase === 'ended') throw this.#core.over();
      let captured: Captured;
      let facts: CheckpointRecord;
      try {
        captured = await this.capture();
        facts = this.checkpointOf(this.#core.record.bundle, captured.resumable);
      } finally {
        if (wasRunning) this.#core.mustLive().unpause();
      }
      const taken = this.#taken;
      const info = await this.#core.services.shelf.keep(captured.bundle, origin, this.#core.record.tenant);
      await this.#keepBundle({ ...facts, bundle: info.digest }, !wasRunning, taken);
      this.#core.services.events.emit('snapshotted', this.#core.name, { bundle: info.digest });
      return info;
    });
  }

  /**
   * The state is that of a bundle.
   * @param taken How many had been taken to be written when it was taken: a later one stays, as a call that ended meanwhile is kept with what
   * it led to.
   */
  async #keepBundle(checkpoint: CheckpointRecord, clean: boolean, taken = this.#taken): Promise<void> {
    const { bundle: base, stored: _stored, ...rest } = checkpoint;
    const { fuelUsed, memoryPages } = rest;
    await this.#inOrder(async () => {
      if (this.#core.isOver || taken !== this.#taken) return;
      this.#core.record = {
        ...this.#core.record,
        fuelUsed,
        memoryPages,
        checkpoint,
        clean,
        ...(clean ? { running: false } : {}),
      };
      this.#chain.end();
      await this.#core.commits.flush({ base, delta: null, side: null, ...rest }, this.#core.record);
    });
    this.#core.services.shelf.collect();
  }

  /** Keeps the state in the store; a running worker goes on afterwards. */
  checkpoint(): Promise<void> {
    return this.#core.inTurn(async () => {
      if (this.#core.isOver || !this.#core.live || this.#core.move) return;
      this.#core.refuseUnlessMigratable('captured');
      await this.keep();
    });
  }

  /**
   * Keeps the state in the store, whatever the policy; gives the number of the checkpoint.
   * @throws PluvioError `NOT_MIGRATABLE`, `WORKER_ENDED`, `STORE_FULL`, `STORE_FAILED`
   */
  checkpointNow(pin: boolean): Promise<number> {
    return this.#core.inTurn(async () => {
      this.#core.refuseMove();
      this.#core.refuseUnlessMigratable('captured');
      await this.#core.load();
      const { store } = this.#core.services.post;
      const id = await this.keep({ fresh: this.#core.record.fresh });
      if (pin) await store.pinCheckpoint(this.#core.name, id, true);
      return id;
    });
  }

  /** Makes a twin of it in the same engine; a running worker goes on afterwards. */
  async forkInto(twin: WorkerCore): Promise<void> {
    const core = this.#core;
    await core.inTurn(async () => {
      core.refuseMove();
      core.refuseUnlessMigratable('captured');
      const live = await core.load();
      const wasRunning = await live.pause();
      if (core.live !== live) throw core.over();
      core.side.stdin.hold();
      try {
        const { lastSeq = 0 } = (await core.services.post.store.journalState(core.name)) ?? {};
        await twin.loadTwin(live, core.side.encode(), lastSeq);
      } finally {
        core.side.stdin.release();
        if (wasRunning && core.live === live) live.unpause();
      }
    });
  }

  /**
   * Has the worker stand still while `operation` puts something in its place, then ends it here. If the operation fails it goes on.
   * @param operation Is given the number up to which the worker has taken inputs, and that of the call that it is in.
   */
  giveWay(operation: (taken: TakenInputs) => Promise<void>, reason: PluvioError): Promise<void> {
    const core = this.#core;
    return core.inTurn(async () => {
      core.refuseMove();
      const { live } = core;
      const wasRunning = live !== undefined && (await live.pause());
      core.givesWay = true;
      try {
        if (!core.gathers) await core.commits.flush(); // what it did so far is done
        await core.commits.idle();
        const upTo = core.live?.engine.abi?.lastSeq ?? core.record.checkpoint?.inputSeq ?? this.#takenSeq();
        const state = live !== undefined && core.live === live ? () => this.#stateOf(live) : undefined;
        await operation({ upTo, current: core.inputs.current?.seq, state });
      } catch (error) {
        if (wasRunning && core.live === live) live.unpause();
        throw error;
      } finally {
        core.givesWay = false;
      }
      core.commits.drop();
      await core.close(reason);
    });
  }

  /** As `checkpoint`, within an operation; gives the number of the checkpoint. `marks`: what the record says besides. `ready`: the state, if it is at hand. */
  async keep(marks: Partial<WorkerRecord> = {}, ready: StateBytes | null = null): Promise<number> {
    const live = this.#core.mustLive();
    const { clock, metrics } = this.#core.services;
    const beganMs = clock.monotonicMs();
    const changes = this.#core.changes;
    this.#taken++;
    let runs = live.engine.state === 'running' && (await live.pause());
    if (this.#core.live !== live) throw this.#core.over();
    const taking = ready === null ? this.#take(live) : Promise.resolve(ready);
    const taken = await taking.catch(async (error: unknown) => {
      if (!(error instanceof PluvioError) || error.code !== 'WORKER_NOT_STOPPED') throw error;
      runs = await live.pause(); // it waited, as far as was known here, and has just gone on
      if (this.#core.live !== live) throw this.#core.over();
      return this.#take(live);
    });
    const { link, bytes } = await this.#linked(live, taken);
    const { state } = live.engine;
    const side = this.#sideOf(link);
    const checkpoint = {
      ...this.checkpointOf(live.program.digest, state !== 'idle'),
      stored: true,
    };
    if (runs && this.#core.live === live) live.unpause();
    const { storageBytes } = live.engine.abi?.usage ?? { storageBytes: 0 };
    this.#core.record = {
      ...this.#core.record,
      ...this.#core.figures(),
      storageBytes,
      checkpoint,
      fresh: false,
      ...marks,
    };
    const { bundle: base, stored: _stored, ...rest } = checkpoint;
    const { id, sizeBytes } = await this.#write({ base, side, ...rest }, link, bytes);
    this.#core.keptChanges = changes;
    const { name: worker, tenant } = this.#core.record;
    const seconds = (clock.monotonicMs() - beganMs) / 1000;
    metrics.checkpointed({ worker, tenant, seconds, bytes: sizeBytes });
    this.#core.services.events.emit('checkpointed', this.#core.name, { bytes: bytes.length });
    return id;
  }

  /** In what form the next state is to be taken of a worker in memory. */
  nextForm({ engine }: LiveWorker): SnapshotForm {
    const { policy } = this.#core.record;
    return this.#chain.nextForm(engine, this.#core.gathers || checkpointPeriodMs(policy) !== undefined);
  }

  #take(live: LiveWorker): Promise<StateBytes> {
    return this.#snapshotBytes(live, this.nextForm(live));
  }

  /** A state's place among the checkpoints; one that is a change of something that was not kept is taken again. */
  async #linked(live: LiveWorker, taken: StateBytes): Promise<{ link: ChainLink; bytes: Uint8Array }> {
    const { log } = this.#core.side;
    const link = this.#chain.taken(taken, log.nextSeq);
    if (link !== undefined) return { link, bytes: taken.bytes };
    this.#chain.end();
    const again = await this.#take(live);
    const whole = this.#chain.taken(again, log.nextSeq);
    assert(whole !== undefined, 'a state is the change of another after the chain has ended');
    return { link: whole, bytes: again.bytes };
  }

  /** The side state beside a state that was just taken. */
  #sideOf({ parent }: ChainLink): Uint8Array | null {
    const { side } = this.#core;
    if (!side.isWorthKeeping) return null;
    return parent === null ? side.encode() : side.encodeSince(parent.logSeq);
  }

  /** Writes a state with all that the worker did. @throws PluvioError `STORE_FULL`, `STORE_FAILED`; then the next one is whole */
  #write(
    facts: Omit<Checkpoint, 'delta' | 'parent'>,
    link: ChainLink,
    bytes: Uint8Array,
  ): Promise<{ readonly id: number; readonly sizeBytes: number }> {
    return this.#inOrder(async () => {
      try {
        const parent = this.#chain.parentOf(link);
        const delta = await packSnapshot(bytes);
        const checkpoint = { ...facts, delta, ...(parent === undefined ? {} : { parent }) };
        const id = (await this.#core.commits.flush(checkpoint, this.#core.record)) ?? 0;
        this.#chain.written(link, id);
        return { id, sizeBytes: delta.length + (facts.side?.length ?? 0) };
      } catch (error) {
        this.#chain.end();
        throw error;
      }
    });
  }

  #inOrder<Result>(write: () => Promise<Result>): Promise<Result> {
    const writing = this.#writing.then(write);
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  /** The state of a worker that stands still, as the store has it. */
  async #stateOf(live: LiveWorker): Promise<Checkpoint> {
    const { bytes } = await this.#snapshotBytes(live, 'whole');
    const side = this.#core.side.isWorthKeeping ? this.#core.side.encode() : null;
    const {
      bundle: base,
      stored: _stored,
      ...rest
    } = this.checkpointOf(live.program.digest, live.engine.state !== 'idle');
    return { base, delta: await packSnapshot(bytes), side, ...rest };
  }

  async #snapshotBytes({ engine }: LiveWorker, form: SnapshotForm): Promise<StateBytes> {
    this.#core.side.stdin.hold();
    try {
      return await engine.snapshot(form);
    } finally {
      this.#core.side.stdin.release();
    }
  }

  /** Describes a kept state of the worker. */
  checkpointOf(bundle: string, resumable: boolean): CheckpointRecord {
    const inputSeq = this.#core.live?.engine.abi?.lastSeq ?? this.#takenSeq();
    return {
      ...this.#core.figures(),
      bundle,
      stored: false,
      resumable,
      inputSeq,
      atMs: this.#core.services.clock.now(),
    };
  }

  /** The last input of the journal that is over, for a worker that does not know it itself. */
  #takenSeq(): number {
    const first = this.#core.inputs.firstSeq;
    return first === undefined ? this.#core.inputs.knownSeq : first - 1;
  }

  /** Takes a checkpoint for the worker's exact state. */
  async adoptCheckpoint(checkpoint: CheckpointRecord): Promise<void> {
    if (this.#core.phase === 'lost') this.#core.phase = 'parked';
    await this.#keepBundle(checkpoint, true);
    this.#core.halted = checkpoint.resumable;
    if (this.#core.phase !== 'parked') return;
    this.#core.side.forget();
    await this.#core.side.open(this.#core.record);
  }

  /**
   * The state of a paused, stopped or idle worker.
   * @param journal What its new node needs of the journal, if it leaves.
   * @throws PluvioError `NOT_MIGRATABLE`
   */
  async capture(journal?: Uint8Array): Promise<Captured> {
    const { engine, program } = this.#core.mustLive();
    this.#core.refuseUnlessMigratable('captured');
    this.#core.side.stdin.hold();
    try {
      const snapshot = await engine.capture();
      const log = this.#core.side.encode(journal);
      return { bundle: { ...program.bundle, snapshot, log }, resumable: snapshot.frames.length > 0 };
    } finally {
      this.#core.side.stdin.release();
    }
  }

  /**
   * Puts the worker away until an input, its time or a caller wakes it. False: not now, it works.
   * @throws PluvioError `STORE_FULL`, `STORE_FAILED`
   */
  async sleep(): Promise<boolean> {
    return this.#core.inTurn(async () => {
      const live = this.#core.live;
      const { fresh } = this.#core.record;
      // One in which nothing has run is what its bundle says: there is nothing to keep.
      if (!live || this.#core.move || !this.maySleep) return false;
      const wakeMs = live.engine.wake?.atMs ?? null;
      const waited = await live.pause();
      if (this.#core.live !== live) return false;
      const { inputs } = this.#core;
      // An input may have come into the mailbox meanwhile: the guest is to take it.
      if (live.engine.abi !== null && live.engine.abi.lastSeq < inputs.knownSeq) {
        if (waited) live.unpause();
        return false;
      }
      const marks = { asleep: true, wakeMs, ...(fresh ? {} : { running: waited, clean: true }) };
      if (!fresh && (this.isDirty || waited)) await this.keep(marks);
      else await this.#core.save(marks);
      this.#core.meter.tell(live.engine, this.#core.record);
      this.#core.live = undefined;
      this.#core.phase = 'parked';
      await live.close();
      this.#core.services.events.emit('hibernated', this.#core.name);
      return true;
    });
  }

  /**
   * Takes the worker to another engine, in the middle of its call. False: not now.
   * @throws PluvioError codes of the engine; then it goes on where it was
   */
  async rehome(engine: Engine): Promise<boolean> {
    return this.#core.inTurn(async () => {
      const { live, move, isMigratable } = this.#core;
      if (!live || move || !isMigratable || live.engine.engine === engine) return false;
      if (this.#core.inputs.current?.incoming?.isOpen === true) return false; // its parts come to this one
      const wasRunning = await live.pause();
      if (this.#core.live !== live) return false;
      try {
        const { bytes: snapshot } = await this.#snapshotBytes(live, 'whole');
        const worker = await this.#core.createOn(engine, live.program, { snapshot, base: null });
        this.#core.meter.tell(live.engine, this.#core.record);
        this.#core.live = live.successor(worker);
        this.#core.meter.begin(worker);
        await live.close();
        if (worker.abi !== null) {
          this.#core.inputs.placed(worker.abi.lastSeq);
          await this.#core.fetchInputs();
        }
        return true;
      } finally {
        if (wasRunning) this.#core.live?.unpause();
      }
    });
  }

  /** Whether its state can be kept, nothing is to be done, and what ends its wait is known without it. */
  get maySleep(): boolean {
    const { live, isMigratable, record, inputs } = this.#core;
    if (live === undefined || !(isMigratable || record.fresh) || inputs.length > 0) return false;
    const { engine } = live;
    if (engine.state === 'idle' || engine.state === 'stopped') return true;
    return engine.state === 'waiting' && engine.wake !== null;
  }

  /** For a clean end of the node: state into a checkpoint; what ran is marked to be resumed. */
  async park(): Promise<void> {
    await this.#core.inTurn(async () => {
      const live = this.#core.live;
      if (this.#core.move || !live) return;
      if (this.#core.services.persistent && this.#core.isMigratable && !this.#core.record.fresh) {
        const running = await live.pause();
        if (this.#core.live === live) await this.keep({ clean: true, running });
      }
    });
    await this.#core.close(new PluvioError('NODE_CLOSING', 'the node is shutting down'));
  }

  /** Whether its state is not that of the last checkpoint. */
  get isDirty(): boolean {
    return this.#core.changes !== this.#core.keptChanges;
  }
}
