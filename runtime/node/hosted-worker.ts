/**
 * One worker on a node, as the rest of the node knows it.
 *
 *     parked ──load──▶ live ──sleep──▶ parked (an input or its time wakes it)
 *        ▲               └─ the program is over ─▶ ended
 *        └─ engine lost ─┘   no state is left ───▶ lost
 *
 * Boundary: knows engines, the bundle shelf and the store; nothing of HTTP and nothing of other nodes. What its operations share is in
 * worker-core.ts, how it runs in worker-running.ts, how its state is kept in worker-keeping.ts.
 */
import type { PluvioError } from '../errors/index.ts';
import type { JsonOutcome, WorkerInfo, WorkerStack, WorkerStatus } from './api-types.ts';
import type { BundleInfo } from './bundle-shelf.ts';
import { within } from './clock.ts';
import type { QueuedInput } from './input-end.ts';
import type { LiveWorker } from './live-worker.ts';
import { jsonOf } from './outcome-json.ts';
import type { Program } from './program.ts';
import type { Engine } from './threads/engine.ts';
import { type MoveMark, WorkerCore } from './worker-core.ts';
import type { WorkerCommits } from './worker-commits.ts';
import { WorkerGuest } from './worker-guest.ts';
import type { WorkerInputs } from './worker-inputs.ts';
import { type Captured, type TakenInputs, WorkerKeeping } from './worker-keeping.ts';
import type { WorkerLog } from './worker-log.ts';
import { type CheckpointRecord, infoOf, type WorkerRecord } from './worker-record.ts';
import { replaced } from './worker-refusals.ts';
import { WorkerRunning } from './worker-running.ts';
import type { WorkerServices } from './worker-services.ts';
import type { WorkerSide } from './worker-side.ts';
import { stackOf } from './worker-stack.ts';

export type { Captured, MoveMark };

export class HostedWorker {
  readonly #core: WorkerCore;
  readonly #keeping: WorkerKeeping;
  readonly #running: WorkerRunning;

  /** @param isStored Whether the store has its record. */
  constructor(services: WorkerServices, record: WorkerRecord, isStored = false) {
    this.#core = new WorkerCore(services, record, isStored, {
      inputsOwner: {
        takesInputs: () => this.#running.takesInputs(),
        awake: () => this.#running.awake(),
        isLate: (ref) => this.#running.isLate(ref),
        inputFailed: (error) => this.#core.failed('an input could not be given to a worker', error),
      },
      poked: () => this.#running.poked(),
      wake: () => this.#running.wake(),
      guest: () => new WorkerGuest(services, this),
    });
    this.#keeping = new WorkerKeeping(this.#core);
    this.#running = new WorkerRunning(this.#core, this.#keeping);
  }

  get name(): string {
    return this.#core.record.name;
  }

  get record(): WorkerRecord {
    return this.#core.record;
  }

  get move(): MoveMark | undefined {
    return this.#core.move;
  }

  /** In memory; undefined: it is not. */
  get live(): LiveWorker | undefined {
    return this.#core.live;
  }

  /** When it last did something, by the monotonic clock. */
  get activeMs(): number {
    return this.#core.activeMs;
  }

  /** Whether its program is over, or its state is gone. */
  get isOver(): boolean {
    return this.#core.isOver;
  }

  get status(): WorkerStatus {
    return this.#core.status;
  }

  info(): WorkerInfo {
    const { record, phase, move, inputs, log, isDurable, status } = this.#core;
    return {
      ...infoOf(record),
      ...this.#core.figures(),
      status,
      interrupted: phase === 'parked' && !record.clean && !record.fresh && !isDurable,
      move: move ? { ...move } : null,
      queued: inputs.length,
      logNextSeq: log.nextSeq,
    };
  }

  /** Reads log and unread input of the state that the record names; once, before anything else. */
  openSide(): Promise<void> {
    return this.#core.side.open(this.#core.record);
  }

  get log(): WorkerLog {
    return this.#core.side.log;
  }

  /** Where it is, at most so many frames; it goes on, or stays away. @throws PluvioError as `stackOf` */
  stack(most: number): Promise<WorkerStack> {
    return stackOf(this.#core, most);
  }

  /** Brings the state into an engine, checked, without running anything; `program`: with its state, if it is at hand. */
  load(program?: Program): Promise<void> {
    return this.#core.inTurn(async () => {
      await this.#core.load(program);
    });
  }

  /** A message is over: with `each-call` its end is durable before the next one is given. */
  async messageOver(seq: number): Promise<void> {
    this.#core.touch();
    this.#core.commits.end(seq, { kind: 'message', reply: null });
    if (this.#core.gathers) await this.#keeping.checkpoint();
  }

  /** Something has happened that may change the state. */
  touched(): void {
    this.#core.touch();
  }

  /** Adds to standard input; `end`: that was all. */
  async writeStdin(bytes: Uint8Array, end: boolean): Promise<void> {
    this.#core.refuseMove();
    if (this.#core.isOver) throw this.#core.over();
    await this.openSide();
    this.#core.side.stdin.push(bytes);
    if (end) this.#core.side.stdin.close();
  }

  /** @throws PluvioError `WORKER_ENDED` or `WORKER_LOST` */
  requireOpen(): void {
    if (this.#core.isOver) throw this.#core.over();
  }

  /** Takes an input in; it must have been journalled if it has a number. */
  submit(input: QueuedInput): void {
    if (this.#core.isOver) throw this.#core.over();
    this.#core.inputs.add(input);
  }

  /** The program, if it is at hand: the worker is in memory and nothing is being done with it. */
  get readyProgram(): Program | undefined {
    return this.#core.isFree ? this.#core.live?.program : undefined;
  }

  /** The program, for what callers must know of it before they call; brings the worker into memory. */
  async program(): Promise<Program> {
    return (await this.#core.inTurn(() => this.#core.load())).program;
  }

  /** The end of the call in progress, or of the last one; undefined: not within that time. */
  async waitOutcome(waitMs: number, signal: AbortSignal): Promise<JsonOutcome | undefined> {
    const call = this.#core.call;
    if (!call) return this.#core.record.outcome ?? undefined;
    return within(this.#core.services.clock, call.promise.then(jsonOf), waitMs, signal);
  }

  /** Stops the engine without ending the call; tells whether something ran. */
  async pause(): Promise<boolean> {
    return this.#core.mustLive().pause();
  }

  /** Goes on after `pause`. */
  unpause(): void {
    this.#core.mustLive().unpause();
  }

  /** Reserves the worker for a move. */
  beginMove(id: string, target: string): Promise<MoveMark> {
    return this.#core.inTurn(async () => {
      this.#core.refuseMove();
      this.#core.refuseUnlessMigratable('moved');
      await this.#core.load();
      return this.markMove({ id, target, phase: 'precopy' });
    });
  }

  /** Takes up a move that was in doubt when the node ended. */
  markMove(mark: MoveMark): MoveMark {
    this.#core.move = mark;
    return mark;
  }

  endMove(): void {
    this.#core.move = undefined;
    this.#core.inputs.pump();
  }

  /** Ends the worker here, whatever it does; its record is the caller's. */
  close(reason: PluvioError): Promise<void> {
    return this.#core.close(reason);
  }

  /** Refuses unless the worker can be deleted now. */
  checkDeletable(): void {
    this.#core.refuseMove();
    if (this.#core.givesWay) throw replaced(this.name);
  }
  get inputs(): WorkerInputs {
    return this.#core.inputs;
  }

  get commits(): WorkerCommits {
    return this.#core.commits;
  }

  get side(): WorkerSide {
    return this.#core.side;
  }

  /** Whether its inputs are journalled and its state is kept by a policy. */
  get isDurable(): boolean {
    return this.#core.isDurable;
  }

  // --- running: worker-running.ts ---

  /** Sets a new worker going: a command starts, a stopped call goes on, a reactor is initialised. */
  begin(): Promise<void> {
    return this.#running.begin();
  }

  /** Asks the engine how it is, while it runs. */
  sample(): Promise<void> {
    return this.#running.sample();
  }

  /** Starts a command, or resumes a stopped call. */
  resume(): Promise<void> {
    return this.#running.resume();
  }

  /** Brings its state into memory. */
  async openState(): Promise<void> {
    await this.program();
  }

  /** Gives an input up that is not over; without `ref` the call in progress. @throws PluvioError `INPUT_NOT_FOUND`, `WORKER_MOVING`, `WORKER_ENDED` */
  cancel(ref: string | undefined, reason: string): Promise<void> {
    return this.#running.cancel(ref, reason);
  }

  /** Nobody waits for that input any more: it is taken back, or its guest is told of it. */
  askerGone(ref: string): void {
    this.#running.askerGone(ref);
  }

  /** Lets a worker go on that was put in the place of another: with its call, its program, or its inputs. */
  async goOn(): Promise<void> {
    const { halted, fresh, kind } = this.record;
    if (halted || (kind === 'command' && fresh)) await this.resume();
    this.arrived();
  }

  /** Brings a sleeping worker into memory, and lets the call go on that is in progress. */
  wake(): void {
    this.#running.wake();
  }

  /** The journal has an input for the worker. */
  arrived(): void {
    this.#running.arrived();
  }

  /** The store has its record now, and its journal where it comes from elsewhere. */
  settled(hasJournal: boolean): void {
    this.#running.settled(hasJournal);
  }

  /** The engine has ended: what the worker was since its last checkpoint is gone, and it goes on from there. */
  engineLost(guest: WorkerGuest): void {
    this.#running.engineLost(guest);
  }

  // --- keeping: worker-keeping.ts ---

  /** Whether its state is not that of the last checkpoint. */
  get isDirty(): boolean {
    return this.#keeping.isDirty;
  }

  /** Whether its state can be kept, nothing is to be done, and what ends its wait is known without it. */
  get maySleep(): boolean {
    return this.#keeping.maySleep;
  }

  /** Stops the call in progress; done when its state is safe where the node keeps state. */
  stop(): Promise<void> {
    return this.#keeping.stop();
  }

  /** Keeps the state as a bundle; a running worker goes on afterwards. */
  snapshot(origin?: BundleInfo['origin']): Promise<BundleInfo> {
    return this.#keeping.snapshot(origin);
  }

  /** Keeps the state in the store; a running worker goes on afterwards. */
  checkpoint(): Promise<void> {
    return this.#keeping.checkpoint();
  }

  /** Keeps the state in the store, whatever the policy; gives the number of the checkpoint. */
  checkpointNow(pin: boolean): Promise<number> {
    return this.#keeping.checkpointNow(pin);
  }

  /** Makes that one, which is not in memory, its twin in the same engine. */
  forkInto(twin: HostedWorker): Promise<void> {
    return this.#keeping.forkInto(twin.#core);
  }

  /** Of a twin that came into memory before the store had it: timers and topics follow. */
  alignNow(): Promise<void> {
    return this.#core.inTurn(() => this.#core.alignNow());
  }

  /** Has the worker stand still while `operation` puts something in its place, then ends it here. If that fails it goes on. */
  giveWay(operation: (taken: TakenInputs) => Promise<void>): Promise<void> {
    return this.#keeping.giveWay(operation, replaced(this.name));
  }

  /** Puts the worker away until an input, its time or a caller wakes it. False: not now, it works. */
  sleep(): Promise<boolean> {
    return this.#keeping.sleep();
  }

  /** Takes the worker to another engine, in the middle of its call. False: not now. */
  rehome(engine: Engine): Promise<boolean> {
    return this.#keeping.rehome(engine);
  }

  /** For a clean end of the node: state into a checkpoint; what ran is marked to be resumed. */
  park(): Promise<void> {
    return this.#keeping.park();
  }

  /** The state of a paused, stopped or idle worker; `journal`: what its new node needs of its own. */
  capture(journal?: Uint8Array): Promise<Captured> {
    return this.#keeping.capture(journal);
  }

  /** Describes a kept state of the worker. */
  checkpointOf(bundle: string, resumable: boolean): CheckpointRecord {
    return this.#keeping.checkpointOf(bundle, resumable);
  }

  /** Takes a checkpoint for the worker's exact state. */
  adoptCheckpoint(checkpoint: CheckpointRecord): Promise<void> {
    return this.#keeping.adoptCheckpoint(checkpoint);
  }
}
