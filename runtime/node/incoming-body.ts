/**
 * The body of a call, which its guest may read while it comes.
 *
 * Invariants:
 * 1. Nothing is read of it before the call begins: until then it waits in the connection.
 * 2. The guest is told once that it has ended, or that it broke off; who asked for the call hears why.
 */
import type { PluvioError } from '../errors/index.ts';
import { readBody } from './body.ts';
import { asPluvioError } from './problem.ts';

export type BodyPart = Uint8Array | 'end' | 'broken';

let nextName = 1;

export class IncomingBody {
  /** By which engines know its parts. */
  readonly name = nextName++;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #failed = Promise.withResolvers<PluvioError>();
  #whole: Promise<Uint8Array> | undefined;
  #isOpen = false;

  /** @param source Bounded; fails when the caller hangs up. */
  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  /** Why it broke off; never resolves if it does not. */
  get failed(): Promise<PluvioError> {
    return this.#failed.promise;
  }

  /** Whether parts go to a worker now: it cannot go to another engine. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** All of it, for a call that takes no parts. @throws PluvioError as the source */
  whole(): Promise<Uint8Array> {
    return (this.#whole ??= readBody(this.#source));
  }

  /** Gives its parts from now on. */
  flow(give: (part: BodyPart) => void): void {
    this.#isOpen = true;
    void this.#flow(give);
  }

  async #flow(give: (part: BodyPart) => void): Promise<void> {
    try {
      for await (const chunk of this.#source) give(chunk);
      give('end');
    } catch (error) {
      give('broken');
      this.#failed.resolve(asPluvioError(error));
    } finally {
      this.#isOpen = false;
    }
  }
}
