/**
 * A worker on an engine, as the main thread has it.
 *
 * Invariants:
 * 1. `state` is what the engine last told, or what was just asked of it; it is right at the end of every operation.
 * 2. When the engine is lost, every operation fails with `ENGINE_LOST`, and `state` is `closed`.
 */
import type { Snapshot, StackView, Wake, WorkerState } from '../../engine/index.ts';
import type { Answer, Ask, Effect, Input, LogEntry, SettledInput } from '../../host/index.ts';
import type {
  AbiFigures,
  DoneInputs,
  Ended,
  Figures,
  OutputPiece,
  SnapshotForm,
  Standing,
  StateBytes,
} from './engine-protocol.ts';
import type { AnswerPiece } from '../answer-stream.ts';
import type { BodyPart } from '../incoming-body.ts';
import type { Engine } from './engine.ts';
import { heldBytesOf } from './guest-output.ts';

/** What a worker of an engine needs of its owner. */
export interface EngineWorkerOwner {
  /** Output; a promise asks it to wait. */
  output(piece: OutputPiece): void | Promise<void>;
  /** The next standard input, null after the end; may wait, until the signal aborts. */
  input(signal: AbortSignal): Promise<Uint8Array | null>;
  /** The worker began to wait in a host call, or goes on. */
  stateChanged(): void;
  /** The engine has ended, and the worker with it. */
  lost(): void;
  /** The call in progress, which streams, has written some of its output. */
  answerWritten(piece: AnswerPiece): void;
  /** The guest did something to the outside. */
  effect(effect: Effect): void;
  /** The guest waits for an answer. */
  ask(ask: Ask): Promise<Answer>;
  /** Nobody waits for that answer any more. */
  abandon(ask: number): void;
  /** A message is over. */
  messageOver(input: SettledInput): Promise<void>;
  logEntry(entry: LogEntry): void;
  /** It has reached a limit, its own or its tenant's, that ends no call. */
  limited(scope: 'worker' | 'tenant', limit: string): void;
}

export class EngineWorker {
  readonly id: number;
  readonly engine: Engine;
  readonly owner: EngineWorkerOwner;
  readonly #over = new AbortController();
  #figures: Figures;

  constructor(engine: Engine, id: number, owner: EngineWorkerOwner, figures: Figures) {
    this.engine = engine;
    this.id = id;
    this.owner = owner;
    this.#figures = figures;
  }

  /** Aborts when it is closed, or lost. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get state(): WorkerState {
    return this.#figures.state;
  }

  /** What ends its wait, where that is known; null: nothing, or it does not wait. */
  get wake(): Wake | null {
    return this.#figures.wake;
  }

  /** As of the end of the last operation. */
  get fuelUsed(): bigint {
    return this.#figures.fuelUsed;
  }

  get memoryPages(): number {
    return this.#figures.memoryPages;
  }

  get ranMs(): number {
    return this.#figures.ranMs;
  }

  /** null: its module does not import the host ABI. */
  get abi(): AbiFigures | null {
    return this.#figures.abi;
  }

  /** @param keeps In what form the state at the end is wanted. @throws PluvioError as `Worker.call` */
  async call(
    name: string,
    args: readonly unknown[],
    input: Input | null = null,
    keeps: SnapshotForm | null = null,
  ): Promise<Ended> {
    return this.#run(this.engine.ask('call', { id: this.id, name, args, input, keeps }));
  }

  async start(): Promise<Ended> {
    return this.#run(this.engine.ask('start', { id: this.id }));
  }

  async resume(): Promise<Ended> {
    return this.#run(this.engine.ask('resume', { id: this.id }));
  }

  async #run(running: Promise<Ended>): Promise<Ended> {
    const before = this.#figures;
    this.#figures = { ...before, state: 'running', wake: null };
    try {
      const ended = await running;
      this.#figures = ended.figures;
      return ended;
    } catch (error) {
      if (this.state === 'running') this.#figures = before; // it did not begin
      throw error;
    }
  }

  /** Puts inputs into the mailbox; gives how many were taken. */
  async deliver(inputs: readonly Input[]): Promise<number> {
    return this.engine.ask('deliver', { id: this.id, inputs });
  }

  cancelInput(seq: number): void {
    this.engine.tell('cancelInput', { id: this.id, seq });
  }

  addBody(name: number, part: BodyPart): void {
    this.engine.tell('bodyPart', { id: this.id, name, part });
  }

  skipInput(seq: number): void {
    this.engine.tell('skipInput', { id: this.id, seq });
  }

  /** Asks the call in progress to stop; done when it has stopped or ended. */
  async stop(): Promise<void> {
    this.#figures = await this.engine.ask('stop', { id: this.id });
  }

  /** Gives the call up. One that runs ends as a trap; of one that was stopped the end is given. */
  async cancel(reason: string): Promise<Ended | null> {
    const ended = await this.engine.ask('cancel', { id: this.id, reason });
    if (ended !== null) this.#figures = ended.figures;
    return ended;
  }

  /** The whole state as data. @throws PluvioError as `Worker.capture` */
  async capture(): Promise<Snapshot> {
    return this.engine.ask('capture', { id: this.id });
  }

  /** The state as bytes. @throws PluvioError as `Worker.snapshot` */
  async snapshot(form: SnapshotForm = 'whole'): Promise<StateBytes> {
    const { state, figures } = await this.engine.ask('snapshot', { id: this.id, form });
    this.#figures = figures;
    return state;
  }

  /** Where it is, at most so many frames. @throws PluvioError `WORKER_NOT_STOPPED` */
  async stack(most: number): Promise<StackView> {
    return this.engine.ask('stack', { id: this.id, most });
  }

  /** Timers and subscriptions as its state has them. */
  async standing(): Promise<Standing | null> {
    return this.engine.ask('standing', { id: this.id });
  }

  /** Asks how it is. */
  async refresh(): Promise<void> {
    const figures = await this.engine.ask('figures', { id: this.id });
    this.#figures = figures;
  }

  /** Takes inputs as done that it will never be given; gives what stands then. */
  async settleInputs(done: DoneInputs): Promise<Standing | null> {
    return this.engine.ask('settleInputs', { id: this.id, done });
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.#closed();
    this.engine.forget(this.id);
    await this.engine.ask('close', { id: this.id }).catch(() => undefined); // the engine may be gone already
  }

  #closed(): void {
    this.#over.abort();
    this.#figures = { ...this.#figures, state: 'closed', wake: null };
  }

  // --- what the engine tells ---

  lost(): void {
    if (this.state === 'closed') return;
    this.#closed();
    this.owner.lost();
  }

  stateChanged(state: WorkerState, wake: Wake | null): void {
    this.#figures = { ...this.#figures, state, wake };
    this.owner.stateChanged();
  }

  wrote(pieces: readonly OutputPiece[]): void {
    let takenBytes = 0;
    for (const piece of pieces) {
      const heldBytes = heldBytesOf(piece);
      const taking = this.owner.output(piece);
      const taken = (): void => this.#outputTaken(heldBytes);
      if (taking === undefined) takenBytes += heldBytes;
      else void taking.then(taken, taken);
    }
    if (takenBytes > 0) this.#outputTaken(takenBytes);
  }

  #outputTaken(heldBytes: number): void {
    this.engine.tell('outputTaken', { id: this.id, heldBytes });
  }

  wantsInput(): void {
    const { signal } = this.#over;
    void this.owner.input(signal).then((bytes) => {
      if (!signal.aborted) this.engine.tell('stdin', { id: this.id, bytes });
    });
  }

  answerWritten(piece: AnswerPiece): void {
    this.owner.answerWritten(piece);
  }

  did(effect: Effect): void {
    this.owner.effect(effect);
  }

  asked(ask: Ask): Promise<Answer> {
    return this.owner.ask(ask);
  }

  abandoned(ask: number): void {
    this.owner.abandon(ask);
  }

  messageOver(input: SettledInput): Promise<void> {
    return this.owner.messageOver(input);
  }

  limited(scope: 'worker' | 'tenant', limit: string): void {
    this.owner.limited(scope, limit);
  }

  logged(entry: LogEntry): void {
    this.owner.logEntry(entry);
  }
}
