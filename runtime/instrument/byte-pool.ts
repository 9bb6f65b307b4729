/** Many short byte strings in few buffers: a buffer for each would cost more than writing it. */

const FIRST_CHUNK_BYTES = 4096;
const CHUNK_MAX_BYTES = 1 << 20;

export class BytePool {
  #chunk = new Uint8Array(0);
  #used = 0;
  #chunkBytes = FIRST_CHUNK_BYTES;

  /** A copy of `head` and `tail`, one after the other. It shares its buffer with other copies. */
  join(head: Uint8Array, tail: Uint8Array): Uint8Array {
    const count = head.length + tail.length;
    if (count > this.#chunk.length - this.#used) this.#open(count);
    const start = this.#used;
    this.#chunk.set(head, start);
    this.#chunk.set(tail, start + head.length);
    this.#used = start + count;
    return this.#chunk.subarray(start, this.#used);
  }

  #open(count: number): void {
    this.#chunk = new Uint8Array(Math.max(count, this.#chunkBytes));
    this.#used = 0;
    this.#chunkBytes = Math.min(CHUNK_MAX_BYTES, this.#chunkBytes * 4);
  }
}
