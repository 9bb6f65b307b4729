/** The standard streams of this process, as a guest's. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { OutputFunction } from '../../../runtime/host/index.ts';

/**
 * Standard input, read when the guest wants it.
 *
 * Invariants:
 * 1. Nothing is read before the guest asks for the first time.
 * 2. After `hold` no byte leaves; what was read and not handed over is what `unread` gives.
 */
export class GuestInput implements AsyncIterable<Uint8Array> {
  readonly #open: () => Readable;
  #first: Uint8Array;
  readonly goesOn: boolean;
  #stream: Readable | undefined;
  #held = false;

  /** @param first Comes before what the stream gives. @param goesOn Whether the stream is read after it. */
  constructor(open: () => Readable, first: Uint8Array = new Uint8Array(), goesOn = true) {
    this.#open = open;
    this.#first = first;
    this.goesOn = goesOn;
  }

  hold(): void {
    this.#held = true;
  }

  /** What was read from the stream and not handed over. */
  unread(): Uint8Array {
    const rest = this.goesOn ? this.#take() : undefined;
    return rest === undefined ? this.#first : Buffer.concat([this.#first, rest]);
  }

  #take(): Uint8Array | undefined {
    const chunk: unknown = this.#stream?.read();
    return chunk instanceof Uint8Array ? chunk : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const first = this.#first;
    this.#first = new Uint8Array();
    if (first.byteLength > 0) yield first;
    if (!this.goesOn) return;
    const stream = (this.#stream = this.#open());
    const changes = new EventQueue(stream, ['readable', 'end', 'close']);
    for (;;) {
      const chunk = this.#held ? undefined : this.#take();
      if (chunk !== undefined) yield chunk;
      else if (stream.errored) throw stream.errored;
      else if (stream.readableEnded || stream.destroyed) return;
      else await changes.next();
    }
  }
}

/** Waits for any of some events, also for one that came before the wait began. */
class EventQueue {
  #wake: (() => void) | undefined;
  #came = false;

  constructor(stream: Readable, names: readonly string[]) {
    const ring = (): void => {
      this.#came = true;
      this.#wake?.();
    };
    for (const name of names) stream.on(name, ring);
    stream.on('error', ring);
  }

  async next(): Promise<void> {
    if (!this.#came) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#came = false;
  }
}

/** Writes to a stream; the guest is held up while it is full. `onBroken` is called once, when nobody reads any more. */
export function guestOutput(stream: Writable, onBroken: () => void): OutputFunction {
  let failure: Error | undefined;
  stream.on('error', (error: Error) => {
    if (failure === undefined) onBroken();
    failure = error;
  });
  return (bytes) => {
    if (failure !== undefined) throw failure;
    if (stream.write(bytes)) return undefined;
    return once(stream, 'drain').then(() => undefined);
  };
}

/** Keeps what the guest writes, up to a limit. */
export class CapturedOutput {
  readonly #chunks: Uint8Array[] = [];
  readonly #maxBytes: number;
  #sizeBytes = 0;
  isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  readonly accept: OutputFunction = (bytes) => {
    const room = this.#maxBytes - this.#sizeBytes;
    if (bytes.byteLength > room) this.isCut = true;
    const kept = bytes.slice(0, room);
    this.#chunks.push(kept);
    this.#sizeBytes += kept.byteLength;
  };

  /** As text, or as base64 where it is no UTF-8. */
  toJSON(): { readonly text: string } | { readonly base64: string } {
    const bytes = Buffer.concat(this.#chunks);
    try {
      return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } catch {
      return { base64: bytes.toString('base64') };
    }
  }
}
