/**
 * The output of one worker: the last pieces of stdout and stderr, numbered, bounded in bytes.
 *
 * Invariants:
 * 1. Sequence numbers rise by one and go on after a move: a reader that knows the last one it saw misses nothing and sees
 *    nothing twice, on whichever node it reads.
 * 2. Memory is bounded by `limitBytes` (plus one piece): the oldest pieces go first, `firstSeq` tells.
 * 3. A reader that keeps up holds the writer back when it is more than half of the limit behind; after `PATIENCE_MS` the
 *    writer goes on and the reader sees a gap in the numbers.
 */
import type { LogEntry } from './api-types.ts';
import type { Clock } from './clock.ts';
import { Doorbell } from './doorbell.ts';

const PIECE_OVERHEAD_BYTES = 64;
const MAX_PIECE_BYTES = 64 * 1024;
const PATIENCE_MS = 1000;

export type LogStream = 'stdout' | 'stderr';

export interface LogPiece {
  readonly seq: number;
  readonly stream: LogStream;
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

interface KeptPiece {
  readonly piece: LogPiece;
  /** Of all that came before it. */
  readonly startBytes: number;
}

interface Reader {
  /** Number of the last piece that it got. */
  seen: number;
  /** Whether the writer waits for it. */
  patient: boolean;
}

export class WorkerLog {
  readonly #limitBytes: number;
  readonly #clock: Clock;
  readonly #written = new Doorbell();
  readonly #read = new Doorbell();
  readonly #readers = new Set<Reader>();
  /** Oldest first; those before `#first` are gone. */
  #kept: KeptPiece[] = [];
  #first = 0;
  /** Of all pieces that ever came. */
  #writtenBytes = 0;
  #nextSeq = 1;
  #ended = false;

  constructor(limitBytes: number, clock: Clock) {
    this.#limitBytes = limitBytes;
    this.#clock = clock;
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get firstSeq(): number {
    return this.#kept[this.#first]?.piece.seq ?? this.#nextSeq;
  }

  /** All pieces that are kept, oldest first. */
  get pieces(): readonly LogPiece[] {
    return this.#after(0);
  }

  #after(seq: number): LogPiece[] {
    return this.#kept.slice(this.#indexAfter(seq)).map(({ piece }) => piece);
  }

  #indexAfter(seq: number): number {
    let low = this.#first;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle]?.piece.seq ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Takes bytes (copied). A promise asks the writer to wait until readers have caught up. */
  write(stream: LogStream, bytes: Uint8Array): void | Promise<void> {
    for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
      this.#append({
        seq: this.#nextSeq,
        stream,
        timeMs: this.#clock.now(),
        bytes: bytes.slice(at, at + MAX_PIECE_BYTES),
      });
    }
    this.#written.ring();
    if (this.#slowReader()) return this.#waitForReaders();
  }

  #append(piece: LogPiece): void {
    this.#nextSeq = piece.seq + 1;
    this.#kept.push({ piece, startBytes: this.#writtenBytes });
    this.#writtenBytes += PIECE_OVERHEAD_BYTES + piece.bytes.length;
    while (this.#heldBytes > this.#limitBytes && this.#first < this.#kept.length - 1) this.#first++;
    if (this.#first < this.#kept.length / 2) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }

  get #heldBytes(): number {
    return this.#writtenBytes - (this.#kept[this.#first]?.startBytes ?? this.#writtenBytes);
  }

  #slowReader(): boolean {
    for (const { patient, seen } of this.#readers) {
      if (!patient) continue;
      const unseen = this.#kept[this.#indexAfter(seen)];
      if (unseen !== undefined && (this.#writtenBytes - unseen.startBytes) * 2 > this.#limitBytes) return true;
    }
    return false;
  }

  async #waitForReaders(): Promise<void> {
    const patience = new AbortController();
    const over = this.#clock.sleep(PATIENCE_MS, patience.signal).then(() => {
      if (!patience.signal.aborted) for (const reader of this.#readers) reader.patient = false;
      this.#read.ring();
    });
    while (this.#slowReader()) await this.#read.wait();
    patience.abort();
    await over;
  }

  /** No more output will come (here): readers end after the last piece. */
  end(): void {
    this.#ended = true;
    this.#written.ring();
  }

  /** Output will come after all. */
  reopen(): void {
    this.#ended = false;
  }

  /** Pieces after `afterSeq`, then, if `follow`, those to come until the log ends or the signal aborts. */
  async *read(options: {
    readonly afterSeq: number;
    readonly follow: boolean;
    readonly signal: AbortSignal;
  }): AsyncGenerator<LogPiece> {
    const { signal } = options;
    // A number from beyond the end belongs to output that was lost with an earlier node: what comes now is new.
    const reader = { seen: Math.min(options.afterSeq, this.#nextSeq - 1), patient: options.follow };
    this.#readers.add(reader);
    try {
      while (!signal.aborted) {
        const writing = this.#written.wait(signal);
        for (const piece of this.#after(reader.seen)) {
          if (signal.aborted) return;
          yield piece;
          reader.seen = piece.seq;
          this.#read.ring();
        }
        if (reader.seen < (this.#kept.at(-1)?.piece.seq ?? 0)) continue;
        reader.patient = options.follow;
        if (!options.follow || this.#ended) return;
        await writing;
      }
    } finally {
      this.#readers.delete(reader);
      this.#read.ring();
    }
  }

  /** Takes up the pieces of an earlier life of the worker, in place of what is here. */
  adopt(pieces: readonly LogPiece[], nextSeq: number): void {
    this.#kept = [];
    this.#first = 0;
    for (const piece of pieces) this.#append(piece);
    this.#nextSeq = nextSeq;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A piece as JSON. */
export function logEntryOf({ seq, stream, timeMs, bytes }: LogPiece): LogEntry {
  try {
    return { seq, stream, timeMs, text: utf8.decode(bytes) };
  } catch {
    return { seq, stream, timeMs, base64: Buffer.from(bytes).toString('base64') };
  }
}
