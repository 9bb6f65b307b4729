/** Pieces of at least that are kept as they come. */
const LONG_BYTES = 4096;
const SLAB_BYTES = 65_536;
const SLAB_LEAST_BYTES = 256;

/**
 * Bytes that come in pieces, in their order. A guest may write byte by byte, and an array for each would take a hundred times what it writes:
 * so short pieces are put together.
 */
export class BytePieces {
  /** Each is whole, but for the last slab. */
  #pieces: Uint8Array[] = [];
  #sizeBytes = 0;
  /** What the last slab has in it. */
  #slabUsed = 0;
  /** Where short pieces go; undefined: the last piece is none. */
  #slab: Uint8Array | undefined;

  /** @param bytes Its own from now on. */
  static of(bytes: Uint8Array): BytePieces {
    const pieces = new BytePieces();
    pieces.append(bytes);
    return pieces;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @param bytes Its own from now on. */
  append(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    if (this.#slab === undefined || this.#slabUsed + length > this.#slab.length) {
      this.#closeSlab();
      if (length >= LONG_BYTES) this.#pieces.push(bytes);
      else this.#openSlab(length);
    }
    this.#slab?.set(bytes, this.#slabUsed);
    if (this.#slab !== undefined) this.#slabUsed += length;
    this.#sizeBytes += length;
  }

  /** Of a size that keeps what is free in it below a quarter of what there is. */
  #openSlab(neededBytes: number): void {
    this.#slab = new Uint8Array(Math.max(neededBytes, Math.min(SLAB_BYTES, SLAB_LEAST_BYTES + (this.#sizeBytes >> 2))));
  }

  #closeSlab(): void {
    if (this.#slab !== undefined) this.#pieces.push(this.#slab.slice(0, this.#slabUsed));
    this.#slab = undefined;
    this.#slabUsed = 0;
  }

  /** All of them as one, which they are kept as from now on. It is not to be changed. */
  joined(): Uint8Array {
    this.#closeSlab();
    const [only, ...more] = this.#pieces;
    if (only !== undefined && more.length === 0) return only;
    const joined = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces = joined.length > 0 ? [joined] : [];
    return joined;
  }

  clear(): void {
    this.#pieces = [];
    this.#slab = undefined;
    this.#slabUsed = 0;
    this.#sizeBytes = 0;
  }
}
