/**
 * Requests with answers, and notices without, over a port.
 *
 * Invariants:
 * 1. What one side sends arrives in order: a notice that was sent before an answer is seen before it.
 * 2. When the way is closed or lost every request without an answer fails, with the reason given.
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

/** One end. `Asks` and `Tells`: what the other side answers and hears; `Answers`, `Hears`: what this one does. */
export class Rpc<Asks extends Operations, Tells extends Notices, Answers extends Operations, Hears extends Notices> {
  readonly #port: Port;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #answers: Answerer<Answers>;
  readonly #hears: Listener<Hears>;
  #nextId = 1;
  #lost: PluvioError | undefined;

  constructor(port: Port, answers: Answerer<Answers>, hears: Listener<Hears>) {
    this.#port = port;
    this.#answers = answers;
    this.#hears = hears;
    port.listen((message) => this.#receive(message as Message)); // the other end is this class
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
      this.#port.post({ t: 'ask', id, op, body } satisfies Message, transfer);
    });
  }

  tell<Op extends keyof Tells & string>(op: Op, body: Tells[Op], transfer?: readonly ArrayBuffer[]): void {
    if (this.#lost === undefined) this.#port.post({ t: 'tell', op, body } satisfies Message, transfer);
  }

  /** The way is gone. */
  lose(reason: PluvioError): void {
    this.#lost ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  close(): void {
    this.lose(new PluvioError('ENGINE_LOST', 'the engine was closed'));
    this.#port.close();
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
      this.#port.post({ t: 'ok', id, body: given }, buffers);
    } catch (error) {
      this.#port.post({ t: 'no', id, error: encodeError(error) });
    }
  }
}
