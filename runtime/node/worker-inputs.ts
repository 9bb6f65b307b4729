/**
 * The inputs of one worker on their way to it: calls by turns, messages into its mailbox.
 *
 *     submit ─▶ journal ─▶ calls ────── one at a time, when the worker is idle ──▶ export ─▶ end
 *                      └─▶ messages ─▶ mailbox of the guest, or its export `pluvio_input` ─▶ end
 *
 * Boundary: order and waiting. How a call is run and what its end makes durable is the owner's (hosted-worker.ts).
 *
 * Invariants:
 * 1. Inputs of the journal are in order of their numbers; each is given to the worker once per life of its state. A mailbox is no part of a
 *    state: what one had that is left behind is read from the journal again.
 * 2. Whoever waits for the end of an input is told when the end is durable, or when it is known that it will not come here.
 */
import { PluvioError } from '../errors/index.ts';
import type { Input, InputInfo } from '../host/index.ts';
import type { Clock } from './clock.ts';
import type { InputEnd, InputListener, QueuedInput } from './input-end.ts';

/** The export that takes messages where no call of the guest waits for them. */
export const INPUT_EXPORT = 'pluvio_input';
const DELIVERED_AT_ONCE = 64;

/** What the queue needs of its worker. */
export interface InputsOwner {
  /** Whether inputs may go to it now: it is in memory, or may come there, and neither moves nor was stopped. */
  takesInputs(): boolean;
  /** Brings it into memory; at once where it is there. */
  awake(): InputTaker | Promise<InputTaker>;
  /** The deadline of a call has come: it is given up if it is not over. */
  isLate(ref: string): void;
  /** An input could not be given to the worker. */
  inputFailed(error: unknown): void;
}

/** An input that is here. */
export interface WaitingInput extends QueuedInput {
  /** Since when, by the monotonic clock. */
  readonly arrivedMs: number;
}

export type CallInput = QueuedInput & { readonly call: NonNullable<QueuedInput['call']> };

/** A worker in memory. */
export interface InputTaker {
  readonly isIdle: boolean;
  /** How many messages its mailbox is to get now. One that has the export takes them from the mailbox only while it waits for one. */
  readonly mailboxRoom: number;
  /** Whether it has an export that takes messages. */
  readonly takesMessages: boolean;
  /** Begins a call, at once or when the promise resolves. */
  call(input: CallInput): void | Promise<void>;
  /** Gives how many the mailbox took. */
  deliver(inputs: readonly Input[]): Promise<number>;
}

export class WorkerInputs {
  readonly #owner: InputsOwner;
  readonly #limit: number;
  readonly #clock: Clock;
  #queue: WaitingInput[] = [];
  readonly #waiting = new Map<number, PromiseWithResolvers<InputEnd>>();
  readonly #listeners = new Map<number, InputListener>();
  /** Of the deadlines of calls, by their names; each gives up its alarm. */
  readonly #alarms = new Map<string, () => void>();
  /** The call that the worker is in. */
  current: WaitingInput | undefined;
  /** Inputs of the journal up to this one are here, or were. */
  knownSeq = 0;
  /** Messages up to this one may be in the mailbox of the worker in memory, or have been taken out of it. */
  #deliveredSeq = 0;
  /** Why nothing comes to an end here any more. */
  #left: PluvioError | undefined;
  #pumping = false;
  #again = false;

  constructor(owner: InputsOwner, limit: number, clock: Clock) {
    this.#clock = clock;
    this.#owner = owner;
    this.#limit = limit;
  }

  /** The first of the journal that is not over. */
  get firstSeq(): number | undefined {
    const seqs = [this.current, ...this.#queue].flatMap((input) =>
      input !== undefined && input.seq > 0 ? [input.seq] : [],
    );
    return seqs.length === 0 ? undefined : Math.min(...seqs);
  }

  /** Of the first that waits. */
  get nextKind(): InputInfo['kind'] | undefined {
    return this.#queue[0]?.info.kind;
  }

  /** Those that wait. */
  get length(): number {
    return this.#queue.length;
  }

  /** @throws PluvioError `MAILBOX_FULL` */
  checkRoom(name: string): void {
    if (this.#queue.length < this.#limit) return;
    throw new PluvioError('MAILBOX_FULL', `${this.#queue.length} inputs wait for worker "${name}", its limit`, {
      worker: name,
      limit: this.#limit,
    });
  }

  /** Takes an input in; one of the journal only if it was not here before. */
  add(input: QueuedInput): void {
    if (input.seq > 0) {
      if (input.seq <= this.knownSeq) return;
      this.knownSeq = input.seq;
      if (input.seq === this.current?.seq) return;
    }
    this.#queue.push({ ...input, arrivedMs: this.#clock.monotonicMs() });
    this.#watch(input);
    this.pump();
  }

  #watch({ ref, info: { kind, deadlineMs } }: QueuedInput): void {
    if (kind !== 'call' || deadlineMs === undefined) return;
    const ring = (): void => {
      this.#alarms.delete(ref);
      this.#owner.isLate(ref);
    };
    this.#alarms.set(ref, this.#clock.alarm(Math.max(0, deadlineMs - this.#clock.now()), ring));
  }

  /** A call is over, one way or another: its deadline is of no matter any more. */
  calm(ref: string): void {
    this.#alarms.get(ref)?.();
    this.#alarms.delete(ref);
  }

  #calmAll(): void {
    for (const ref of [...this.#alarms.keys()]) this.calm(ref);
  }

  /** An input of the journal will not be given to the worker. */
  skip(seq: number): void {
    this.knownSeq = Math.max(this.knownSeq, seq);
  }

  /** Whether an input of the journal is the one after those that are known here: others come from the journal, in order. */
  isNext(seq: number): boolean {
    return seq === this.knownSeq + 1;
  }

  /** Has somebody told of an input of the journal, until it is over. */
  listen(seq: number, listener: InputListener): void {
    this.#listeners.set(seq, listener);
  }

  listenerOf({ seq, listener }: QueuedInput): InputListener | undefined {
    return listener ?? this.#listeners.get(seq);
  }

  /** Takes one back that has not been given to the worker. */
  withdraw(ref: string): WaitingInput | undefined {
    const at = this.#queue.findIndex((input) => input.ref === ref);
    if (at < 0) return undefined;
    this.calm(ref);
    return this.#queue.splice(at, 1)[0];
  }

  /** The number of a message that the mailbox has, or the guest, and that somebody waits for; undefined: there is none of that name. */
  deliveredSeqOf(ref: string): number | undefined {
    const seq = Number(ref);
    return seq <= this.#deliveredSeq && this.#waiting.has(seq) ? seq : undefined;
  }

  /** The end of an input of the journal, once it is known here. */
  end(seq: number): Promise<InputEnd> {
    if (this.#left !== undefined) return Promise.reject(this.#left);
    let waiting = this.#waiting.get(seq);
    if (waiting === undefined) {
      waiting = Promise.withResolvers();
      waiting.promise.catch(() => undefined); // nobody may be left to hear it
      this.#waiting.set(seq, waiting);
    }
    return waiting.promise;
  }

  /** An input has ended, durably. */
  settled(seq: number, end: InputEnd): void {
    this.#waiting.get(seq)?.resolve(end);
    this.#waiting.delete(seq);
    this.#listeners.delete(seq);
  }

  /** The worker goes elsewhere, or is over: those who wait are told, what waits is the journal's. */
  leave(reason: PluvioError): void {
    this.#left = reason;
    this.#calmAll();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    this.#listeners.clear();
    this.current?.listener?.failed(reason, true);
    for (const { listener } of this.#queue) listener?.failed(reason, false);
    this.#queue = [];
    this.current = undefined;
  }

  /**
   * A state has come into memory that has taken all inputs up to `lastSeq`. If the mailbox that is left behind may have had others, the journal
   * is to be read again from there on.
   */
  placed(lastSeq: number): void {
    this.knownSeq = Math.max(this.knownSeq, lastSeq);
    if (this.#deliveredSeq <= lastSeq) return;
    for (const { ref, seq } of this.#queue) if (seq > 0) this.calm(ref);
    this.#queue = this.#queue.filter(({ seq }) => seq === 0);
    this.knownSeq = lastSeq;
    this.#deliveredSeq = lastSeq; // the guest may be on one of them
  }

  /** The state that took inputs is gone: the journal is to be read again from `lastSeq` on. */
  rewind(lastSeq: number): QueuedInput[] {
    const unjournalled = this.#queue.filter(({ seq }) => seq === 0);
    this.#calmAll();
    this.#queue = [];
    this.knownSeq = lastSeq;
    this.#deliveredSeq = 0;
    this.current = undefined;
    return unjournalled;
  }

  /** Gives to the worker what it can take now. */
  pump(): void {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    if (this.#queue.length === 0 || !this.#owner.takesInputs()) return;
    this.#pumping = true;
    void this.#give()
      .catch((error: unknown) => this.#owner.inputFailed(error))
      .finally(() => {
        this.#pumping = false;
        if (!this.#again) return;
        this.#again = false;
        this.pump();
      });
  }

  async #give(): Promise<void> {
    // Nothing is waited for that is there: a call to an idle worker begins at once.
    const awake = this.#owner.awake();
    const worker = awake instanceof Promise ? await awake : awake;
    while (this.#queue.length > 0 && this.#owner.takesInputs()) {
      const begins = worker.isIdle && this.current === undefined;
      const given = begins ? this.#callNext(worker) : this.#deliver(worker);
      if (!(given instanceof Promise ? await given : given)) return;
    }
  }

  /** Begins the next call; false: there is none that could begin. */
  #callNext(worker: InputTaker): boolean | Promise<boolean> {
    const { takesMessages } = worker;
    const at = this.#queue.findIndex(({ call }) => call !== undefined || takesMessages);
    const next = this.#queue[at];
    if (next === undefined) return this.#deliver(worker);
    this.#queue.splice(at, 1);
    const call = next.call ?? { export: INPUT_EXPORT, args: [], body: next.body };
    const input = { ...next, call };
    this.current = input;
    const begun = worker.call(input);
    return begun instanceof Promise ? begun.then(() => true) : true;
  }

  /** Puts messages into the mailbox; false: there are none, or it is full. */
  #deliver(worker: InputTaker): boolean | Promise<boolean> {
    const room = Math.min(worker.mailboxRoom, DELIVERED_AT_ONCE);
    const messages = room === 0 ? [] : this.#queue.filter(({ call }) => call === undefined).slice(0, room);
    return messages.length === 0 ? false : this.#post(worker, messages, room);
  }

  async #post(worker: InputTaker, messages: readonly QueuedInput[], room: number): Promise<boolean> {
    this.#deliveredSeq = Math.max(this.#deliveredSeq, messages.at(-1)?.seq ?? 0);
    const taken = await worker.deliver(messages.map(({ seq, info, body }) => ({ seq, info, body })));
    const gone = new Set(messages.slice(0, taken));
    this.#queue = this.#queue.filter((input) => !gone.has(input));
    return taken === messages.length && room === DELIVERED_AT_ONCE;
  }
}
