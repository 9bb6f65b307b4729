/**
 * The output of one worker on its way to the main thread.
 *
 * Invariant: what the main thread has not taken is bounded: a worker that writes more waits.
 */
import type { LogStream } from '../worker-log.ts';
import type { OutputPiece } from './engine-protocol.ts';

const UNTAKEN_MAX_BYTES = 256 * 1024;

export class GuestOutput {
  readonly #send: (pieces: readonly OutputPiece[]) => void;
  #pieces: OutputPiece[] = [];
  #untakenBytes = 0;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(send: (pieces: readonly OutputPiece[]) => void) {
    this.#send = send;
  }

  /** Takes bytes, which are its own then. A promise asks the writer to wait. */
  write(stream: LogStream, bytes: Uint8Array): void | Promise<void> {
    if (this.#pieces.length === 0) queueMicrotask(() => this.flush());
    this.#pieces.push({ stream, bytes });
    this.#untakenBytes += bytes.length;
    if (this.#untakenBytes <= UNTAKEN_MAX_BYTES) return;
    this.flush();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Sends what there is: before anything else is said of the worker. */
  flush(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#send(pieces);
  }

  taken(bytes: number): void {
    this.#untakenBytes -= bytes;
    if (this.#untakenBytes > UNTAKEN_MAX_BYTES) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}
