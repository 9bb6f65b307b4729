/**
 * What a worker makes durable: effects, ends of inputs, checkpoints; by its policy.
 *
 * Invariants:
 * 1. With `each-call` everything that an input does is one transaction with the checkpoint that holds its state.
 * 2. Otherwise effects and ends are committed as they come; what is done again after a crash has the same keys and is done once.
 * 3. Transactions of a worker are in order, and have what was done before they were asked for: a state that is kept with one has all of it.
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

/** What a worker did that is to be kept: to others, or an end of an input of the journal. */
type Done = StoredEffect | { readonly kind: 'end'; readonly seq: number; readonly end: InputEnd };

export class WorkerCommits {
  readonly #services: WorkerServices;
  readonly #worker: Committing;
  /** Whether what happens waits for the end of its input. */
  readonly #gathers: boolean;
  /** What no transaction has yet, in its order. */
  #done: Done[] = [];
  /** How much was done before the first of them. */
  #before = 0;
  /** Rises when the state that did it is gone. */
  #life = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #scheduled = false;

  constructor(services: WorkerServices, worker: Committing, gathers: boolean) {
    this.#services = services;
    this.#worker = worker;
    this.#gathers = gathers;
  }

  add(effect: StoredEffect | ReplyTo): void {
    if ('reply' in effect) this.end(effect.seq, { kind: 'message', reply: effect.reply });
    else this.#add(effect);
  }

  /** An input of the journal has ended. */
  end(seq: number, end: InputEnd): void {
    if (seq > 0) this.#add({ kind: 'end', seq, end });
  }

  #add(done: Done): void {
    this.#done.push(done);
    this.#schedule();
  }

  /** Whether there is something that no transaction has yet. */
  get isPending(): boolean {
    return this.#done.length > 0;
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
   * One transaction with all that was done up to now, and a checkpoint and record where they are given; gives the number of the checkpoint.
   * @throws PluvioError `STORE_FULL`, `STORE_FAILED`; then what was done is tried again with the next
   */
  flush(checkpoint?: Checkpoint, record?: WorkerRecord): Promise<number | null> {
    const upTo = this.#before + this.#done.length;
    const turn = this.#turn.then(() => this.#commit(upTo, checkpoint, record));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #commit(
    upTo: number,
    checkpoint: Checkpoint | undefined,
    record: WorkerRecord | undefined,
  ): Promise<number | null> {
    const done = this.#done.splice(0, Math.max(0, upTo - this.#before));
    if (done.length === 0 && checkpoint === undefined && record === undefined) return null;
    this.#before += done.length;
    const life = this.#life;
    const { inputs } = this.#worker;
    const effects: StoredEffect[] = [];
    const settled: Settled[] = [];
    for (const one of done) {
      if (one.kind === 'end') settled.push({ seq: one.seq, outcome: encodeEnd(one.end) });
      else effects.push(one);
    }
    // Without checkpoints nothing is done again: what is over need not be kept.
    const coveredSeq =
      this.#worker.isDurable || settled.length === 0 ? 0 : (inputs.firstSeq ?? inputs.knownSeq + 1) - 1;
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
      if (life === this.#life) {
        this.#done.unshift(...done);
        this.#before -= done.length;
      }
      throw error;
    }
    for (const one of done) if (one.kind === 'end') inputs.settled(one.seq, one.end);
    return committed.checkpointId;
  }

  /** The state that did all this is gone: what no transaction has did not happen. */
  drop(): void {
    this.#before += this.#done.length;
    this.#done = [];
    this.#life++;
  }

  /** Resolves when every transaction that was begun is over. */
  async idle(): Promise<void> {
    await this.#turn;
  }
}
