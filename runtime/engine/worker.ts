/**
 * A worker: one instance with its host modules, its call in progress and its limits.
 *
 *     idle ──call, start──▶ running ──slice over──▶ (event loop) ──▶ running …
 *                             │  ├─ host call waits ─▶ waiting ──answer──▶ running
 *                             │  └─ stop, limit ─────▶ stopped ──resume──▶ running
 *                             └─ returned, exited, trapped ─▶ idle
 *
 * Boundary: the run loop. Stacks are in stack.ts and frames.ts, snapshots in capture.ts, imports in host-calls.ts, instances in instance.ts.
 *
 * Invariants:
 * 1. The guest runs in slices (turns.ts). Between two of them its stack is put aside by the engine, where it can do that, or it is
 *    `#stack` and nothing of it is on the engine's.
 * 2. The guest leaves the stack for exactly one reason, `#signal`, which is set before.
 * 3. Fuel is settled with `#fuel` whenever the guest leaves the stack or asks for more.
 * 4. A host call that waits is executed again when its answer is there; `HostCalls` then gives the answer without calling the host.
 * 5. While a host function runs, the depth of host calls is positive; activations inside it can't be captured, so no slice ends there.
 */
import { assert, PluvioError } from '../errors/index.ts';
import { TURN, UNWIND } from '../instrument/index.ts';
import { beginCall, returnedOutcome } from './entries.ts';
import { FuelMeter } from './fuel-meter.ts';
import type { ModuleInstance } from './instance.ts';
import { type ResolvedLimits, resolveLimits, STACK_UNIT_BYTES } from './limits.ts';
import type { LoadedModule } from './loaded-module.ts';
import { initialChanges } from './memory-state.ts';
import type { Pending } from './pending.ts';
import { forkWorker } from './fork.ts';
import { HostCalls } from './host-calls.ts';
import type { Snapshot } from './snapshot.ts';
import { SnapshotTaker } from './snapshot-taker.ts';
import { busyError, closedError, notResumableError, notStoppedError } from './state-errors.ts';
import { type CapturedStack, clearSave, layStack, takeStack } from './stack.ts';
import type { EngineThread, Running } from './thread.ts';
import { trappedOutcome } from './traps.ts';
import type { Room } from './room.ts';
import { SUSPENDED_MAX, Turns } from './turns.ts';
import { AnswerWait } from './waiting.ts';
import type { EntryCall, RestoredState, Signal, WorkerParts } from './worker-parts.ts';
import type {
  GuestAccess,
  HandleMap,
  HostModule,
  Outcome,
  PollDecision,
  SnapshotOptions,
  Wake,
  WorkerLimits,
  WorkerOptions,
  WorkerState,
} from './types.ts';

/** A running container: called, stopped anywhere, kept as a snapshot, resumed. */
export class Worker implements Running {
  readonly module: LoadedModule;
  readonly name: string;
  readonly instance: ModuleInstance;
  readonly hosts: readonly HostModule[];
  readonly handles: HandleMap | undefined;
  readonly #parts: WorkerParts;
  readonly #thread: EngineThread;
  readonly #onPoll: (() => PollDecision) | undefined;
  #limits: ResolvedLimits;

  #state: WorkerState = 'idle';
  #stack: CapturedStack | undefined;
  #entryFunc = -1;
  /** The start function has not ended. */
  #startPending: boolean;
  /** The call that waits for the start function. */
  #waitingCall: EntryCall | undefined;

  #signal: Signal | undefined;
  #stopAsked = false;
  /** Settles when the call in progress has stopped or ended. */
  #ended: Promise<void> | undefined;

  readonly #hostCalls: HostCalls;
  readonly #fuel: FuelMeter;
  readonly #snapshots = new SnapshotTaker(this);
  readonly #turns: Turns;
  readonly room: Room;
  readonly #answers = new AnswerWait();
  /** The call runs on a stack that can be put aside; whether it is. */
  #ownStack = false;
  #suspended = false;
  #lastPoll = 0;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(parts: WorkerParts, restored?: RestoredState) {
    this.module = parts.module;
    this.name = parts.name;
    this.instance = parts.instance;
    this.hosts = parts.hosts;
    this.handles = parts.handles;
    this.#parts = parts;
    this.#thread = parts.thread;
    this.#limits = parts.limits;
    this.#onPoll = parts.onPoll;
    this.#fuel = new FuelMeter(restored?.fuelUsed ?? 0, parts.onPoll === undefined);
    this.room = parts.room;
    parts.share.beginAt(restored?.fuelUsed ?? 0);
    this.#turns = new Turns(parts.module, parts.share, parts.thread.queue);
    const leave = (signal: Signal): number => this.#leave(signal);
    this.#hostCalls = new HostCalls(parts, this.#fuel, this.#turns, leave, restored?.restartState);
    this.#startPending = restored?.startPending ?? parts.module.module.startFunc !== undefined;
    if (restored === undefined) return;
    this.#stack = restored.stack;
    this.#waitingCall = restored.waitingCall;
    this.#entryFunc = restored.entryFunc;
    if (restored.stack !== undefined || restored.waitingCall !== undefined) this.#state = 'stopped';
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Fuel used in all calls so far. After a trap: at least what was charged up to the last call or loop check before it. */
  get fuelUsed(): bigint {
    return BigInt(this.#fuel.used);
  }

  /** Pages of 64 KiB in all memories. */
  get memoryPages(): number {
    return this.instance.memoryPages;
  }

  get limits(): ResolvedLimits {
    return this.#limits;
  }

  /** How long it has run, in milliseconds. */
  get ranMs(): number {
    return this.#parts.share.ranMs;
  }

  /** While it waits in a host call: what ends the wait, where that is known without the worker. */
  get wake(): Wake | undefined {
    return this.#answers.wake;
  }

  #setState(state: WorkerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.options.onState?.(state);
  }

  /**
   * Calls an export. i64 arguments and results are bigints, as in the WebAssembly JavaScript interface.
   * @throws PluvioError `WORKER_BUSY`, `WORKER_CLOSED`, `EXPORT_NOT_FOUND`, `INVALID_ARGUMENT`
   */
  async call(name: string, args: readonly unknown[] = []): Promise<Outcome> {
    this.#requireOpen();
    if (this.#state !== 'idle') throw busyError(this);
    const call = beginCall(this.#parts, name, args);
    this.#entryFunc = call.func;
    return this.#track(async () => (this.#startPending ? this.#runStart(call) : this.#run(() => this.#enter(call))));
  }

  /** Runs a WASI command: its `_start`. A return counts as exit with code 0. @throws PluvioError as `call` */
  async start(): Promise<Outcome> {
    return this.call('_start');
  }

  #enter({ func, args }: EntryCall): unknown {
    const target = this.instance.func(func) as (...args: readonly unknown[]) => unknown;
    return this.#turns.startsOnOwnStack(func) ? this.#onOwnStack(target, args) : target(...args);
  }

  /** Calls a function on a stack that can be put aside, where there are such stacks: gives a promise then. */
  #onOwnStack(func: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): unknown {
    const { stacks } = this.#thread;
    if (stacks === undefined) return func(...args);
    this.#ownStack = true;
    return stacks.promising(func)(...args);
  }

  async #runStart(call: EntryCall): Promise<Outcome> {
    this.#waitingCall = call;
    const func = this.module.module.startFunc;
    assert(func !== undefined, 'start without a start function');
    return this.#run(() => this.#enter({ func, args: [] }));
  }

  /**
   * Goes on with a stopped call, here or after a restore. Ends as the call does.
   * @throws PluvioError `WORKER_NOT_RESUMABLE`, `WORKER_CLOSED`, `STACK_TOO_DEEP`
   */
  async resume(options: { readonly limits?: WorkerLimits } = {}): Promise<Outcome> {
    this.#requireOpen();
    if (this.#state !== 'stopped') throw notResumableError(this);
    if (options.limits !== undefined) this.room.limits = this.#limits = resolveLimits(options.limits, this.#limits);
    const waiting = this.#waitingCall;
    if (this.#stack === undefined && waiting !== undefined) return this.#track(async () => this.#runStart(waiting));
    return this.#track(async () => this.#run(() => this.#continue()));
  }

  /** The call's time begins. `stop` can wait for it from its very beginning, as a host function of the first slice may ask for the stop. */
  async #track(run: () => Promise<Outcome>): Promise<Outcome> {
    this.#deadline = performance.now() + this.#limits.wallClockMs;
    this.#turns.beginCall();
    const ended = Promise.withResolvers<void>();
    this.#ended = ended.promise;
    try {
      return await run();
    } finally {
      this.#ended = undefined;
      ended.resolve();
    }
  }

  /** Asks the call in progress to stop at its next safepoint; resolves when it has stopped or ended. */
  async stop(): Promise<void> {
    if (this.#ended === undefined) return;
    this.#stopAsked = true;
    this.#turns.hurry();
    this.#answers.interrupt();
    await this.#ended;
  }

  /** Gives up the call that was stopped: its stack is gone, the rest of the state stays as it is. */
  abandon(): void {
    if (this.#state === 'stopped') this.#finish({ kind: 'exited', code: 0 });
  }

  /**
   * The state as bytes of its own; see docs/snapshot-format.md.
   * @throws PluvioError `WORKER_NOT_STOPPED`, `NOT_MIGRATABLE`, `WORKER_CLOSED`, `SNAPSHOT_PARENT`
   */
  snapshot(options: SnapshotOptions = {}): Uint8Array {
    return this.#snapshots.take(this.stateAtRest(), options);
  }

  /** The whole state as data of its own. @throws PluvioError as `snapshot` */
  capture(): Snapshot {
    return this.#snapshots.capture(this.stateAtRest(), initialChanges(this.instance, true));
  }

  /** Forgets the snapshot that was kept, and releases the copy of the memories. */
  forgetSnapshot(): void {
    this.#snapshots.forget();
  }

  /**
   * A second worker in the same state; both go on by themselves, what a waiting one waits for is asked for again in the fork. The
   * imports, handles and limits are this worker's unless `options` has others; host modules must be given anew, of the same names.
   * @throws PluvioError as `snapshot` and `restoreWorker`
   */
  async fork(options: WorkerOptions = {}): Promise<Worker> {
    return forkWorker(this.#parts, this.stateAtRest(), options, this.#limits);
  }

  /** What it is besides its instance, for who takes a copy or a look. @throws PluvioError `WORKER_NOT_STOPPED`, `WORKER_CLOSED` */
  stateAtRest(): RestoredState {
    this.#requireOpen();
    if (this.#state === 'running') throw notStoppedError(this);
    return {
      stack: this.#stack,
      restartState: this.#hostCalls.leftState,
      startPending: this.#startPending,
      waitingCall: this.#waitingCall,
      entryFunc: this.#entryFunc,
      fuelUsed: this.#fuel.used,
    };
  }

  /** Ends the worker: stops the call in progress and releases what its host modules hold. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    await this.stop();
    this.#setState('closed');
    this.room.close();
    this.#stack = undefined;
    this.forgetSnapshot();
    for (const host of this.hosts) host.close?.();
  }

  #requireOpen(): void {
    if (this.#state === 'closed') throw closedError(this);
  }

  // --- the run loop ---

  async #run(first: () => unknown): Promise<Outcome> {
    this.#setState('running');
    this.#stopAsked = false;
    let enter = first;
    if (this.#turns.mustWait) await this.#nextTurn();
    for (;;) {
      const run = this.#slice(enter);
      const outcome = run instanceof Promise ? await run : run;
      if (outcome !== undefined) {
        const waiting = this.#waitingCall;
        if (outcome.kind !== 'returned' || waiting === undefined) return this.#finish(outcome);
        this.#startPending = false;
        this.#waitingCall = undefined;
        enter = () => this.#enter(waiting);
        continue;
      }
      const ended = await this.#between();
      if (ended !== undefined) return this.#finish(ended);
      enter = () => this.#continue();
    }
  }

  /** Sets the state that an outcome leaves the worker in. */
  #finish(outcome: Outcome): Outcome {
    const resumable = outcome.kind === 'stopped' || outcome.kind === 'limit';
    this.#setState(resumable && this.#stack !== undefined ? 'stopped' : 'idle');
    if (this.#state === 'idle') {
      this.#stack = undefined;
      this.#waitingCall = undefined;
      this.#hostCalls.ended();
    }
    return outcome;
  }

  /** Runs the guest until it ends (its outcome) or leaves the stack for a reason that the loop deals with (undefined). */
  #slice(enter: () => unknown): Outcome | undefined | Promise<Outcome | undefined> {
    const thread = this.#thread;
    const outer = thread.current;
    clearSave(thread);
    this.#signal = undefined;
    this.#hostCalls.beginSlice();
    this.#ownStack = false;
    this.#beginTurn();
    this.instance.depth.value = this.#limits.stackDepth * STACK_UNIT_BYTES;
    this.instance.fuel.value = this.#fuel.grant(this.#limits.fuel, 0);
    try {
      const result = enter();
      if (this.#ownStack) return this.#promised(result as Promise<unknown>); // as `promising` says
      return this.#left(result);
    } catch (thrown) {
      return this.#threw(thrown);
    } finally {
      this.#endTurn(outer);
    }
  }

  #beginTurn(): void {
    this.#thread.current = this;
    this.#turns.begin();
    this.#lastPoll = performance.now();
  }

  /** The guest does not run now: it has left the stack, or its stack was put aside. */
  #endTurn(outer: Running | undefined): void {
    const thread = this.#thread;
    this.#turns.pause();
    thread.current = outer;
    if (this.#suspended) return;
    this.#hostCalls.stackLeft();
    if (this.#ownStack && this.#signal !== undefined && !this.#hostCalls.lost) this.#stack = takeStack(thread);
    clearSave(thread); // a worker around this one may be stopped next
  }

  /** What becomes of a guest on a stack of its own. `#endTurn` has its records by then: others may run before this goes on. */
  async #promised(result: Promise<unknown>): Promise<Outcome | undefined> {
    try {
      return this.#left(await result);
    } catch (thrown) {
      return this.#threw(thrown);
    }
  }

  #left(result: unknown): Outcome | undefined {
    const { fuel } = this.instance;
    if (fuel.value === UNWIND) return this.#stopped();
    this.#fuel.settle(fuel.value);
    if (this.#waitingCall !== undefined) return { kind: 'returned', values: [] }; // that was the start function
    return returnedOutcome(this.#parts, this.#entryFunc, result);
  }

  #threw(thrown: unknown): Outcome | undefined {
    if (this.#thread.isStop(thrown)) return this.#stopped();
    if (this.#fuel.granted > 0) this.#fuel.settle(this.instance.fuel.value);
    if (thrown instanceof PluvioError) throw thrown;
    return trappedOutcome(thrown, this.module, this.#thread);
  }

  /** The guest has left the stack: keeps the records, if the call can go on. */
  #stopped(): Outcome | undefined {
    const signal = this.#signal;
    assert(signal !== undefined, 'a stop that nobody asked for');
    if (signal.kind === 'exit') return { kind: 'exited', code: signal.code };
    if (signal.kind === 'trap') return trappedOutcome(signal.trap, this.module, this.#thread);
    if (this.#hostCalls.lost) this.#stack = undefined;
    else if (!this.#ownStack) this.#stack = takeStack(this.#thread);
    if (signal.kind === 'limit') return { kind: 'limit', limit: signal.limit };
    return signal.kind === 'stop' ? { kind: 'stopped' } : undefined;
  }

  #continue(): unknown {
    const stack = this.#stack;
    assert(stack !== undefined, 'nothing to continue');
    return this.#onOwnStack(layStack(this.#thread, this.instance, stack), []);
  }

  /** Between two slices: lets others run, or waits for a host call's answer. Gives an outcome if the call is not to go on now. */
  async #between(): Promise<Outcome | undefined> {
    if (this.#signal?.kind === 'wait') return this.#wait(this.#signal.pending);
    await this.#nextTurn();
    return this.#stopAsked ? { kind: 'stopped' } : undefined;
  }

  async #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#turns.wait(this.#fuel.used, this.#stopAsked, resolve));
  }

  async #wait(pending: Pending): Promise<Outcome | undefined> {
    this.#hostCalls.waits(pending);
    const answer = this.#answers.wait(pending, this.#deadline - performance.now());
    this.#setState('waiting');
    if (this.#stopAsked) this.#answers.interrupt();
    const first = await answer;
    if (first === 'interrupted') return { kind: 'stopped' };
    if (first === 'late') return { kind: 'limit', limit: 'wallClockMs' };
    this.#setState('running');
    this.#hostCalls.answered(first, pending);
    return undefined; // if a stop was asked for meanwhile, it comes at the next safepoint: the answer is not lost
  }

  // --- what instrumented code calls ---

  enter(remaining: number, charge: number): number {
    if (this.instance.depth.value >= 0 || this.#hostCalls.lost) return this.poll(remaining, charge);
    this.#fuel.settle(remaining);
    return this.#leave({ kind: 'limit', limit: 'stackDepth' });
  }

  poll(remaining: number, charge: number): number {
    if (this.#hostCalls.lost) return UNWIND;
    this.#fuel.settle(remaining);
    const now = performance.now();
    if (now > this.#deadline) return this.#leave({ kind: 'limit', limit: 'wallClockMs' });
    if (this.#limits.fuel - this.#fuel.used < charge) return this.#leave({ kind: 'limit', limit: 'fuel' });
    if (this.#onPoll !== undefined && this.#hostCalls.depth === 0) {
      const decision = this.#onPoll();
      if (decision !== 'go on') return this.#leave({ kind: decision });
      return this.#fuel.grant(this.#limits.fuel, charge);
    }
    if (this.#hostCalls.depth === 0) {
      if (this.#stopAsked) return this.#leave({ kind: 'stop' });
      if (this.#turns.isOver(now)) return this.#endSlice();
    }
    this.#fuel.adapt(now - this.#lastPoll);
    this.#lastPoll = now;
    return this.#fuel.grant(this.#limits.fuel, charge);
  }

  #endSlice(): number {
    const reenters = this.#turns.end(this.#entryFunc);
    const leaves = reenters || !this.#ownStack || this.#thread.suspended >= SUSPENDED_MAX;
    return leaves ? this.#leave({ kind: 'slice' }) : TURN;
  }

  turn(charge: number): Promise<number> {
    this.#thread.suspended++;
    this.#suspended = true;
    return new Promise((resolve) => {
      this.#turns.wait(this.#fuel.used, this.#stopAsked, () => {
        this.#thread.suspended--;
        this.#suspended = false;
        this.#beginTurn();
        resolve(this.#stopAsked ? this.#leave({ kind: 'stop' }) : this.#fuel.grant(this.#limits.fuel, charge));
        queueMicrotask(() => this.#endTurn(undefined)); // the guest runs on in the microtask before this one
      });
    });
  }

  #leave(signal: Signal): number {
    this.#signal = signal;
    this.#hostCalls.leaveStack();
    return UNWIND;
  }

  bulk(bytes: number, fuel: number): number {
    return this.#fuel.chargeBulk(bytes, fuel);
  }

  /** Answers an import that the guest calls; for instrumented code. */
  callImport(index: number, args: readonly unknown[]): unknown {
    return this.#hostCalls.callImport(index, args);
  }

  /** The memory of that index. @throws PluvioError `LINK_FAILED` there is none */
  memory(index = 0): WebAssembly.Memory {
    return this.instance.memory(index);
  }

  /** What host modules see. */
  get guest(): GuestAccess {
    return this.#hostCalls;
  }
}
