/**
 * One worker on a node: its engine worker, its log, its place in the life cycle, its record on disk.
 *
 * Boundary: knows the engine, the bundle shelf and the record store; nothing of HTTP and nothing of other nodes.
 *
 * Invariants:
 * 1. Operations take turns; a call in progress is not an operation, only its beginning is.
 * 2. `phase` says who holds the state: the engine (`live`), the checkpoint (`parked`), nobody (`ended`, `lost`, `closed`).
 *    While a move is on, `move` is set and every other operation is refused.
 * 3. An engine stop that serves a snapshot or a move never ends the call that callers wait for.
 * 4. Before anything runs, the record on disk says that the state is no longer that of bundle or checkpoint.
 */
import type { Outcome, WorkerState } from '../engine/index.ts';
import { assert, PluvioError } from '../errors/index.ts';
import type { JsonOutcome, JsonValue, MovePhaseName, WorkerInfo, WorkerStatus } from './api-types.ts';
import type { Bundle, BundleInfo } from './bundle-shelf.ts';
import { jsonOfOutcome, valueOfJson } from './outcome-json.ts';
import { guestSpec, loadProgram, placedFiles, type Program } from './program.ts';
import { decodeSideState, encodeSideState } from './side-state.ts';
import { StdinQueue } from './stdin-queue.ts';
import type { EngineWorker, EngineWorkerOwner } from './threads/engine-worker.ts';
import type { WorkerServices } from './worker-services.ts';
import { WorkerLog } from './worker-log.ts';
import type { CheckpointRecord, WorkerRecord } from './worker-record.ts';

type Phase = 'live' | 'parked' | 'ended' | 'lost' | 'closed';

export interface MoveMark {
  readonly id: string;
  readonly target: string;
  phase: MovePhaseName;
}

/** The worker's whole state as plain data, with all that a bundle needs. */
export interface Captured {
  readonly bundle: Bundle;
  readonly resumable: boolean;
}

export class HostedWorker {
  readonly log: WorkerLog;
  readonly stdin: StdinQueue;
  readonly #services: WorkerServices;
  #record: WorkerRecord;
  #phase: Phase = 'parked';
  #live: EngineWorker | undefined;
  #program: Program | undefined;
  #move: MoveMark | undefined;
  /** The call in progress as its callers see it; survives pauses. */
  #call: PromiseWithResolvers<Outcome> | undefined;
  /** The engine's part of it; replaced at each resume. */
  #run: Promise<void> = Promise.resolve();
  #pausing = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(services: WorkerServices, record: WorkerRecord) {
    this.#services = services;
    this.#record = record;
    this.log = new WorkerLog(services.limits.logBytes, services.clock);
    this.stdin = new StdinQueue(services.limits.stdinBytes);
    if (record.ended) this.#phase = 'ended';
    else if (!record.fresh && !record.checkpoint) this.#phase = 'lost';
  }

  get name(): string {
    return this.#record.name;
  }

  get record(): WorkerRecord {
    return this.#record;
  }

  get move(): MoveMark | undefined {
    return this.#move;
  }

  get status(): WorkerStatus {
    if (this.#move) return 'moving';
    if (this.#phase === 'ended' || this.#phase === 'lost') return this.#phase;
    if (this.#phase === 'closed') return 'ended';
    if (this.#live) return this.#live.state === 'closed' ? 'ended' : this.#live.state;
    return this.#record.checkpoint?.resumable ? 'stopped' : 'idle';
  }

  info(): WorkerInfo {
    const { name, kind, module, bundle, createdMs, outcome, notMigratable, checkpoint, clean, fresh } = this.#record;
    return {
      name,
      status: this.status,
      kind,
      module,
      bundle,
      createdMs,
      outcome,
      fuelUsed: (this.#live?.fuelUsed ?? this.#record.fuelUsed).toString(),
      memoryPages: this.#live?.memoryPages ?? this.#record.memoryPages,
      notMigratable,
      checkpoint: checkpoint && { bundle: checkpoint.bundle, atMs: checkpoint.atMs },
      interrupted: this.#phase === 'parked' && !clean && !fresh,
      move: this.#move ? { ...this.#move } : null,
      logNextSeq: this.log.nextSeq,
    };
  }

  /** Reads log and unread input of the state that the record names; before anything else. */
  async loadSide(): Promise<void> {
    const { shelf } = this.#services;
    const { finalSide, checkpoint, bundle, stdinOpen } = this.#record;
    const bytes = finalSide === null ? await shelf.log(checkpoint?.bundle ?? bundle) : await shelf.blob(finalSide);
    if (bytes) {
      const side = decodeSideState(bytes);
      this.log.adopt(side.pieces, side.nextSeq);
      this.stdin.adopt(side.stdin);
    } else {
      const input = await this.#bundledStdin(checkpoint?.bundle ?? bundle);
      this.stdin.adopt({ pending: input ?? new Uint8Array(), closed: !stdinOpen || input !== undefined });
    }
    if (this.#phase === 'ended' || this.#phase === 'lost') this.log.end();
  }

  /** The file of the bundle that its manifest gives as standard input. */
  async #bundledStdin(digest: string): Promise<Uint8Array | undefined> {
    const { manifest, files } = await this.#services.shelf.open(digest);
    return manifest.stdin === undefined ? undefined : files.get(manifest.stdin);
  }

  /** Brings the state into the engine, checked, without running anything; `program`: its state, if it is at hand. */
  load(program?: Program): Promise<void> {
    return this.#inTurn(async () => {
      await this.#load(program);
    });
  }

  async #load(ready?: Program): Promise<EngineWorker> {
    if (this.#live) return this.#live;
    if (this.#phase !== 'parked') throw this.#over();
    const { checkpoint, bundle } = this.#record;
    const program = ready ?? (await loadProgram(this.#services, checkpoint?.bundle ?? bundle));
    const { snapshot } = program.bundle;
    const state = snapshot === undefined ? null : { snapshot, base: null };
    const engine = await this.#services.engines.pick();
    const live = await engine.create(
      program.module,
      guestSpec(program, this.name),
      placedFiles(program),
      state,
      this.#owner(() => live),
    );
    if (this.#phase !== 'parked') {
      await live.close(); // deleted or closed meanwhile
      throw this.#over();
    }
    this.#live = live;
    // The snapshot has been taken in; what a later bundle needs is the rest.
    const { snapshot: _snapshot, log: _log, ...rest } = program.bundle;
    this.#program = { ...program, bundle: rest };
    this.#phase = 'live';
    return this.#live;
  }

  #owner(live: () => EngineWorker): EngineWorkerOwner {
    return {
      output: ({ stream, bytes }) => this.log.write(stream, bytes),
      input: (signal) => this.stdin.next(signal),
      lost: () => this.#engineLost(live()),
    };
  }

  /** The engine has ended: what the worker was since its last checkpoint is gone, and it goes on from there. */
  #engineLost(live: EngineWorker): void {
    if (this.#live !== live) return;
    this.#live = undefined;
    this.#program = undefined;
    const { fresh, checkpoint, running } = this.#record;
    this.#phase = fresh || checkpoint !== null ? 'parked' : 'lost';
    this.#services.events.emit('engine-lost', this.name, { restored: this.#phase === 'parked' });
    const call = this.#call;
    if (call === undefined) return;
    const goesOn = this.#phase === 'parked' && running && this.#move === undefined && checkpoint?.resumable === true;
    const recovered = goesOn ? this.resume() : Promise.reject(this.#lostError());
    recovered.catch((error: unknown) => {
      if (this.#call === call) this.#call = undefined;
      call.reject(error);
    });
  }

  #lostError(): PluvioError {
    const message = `the engine of worker "${this.name}" has ended, and no checkpoint holds the call that was in progress`;
    return new PluvioError('ENGINE_LOST', message, { worker: this.name });
  }

  /** Starts a command, or resumes a stopped call. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseMove();
      const worker = await this.#load();
      if (worker.state === 'running' || worker.state === 'waiting') return;
      const starts = worker.state === 'idle' && this.#record.kind === 'command' && this.#record.fresh;
      if (worker.state === 'idle' && !starts) {
        throw new PluvioError('WORKER_NOT_RESUMABLE', `worker "${this.name}" is idle; call one of its exports`);
      }
      await this.#begin(starts ? 'started' : 'resumed', () => (starts ? worker.start() : worker.resume()));
    });
  }

  /** Sets a new worker going: a command starts, a stopped call goes on, a reactor is initialised. */
  async begin(): Promise<void> {
    const { status } = this;
    if (status === 'stopped' || (this.#record.kind === 'command' && this.#record.fresh)) return this.resume();
    const initialises = this.#program?.module.exports.some(
      ({ name, kind }) => name === '_initialize' && kind === 'func',
    );
    if (status !== 'idle' || !this.#record.fresh || !initialises) return;
    await this.call('_initialize', []);
    await this.#run;
  }

  /** Adds to standard input; `end`: that was all. */
  writeStdin(bytes: Uint8Array, end: boolean): void {
    this.#refuseMove();
    if (this.#phase === 'ended' || this.#phase === 'lost') throw this.#over();
    this.stdin.push(bytes);
    if (end) this.stdin.close();
  }

  /** Begins a call of an export; `waitOutcome` gives its end. */
  call(exportName: string, args: readonly JsonValue[]): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseMove();
      const worker = await this.#load();
      if (worker.state !== 'idle') {
        throw new PluvioError('WORKER_BUSY', `worker "${this.name}" is ${worker.state}; a call needs an idle one`);
      }
      if (!this.#program?.module.exports.some(({ name, kind }) => name === exportName && kind === 'func')) {
        throw new PluvioError('EXPORT_NOT_FOUND', `worker "${this.name}" has no exported function "${exportName}"`);
      }
      const values = args.map(valueOfJson);
      await this.#begin('started', () => worker.call(exportName, values));
    });
  }

  async #begin(event: 'started' | 'resumed', begin: () => Promise<Outcome>): Promise<void> {
    await this.#run; // the last call's end has been recorded
    await this.#save({ fresh: false, clean: false, running: true, outcome: null });
    this.#call ??= Promise.withResolvers<Outcome>();
    this.#call.promise.catch(() => undefined);
    this.#drive(begin);
    this.#services.events.emit(event, this.name);
  }

  #drive(begin: () => Promise<Outcome>): void {
    this.#run = begin().then(
      (outcome) => this.#settle(outcome),
      (error: unknown) => {
        if (error instanceof PluvioError && error.code === 'ENGINE_LOST') return;
        return this.#settle({
          kind: 'trapped',
          code: 'exception',
          message: error instanceof Error ? error.message : String(error),
          frames: [],
        });
      },
    );
  }

  async #settle(outcome: Outcome): Promise<void> {
    if (this.#phase === 'closed' || (outcome.kind === 'stopped' && this.#pausing)) return;
    const json = this.#jsonOf(outcome);
    // A limit leaves the call where it was: it can be captured, and gone on with.
    const over = this.#live?.state !== 'stopped' && (this.#record.kind === 'command' || json.kind === 'exited');
    try {
      if (over) await this.#end(json);
      else if (json.kind !== 'stopped') await this.#save({ outcome: json, running: false });
    } catch (error) {
      this.#services.logger.log('error', 'the end of a call could not be kept', {
        worker: this.name,
        error: String(error),
      });
    }
    const facts = json.kind === 'exited' ? { code: json.code } : json.kind === 'limit' ? { limit: json.limit } : {};
    this.#services.events.emit(json.kind, this.name, facts);
    this.#call?.resolve(outcome);
    this.#call = undefined;
  }

  #jsonOf(outcome: Outcome): JsonOutcome {
    try {
      return jsonOfOutcome(outcome);
    } catch (error) {
      return { kind: 'trapped', code: 'unknown', message: (error as Error).message, frames: [] };
    }
  }

  async #end(outcome: JsonOutcome): Promise<void> {
    this.#record = { ...this.#record, ...this.#figures(), outcome, ended: true, running: false, checkpoint: null };
    this.#phase = 'ended';
    const live = this.#live;
    this.#live = undefined;
    this.#program = undefined;
    this.log.end();
    await live?.close();
    const { persistent, shelf } = this.#services;
    await this.#save({ finalSide: persistent ? await shelf.putBlob(encodeSideState(this.log, this.stdin)) : null });
    shelf.collect();
  }

  /** The end of the call in progress, or of the last one; undefined: not within that time. */
  async waitOutcome(waitMs: number, signal: AbortSignal): Promise<JsonOutcome | undefined> {
    const call = this.#call;
    if (!call) return this.#record.outcome ?? undefined;
    const over = new AbortController();
    const either = AbortSignal.any([over.signal, signal]);
    try {
      const ended = call.promise.then((outcome) => this.#jsonOf(outcome));
      return await Promise.race([ended, this.#services.clock.sleep(waitMs, either).then(() => undefined)]);
    } finally {
      over.abort();
    }
  }

  /** Stops the call in progress; done when its state is safe where the node keeps state. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseMove();
      if (this.#phase === 'parked') return;
      const worker = this.#mustLive();
      await worker.stop();
      await this.#run;
      if (worker.state !== 'stopped') return;
      if (this.#services.persistent && this.#record.notMigratable.length === 0) await this.#checkpoint(true);
      else await this.#save({ running: false });
    });
  }

  /** Keeps the state as a bundle; a running worker goes on afterwards. */
  snapshot(origin: BundleInfo['origin'] = 'snapshot'): Promise<BundleInfo> {
    return this.#inTurn(async () => {
      this.#refuseMove();
      this.#refuseUnlessMigratable('captured');
      await this.#load();
      const info = await this.#checkpoint(false, origin);
      this.#services.events.emit('snapshotted', this.name, { bundle: info.digest });
      return info;
    });
  }

  async #checkpoint(stays: boolean, origin: BundleInfo['origin'] = 'held'): Promise<BundleInfo> {
    const wasRunning = await this.pause();
    if (this.#phase === 'ended') throw this.#over();
    let captured: Captured;
    try {
      captured = await this.capture();
    } catch (error) {
      if (wasRunning) this.unpause();
      throw error;
    }
    if (wasRunning && !stays) this.unpause();
    const info = await this.#services.shelf.keep(captured.bundle, origin);
    await this.#saveCheckpoint(this.checkpointOf(info.digest, captured.resumable), !wasRunning || stays);
    return info;
  }

  async #saveCheckpoint(checkpoint: CheckpointRecord, clean: boolean): Promise<void> {
    const { fuelUsed, memoryPages } = checkpoint;
    // A program that ended meanwhile needs no checkpoint any more.
    if (this.#phase !== 'ended') {
      await this.#save({ fuelUsed, memoryPages, checkpoint, clean, ...(clean ? { running: false } : {}) });
    }
    this.#services.shelf.collect();
  }

  /** Describes a kept state of the worker. */
  checkpointOf(bundle: string, resumable: boolean): CheckpointRecord {
    return { ...this.#figures(), bundle, resumable, atMs: this.#services.clock.now() };
  }

  /** Takes a checkpoint for the worker's exact state. */
  async adoptCheckpoint(checkpoint: CheckpointRecord): Promise<void> {
    if (this.#phase === 'lost') this.#phase = 'parked';
    await this.#saveCheckpoint(checkpoint, true);
    if (this.#phase === 'parked') await this.loadSide();
  }

  #figures(): { fuelUsed: string; memoryPages: number } {
    return {
      fuelUsed: (this.#live?.fuelUsed ?? this.#record.fuelUsed).toString(),
      memoryPages: this.#live?.memoryPages ?? this.#record.memoryPages,
    };
  }

  /** Stops the engine without ending the call; tells whether something ran. */
  async pause(): Promise<boolean> {
    const worker = this.#mustLive();
    if (worker.state !== 'running' && worker.state !== 'waiting') return false;
    this.#pausing = true;
    try {
      await worker.stop();
      await this.#run;
    } finally {
      this.#pausing = false;
    }
    return (worker.state as WorkerState) === 'stopped'; // it changed while we waited
  }

  /** Goes on after `pause`. */
  unpause(): void {
    const worker = this.#mustLive();
    assert(worker.state === 'stopped', `worker is ${worker.state}, unpause needs a stopped one`);
    this.#drive(() => worker.resume());
  }

  /**
   * The state of a paused, stopped or idle worker.
   * @throws PluvioError `NOT_MIGRATABLE`
   */
  async capture(): Promise<Captured> {
    const worker = this.#mustLive();
    const program = this.#program;
    assert(program, 'a live worker has its program');
    this.#refuseUnlessMigratable('captured');
    this.stdin.hold();
    try {
      const snapshot = await worker.capture();
      const log = encodeSideState(this.log, this.stdin);
      return { bundle: { ...program.bundle, snapshot, log }, resumable: snapshot.frames.length > 0 };
    } finally {
      this.stdin.release();
    }
  }

  /** Reserves the worker for a move. */
  beginMove(id: string, target: string): Promise<MoveMark> {
    return this.#inTurn(async () => {
      this.#refuseMove();
      this.#refuseUnlessMigratable('moved');
      await this.#load();
      return this.markMove({ id, target, phase: 'precopy' });
    });
  }

  /** Takes up a move that was in doubt when the node ended. */
  markMove(mark: MoveMark): MoveMark {
    this.#move = mark;
    return mark;
  }

  endMove(): void {
    this.#move = undefined;
  }

  #refuseMove(): void {
    if (this.#move) {
      throw new PluvioError(
        'WORKER_MOVING',
        `worker "${this.name}" is being moved to ${this.#move.target} (phase ${this.#move.phase})`,
      );
    }
  }

  #refuseUnlessMigratable(what: 'captured' | 'moved'): void {
    const { notMigratable } = this.#record;
    if (notMigratable.length === 0) return;
    const message = `worker "${this.name}" cannot be ${what}: ${notMigratable.join('; ')}`;
    throw new PluvioError('NOT_MIGRATABLE', message, { reasons: notMigratable });
  }

  #over(): PluvioError {
    if (this.#phase === 'lost')
      return new PluvioError('WORKER_LOST', `worker "${this.name}" was lost: no snapshot of it is known`);
    return new PluvioError('WORKER_ENDED', `worker "${this.name}" has ended`);
  }

  #mustLive(): EngineWorker {
    if (!this.#live) throw this.#over();
    return this.#live;
  }

  /** For a clean end of the node: state into a checkpoint; what ran is marked to be resumed. */
  async hibernate(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#move) return;
      if (!this.#live) return this.#run; // it may just be ending: that is recorded first
      if (this.#services.persistent && this.#record.notMigratable.length === 0 && !this.#record.fresh) {
        const running = await this.pause();
        if (this.#live) await this.#checkpoint(true);
        if (this.#live && running) await this.#save({ running: true });
      }
    });
    await this.close(new PluvioError('NODE_CLOSING', 'the node is shutting down'));
  }

  /** Ends the worker here, whatever it does; its record is the caller's. */
  async close(reason: PluvioError): Promise<void> {
    const live = this.#live;
    this.#phase = 'closed';
    this.#live = undefined;
    this.#program = undefined;
    this.#call?.reject(reason);
    this.#call = undefined;
    this.log.end();
    if (live) {
      this.#pausing = true;
      await live.close();
    }
  }

  /** Refuses unless the worker can be deleted now. */
  checkDeletable(): void {
    this.#refuseMove();
  }

  async #save(change: Partial<WorkerRecord>): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#record = { ...this.#record, ...change };
    await this.#services.records.put(this.name, this.#record);
  }

  async #inTurn<Result>(operation: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(operation, operation);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
