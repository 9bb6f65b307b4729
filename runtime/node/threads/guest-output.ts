/**
 * The output of one worker on its way to the main thread.
 *
 * Invariants:
 * 1. What the main thread has not taken is bounded: a worker that writes more waits.
 * 2. What is written in one turn goes together, however small the writes: a piece for each change of the stream.
 */
import { BytePieces } from '../../host/byte-pieces.ts';
import type { LogStream } from '../worker-log.ts';
import type { OutputPiece } from './engine-protocol.ts';

const UNTAKEN_MAX_BYTES = 256 * 1024;
/** What a piece takes beside its bytes: a worker may write to both streams by turns, byte by byte. */
const PIECE_BYTES = 128;

/** What a piece counts for until it is taken. */
export const heldBytesOf = ({ bytes }: OutputPiece): number => PIECE_BYTES + bytes.length;

export class GuestOutput {
  readonly #send: (pieces: readonly OutputPiece[]) => void;
  #pieces: { readonly stream: LogStream; readonly bytes: BytePieces }[] = [];
  #untakenBytes = 0;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(send: (pieces: readonly OutputPiece[]) => void) {
    this.#send = send;
  }

  /** Takes bytes, which are its own then. A promise asks the writer to wait. */
  write(stream: LogStream, bytes: Uint8Array): void | Promise<void> {
    const last = this.#pieces.at(-1);
    if (last === undefined) queueMicrotask(() => this.flush());
    if (last?.stream === stream) {
      last.bytes.append(bytes);
      this.#untakenBytes += bytes.length;
    } else {
      this.#pieces.push({ stream, bytes: BytePieces.of(bytes) });
      this.#untakenBytes += PIECE_BYTES + bytes.length;
    }
    if (this.#untakenBytes <= UNTAKEN_MAX_BYTES) return;
    this.flush();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Sends what there is: before anything else is said of the worker. */
  flush(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces.map(({ stream, bytes }) => ({ stream, bytes: bytes.joined() }));
    this.#pieces = [];
    this.#send(pieces);
  }

  /** @param heldBytes What the pieces counted for that were taken. */
  taken(heldBytes: number): void {
    this.#untakenBytes -= heldBytes;
    if (this.#untakenBytes > UNTAKEN_MAX_BYTES) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}
