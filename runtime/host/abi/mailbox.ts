/**
 * How inputs are taken, and how messages end.
 *
 * Invariants:
 * 1. A message is over when the guest asks for the next one, or when the call in which it was received ends. Then it is *settling* until
 *    the node has been told; the next one is given when the node lets it.
 * 2. An input that was made of a timer counts only while the timer is what it was then.
 */
import { type Inputs, UNNUMBERED } from './inputs.ts';
import type { KeyValues } from './key-values.ts';
import type { Timers } from './timers.ts';
import type { AbiServices, Input, SettledInput } from './types.ts';

interface MailboxParts {
  readonly services: AbiServices;
  readonly inputs: Inputs;
  readonly kv: KeyValues;
  readonly timers: Timers;
}

/** Random bits of the first ordinal of an unnumbered input: it can count on from there, and nobody has had it. */
const UNNUMBERED_BITS = 48;

export class Mailbox {
  readonly #parts: MailboxParts;
  readonly #setNextTime: (id: string, dueMs: number) => void;
  readonly #poke: () => void;
  /** A message that is over and that the node has not settled. */
  settling: SettledInput | undefined;
  #isTold = false;

  /** @param setNextTime A timer that repeats is due again. @param poke The node has settled a message. */
  constructor(parts: MailboxParts, setNextTime: (id: string, dueMs: number) => void, poke: () => void) {
    this.#parts = parts;
    this.#setNextTime = setNextTime;
    this.#poke = poke;
  }

  /** Takes an input. False: its timer is no more; it counts as taken, and as nothing else. */
  take(input: Input, isMessage: boolean): boolean {
    const { inputs, timers, services } = this.#parts;
    const { kind, timer, dueMs } = input.info;
    if (input.seq === UNNUMBERED) {
      inputs.takeUnnumbered(input, this.#freshOrdinal());
      return true;
    }
    if (kind !== 'timer' || timer === undefined || dueMs === undefined) {
      inputs.take(input, isMessage);
      return true;
    }
    const isNowDueMs = timers.dueMs(timer);
    if (isNowDueMs !== dueMs) {
      inputs.markTaken(input.seq);
      if (isNowDueMs !== undefined) this.#setNextTime(timer, isNowDueMs); // the node may know another time
      return false;
    }
    const { payload, nextMs } = timers.fire(timer, Math.floor(services.now()));
    inputs.take({ ...input, body: payload }, isMessage);
    if (nextMs !== undefined) this.#setNextTime(timer, nextMs);
    return true;
  }

  #freshOrdinal(): number {
    const bytes = new Uint8Array(UNNUMBERED_BITS / 8);
    this.#parts.services.random(bytes);
    return bytes.reduce((number, byte) => number * 256 + byte, 1); // with the bit above all random ones
  }

  /** The message that is current is over. */
  endMessage(): void {
    const ended = this.#parts.inputs.endMessage();
    if (ended === undefined) return;
    this.rollBack();
    this.settling = ended;
    this.#isTold = false;
  }

  /** An input is over: so is its transaction. */
  rollBack(): void {
    const { kv } = this.#parts;
    if (kv.inTransaction) kv.rollback();
  }

  /** Whether nothing is in the way of the next message; tells the node of the one before. */
  isSettled(): boolean {
    const { settling } = this;
    if (settling === undefined) return true;
    if (this.#isTold) return false;
    this.#isTold = true;
    const settled = this.#parts.services.settled(settling);
    if (settled === undefined) {
      this.settling = undefined;
      return true;
    }
    const goOn = (): void => {
      if (this.settling !== settling) return;
      this.settling = undefined;
      this.#poke();
    };
    settled.then(goOn, goOn);
    return false;
  }

  /** The next message, which is current now; its length, or undefined if there is none. */
  takeNext(): number | undefined {
    const { inputs, services } = this.#parts;
    for (let input = inputs.dequeue(); input !== undefined; input = inputs.dequeue()) {
      if (this.take(input, true)) return inputs.current?.body.length ?? 0;
      void services.settled({ seq: input.seq, effects: 0 });
    }
    return undefined;
  }

  restore(settling: SettledInput | undefined): void {
    this.settling = settling;
    this.#isTold = false;
  }
}
