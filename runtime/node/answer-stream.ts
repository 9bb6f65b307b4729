/**
 * The bytes of an answer while the guest writes them, for a caller who takes them as they come.
 *
 * Invariants:
 * 1. The caller gets the output of the call once and in order: a call that is done again after the loss of an engine writes again what was sent.
 * 2. What waits for the caller is bounded by what one call may write (`outputBytes`).
 * 3. A call that fails when its answer has begun breaks the answer off: it can never be taken for a whole one.
 */
import type { HttpHead } from '../host/index.ts';

/** Output that a guest has written. */
export interface AnswerPiece {
  /** Bytes of the output before it. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly head: HttpHead | null;
}

export class AnswerStream {
  readonly #begun = Promise.withResolvers<HttpHead | null>();
  readonly #readable: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #breakOff: (() => void) | undefined;
  #takenBytes = 0;

  /** @param breakOff Ends what carries the answer, in place of an error of the stream. */
  constructor(breakOff?: () => void) {
    this.#breakOff = breakOff;
    this.#readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#controller = undefined; // the caller has gone; the call goes on
      },
    });
  }

  /** Resolves when there is something, with the head of the answer. */
  get begun(): Promise<HttpHead | null> {
    return this.#begun.promise;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#readable;
  }

  write({ offset, bytes, head }: AnswerPiece): void {
    this.#take(offset, bytes);
    this.#begun.resolve(head);
  }

  #take(offset: number, bytes: Uint8Array): void {
    const fresh = bytes.subarray(Math.max(0, this.#takenBytes - offset));
    if (fresh.length === 0) return;
    this.#takenBytes = offset + bytes.length;
    this.#controller?.enqueue(fresh);
  }

  /** The call has ended; what was not streamed comes now. */
  end(output: Uint8Array): void {
    this.#take(0, output);
    this.#controller?.close();
    this.#controller = undefined;
  }

  fail(error: unknown): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (this.#takenBytes === 0 || this.#breakOff === undefined) return controller?.error(error);
    if (controller === undefined) return;
    this.#breakOff();
    controller.close();
  }
}
