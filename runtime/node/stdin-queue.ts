import { PluvioError } from '../errors/index.ts';
import { Doorbell } from './doorbell.ts';

/** Bytes on their way to a worker's standard input: what was sent and not yet taken. Travels with the worker. */
export class StdinQueue {
  readonly #limitBytes: number;
  readonly #poked: () => void;
  readonly #bell = new Doorbell();
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #closed = false;
  #held = false;

  /** @param poked Is told when something comes. */
  constructor(limitBytes: number, poked: () => void = () => undefined) {
    this.#limitBytes = limitBytes;
    this.#poked = poked;
  }

  /** Bytes that were sent and not yet taken. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What was sent and not yet taken, in one piece. */
  get pending(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  /** @throws PluvioError `STDIN_FULL`, or `INVALID_ARGUMENT` after the end */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#closed) throw new PluvioError('INVALID_ARGUMENT', 'cannot write to standard input after its end');
    if (this.#heldBytes + bytes.length > this.#limitBytes) {
      throw new PluvioError(
        'STDIN_FULL',
        `standard input holds ${this.#heldBytes} unread bytes; ${bytes.length} more exceed the limit of ${this.#limitBytes}`,
        { limitBytes: this.#limitBytes, heldBytes: this.#heldBytes },
      );
    }
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    this.#bell.ring();
    this.#poked();
  }

  close(): void {
    this.#closed = true;
    this.#bell.ring();
    this.#poked();
  }

  /** Takes up what an earlier life of the worker left, in place of what is here. */
  adopt(state: { readonly pending: Uint8Array; readonly closed: boolean }): void {
    this.#chunks = state.pending.length > 0 ? [state.pending] : [];
    this.#heldBytes = state.pending.length;
    this.#closed = state.closed;
    this.#bell.ring();
  }

  /** From now on nothing is taken: while the worker's state is captured, a byte must be either here or there. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#bell.ring();
  }

  /** The next piece, once there is one; null: that was all, or the signal aborts first. */
  async next(signal: AbortSignal): Promise<Uint8Array | null> {
    while (!signal.aborted) {
      const ringing = this.#bell.wait(signal);
      if (!this.#held) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#heldBytes -= chunk.length;
          return chunk;
        }
        if (this.#closed) return null;
      }
      await ringing;
    }
    return null;
  }
}
