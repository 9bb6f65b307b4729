/** Bytes that a heap module writes to the save memory, a window at a time, gathered. */
import { SAVE } from '../instrument/index.ts';
import type { EngineThread } from './thread.ts';

/** Where in the save memory objects are read to and made from; it is free while no guest runs. */
export const WINDOW_START: number = SAVE.records;
/** More than the largest struct has: 10,000 fields of 16 bytes. */
export const WINDOW_BYTES: number = 512 * 1024;

export class HeapBytes {
  readonly #memory: WebAssembly.Memory;
  readonly #view: DataView;
  #gathered = new Uint8Array(0);
  #length = 0;
  #at = WINDOW_START;

  constructor(thread: EngineThread) {
    thread.reserve(WINDOW_START + WINDOW_BYTES);
    this.#memory = thread.save;
    this.#view = thread.saveView();
  }

  /** The save memory. */
  get view(): DataView {
    return this.#view;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length + this.#at - WINDOW_START;
  }

  /** An address with room for so many bytes, at most WINDOW_BYTES. */
  reserve(sizeBytes: number): number {
    if (this.#at + sizeBytes > WINDOW_START + WINDOW_BYTES) this.#flush();
    return this.#at;
  }

  /** How many elements fit without gathering first; if it is few: how many after it. */
  room(elementBytes: number): number {
    const left = WINDOW_START + WINDOW_BYTES - this.#at;
    return Math.floor((left < WINDOW_BYTES / 2 ? WINDOW_BYTES : left) / elementBytes);
  }

  /** What was reserved has been written. */
  advance(sizeBytes: number): void {
    this.#at += sizeBytes;
  }

  #flush(): void {
    const count = this.#at - WINDOW_START;
    const needed = this.#length + count;
    if (needed > this.#gathered.length) {
      const grown = new Uint8Array(Math.max(needed, this.#gathered.length * 2));
      grown.set(this.#gathered);
      this.#gathered = grown;
    }
    this.#gathered.set(new Uint8Array(this.#memory.buffer, WINDOW_START, count), this.#length);
    this.#length = needed;
    this.#at = WINDOW_START;
  }

  /** Everything, as bytes of the caller's own. */
  finish(): Uint8Array {
    this.#flush();
    return this.#gathered.slice(0, this.#length);
  }
}
