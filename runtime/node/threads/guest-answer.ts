/**
 * What a guest writes of the answer of its call, on its way to the main thread.
 *
 * Invariant: what is written in one turn goes together, however small the writes.
 */
import { BytePieces } from '../../host/byte-pieces.ts';
import type { AnswerPiece } from '../answer-stream.ts';

/** More is not gathered. */
const GATHERED_MAX_BYTES = 64 * 1024;

export class GuestAnswer {
  readonly #send: (piece: AnswerPiece) => void;
  #gathered: (Omit<AnswerPiece, 'bytes'> & { readonly bytes: BytePieces }) | undefined;

  constructor(send: (piece: AnswerPiece) => void) {
    this.#send = send;
  }

  /** Takes what follows the piece before it. Its bytes are not changed any more. */
  write({ offset, bytes, head }: AnswerPiece): void {
    if (this.#gathered === undefined) {
      queueMicrotask(() => this.flush());
      this.#gathered = { offset, head, bytes: BytePieces.of(bytes) };
    } else {
      this.#gathered.bytes.append(bytes);
    }
    if (this.#gathered.bytes.sizeBytes >= GATHERED_MAX_BYTES) this.flush();
  }

  /** Sends what there is: before the end of the call. */
  flush(): void {
    if (this.#gathered === undefined) return;
    const { offset, head, bytes } = this.#gathered;
    this.#gathered = undefined;
    this.#send({ offset, head, bytes: bytes.joined() });
  }
}
