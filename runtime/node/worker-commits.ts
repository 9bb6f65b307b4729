/**
 * What a worker makes durable: effects, ends of inputs, checkpoints; by its policy.
 *
 * Invariants:
 * 1. With `each-call` everything that an input does is one transaction with the checkpoint that holds its state.
 * 2. Otherwise effects and ends are committed as they come; what is done again after a crash has the same keys and is done once.
 * 3. Transactions of a worker are in order.
 */
import { encodeEnd, type InputEnd } from './input-end.ts';
import type { Checkpoint, Commit, Committed, Effect as StoredEffect, Settled } from './store/index.ts';
import type { ReplyTo } from './worker-effects.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerInputs } from './worker-inputs.ts';
import type { WorkerServices } from './worker-services.ts';

/** The worker that commits. */
interface Committing {
  readonly name: string;
  readonly inputs: WorkerInputs;
  readonly isDurable: boolean;
}

export class WorkerCommits {
  readonly #services: WorkerServices;
  readonly #worker: Committing;
  /** Whether what happens waits for the end of its input. */
  readonly #gathers: boolean;
  #effects: StoredEffect[] = [];
  #ends: (readonly [seq: number, end: InputEnd])[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #scheduled = false;

  constructor(services: WorkerServices, worker: Committing, gathers: boolean) {
    this.#services = services;
    this.#worker = worker;
    this.#gathers = gathers;
  }

  add(effect: StoredEffect | ReplyTo): void {
    if ('reply' in effect) this.end(effect.seq, { kind: 'message', reply: effect.reply });
    else {
      this.#effects.push(effect);
      this.#schedule();
    }
  }

  /** An input of the journal has ended. */
  end(seq: number, end: InputEnd): void {
    if (seq === 0) return;
    this.#ends.push([seq, end]);
    this.#schedule();
  }

  /** Whether there is something that no transaction has yet. */
  get isPending(): boolean {
    return this.#effects.length > 0 || this.#ends.length > 0;
  }

  #schedule(): void {
    if (this.#gathers || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush().catch((error: unknown) => {
        this.#services.logger.log('error', 'what a worker did could not be kept', {
          worker: this.#worker.name,
          error: String(error),
        });
      });
    });
  }

  /**
   * One transaction with all that is there, and a checkpoint and record where they are given; gives the number of the checkpoint.
   * @throws PluvioError `STORE_FULL`, `STORE_FAILED`; then what was there is tried again with the next
   */
  flush(checkpoint?: Checkpoint, record?: WorkerRecord): Promise<number | null> {
    const turn = this.#turn.then(() => this.#commit(checkpoint, record));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #commit(checkpoint: Checkpoint | undefined, record: WorkerRecord | undefined): Promise<number | null> {
    const effects = this.#effects;
    const ends = this.#ends;
    if (effects.length === 0 && ends.length === 0 && checkpoint === undefined && record === undefined) return null;
    this.#effects = [];
    this.#ends = [];
    const settled: Settled[] = ends.map(([seq, end]) => ({ seq, outcome: encodeEnd(end) }));
    // Without checkpoints nothing is done again: what is over need not be kept.
    const first = this.#worker.inputs.firstSeq;
    const coveredSeq =
      this.#worker.isDurable || settled.length === 0 ? 0 : (first ?? this.#worker.inputs.knownSeq + 1) - 1;
    const commit: Commit = {
      ...(coveredSeq > 0 ? { coveredSeq } : {}),
      ...(effects.length > 0 ? { effects } : {}),
      ...(settled.length > 0 ? { settled } : {}),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(record === undefined ? {} : { record }),
    };
    let committed: Committed;
    try {
      committed = await this.#services.post.commit(this.#worker.name, commit);
    } catch (error) {
      this.#effects = [...effects, ...this.#effects];
      this.#ends = [...ends, ...this.#ends];
      throw error;
    }
    for (const [seq, end] of ends) this.#worker.inputs.settled(seq, end);
    return committed.checkpointId;
  }

  /** The state that did all this is gone: what no transaction has did not happen. */
  drop(): void {
    this.#effects = [];
    this.#ends = [];
  }

  /** Resolves when every transaction that was begun is over. */
  async idle(): Promise<void> {
    await this.#turn;
  }
}
