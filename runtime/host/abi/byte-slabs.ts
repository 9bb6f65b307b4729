/** Copies of many short byte strings, with few allocations: each is a view of a larger piece that only this maker's copies share. */
export class ByteSlabs {
  #slab = new Uint8Array();
  #used = 0;

  /** A copy that is the caller's own to keep; it is not to be changed in place. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > SHORT_BYTES) return new Uint8Array(bytes); // not `slice`, which gives a view of a Buffer
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used + length);
    copy.set(bytes);
    this.#used += length;
    return copy;
  }
}

const SHORT_BYTES = 1024;
const SLAB_BYTES = 16_384;
