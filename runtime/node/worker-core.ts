/**
 * What all of one worker's operations share: who has its state, its record, its turn.
 *
 * Boundary: of the parts of `HostedWorker` alone, which is what the rest of the node knows.
 *
 * Invariants:
 * 1. Operations take turns (`inTurn`); a call in progress is not an operation, only its beginning is.
 * 2. `phase` says who holds the state: the engine (`live`), the store (`parked`), nobody (`ended`, `lost`, `closed`).
 *    While a move is on, `move` is set and every other operation is refused.
 */
import type { Outcome } from '../engine/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { InputInfo } from '../host/index.ts';
import type { MovePhaseName, WorkerStatus } from './api-types.ts';
import { decodeCall, decodeEnd, type QueuedInput } from './input-end.ts';
import { LiveWorker } from './live-worker.ts';
import { guestSpec, placedFiles, type Program } from './program.ts';
import { bundledState, loadState, timersOf } from './stored-state.ts';
import type { JournalInput } from './store/index.ts';
import type { Engine } from './threads/engine.ts';
import type { GuestState } from './threads/engine-protocol.ts';
import type { EngineWorker } from './threads/engine-worker.ts';
import { WorkerMeter } from './metrics/worker-meter.ts';
import type { LeavePlace } from './memory-places.ts';
import type { EnteredPlace } from './quotas/node-quotas.ts';
import { topicOf } from './tenant-boundary.ts';
import { WorkerCommits } from './worker-commits.ts';
import type { WorkerGuest } from './worker-guest.ts';
import { type InputsOwner, WorkerInputs } from './worker-inputs.ts';
import type { WorkerLog } from './worker-log.ts';
import type { WorkerRecord } from './worker-record.ts';
import * as refusal from './worker-refusals.ts';
import type { WorkerServices } from './worker-services.ts';
import { WorkerSide } from './worker-side.ts';

export type Phase = 'live' | 'parked' | 'ended' | 'lost' | 'closed';

export interface MoveMark {
  readonly id: string;
  readonly target: string;
  phase: MovePhaseName;
}

/** What the core needs of the parts around it. */
export interface CoreHooks {
  readonly inputsOwner: InputsOwner;
  /** Standard input has come. */
  poked(): void;
  /** There is a place in memory that was not there before. */
  wake(): void;
  /** Who serves the engine's side of the worker, once it is in memory. */
  guest(): WorkerGuest;
}

const JOURNAL_PAGE = 256;

/** Why a worker could not come into memory that may later. */
const NO_PLACE: ReadonlySet<string> = new Set(['TENANT_LIMIT', 'NODE_FULL', 'MEMORY_FULL']);

/** What a worker was woken by, from the first input that waits for it. */
const WAKE_REASONS = {
  call: 'call',
  http: 'request',
  message: 'message',
  topic: 'message',
  timer: 'timer',
  none: 'request',
} as const;

export class WorkerCore {
  readonly services: WorkerServices;
  readonly side: WorkerSide;
  readonly inputs: WorkerInputs;
  readonly commits: WorkerCommits;
  readonly meter: WorkerMeter;
  record: WorkerRecord;
  phase: Phase = 'parked';
  live: LiveWorker | undefined;
  move: MoveMark | undefined;
  /** The call in progress as its callers see it; survives pauses. */
  call: PromiseWithResolvers<Outcome> | undefined;
  /** Rises with all that may change the state. */
  changes = 0;
  keptChanges = 0;
  /** Monotonic time of the last change. */
  activeMs: number;
  /** Whether the store has the record. */
  isStored: boolean;
  readonly #hooks: CoreHooks;
  /** Whether the store has the timers and subscriptions of the state. */
  #isAligned = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** Operations that have their turn or wait for it. */
  #operations = 0;
  #closedFor: PluvioError | undefined;
  /** Something is being put in its place. */
  givesWay = false;

  constructor(services: WorkerServices, record: WorkerRecord, isStored: boolean, hooks: CoreHooks) {
    this.services = services;
    this.isStored = isStored;
    this.#hooks = hooks;
    // Without a checkpoint, bundle and journal are the state of one whose inputs are journalled: it begins anew.
    const begins = record.policy !== 'never' && record.checkpoint === null && !record.ended;
    // After a crash what is not journalled does not go on by itself.
    const goesOn = record.policy !== 'never' || (record.running && record.clean);
    const halted = record.halted || (record.checkpoint?.resumable === true && !goesOn);
    this.record = { ...record, halted, fresh: record.fresh || begins };
    this.activeMs = services.clock.monotonicMs();
    this.side = new WorkerSide(services, () => hooks.poked());
    this.inputs = new WorkerInputs(hooks.inputsOwner, services.limits.mailbox, services.clock);
    this.inputs.knownSeq = record.checkpoint?.inputSeq ?? 0;
    this.commits = new WorkerCommits(services, this, this.gathers);
    this.meter = new WorkerMeter(services.metrics);
    if (record.ended) this.phase = 'ended';
    else if (!record.fresh && !record.checkpoint && !this.isDurable) this.phase = 'lost';
    if (this.isOver) this.log.end();
  }

  get name(): string {
    return this.record.name;
  }

  /** Somebody stopped the call in progress: it goes on by `resume` alone. */
  get halted(): boolean {
    return this.record.halted;
  }

  set halted(halted: boolean) {
    if (halted !== this.record.halted) this.record = { ...this.record, halted };
  }

  get log(): WorkerLog {
    return this.side.log;
  }

  get status(): WorkerStatus {
    if (this.move) return 'moving';
    if (this.phase === 'ended' || this.phase === 'lost') return this.phase;
    if (this.phase === 'closed') return 'ended';
    if (this.live) return this.live.engine.state === 'closed' ? 'ended' : this.live.engine.state;
    if (this.record.checkpoint?.resumable !== true) return this.record.asleep ? 'hibernated' : 'idle';
    return this.halted ? 'stopped' : 'hibernated';
  }

  /** Whether its inputs are journalled and its state is kept by a policy. */
  get isDurable(): boolean {
    return this.record.policy !== 'never';
  }

  get isMigratable(): boolean {
    return this.record.notMigratable.length === 0;
  }

  get gathers(): boolean {
    return this.record.policy === 'each-call' && this.isMigratable;
  }

  get isOver(): boolean {
    return this.phase === 'ended' || this.phase === 'lost' || this.phase === 'closed';
  }

  figures(): { fuelUsed: string; memoryPages: number } {
    const { engine } = this.live ?? {};
    return {
      fuelUsed: (engine?.fuelUsed ?? this.record.fuelUsed).toString(),
      memoryPages: engine?.memoryPages ?? this.record.memoryPages,
    };
  }

  async load(ready?: Program): Promise<LiveWorker> {
    if (this.live) return this.live;
    if (this.phase !== 'parked') throw this.over();
    const { engines, post, clock } = this.services;
    const beganMs = clock.monotonicMs();
    const { asleep } = this.record;
    const { program, state, worker } = await this.#inPlace(async () => {
      const loaded =
        ready === undefined
          ? await loadState({ ...this.services, store: post.store }, this.record)
          : bundledState(ready);
      const { bundle } = ready ?? loaded.program;
      const hasSide = ready !== undefined || this.record.checkpoint?.stored !== true;
      await this.side.open(this.record, hasSide ? bundle : undefined);
      const engine = await engines.pick(this.record.tenant);
      return { ...loaded, worker: await this.#fit(() => this.createOn(engine, loaded.program, loaded.state)) };
    });
    if (this.phase !== 'parked') {
      await worker.close(); // deleted or closed meanwhile
      throw this.over();
    }
    this.live = new LiveWorker(worker, program);
    this.meter.begin(worker);
    this.phase = 'live';
    this.keptChanges = this.changes;
    this.activeMs = clock.monotonicMs();
    if (state !== null && worker.abi !== null) this.inputs.placed(worker.abi.lastSeq);
    if (this.record.asleep) this.record = { ...this.record, asleep: false, wakeMs: null };
    if (!this.#isAligned) await this.#align(worker);
    await this.fetchInputs();
    if (asleep) this.#woken((clock.monotonicMs() - beganMs) / 1000);
    return this.live;
  }

  /**
   * Brings it into memory as a twin of one that stands still.
   * @param side Log and unread input of that one.
   * @param lastSeq The last input of that one's journal: what it had not taken, the twin will not be given.
   */
  async loadTwin({ engine: parent, program }: LiveWorker, side: Uint8Array, lastSeq: number): Promise<void> {
    await this.side.open(this.record, { ...program.bundle, log: side });
    const spec = guestSpec(this.services, program, this.record);
    const guest = this.#hooks.guest();
    const done = { upTo: lastSeq, except: [] };
    const { worker: twin } = await this.#inPlace(async () => ({
      worker: await this.#fit(() =>
        parent.engine.fork(parent, program.module, spec, placedFiles(program), done, guest),
      ),
    }));
    this.live = new LiveWorker(twin, program);
    this.meter.begin(twin);
    this.phase = 'live';
    this.inputs.knownSeq = twin.abi?.lastSeq ?? 0;
    this.halted = twin.state === 'stopped';
  }

  /** Makes it in memory, if its tenant may have it there, and once the node has a place. @throws PluvioError `TENANT_LIMIT`, `NODE_FULL` */
  async #inPlace<Made extends { readonly worker: EngineWorker }>(make: () => Promise<Made>): Promise<Made> {
    const { quotas, places } = this.services;
    const quota = quotas.enter(this.record);
    let leave: LeavePlace | undefined;
    try {
      const entered = places.enter(this.record);
      leave = entered instanceof Promise ? await entered : entered;
      const made = await make();
      this.#holdPlace(made.worker, leave, quota);
      return made;
    } catch (error) {
      quota?.failed();
      leave?.();
      quotas.notMade(this.record, error);
      throw error;
    }
  }

  #fit<Made>(make: () => Promise<Made>): Promise<Made> {
    return this.services.places.fit(this.record, make);
  }

  /** The place is free when the worker has left memory; one that goes to another engine keeps it. */
  #holdPlace(worker: EngineWorker, leave: LeavePlace, quota: EnteredPlace | undefined): void {
    const left = (): void => {
      const next = this.live?.engine;
      if (next !== undefined && next !== worker && next.state !== 'closed') return this.#holdPlace(next, leave, quota);
      // What was never the node's, is over or has gone keeps nothing here.
      const keeps = this.isStored && !this.isOver;
      quota?.left(keeps ? (worker.abi?.usage.storageBytes ?? 0) : 0);
      leave();
    };
    worker.over.addEventListener('abort', left, { once: true });
  }

  /** The store has its record and it is in memory already: timers and topics follow. */
  async alignNow(): Promise<void> {
    if (this.live && !this.#isAligned) await this.#align(this.live.engine);
  }

  #woken(seconds: number): void {
    const { name: worker, tenant } = this.record;
    this.services.metrics.woken({ worker, tenant, seconds, reason: WAKE_REASONS[this.inputs.nextKind ?? 'none'] });
  }

  /** Has the store's timers and subscriptions follow a state that may be older than they are. */
  async #align(worker: EngineWorker): Promise<void> {
    this.#isAligned = true;
    const standing = this.isStored && worker.abi !== null ? await worker.standing() : null;
    if (standing === null) return;
    // What no state will be given any more counts as taken.
    const { coveredSeq = 0 } = (await this.services.post.store.journalState(this.name)) ?? {};
    if (coveredSeq > (worker.abi?.lastSeq ?? 0)) await worker.settleInputs({ upTo: coveredSeq, except: [] });
    const subscriptions = standing.subscriptions.map((topic) => topicOf(this.record.tenant, topic));
    await this.services.post.commit(this.name, { timers: timersOf(standing), subscriptions });
  }

  /** The state that comes next may be older than what the store has. */
  stateLost(): void {
    this.#isAligned = false;
  }

  /** The worker in that state on an engine. */
  createOn(engine: Engine, program: Program, state: GuestState | null): Promise<EngineWorker> {
    const spec = guestSpec(this.services, program, this.record);
    return engine.create(program.module, spec, placedFiles(program), state, this.#hooks.guest());
  }

  /** Takes from the journal what the state has not taken. */
  async fetchInputs(): Promise<void> {
    const { store } = this.services.post;
    while (this.isStored) {
      const page = await store.pendingInputs(this.name, this.inputs.knownSeq, JOURNAL_PAGE);
      if (page.length === 0) return;
      for (const input of page) {
        // What was given up is not done again: its state is that of the worker without it.
        if (isCancelled(input)) this.skip(input.seq);
        else this.inputs.add(queuedOf(input));
      }
    }
  }

  /** An input of the journal that will not be given to the worker counts as taken. */
  skip(seq: number): void {
    this.inputs.skip(seq);
    this.live?.engine.skipInput(seq);
  }

  #wakeAgain(): boolean {
    const wants = this.phase === 'parked' && !this.halted;
    if (wants) this.#hooks.wake();
    return wants;
  }

  /** Something that it was to do by itself has failed. */
  failed(what: string, error: unknown): void {
    if (this.phase === 'closed') return;
    if (error instanceof PluvioError && (error.code === 'WORKER_ENDED' || error.code === 'ENGINE_LOST')) return;
    if (error instanceof PluvioError && NO_PLACE.has(error.code)) {
      return this.services.quotas.tryAgain(this.record, error, () => this.#wakeAgain()); // an event has told of it
    }
    this.services.logger.log('error', what, { worker: this.name, error: String(error) });
  }

  touch(): void {
    this.changes++;
    this.activeMs = this.services.clock.monotonicMs();
  }

  refuseMove(): void {
    if (this.move) throw refusal.moving(this.name, this.move);
  }

  refuseUnlessMigratable(what: 'captured' | 'moved'): void {
    if (!this.isMigratable) throw refusal.notMigratable(this.record, what);
  }

  over(): PluvioError {
    return this.#closedFor ?? refusal.over(this.name, this.phase === 'lost');
  }

  mustLive(): LiveWorker {
    if (!this.live) throw this.over();
    return this.live;
  }

  /** Ends the worker here, whatever it does; its record is the caller's. */
  async close(reason: PluvioError): Promise<void> {
    const live = this.live;
    this.phase = 'closed';
    this.#closedFor = reason;
    this.live = undefined;
    this.call?.reject(reason);
    this.call = undefined;
    this.inputs.leave(reason);
    this.log.end();
    await live?.close();
    await this.commits.idle();
  }

  async save(change: Partial<WorkerRecord>): Promise<void> {
    if (this.phase === 'closed') return;
    this.record = { ...this.record, ...change };
    await this.commits.flush(undefined, this.record);
  }

  /** Whether no operation has its turn or waits for it. */
  get isFree(): boolean {
    return this.#operations === 0;
  }

  async inTurn<Result>(operation: () => Promise<Result>): Promise<Result> {
    const before = this.#turn;
    const over = Promise.withResolvers<void>();
    this.#turn = over.promise;
    try {
      if (this.#operations++ > 0) await before;
      return await operation();
    } finally {
      this.#operations--;
      over.resolve();
    }
  }
}

/** An input as the journal has it, on its way to the worker. */
function queuedOf({ seq, kind, key, info, body, outcome }: JournalInput): QueuedInput {
  const call = kind === 'call' || (kind === 'http' && isCall(info)) ? decodeCall(body) : undefined;
  return {
    seq,
    ref: String(seq),
    info: kind === 'timer' ? timerInfo(key, info) : (info as unknown as InputInfo), // written by this node or one before it
    call,
    body: call?.body ?? body,
    replayed: outcome !== null,
  };
}

/** What the guest is told of a timer that the store has fired. */
function timerInfo(key: string | null, info: unknown): InputInfo {
  const { id: timer, dueMs } = info as { id: string; dueMs: number }; // as the store writes it
  return { id: key ?? '', kind: 'timer', timer, dueMs };
}

/** Whether it is a call whose end says that it was given up. */
function isCancelled({ outcome }: JournalInput): boolean {
  const end = outcome === null ? undefined : decodeEnd(outcome);
  return end?.kind === 'call' && end.outcome.kind === 'trapped' && end.outcome.code === 'cancelled';
}

/** Whether an HTTP request is for an export: its body is that of a call then. */
const isCall = (info: unknown): boolean => typeof info === 'object' && info !== null && 'export' in info;
