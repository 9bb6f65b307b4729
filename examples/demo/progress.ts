const NEWLINE = 10;

/** How far a program has come, by the lines of its output. */
export class Progress {
  /** Number of the node that it runs on. */
  node = 0;
  readonly #lines: number;
  readonly #chunks: Uint8Array[] = [];
  #seenLines = 0;
  #ended = false;
  #waiting: { readonly lines: number; readonly gate: PromiseWithResolvers<void> }[] = [];

  /** @param lines How many there will be. */
  constructor(lines: number) {
    this.#lines = lines;
  }

  get fraction(): number {
    return Math.min(1, this.#seenLines / this.#lines);
  }

  get stdout(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    for (const byte of bytes) if (byte === NEWLINE) this.#seenLines++;
    this.#settle();
  }

  /** No more output comes. */
  end(): void {
    this.#ended = true;
    this.#settle();
  }

  /** Done when that part of the output is there; fails if the output ends before. */
  reach(fraction: number): Promise<void> {
    const gate = Promise.withResolvers<void>();
    this.#waiting.push({ lines: Math.floor(fraction * this.#lines), gate });
    this.#settle();
    return gate.promise;
  }

  #settle(): void {
    this.#waiting = this.#waiting.filter(({ lines, gate }) => {
      if (this.#seenLines >= lines) gate.resolve();
      else if (this.#ended) gate.reject(new Error(`the output ended after ${this.#seenLines} of ${lines} lines`));
      else return true;
      return false;
    });
  }
}
