/**
 * Two workers of a campaign: one is called with keys and passes inputs on as messages, the other one takes them, at once or by timers.
 *
 * What the first one's call acknowledged takes effect at the second one, once, sooner or later.
 */
import { PluvioError } from '../../runtime/errors/index.ts';
import { deployGuest, type Guest, type ManifestFields } from '../node/guests.ts';
import { Book } from './book.ts';
import type { FleetNode } from './fleet.ts';
import { addTo, countsOf, isCoded, type Load, type LoadOptions, pause, weighted } from './load.ts';

export interface MailboxRules {
  readonly steps: Readonly<Partial<Record<MailboxStep, number>>>;
}

/** What is done with an input, or with the worker that takes them. */
export type MailboxStep = 'message' | 'timer' | 'snapshot of the receiver';

const DELAY_MAX_MS = 3000;
const FULL = 30_000;
/** If nothing more arrives for so long, the rest does not arrive any more. */
const ARRIVES_WITHIN_MS = 30_000;
/** Looks, 50 ms apart, that must show the same before it counts. */
const LOOKS_SAME = 20;

/** What a receiver may do, and what a sender may. */
export const RECEIVER_FIELDS: ManifestFields = { capabilities: { 'mailbox.receive': [], timers: [] } };
export const senderFields = (to: string): ManifestFields => ({
  capabilities: { 'mailbox.send': [to], config: ['to'] },
  config: { to },
  checkpoint: 'each-call',
});

export class MailboxPair implements Load {
  readonly books: Book[] = [];
  readonly acknowledged: Record<string, number> = {};
  readonly refused: Record<string, number> = {};
  doing = 'nothing';
  readonly #options: LoadOptions & MailboxRules;
  readonly #steps: readonly MailboxStep[];
  readonly #node: FleetNode;
  #snapshot: string | undefined;

  constructor(options: LoadOptions & MailboxRules) {
    this.#options = options;
    this.#steps = weighted(options.steps);
    this.#node = options.choices.pick(options.fleet.nodes);
  }

  get #receiver(): string {
    return `${this.#options.name}-${this.books.length}`;
  }

  get #sender(): string {
    return `${this.#receiver}-sender`;
  }

  /** The book of the pair now; makes a pair where there is none. */
  async #ready(): Promise<Book> {
    const last = this.books.at(-1);
    if (last && last.length < FULL) return last;
    const book = new Book(`${this.#options.name}-${this.books.length + 1}`);
    await this.#make(book.name, 'mailbox-ledger', { ...RECEIVER_FIELDS, ...this.#options.fields });
    await this.#make(`${book.name}-sender`, 'mailbox-sender', senderFields(book.name));
    this.books.push(book);
    addTo(this.acknowledged, 'created');
    return book;
  }

  async #make(name: string, guest: Guest, fields: ManifestFields): Promise<void> {
    await this.#insist(async () => {
      await deployGuest(this.#node.client, name, guest, fields).catch((error: unknown) => {
        if (!isCoded(error) || error.code !== 'WORKER_EXISTS') throw error; // made by a try that had no answer
      });
    });
  }

  /** Does it again until it is answered. @throws PluvioError for what no repetition changes */
  async #insist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      await this.#node.whenUp();
      try {
        return await work();
      } catch (error) {
        if (!isCoded(error) || !error.retryable) throw error;
        this.doing = `again after ${error.code}: ${error.message}`;
        await pause();
      }
    }
  }

  async step(): Promise<void> {
    const step = this.#options.choices.pick(this.#steps);
    this.doing = step;
    const book = await this.#ready();
    try {
      if (step === 'snapshot of the receiver') await this.#keep();
      else await this.#pass(book, step === 'timer' ? 1 + this.#options.choices.below(DELAY_MAX_MS) : 0);
      addTo(this.acknowledged, step);
    } catch (error) {
      if (!isCoded(error)) throw error;
      addTo(this.refused, `${step}: ${error.code}`);
    }
  }

  /** @throws PluvioError; `UNSUPPORTED`: the guest was refused by its host */
  async #pass(book: Book, delayMs: number): Promise<void> {
    const input = book.send();
    const key = `${book.name}-${input}`;
    const outcome = await this.#insist(() =>
      this.#node.keyed(key).workers.call(this.#sender, 'pass_on', [input, delayMs]),
    );
    if (outcome.kind !== 'returned' || outcome.values[0] !== 1) {
      throw new PluvioError('UNSUPPORTED', `pass_on ended as ${outcome.kind}`);
    }
    book.keep([input]);
  }

  async #keep(): Promise<void> {
    const { client } = this.#node;
    const { digest } = await client.workers.snapshot(this.#receiver);
    const before = this.#snapshot;
    this.#snapshot = digest;
    if (before !== undefined && before !== digest) await client.bundles.delete(before);
  }

  /** How often each input took effect, as the receiver tells the sender; a text: why it does not. */
  async #counts(length: number): Promise<readonly number[] | string> {
    const counts: number[] = [];
    for (let first = 0; first < length + 8; first += 8) {
      const outcome = await this.#node.client.workers
        .call(this.#sender, 'tell', [first])
        .catch((error: unknown) => (isCoded(error) ? error : Promise.reject(error as Error)));
      if (outcome instanceof PluvioError)
        return `the call of the sender is refused: ${outcome.code}: ${outcome.message}`;
      if (outcome.kind !== 'returned') return `the call of the sender ended as ${outcome.kind}`;
      const packed = outcome.values[0] as bigint; // tell gives an i64
      if (packed < 0n) {
        const { status } = await this.#node.client.workers.get(this.#receiver);
        return `the receiver, which is ${status}, does not answer the sender: code ${packed}`;
      }
      counts.push(...countsOf(packed));
    }
    return counts;
  }

  async audit(): Promise<void> {
    const book = this.books.at(-1);
    if (!book) return;
    const durable = book.heldAt({ node: -1, life: -1 });
    let seen: readonly number[] | string = [];
    let same = 0;
    let most = -1;
    let deadline = 0;
    for (let isThere = false; !(isThere && same >= LOOKS_SAME); await pause()) {
      const told = await this.#counts(book.length);
      const arrived = typeof told === 'string' ? 0 : told.filter((count) => count > 0).length;
      if (arrived > most) deadline = performance.now() + ARRIVES_WITHIN_MS;
      else if (performance.now() > deadline) break;
      most = Math.max(most, arrived);
      same = String(told) === String(seen) ? same + 1 : 0;
      seen = told;
      isThere = typeof told !== 'string' && durable.every((input) => (told[input] ?? 0) > 0);
    }
    if (typeof seen === 'string') book.fault('lost', seen);
    else book.compare('the receiver', seen);
  }
}
