/**
 * Standard input: bytes, text or a stream, read ahead by one chunk at most.
 *
 * Invariants:
 * 1. One read of the source is in flight at most, however many calls wait for it; nothing is read before a call wants data.
 *    A wait that is given up leaves nothing behind, so a guest may look for input every frame of its life.
 * 2. What the source gave and the guest has not read is in `chunks`, and so in a snapshot; so is whether the source has ended.
 * 3. A source that failed gives `io`; the failure is not part of a snapshot, since the source is not either.
 */

export type StdinSource = Uint8Array | string | AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array>;

type Chunk = { readonly done?: boolean | undefined; readonly value?: unknown };

const encoder = new TextEncoder();

export class Stdin {
  private chunks: Uint8Array[] = [];
  private offset = 0; // in the first chunk
  private bufferedBytes = 0;
  private sourceEnded = false;
  private sourceFailed = false;
  private readonly source: StdinSource;
  private pull: (() => Promise<Chunk>) | undefined;
  private release: (() => void) | undefined;
  private isReading = false;
  /** Ends each wait that goes on. */
  private readonly waits = new Set<() => void>();

  constructor(source: StdinSource) {
    this.source = source;
    this.bindSource();
  }

  private bindSource(): void {
    const { source } = this;
    if (typeof source === 'string' || source instanceof Uint8Array) {
      this.push(source);
      this.sourceEnded = true;
    } else if ('getReader' in source) {
      this.pull = () => {
        const reader = source.getReader();
        this.release = () => reader.releaseLock();
        return reader.read().finally(() => reader.releaseLock());
      };
    } else {
      const iterator = source[Symbol.asyncIterator]();
      this.pull = () => iterator.next();
    }
  }

  private push(data: unknown): void {
    const bytes = typeof data === 'string' ? encoder.encode(data) : data;
    if (!(bytes instanceof Uint8Array)) throw new TypeError('standard input gave neither bytes nor text');
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.bufferedBytes += bytes.length;
  }

  /** Bytes that can be read without waiting. */
  get available(): number {
    return this.bufferedBytes;
  }

  /** Whether nothing will come any more after what is available. */
  get ended(): boolean {
    return this.sourceEnded;
  }

  get failed(): boolean {
    return this.sourceFailed;
  }

  /** Whether a read gives something at once: data, the end, or a failure. */
  get ready(): boolean {
    return this.bufferedBytes > 0 || this.sourceEnded || this.sourceFailed;
  }

  /** Whether the source has failed and nobody was told; from now on the input has ended. */
  takeFailure(): boolean {
    if (!this.sourceFailed) return false;
    this.sourceFailed = false;
    this.sourceEnded = true;
    return true;
  }

  /** Moves available bytes into `target`; gives how many. */
  take(target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const chunk = this.chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(this.offset, this.offset + target.length - done);
      target.set(part, done);
      done += part.length;
      this.offset += part.length;
      if (this.offset === chunk.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
    this.bufferedBytes -= done;
    return done;
  }

  /** Has the source read, if nothing is there, and does not wait: for a later call. */
  request(): void {
    if (!this.ready && !this.isReading) void this.readUntilReady();
  }

  /** Waits until `ready`, or until the signal aborts. Never rejects. */
  fill(signal?: AbortSignal): Promise<void> {
    if (this.ready || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.waits.delete(end);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      this.waits.add(end);
      signal?.addEventListener('abort', end);
      this.request();
    });
  }

  private async readUntilReady(): Promise<void> {
    this.isReading = true;
    while (!this.ready) await this.fetchChunk();
    this.isReading = false;
    for (const end of this.waits) end();
  }

  private async fetchChunk(): Promise<void> {
    try {
      const chunk = await this.pull?.();
      if (chunk === undefined || chunk.done === true) this.sourceEnded = true;
      else this.push(chunk.value);
    } catch {
      this.sourceFailed = true;
    }
  }

  /** Everything that is available, as one copy. */
  bufferedCopy(): Uint8Array {
    const copy = new Uint8Array(this.bufferedBytes);
    let at = 0;
    for (const [index, chunk] of this.chunks.entries()) {
      const rest = index === 0 ? chunk.subarray(this.offset) : chunk;
      copy.set(rest, at);
      at += rest.length;
    }
    return copy;
  }

  /** Takes up state of a snapshot; what the source gives comes behind `buffered`, or never if the old source had ended. */
  restore(buffered: Uint8Array, ended: boolean): void {
    const own = this.bufferedCopy();
    this.chunks = [];
    this.offset = 0;
    this.bufferedBytes = 0;
    this.push(new Uint8Array(buffered));
    if (ended) this.sourceEnded = true;
    else this.push(own);
  }

  /** Gives the stream back: what a read in flight would have taken stays in it. */
  close(): void {
    this.release?.();
    this.sourceFailed = true;
  }
}
