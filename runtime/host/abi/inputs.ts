/**
 * Inputs of one worker: which were taken, the one that the guest works on, those that wait in the mailbox; and the numbers of effects.
 *
 *     deliver ─▶ inbox ──recv──▶ current (a message) ──next recv, end of the call──▶ over
 *     beginInput ──────────────▶ entry, current ──────endInput──────────────────────▶ over
 *
 * Invariants:
 * 1. An input is taken if its seq is at most `highSeq` and not in `untaken`, which is ascending and short: a call may be taken before a
 *    message that came earlier.
 * 2. `inbox` is ascending by seq, none of it is taken, and it is not part of a snapshot.
 * 3. Effects are numbered by the input that was taken last, from 0; those of an unnumbered one by that before it, from a random count.
 * 4. While a message is current, the `entry` in which it was received goes on; it has its own output.
 */
import { assert, PluvioError } from '../../errors/index.ts';
import type { BytePieces } from '../byte-pieces.ts';
import { orderedInfo } from './input-info.ts';
import type { EffectNumber, HttpHead, Input, InputInfo, SettledInput } from './types.ts';

/** An input that the guest works on. */
export interface CurrentInput {
  readonly seq: number;
  readonly info: InputInfo;
  /** As far as it has come. */
  body: Uint8Array;
  /** Taken by `recv`, not given to an export. */
  readonly isMessage: boolean;
  replied: boolean;
  cancelled: boolean;
}

/** The call of an export that the node made for an input. */
export interface Entry {
  readonly seq: number;
  readonly output: BytePieces;
  head: HttpHead | undefined;
  /** Effects with its number; undefined as long as it is the input taken last. */
  effects: number | undefined;
  cancelled: boolean;
  /** Somebody takes the output as it is written. */
  readonly streams: boolean;
}

/** A body that has not come to its end. */
interface OpenBody {
  /** Undefined: it never will, nobody sends it any more. */
  name: number | undefined;
  readonly of: CurrentInput;
  /** Has room beyond what came. */
  room: Uint8Array;
}

/** The number of an input that no journal has. */
export const UNNUMBERED = 0;

/** Inputs that may be missing below the highest one: more means that the node's numbers are not dense. */
export const UNTAKEN_MAX = 65_536;

export class Inputs {
  highSeq = 0;
  untaken: number[] = [];
  current: CurrentInput | undefined;
  entry: Entry | undefined;
  /** Of the input taken last. */
  numberedSeq = 0;
  ordinal = 0;
  /** The call's body, as long as it is not whole. */
  openBody: OpenBody | undefined;
  readonly #inbox: Input[] = [];

  // --- taken ---

  /** Every input up to this one was taken. */
  get lastSeq(): number {
    return this.untaken[0] === undefined ? this.highSeq : this.untaken[0] - 1;
  }

  isTaken(seq: number): boolean {
    return seq <= this.highSeq && !this.untaken.includes(seq);
  }

  /** @throws PluvioError `INVALID_ARGUMENT` the numbers are not dense */
  markTaken(seq: number): void {
    if (seq <= this.highSeq) {
      this.untaken = this.untaken.filter((other) => other !== seq);
      return;
    }
    const missing = seq - this.highSeq - 1;
    if (missing + this.untaken.length > UNTAKEN_MAX) {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `cannot take input ${seq} after input ${this.highSeq}: at most ${UNTAKEN_MAX} may be missing`,
      );
    }
    for (let at = 1; at <= missing; at++) this.untaken.push(this.highSeq + at);
    this.highSeq = seq;
  }

  /** Makes it the current input, and the one that effects are numbered by. */
  take({ seq, info, body }: Input, isMessage: boolean): CurrentInput {
    this.markTaken(seq);
    if (this.entry?.effects === undefined && this.entry?.seq === this.numberedSeq) this.entry.effects = this.ordinal;
    this.numberedSeq = seq;
    this.ordinal = 0;
    return this.#becomesCurrent({ seq, info, body }, isMessage);
  }

  /**
   * The same for an input that no journal has. If it is lost, what comes in its place is another one: its effects must not have its numbers.
   * @param firstOrdinal One that no effect had.
   */
  takeUnnumbered(input: Input, firstOrdinal: number): CurrentInput {
    this.ordinal = firstOrdinal;
    return this.#becomesCurrent(input, false);
  }

  #becomesCurrent({ seq, info, body }: Input, isMessage: boolean): CurrentInput {
    this.current = { seq, info: orderedInfo(info), body, isMessage, replied: false, cancelled: false };
    return this.current;
  }

  nextNumber(): EffectNumber {
    return { inputSeq: this.numberedSeq, ordinal: this.ordinal++ };
  }

  // --- a body in parts ---

  /** Takes a part of the call's body; false: it is not that of the call in progress. */
  addBody(name: number, part: Uint8Array | 'end' | 'broken'): boolean {
    const { openBody } = this;
    if (openBody?.name !== name) return false;
    const { of } = openBody;
    if (part === 'end') {
      this.openBody = undefined;
      return true;
    }
    if (part === 'broken') {
      openBody.name = undefined;
      of.cancelled = true;
      if (this.entry !== undefined) this.entry.cancelled = true;
      return true;
    }
    const length = of.body.length + part.length;
    if (length > openBody.room.length) {
      openBody.room = new Uint8Array(2 * length);
      openBody.room.set(of.body);
    }
    openBody.room.set(part, of.body.length);
    of.body = openBody.room.subarray(0, length);
    return true;
  }

  // --- over ---

  /** The message that is current is over. */
  endMessage(): SettledInput | undefined {
    const { current } = this;
    if (current?.isMessage !== true) return undefined;
    this.current = undefined;
    return { seq: current.seq, effects: this.ordinal };
  }

  endEntry(): Entry & { readonly effects: number } {
    const { entry } = this;
    assert(entry !== undefined, 'no input was begun');
    this.entry = undefined;
    this.current = undefined;
    this.openBody = undefined;
    return { ...entry, effects: entry.effects ?? this.ordinal };
  }

  /** Nobody wants that input any more. One that was not taken counts as taken; true: it was in the mailbox. */
  cancel(seq: number): boolean {
    const waited = this.isQueued(seq);
    this.drop(seq);
    if (!this.isTaken(seq)) this.markTaken(seq);
    if (this.current?.seq === seq) this.current.cancelled = true;
    if (this.entry?.seq === seq) {
      this.entry.cancelled = true;
      this.entry.output.clear();
    }
    return waited;
  }

  /** Whether nobody wants what the guest works on. */
  get isCancelled(): boolean {
    return this.current?.cancelled === true || this.entry?.cancelled === true;
  }

  // --- mailbox ---

  get inboxLength(): number {
    return this.#inbox.length;
  }

  /** Puts it into the mailbox in the order of seq; false: it is there. */
  enqueue(input: Input): boolean {
    let at = this.#inbox.length;
    while (at > 0 && (this.#inbox[at - 1]?.seq ?? 0) > input.seq) at--;
    if (this.#inbox[at - 1]?.seq === input.seq) return false;
    this.#inbox.splice(at, 0, input);
    return true;
  }

  isQueued(seq: number): boolean {
    return this.#inbox.some((input) => input.seq === seq);
  }

  dequeue(): Input | undefined {
    return this.#inbox.shift();
  }

  /** Takes it out of the mailbox. */
  drop(seq: number): void {
    const at = this.#inbox.findIndex((input) => input.seq === seq);
    if (at >= 0) this.#inbox.splice(at, 1);
  }

  clearInbox(): void {
    this.#inbox.length = 0;
  }
}
