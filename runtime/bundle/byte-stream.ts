/**
 * Exact reads from a stream of chunks.
 *
 * Invariant: no more is taken from the stream than asked for and one chunk, nor more than `maxBytes` in all; memory grows with
 * what has come, never with what was announced.
 */
import { PluvioError } from '../errors/index.ts';
import { concat } from './memory-groups.ts';

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
    const parts: Uint8Array[] = [];
    let missingBytes = sizeBytes;
    while (missingBytes > 0) {
      if (this.#current.byteLength === 0 && !(await this.#fill())) {
        const found = sizeBytes - missingBytes;
        throw new PluvioError(
          'BUNDLE_MALFORMED',
          `${this.#what} ends after ${found} of ${sizeBytes} bytes at offset 0x${this.offset.toString(16)}`,
        );
      }
      const part = this.#current.subarray(0, missingBytes);
      this.#current = this.#current.subarray(part.byteLength);
      missingBytes -= part.byteLength;
      parts.push(part);
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(parts);
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
