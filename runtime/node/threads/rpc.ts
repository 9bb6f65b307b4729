/**
 * Requests with answers, and notices without, over a port.
 *
 * What is sent together goes as one message of the port, which costs a fraction of as many (`Gathering`).
 *
 * Invariants:
 * 1. What one side sends arrives in order: a notice that was sent before an answer is seen before it.
 * 2. When the way is closed or lost every request without an answer fails, with the reason given.
 * 3. What arrived together is dealt with as if it had come one by one: all that one thing causes at once is done before the next.
 * 4. What cannot be posted fails alone.
 */
import { PluvioError } from '../../errors/index.ts';
import { decodeError, encodeError, type EncodedError } from './error-codec.ts';
import type { Port } from './port.ts';

type Message =
  | { readonly t: 'ask'; readonly id: number; readonly op: string; readonly body: unknown }
  | { readonly t: 'ok'; readonly id: number; readonly body: unknown }
  | { readonly t: 'no'; readonly id: number; readonly error: EncodedError }
  | { readonly t: 'tell'; readonly op: string; readonly body: unknown };

/** An answer with buffers whose ownership goes along. */
export class Transferring<Value> {
  readonly value: Value;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: Value, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** What one side can be asked and told: each operation's request and answer. */
export type Operations = Readonly<Record<string, { readonly body: unknown; readonly answer: unknown }>>;
export type Notices = Readonly<Record<string, unknown>>;

export type Answerer<Ops extends Operations> = {
  readonly [Op in keyof Ops]: (
    body: Ops[Op]['body'],
  ) => Promise<Ops[Op]['answer'] | Transferring<Ops[Op]['answer']>> | Ops[Op]['answer'];
};
export type Listener<Told extends Notices> = { readonly [Op in keyof Told]: (body: Told[Op]) => void };

interface Outgoing {
  readonly message: Message;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * What goes together. `round`: what is sent in one round of the event loop. `replies`: what is sent while that is dealt with which came
 * together; all else goes at once, as nothing may wait behind a guest that runs.
 */
export type Gathering = 'round' | 'replies';

/** Replies wait no longer than this for others. */
const REPLIES_WAIT_MS = 1;

/** One end. `Asks` and `Tells`: what the other side answers and hears; `Answers`, `Hears`: what this one does. */
export class Rpc<Asks extends Operations, Tells extends Notices, Answers extends Operations, Hears extends Notices> {
  readonly #port: Port;
  readonly #gathering: Gathering;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #answers: Answerer<Answers>;
  readonly #hears: Listener<Hears>;
  #outgoing: Outgoing[] = [];
  /** When the first of them was sent. */
  #outgoingMs = 0;
  /** Messages that came together are being dealt with. */
  #isReceiving = false;
  #nextId = 1;
  #lost: PluvioError | undefined;

  constructor(port: Port, answers: Answerer<Answers>, hears: Listener<Hears>, gathering: Gathering) {
    this.#port = port;
    this.#gathering = gathering;
    this.#answers = answers;
    this.#hears = hears;
    port.listen((messages) => this.#receiveFrom(messages as readonly Message[], 0)); // the other end is this class
  }

  /** @throws PluvioError what the other side throws, or the reason for which the way was lost */
  ask<Op extends keyof Asks & string>(
    op: Op,
    body: Asks[Op]['body'],
    transfer?: readonly ArrayBuffer[],
  ): Promise<Asks[Op]['answer']> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ t: 'ask', id, op, body }, transfer);
    });
  }

  tell<Op extends keyof Tells & string>(op: Op, body: Tells[Op], transfer?: readonly ArrayBuffer[]): void {
    if (this.#lost === undefined) this.#send({ t: 'tell', op, body }, transfer);
  }

  /** The way is gone. */
  lose(reason: PluvioError): void {
    this.#lost ??= reason;
    this.#outgoing = [];
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  close(): void {
    this.lose(new PluvioError('ENGINE_LOST', 'the engine was closed'));
    this.#port.close();
  }

  #send(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#outgoing.push({ message, transfer }) > 1) return;
    if (this.#gathering === 'round') setImmediate(() => this.#flush());
    else if (this.#isReceiving) this.#outgoingMs = performance.now();
    else this.#flush();
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (outgoing.length === 0) return;
    if (outgoing.length === 1) return outgoing.forEach((one) => this.#sendAlone(one));
    try {
      this.#port.post(
        outgoing.map(({ message }) => message),
        outgoing.flatMap(({ transfer }) => transfer),
      );
    } catch {
      for (const one of outgoing) this.#sendAlone(one);
    }
  }

  /** What cannot be copied fails for who asked. */
  #sendAlone({ message, transfer }: Outgoing): void {
    try {
      this.#port.post([message], transfer);
    } catch (error) {
      if (message.t === 'ask') this.#receive({ t: 'no', id: message.id, error: encodeError(error) });
      else if (message.t === 'ok') this.#port.post([{ t: 'no', id: message.id, error: encodeError(error) }]);
      else throw error;
    }
  }

  #receiveFrom(messages: readonly Message[], at: number): void {
    const message = messages[at];
    this.#isReceiving = message !== undefined;
    if (this.#gathering === 'replies' && (message === undefined || this.#hasOldReplies)) this.#flush();
    if (message === undefined) return;
    this.#receive(message);
    // A tick that a microtask asks for comes after all microtasks, and before anything else that the event loop has.
    queueMicrotask(() => process.nextTick(() => this.#receiveFrom(messages, at + 1)));
  }

  get #hasOldReplies(): boolean {
    return this.#outgoing.length > 0 && performance.now() - this.#outgoingMs > REPLIES_WAIT_MS;
  }

  #receive(message: Message): void {
    if (message.t === 'tell') {
      this.#hears[message.op]?.(message.body as never);
      return;
    }
    if (message.t === 'ask') {
      void this.#answer(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.t === 'ok') waiting?.resolve(message.body);
    else waiting?.reject(decodeError(message.error));
  }

  async #answer({ id, op, body }: Message & { readonly t: 'ask' }): Promise<void> {
    try {
      const answer = this.#answers[op];
      if (answer === undefined) throw new PluvioError('INTERNAL', `an engine knows no operation "${op}"`);
      const value: unknown = await answer(body); // what the other side asks fits, by type
      const { value: given, buffers } =
        value instanceof Transferring ? (value as Transferring<unknown>) : { value, buffers: [] };
      this.#send({ t: 'ok', id, body: given }, buffers);
    } catch (error) {
      this.#send({ t: 'no', id, error: encodeError(error) });
    }
  }
}
