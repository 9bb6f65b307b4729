/**
 * How one worker runs: brought into memory, given inputs, its calls begun and ended.
 *
 * Invariants:
 * 1. A pause that serves a snapshot or a move never ends the call that callers wait for.
 * 2. Before anything runs whose inputs are not journalled, the record in the store says that the state is no longer that of bundle or
 *    checkpoint. Otherwise checkpoint and journal together are the state.
 */
import type { Outcome } from '../engine/index.ts';
import { assert, PluvioError } from '../errors/index.ts';
import type { JsonOutcome } from './api-types.ts';
import type { LiveWorker } from './live-worker.ts';
import { valueOfJson } from '../values/index.ts';
import { jsonOf } from './outcome-json.ts';
import type { InputInfo } from '../host/index.ts';
import type { Span } from './metrics/tracing.ts';
import type { Ended, StateBytes } from './threads/engine-protocol.ts';
import { failedReply } from './worker-calls.ts';
import type { WorkerCore } from './worker-core.ts';
import type { WorkerGuest } from './worker-guest.ts';
import type { QueuedInput } from './input-end.ts';
import { type CallInput, INPUT_EXPORT, type InputTaker, type WaitingInput } from './worker-inputs.ts';
import type { WorkerKeeping } from './worker-keeping.ts';
import * as refusal from './worker-refusals.ts';

/** When a deadline is looked at again that came while the worker was being moved. */
const LATE_AGAIN_MS = 500;

export class WorkerRunning {
  readonly #core: WorkerCore;
  readonly #keeping: WorkerKeeping;
  #fetching = false;
  /** For inputs, as long as it is in memory. */
  #taker: { readonly live: LiveWorker; readonly taker: InputTaker } | undefined;
  /** Of the call in progress; undefined: it belongs to no trace. */
  #span: Span | undefined;
  /** When the call in progress began here, or went on. */
  #beganMs = 0;

  constructor(core: WorkerCore, keeping: WorkerKeeping) {
    this.#core = core;
    this.#keeping = keeping;
  }

  /** Whether inputs may go to it now. */
  takesInputs(): boolean {
    const { isOver, move, halted } = this.#core;
    return !isOver && !move && !halted;
  }

  /** Brings it into memory, for inputs. */
  awake(): InputTaker | Promise<InputTaker> {
    const { live, isFree } = this.#core;
    return isFree && live !== undefined && !this.#goesOn(live)
      ? this.#takerOf(live)
      : this.#core.inTurn(() => this.#awake());
  }

  async #awake(): Promise<InputTaker> {
    const live = await this.#core.load();
    const { engine } = live;
    if (this.#goesOn(live)) {
      if (engine.state === 'stopped') await this.#beginCall(() => engine.resume(), 'resumed');
      else await this.#beginCall(() => engine.start(), 'started');
    }
    return this.#takerOf(live);
  }

  /** Whether what it was in is to go on; a command that had begun, and of which nothing was kept yet, begins anew. */
  #goesOn({ engine }: LiveWorker): boolean {
    if (engine.state === 'stopped') return !this.#core.halted;
    const { kind, fresh, running } = this.#core.record;
    return engine.state === 'idle' && kind === 'command' && fresh && running;
  }

  #takerOf(live: LiveWorker): InputTaker {
    if (this.#taker?.live !== live) this.#taker = { live, taker: this.#makeTaker(live) };
    return this.#taker.taker;
  }

  #makeTaker(live: LiveWorker): InputTaker {
    const { engine, program } = live;
    const { usesAbi, funcs } = program.module;
    const takesMessages = funcs.has(INPUT_EXPORT);
    return {
      takesMessages,
      get isIdle() {
        return engine.state === 'idle';
      },
      get mailboxRoom() {
        if (!usesAbi) return 0;
        if (!takesMessages) return Number.POSITIVE_INFINITY;
        return engine.state === 'waiting' && engine.wake?.input === true ? 1 : 0;
      },
      call: (input) => {
        if (this.#core.isFree && this.#core.live === live && live.isSettled && !this.#mustMark()) {
          return this.#run(live, this.#callOf(live, input), 'started');
        }
        return this.#core.inTurn(() => this.#beginCall(this.#callOf(live, input), 'started'));
      },
      deliver: (inputs) => (this.#core.live === live ? engine.deliver(inputs) : Promise.resolve(0)),
    };
  }

  /** What makes the call of an input. @throws PluvioError `WORKER_BUSY` */
  #callOf(live: LiveWorker, given: CallInput): () => Promise<Ended> {
    const { seq, info, call } = given;
    const { engine, program } = live;
    if (this.#core.live !== live || engine.state !== 'idle') throw refusal.notReady(this.#core.name, this.#core.status);
    const args = call.args.map(valueOfJson);
    // Standard input may be on its way to the guest: then the state is asked for when that has arrived.
    const keeps = this.#core.gathers && !this.#core.record.stdinOpen ? this.#keeping.nextForm(live) : null;
    const traced = this.#beginSpan(call.export, info);
    const streams = this.#core.inputs.listenerOf(given)?.written !== undefined;
    const { incoming } = given;
    const parts = { ...(streams ? { streams } : {}), ...(incoming === undefined ? {} : { bodyName: incoming.name }) };
    const input = program.module.usesAbi ? { seq, info: traced, body: call.body, ...parts } : null;
    return () => {
      const running = engine.call(call.export, args, input, keeps);
      incoming?.flow((part) => engine.addBody(incoming.name, part));
      return running;
    };
  }

  /**
   * Gives an input up that is not over: one that waits is taken back, a call in progress ends as a trap, `cancelled`.
   * @param ref Undefined: the call in progress.
   * @throws PluvioError `INPUT_NOT_FOUND`, `WORKER_MOVING`, `WORKER_ENDED`
   */
  cancel(ref: string | undefined, reason: string): Promise<void> {
    return this.#core.inTurn(async () => {
      this.#core.refuseMove();
      const waiting = ref === undefined ? undefined : this.#core.inputs.withdraw(ref);
      if (waiting !== undefined) return this.#takenBack(waiting, reason);
      const { current } = this.#core.inputs;
      if (ref !== undefined && current?.ref !== ref) throw refusal.noInput(this.#core.name, ref);
      const live = await this.#core.load();
      const { state } = live.engine;
      if (state === 'idle' || state === 'closed') throw refusal.noInput(this.#core.name, ref);
      if (state !== 'stopped') return void (await live.engine.cancel(reason));
      this.#core.halted = false;
      await this.#beginCall(async () => {
        const ended = await live.engine.cancel(reason);
        assert(ended !== null, 'a stopped call that was given up has no end');
        return ended;
      }, 'resumed');
    });
  }

  /**
   * Nobody waits for an input any more. One that waits is taken back; of one that the guest has it is told, and it goes on as it likes.
   * @param ref As of `cancel`; one that is over, or goes elsewhere with the worker, is left alone.
   */
  askerGone(ref: string): void {
    this.#core
      .inTurn(() => this.#giveUp(ref))
      .catch((error: unknown) => this.#core.failed('an input could not be given up', error));
  }

  async #giveUp(ref: string): Promise<void> {
    const { inputs, isOver, move } = this.#core;
    if (isOver || move) return;
    const waiting = inputs.withdraw(ref);
    if (waiting !== undefined) return this.#takenBack(waiting, 'who sent the request has gone');
    const seq = inputs.current?.ref === ref ? inputs.current.seq : inputs.deliveredSeqOf(ref);
    if (seq === undefined) return;
    const { engine } = await this.#core.load();
    engine.cancelInput(seq);
    if (!this.#core.halted) await this.#awake(); // it may have been asleep
  }

  async #takenBack(input: QueuedInput, message: string): Promise<void> {
    const outcome = { kind: 'trapped', code: 'cancelled', message, frames: [] } as const;
    const end = { kind: 'call', outcome, output: null, head: null } as const;
    input.listener?.ended(end);
    if (input.seq === 0) return;
    this.#core.skip(input.seq);
    this.#core.commits.end(input.seq, input.call === undefined ? { kind: 'message', reply: null } : end);
    await this.#core.commits.flush();
  }

  /** The deadline of a call has come. */
  isLate(ref: string): void {
    this.cancel(ref, 'the deadline of the call has passed').catch((error: unknown) => {
      const code = error instanceof PluvioError ? error.code : undefined;
      if (code === 'WORKER_MOVING') this.#core.services.clock.alarm(LATE_AGAIN_MS, () => this.isLate(ref));
      else if (code !== 'INPUT_NOT_FOUND') this.#core.failed('a call could not be given up at its deadline', error);
    });
  }

  /** Brings a sleeping worker into memory, and lets the call go on that is in progress. */
  wake(): void {
    void this.#core
      .inTurn(async () => {
        if (!this.#core.isOver && !this.#core.move && !this.#core.halted) await this.#awake();
      })
      .then(() => this.#core.inputs.pump())
      .catch((error: unknown) => this.#core.failed('a worker could not be woken', error));
  }

  /** Starts a command, or resumes a stopped call. */
  resume(): Promise<void> {
    return this.#core.inTurn(async () => {
      this.#core.refuseMove();
      const { engine } = await this.#core.load();
      if (this.#core.halted) await this.#core.save({ halted: false });
      if (engine.state === 'running' || engine.state === 'waiting') return;
      const starts = engine.state === 'idle' && this.#core.record.kind === 'command' && this.#core.record.fresh;
      if (engine.state === 'idle' && !starts) {
        throw new PluvioError('WORKER_NOT_RESUMABLE', `worker "${this.#core.name}" is idle; call one of its exports`);
      }
      await this.#beginCall(() => (starts ? engine.start() : engine.resume()), starts ? 'started' : 'resumed');
    });
  }

  /** Sets a new worker going: a command starts, a stopped call goes on, a reactor is initialised. */
  async begin(): Promise<void> {
    const { status } = this.#core;
    if (status === 'stopped' || (this.#core.record.kind === 'command' && this.#core.record.fresh)) return this.resume();
    const program = this.#core.live?.program;
    if (status !== 'idle' || !this.#core.record.fresh || program?.module.funcs.has('_initialize') !== true) return;
    await this.#core.inTurn(async () => {
      const { engine } = await this.#core.load();
      await this.#beginCall(() => engine.call('_initialize', []), 'started');
    });
    await this.#core.live?.settled;
  }

  async #beginCall(run: () => Promise<Ended>, event: 'started' | 'resumed'): Promise<void> {
    const live = this.#core.mustLive();
    await live.settled; // the last call's end has been recorded
    if (this.#mustMark()) {
      const running = this.#core.inputs.current === undefined;
      await this.#core.save({ fresh: false, clean: false, running, outcome: null });
    }
    this.#run(live, run, event);
  }

  /** Whether the record in the store must say first that something runs. */
  #mustMark(): boolean {
    const { isDurable, record, inputs } = this.#core;
    const { fresh, clean, running } = record;
    return fresh || (clean && !isDurable) || (inputs.current === undefined && !running);
  }

  #run(live: LiveWorker, run: () => Promise<Ended>, event: 'started' | 'resumed'): void {
    this.#core.call ??= Promise.withResolvers<Outcome>();
    this.#core.call.promise.catch(() => undefined);
    this.#core.touch();
    this.#beganMs = this.#core.services.clock.monotonicMs();
    live.begin(run, (ended, by) => this.#settle(by, ended));
    this.#core.services.events.emit(event, this.#core.name);
  }

  async #settle(live: LiveWorker, ended: Ended): Promise<void> {
    if (this.#core.live !== live) return;
    this.#core.touch();
    const outcome = jsonOf(ended.outcome);
    const stays = live.engine.state === 'stopped'; // stopped, or at a limit: it can be captured, and gone on with
    const input = this.#core.inputs.current;
    this.#measure(live, outcome, input);
    this.#endSpan(outcome);
    if (stays) {
      this.#core.halted = true;
      if (input !== undefined) this.#core.inputs.listenerOf(input)?.halted(outcome);
    } else this.#inputEnded(ended, outcome);
    const over = !stays && (this.#core.record.kind === 'command' || outcome.kind === 'exited');
    try {
      if (over) await this.#endProgram(outcome);
      else if (!stays && input !== undefined) await this.#keepInput(outcome, ended.snapshot);
      else if (outcome.kind !== 'stopped') await this.#core.save({ outcome, running: false });
    } catch (error) {
      this.#core.failed('the end of a call could not be kept', error);
    }
    const facts =
      outcome.kind === 'exited' ? { code: outcome.code } : outcome.kind === 'limit' ? { limit: outcome.limit } : {};
    this.#core.services.events.emit(outcome.kind, this.#core.name, facts);
    this.#core.call?.resolve(ended.outcome);
    this.#core.call = undefined;
    this.#core.inputs.pump();
  }

  /** A span for a call that belongs to a trace; what the guest causes belongs to it. */
  #beginSpan(name: string, info: InputInfo): InputInfo {
    const { record, services } = this.#core;
    this.#span = undefined;
    if (info.traceparent === undefined) return info;
    const attributes = { 'pluvio.worker': record.name, 'pluvio.tenant': record.tenant, 'pluvio.input': info.kind };
    this.#span = services.tracing.start(`run ${name}`, { parent: info.traceparent, kind: 'consumer', attributes });
    return { ...info, traceparent: this.#span.traceparent ?? info.traceparent };
  }

  #endSpan({ kind }: JsonOutcome): void {
    if (kind !== 'returned' && kind !== 'exited') this.#span?.fail(kind);
    this.#span?.end();
    this.#span = undefined;
  }

  #measure({ engine }: LiveWorker, { kind }: JsonOutcome, input: WaitingInput | undefined): void {
    const { meter, record, services } = this.#core;
    const { clock, metrics } = services;
    meter.tell(engine, record);
    const sinceMs = input?.arrivedMs ?? this.#beganMs;
    const seconds = (clock.monotonicMs() - sinceMs) / 1000;
    metrics.callEnded({ worker: record.name, tenant: record.tenant, seconds, outcome: kind });
  }

  /** Asks the engine how a worker is that runs. */
  async sample(): Promise<void> {
    const { live, meter, record } = this.#core;
    if (live === undefined) return;
    await live.engine.refresh();
    meter.tell(live.engine, record);
  }

  /** Says what became of the input that the call was made for, and of a message that it had taken. */
  #inputEnded({ left, known }: Ended, outcome: JsonOutcome): void {
    const input = this.#core.inputs.current;
    this.#core.inputs.current = undefined;
    if (input !== undefined) this.#core.inputs.calm(input.ref);
    const failure = failedReply(this.#core.name, outcome);
    if (left?.message !== undefined) this.#core.commits.end(left.message.seq, { kind: 'message', reply: failure });
    const seq = input?.seq ?? left?.seq;
    if (seq === undefined || known) return;
    const output = left === null || left.output.length === 0 ? null : left.output;
    if (input === undefined || input.info.kind === 'call' || input.info.kind === 'http') {
      const end = { kind: 'call', outcome, output, head: left?.head ?? null } as const;
      this.#core.commits.end(seq, end);
      input?.listener?.ended(end);
    } else {
      const reply = failure ?? (output === null ? null : ({ ok: true, body: output } as const));
      this.#core.commits.end(seq, { kind: 'message', reply });
    }
  }

  /** After an input: what its policy asks for. */
  async #keepInput(outcome: JsonOutcome, snapshot: StateBytes | null): Promise<void> {
    this.#core.record = { ...this.#core.record, outcome };
    // What was given up cannot be done again up to the same place: its state is kept at once.
    const isCancelled = outcome.kind === 'trapped' && outcome.code === 'cancelled';
    const keeps = this.#core.gathers || (isCancelled && this.#core.isDurable && this.#core.isMigratable);
    if (keeps) await this.#keeping.keep({}, snapshot);
    else if (this.#core.commits.isPending) await this.#core.commits.flush();
  }

  async #endProgram(outcome: JsonOutcome): Promise<void> {
    const live = this.#core.mustLive();
    this.#core.record = {
      ...this.#core.record,
      ...this.#core.figures(),
      outcome,
      ended: true,
      running: false,
      checkpoint: null,
    };
    this.#core.phase = 'ended';
    this.#core.live = undefined;
    this.#core.log.end();
    await live.close();
    const { persistent, shelf } = this.#core.services;
    const finalSide = persistent ? await shelf.putBlob(this.#core.side.encode()) : null;
    this.#core.record = { ...this.#core.record, finalSide };
    await this.#core.commits.flush(undefined, this.#core.record);
    this.#core.inputs.leave(this.#core.over());
    shelf.collect();
  }

  /** The engine has ended: what the worker was since its last checkpoint is gone, and it goes on from there. */
  engineLost(guest: WorkerGuest): void {
    const live = this.#core.live;
    if (live === undefined || !guest.serves(live.engine)) return;
    this.#core.live = undefined;
    this.#core.stateLost();
    if (this.#core.isDurable && this.#core.record.checkpoint === null) {
      this.#core.record = { ...this.#core.record, fresh: true };
    }
    const { fresh, checkpoint, running } = this.#core.record;
    this.#core.phase = fresh || checkpoint !== null || this.#core.isDurable ? 'parked' : 'lost';
    this.#core.services.events.emit('engine-lost', this.#core.name, { restored: this.#core.phase === 'parked' });
    const { current } = this.#core.inputs;
    this.#core.commits.drop();
    const waiting = this.#core.inputs.rewind(checkpoint?.inputSeq ?? 0);
    this.#core.side.forget();
    for (const input of [...(current?.seq === 0 ? [current] : []), ...waiting])
      input.listener?.failed(refusal.engineLost(this.#core.name), input === current);
    const goesOn =
      this.#core.phase === 'parked' && (running || this.#core.isDurable) && !this.#core.move && !this.#core.halted;
    if (goesOn && (checkpoint?.resumable === true || this.#core.isDurable)) return this.wake();
    this.#core.call?.reject(refusal.engineLost(this.#core.name));
    this.#core.call = undefined;
  }

  /** The journal has an input for the worker. */
  arrived(): void {
    if (this.#fetching || this.#core.isOver) return;
    this.#fetching = true;
    void this.#core
      .inTurn(async () => {
        this.#fetching = false;
        if (this.#core.isOver || this.#core.move) return;
        if (this.#core.live) await this.#core.fetchInputs();
        else if (!this.#core.halted) await this.#core.load();
      })
      .then(() => this.#core.inputs.pump())
      .catch((error: unknown) => this.#core.failed('the inputs of a worker could not be read', error));
  }

  /** The store has its record now, and its journal where it comes from elsewhere. */
  settled(hasJournal: boolean): void {
    this.#core.isStored = true;
    if (hasJournal) this.arrived();
  }

  /** Goes on by itself: its time has come, or input is there. */
  poked(): void {
    this.#core.touch();
    if (this.#core.phase !== 'parked' || this.#core.halted || this.#core.record.checkpoint?.resumable !== true) return;
    this.wake();
  }
}
