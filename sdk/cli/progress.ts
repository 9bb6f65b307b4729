import { sizeText } from './terminal.ts';

const REDRAW_MS = 100;

/** Where a transfer is, on standard error: redrawn in place on a terminal, at its end elsewhere. */
export class Progress {
  readonly #label: string;
  readonly #totalBytes: number;
  readonly #isShown: boolean;
  #doneBytes = 0;
  #drawnMs = 0;

  /** @param isForced Also where standard error is no terminal. */
  constructor(label: string, totalBytes: number, isForced: boolean) {
    this.#label = label;
    this.#totalBytes = totalBytes;
    this.#isShown = isForced || process.stderr.isTTY;
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    const now = performance.now();
    if (!this.#isShown || !process.stderr.isTTY || now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    process.stderr.write(`\r\u001b[K${this.#text()}`);
  }

  end(): void {
    if (!this.#isShown) return;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${this.#text()}\n` : `${this.#text()}\n`);
  }

  #text(): string {
    const total = this.#totalBytes;
    const percent = total === 0 ? 100 : Math.min(100, Math.floor((100 * this.#doneBytes) / total));
    return `${this.#label}: ${sizeText(this.#doneBytes)} of ${sizeText(total)} (${percent}%)`;
  }

  /** Counts what passes. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.add(chunk.byteLength);
      yield chunk;
    }
    this.end();
  }
}
