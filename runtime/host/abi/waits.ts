/**
 * Host calls that must wait: parked, forgotten, executed again, and still done exactly once.
 *
 *     run ─▶ attempt ─┬─ a result ─────────────────────────────▶ the call gives it
 *                     └─ none ─▶ parked ─poke─▶ attempt ─ … ─▶ recorded, the promise gives it
 *
 * Boundary: the engine gives the guest the promise's value, or forgets the promise and makes the call again (after a stop, in the same
 * host; after a restore, in another).
 *
 * Invariants:
 * 1. A guest waits for one thing at a time. Every wait has a number, `operation`, that grows; it is all that the engine keeps of it.
 *    What else the wait needs is its `record`: part of this host's state.
 * 2. What a call does to the host is done by `attempt`, and its result recorded in the same step. An execution that finds its number
 *    recorded gives that result and does nothing.
 * 3. A wait is attempted again by `poke` alone: when a message came, an answer, or the time. A forgotten promise is never settled.
 */
import { type Pending, pending } from '../../engine/pending.ts';
import type { Wake } from '../../engine/types.ts';
import { PluvioError } from '../../errors/index.ts';
import { AbiFault, codeOf } from './error-codes.ts';
import type { AbiServices, Answer, Ask, EffectNumber, WaitKind } from './types.ts';

export interface WaitRecord {
  readonly operation: number;
  readonly kind: WaitKind;
  readonly dueMs: number | null;
  /** Of what is asked for. */
  readonly number: EffectNumber | null;
}

export interface Recorded {
  readonly operation: number;
  readonly result: number;
}

export interface Wait {
  /** What the first execution fixes for all later ones. */
  begin(): Pick<WaitRecord, 'dueMs' | 'number'>;
  /** The call's work, if it can be done now: gives the result, or undefined to wait on. May throw an AbiFault. */
  attempt(record: WaitRecord, isRestored: boolean): number | undefined;
}

interface Parked {
  readonly record: WaitRecord;
  readonly wait: Wait;
  readonly resolve: (result: number) => void;
}

interface Question {
  readonly ask: number;
  answer: Answer | undefined;
}

/** Longest delay of a timer of the platform. */
const TIMER_MAX_MS = 0x7fff_ffff;

type SetTimer = (delayMs: number, fire: () => void) => () => void;

export class Waits {
  readonly #services: AbiServices;
  readonly #setTimer: SetTimer;
  begun = 0;
  completed: Recorded | undefined;
  /** Of the wait that began last, as long as it has no result. */
  record: WaitRecord | undefined;
  /** Operations up to this one began before the last restore. */
  #restoredThrough = 0;
  #resumed: WaitRecord | undefined;
  #parked: Parked | undefined;
  #clearTimer: (() => void) | undefined;
  #question: Question | undefined;
  #delayed = false;

  constructor(services: AbiServices, setTimer: SetTimer) {
    this.#services = services;
    this.#setTimer = setTimer;
  }

  /** This execution of a call goes on with a wait that has no result yet; until `run` takes it up. */
  get isResumed(): boolean {
    return this.#resumed !== undefined;
  }

  /** What the guest waits for; undefined: it does not. */
  get waiting(): WaitRecord | 'rate' | undefined {
    return this.#delayed ? 'rate' : this.#parked?.record;
  }

  /**
   * A host call begins: tells which wait it goes on with, if this is not its first execution. Gives the result, if that wait is over.
   * @throws PluvioError `SNAPSHOT_MALFORMED`
   */
  enter(restartState: unknown): number | undefined {
    this.#resumed = undefined;
    if (restartState === undefined || restartState === null) return undefined;
    const operation: unknown =
      typeof restartState === 'object' && 'operation' in restartState ? restartState.operation : undefined;
    if (typeof operation === 'number') {
      if (operation === this.completed?.operation) return this.completed.result;
      if (operation === this.record?.operation) {
        this.#resumed = this.record;
        return undefined;
      }
    }
    throw new PluvioError(
      'SNAPSHOT_MALFORMED',
      `restartState.operation is ${String(operation)}; it must be the number of the last wait`,
    );
  }

  /** A number for a question that no wait is about. */
  nextNumber(): number {
    return ++this.begun;
  }

  /** Runs a call that may wait. @throws PluvioError `SNAPSHOT_MALFORMED` the restored wait is not one of such a call */
  run(kind: WaitKind, wait: Wait): number | Pending {
    this.#unpark();
    const resumed = this.#resumed;
    this.#resumed = undefined;
    const record = resumed === undefined ? this.#begin(kind, wait) : checkKind(resumed, kind);
    const result = this.#attempt(record, wait);
    if (result !== undefined) return result;
    const parked = Promise.withResolvers<number>();
    this.#parked = { record, wait, resolve: parked.resolve };
    this.#arm(record.dueMs);
    const wake = wakeOf(record);
    return pending(parked.promise, {
      state: { operation: record.operation },
      ...(wake === undefined ? {} : { wake }),
    });
  }

  #begin(kind: WaitKind, wait: Wait): WaitRecord {
    this.record = { operation: ++this.begun, kind, ...wait.begin() };
    return this.record;
  }

  #attempt(record: WaitRecord, wait: Wait): number | undefined {
    let result: number | undefined;
    try {
      result = wait.attempt(record, record.operation <= this.#restoredThrough);
    } catch (error) {
      if (!(error instanceof AbiFault)) throw error;
      result = codeOf(error.name);
    }
    if (result === undefined) return undefined;
    this.completed = { operation: record.operation, result };
    this.record = undefined;
    const question = this.#question;
    this.#question = undefined;
    if (question !== undefined && question.answer === undefined) this.#services.abandon(question.ask);
    return result;
  }

  /** Something changed: whoever waits may find what it waits for. */
  poke(): void {
    const parked = this.#parked;
    if (parked === undefined) return;
    const result = this.#attempt(parked.record, parked.wait);
    if (result === undefined) return;
    this.#unpark();
    parked.resolve(result);
  }

  /** Asks once for what the wait is about; gives the answer when it is there, and pokes when it comes. */
  answerTo(record: WaitRecord, isRestored: boolean, body: AskBody): Answer | undefined {
    if (this.#question?.ask === record.operation) return this.#question.answer;
    const question: Question = { ask: record.operation, answer: undefined };
    this.#question = question;
    const number = record.number ?? { inputSeq: 0, ordinal: 0 };
    const ask: Ask = { ...body, ...number, ask: record.operation, again: isRestored, dueMs: record.dueMs };
    const answered = (answer: Answer): void => {
      if (this.#question !== question) return;
      question.answer = answer;
      this.poke();
    };
    this.#services.ask(ask).then(answered, (error: unknown) => {
      answered({ ok: false, code: 'FAILED', message: error instanceof Error ? error.message : String(error) });
    });
    return undefined;
  }

  /** A call that is done gives its result after that time. */
  delay(result: number, delayMs: number): Pending {
    this.#unpark();
    const operation = ++this.begun;
    this.completed = { operation, result };
    this.record = undefined;
    this.#delayed = true;
    const delayed = Promise.withResolvers<number>();
    this.#clearTimer = this.#setTimer(delayMs, () => {
      this.#unpark();
      delayed.resolve(result);
    });
    return pending(delayed.promise, { state: { operation } });
  }

  #arm(dueMs: number | null): void {
    if (dueMs === null) return;
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(0, dueMs - this.#services.now()));
    this.#clearTimer = this.#setTimer(delayMs, () => {
      this.#clearTimer = undefined;
      this.poke();
      if (this.#parked?.record.dueMs === dueMs && this.#clearTimer === undefined) this.#arm(dueMs); // the clock is not there yet
    });
  }

  #unpark(): void {
    this.#parked = undefined;
    this.#delayed = false;
    this.#clearTimer?.();
    this.#clearTimer = undefined;
  }

  /** Takes up checked state of a snapshot. */
  restore(begun: number, completed: Recorded | undefined, record: WaitRecord | undefined): void {
    this.close();
    this.begun = begun;
    this.completed = completed;
    this.record = record;
    this.#restoredThrough = begun;
  }

  /** Promises that are still out are never settled. */
  close(): void {
    this.#unpark();
    this.#question = undefined;
  }
}

/** Waits during which the worker may be put away: what ends them is known without it. A message may already be there then. */
const INPUT_ENDS: Readonly<Partial<Record<WaitKind, boolean>>> = { recv: true, sleep: false };

function wakeOf({ kind, dueMs }: WaitRecord): Wake | undefined {
  const input = INPUT_ENDS[kind];
  if (input === undefined) return undefined; // an answer that is under way
  return { input, ...(dueMs === null ? {} : { atMs: dueMs }) };
}

function checkKind(record: WaitRecord, kind: WaitKind): WaitRecord {
  if (record.kind === kind) return record;
  throw new PluvioError(
    'SNAPSHOT_MALFORMED',
    `waits.record.kind is ${record.kind}; it must be ${kind}, as the call in progress is`,
  );
}

/** A question without what this file adds. */
export type AskBody = Ask extends infer Each
  ? Each extends Ask
    ? Omit<Each, 'ask' | 'again' | 'dueMs' | 'inputSeq' | 'ordinal'>
    : never
  : never;
