/**
 * Exact reads from a stream of chunks.
 *
 * Invariant: no more is taken from the stream than asked for and one chunk, nor more than `maxBytes` in all; memory grows with
 * what has come, never with what was announced.
 */
import { PluvioError } from '../errors/index.ts';

/** Room for a read that spans chunks, to begin with. */
const FIRST_BYTES = 65_536;

export class StreamReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #what: string;
  readonly #maxBytes: number;
  #current: Uint8Array = new Uint8Array();
  #receivedBytes = 0;

  constructor(stream: AsyncIterable<Uint8Array>, what: string, maxBytes: number) {
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#what = what;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the stream that were given out. */
  get offset(): number {
    return this.#receivedBytes - this.#current.byteLength;
  }

  /** @throws PluvioError `BUNDLE_MALFORMED` the stream ended before; `BUNDLE_LIMIT` it is longer than allowed */
  async read(sizeBytes: number): Promise<Uint8Array> {
    if (this.#current.byteLength === 0 && sizeBytes > 0) await this.#need(0, sizeBytes);
    if (this.#current.byteLength >= sizeBytes) return this.#take(sizeBytes);
    // grows as bytes come, so that neither an announced size nor many tiny chunks take more memory than what came
    let bytes = new Uint8Array(Math.min(sizeBytes, FIRST_BYTES));
    let filledBytes = 0;
    while (filledBytes < sizeBytes) {
      if (this.#current.byteLength === 0) await this.#need(filledBytes, sizeBytes);
      const part = this.#take(Math.min(this.#current.byteLength, sizeBytes - filledBytes));
      if (filledBytes + part.byteLength > bytes.byteLength) {
        const grown = new Uint8Array(
          Math.min(sizeBytes, Math.max(filledBytes + part.byteLength, 2 * bytes.byteLength)),
        );
        grown.set(bytes.subarray(0, filledBytes));
        bytes = grown;
      }
      bytes.set(part, filledBytes);
      filledBytes += part.byteLength;
    }
    return bytes;
  }

  /** Moves over bytes of the current chunk. */
  #take(sizeBytes: number): Uint8Array {
    const part = this.#current.subarray(0, sizeBytes);
    this.#current = this.#current.subarray(sizeBytes);
    return part;
  }

  async #need(foundBytes: number, sizeBytes: number): Promise<void> {
    if (await this.#fill()) return;
    const at = `at offset 0x${this.offset.toString(16)}`;
    throw new PluvioError('BUNDLE_MALFORMED', `${this.#what} ends after ${foundBytes} of ${sizeBytes} bytes ${at}`);
  }

  /** Whether the stream is at its end. */
  async atEnd(): Promise<boolean> {
    return this.#current.byteLength === 0 && !(await this.#fill());
  }

  /** Tells the stream that no more is wanted. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#receivedBytes += next.value.byteLength;
      if (this.#receivedBytes > this.#maxBytes) {
        throw new PluvioError(
          'BUNDLE_LIMIT',
          `${this.#what} is longer than the ${this.#maxBytes} bytes that are allowed`,
        );
      }
      if (next.value.byteLength === 0) continue;
      this.#current = new Uint8Array(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      return true;
    }
  }
}
