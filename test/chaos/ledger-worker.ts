/**
 * One worker of a campaign, driven step by step: calls, stops, snapshots, moves. Whatever has no answer stays in doubt.
 *
 * Invariant: steps take turns, so nothing but its node's own doings happens to the worker between two of them.
 */
import type { PluvioError } from '../../runtime/errors/index.ts';
import type { Outcome, WorkerInfo } from '../../sdk/client/index.ts';
import { deployGuest } from '../node/guests.ts';
import { Book, type Place } from './book.ts';
import type { Copy, FleetNode } from './fleet.ts';
import { addTo, countsOf, isCoded, type Load, type LoadOptions, pause, weighted } from './load.ts';

export interface LedgerRules {
  /** Calls carry a key, and are made again with it until they are answered. */
  readonly keyed: boolean;
  /** What the end of a call promises: that it was done, or that it will stay done. */
  readonly durable: 'with a checkpoint' | 'at once';
  /** How often each step comes, in proportion. */
  readonly steps: Readonly<Partial<Record<LedgerStep, number>>>;
}

/** Rounds before and after the effect of a slow call: some tens of milliseconds. */
const SLOW_ROUNDS = 5_000_000;
const STOP_AFTER_MAX_MS = 30;
const FULL = 30_000;
/** States in which a call can begin. */
const IDLE: readonly string[] = ['idle', 'hibernated'];
const DOWN_TARGET_SHARE = 8;

export class LedgerWorker implements Load {
  readonly #options: LoadOptions & LedgerRules;
  readonly #steps: readonly LedgerStep[];
  /** One for each worker that had its turn; the last one is that of the worker now. */
  readonly books: Book[] = [];
  doing = 'nothing';
  #created = 0;
  #at: FleetNode | undefined;
  #snapshot:
    | { readonly digest: string; readonly at: FleetNode; readonly holds: readonly number[]; readonly book: Book }
    | undefined;
  readonly acknowledged: Record<string, number> = {};
  readonly refused: Record<string, number> = {};

  constructor(options: LoadOptions & LedgerRules) {
    this.#options = options;
    this.#steps = weighted(options.steps);
  }

  get book(): Book {
    const book = this.books.at(-1);
    if (!book) throw new Error(`${this.#options.name} has not been created`);
    return book;
  }

  /** The node that has it, with nothing in progress there; makes a worker where there is none. */
  async #ready(): Promise<FleetNode> {
    for (;;) {
      const copy = await this.#find();
      if (!copy) {
        await pause();
        continue;
      }
      const { node, info } = copy;
      if (IDLE.includes(info.status)) return node;
      await this.#toIdle(node, info).catch((error: unknown) => {
        if (!isCoded(error)) throw error;
      });
    }
  }

  async #toIdle(node: FleetNode, info: WorkerInfo): Promise<void> {
    const { workers } = node.client;
    if (info.status === 'lost') {
      if (this.book.hasDurable)
        this.book.fault('lost', 'the node says that it is lost, though a state was acknowledged');
      await this.#create(node);
    } else if (info.status === 'stopped') await workers.resume(info.name);
    else if (info.status === 'moving') await pause();
    else await workers.waitOutcome(info.name);
  }

  async #find(): Promise<Copy | undefined> {
    const { fleet, choices } = this.#options;
    const book = this.books.at(-1);
    if (!book || book.length > FULL) {
      await this.#create(choices.pick(fleet.nodes));
      return undefined;
    }
    if (this.#at) await this.#at.whenUp();
    const copies = await fleet.copiesOf(book.name);
    const copy = copies.find(({ info }) => info.status !== 'moving') ?? copies[0];
    this.#at = copy?.node;
    if (copy) return copy;
    await fleet.whenUp();
    if (await fleet.isNowhere(book.name)) {
      book.fault('lost', 'no node has it any more');
      await this.#create(choices.pick(fleet.nodes));
    }
    return undefined;
  }

  async #create(node: FleetNode): Promise<void> {
    const { fleet, fields } = this.#options;
    const name = `${this.#options.name}-${++this.#created}`;
    await node.whenUp();
    let made = true;
    try {
      await deployGuest(node.client, name, 'ledger', fields);
      addTo(this.acknowledged, 'created');
    } catch (error) {
      if (!isCoded(error) || error.code !== 'NODE_UNREACHABLE')
        throw new Error(`${name} cannot be made`, { cause: error });
      await node.whenUp();
      made = (await fleet.copiesOf(name)).length > 0;
    }
    if (!made) return;
    this.books.push(new Book(name));
    this.#snapshot = undefined;
    this.#at = node;
  }

  async step(): Promise<void> {
    const name = this.#options.choices.pick(this.#steps);
    this.doing = name;
    try {
      const node = await this.#ready();
      const place: Place = { node: node.index, life: node.life };
      await STEPS[name](this, node, place);
    } catch (error) {
      if (!isCoded(error)) throw error;
      addTo(this.refused, `${name}: ${error.code}`);
    }
  }

  /** @throws PluvioError; with a key only codes that no repetition changes */
  async #call(node: FleetNode, exportName: string, args: readonly number[]): Promise<Outcome> {
    const { name } = this.book;
    if (!this.#options.keyed) return node.client.workers.call(name, exportName, args);
    const key = `${name}-${args[0]}`;
    for (;;) {
      try {
        const at = this.#at ?? node;
        this.doing = `call of ${exportName} with ${args.join()} at node ${at.index}`;
        return await at.keyed(key).workers.call(name, exportName, args);
      } catch (error) {
        if (!isCoded(error) || !(error.retryable || error.code === 'WORKER_NOT_FOUND' || error.code === 'WORKER_MOVED'))
          throw error;
        this.doing = `call of ${exportName} with ${args.join()} after ${error.code}: ${error.message}`;
        await pause();
        await this.#find();
      }
    }
  }

  #take(input: number, outcome: Outcome, place: Place): void {
    if (outcome.kind !== 'returned') return;
    this.book.taken(input, Number(outcome.values[0]), this.#options.durable === 'at once' ? 'durable' : place);
    addTo(this.acknowledged, 'calls');
  }

  async call(node: FleetNode, place: Place): Promise<void> {
    const input = this.book.send();
    this.#take(input, await this.#call(node, 'apply', [input]), place);
  }

  /** Stops a call somewhere in it, and lets it go on. */
  async stop(node: FleetNode, place: Place): Promise<void> {
    const { book } = this;
    const holds = book.heldAt(place);
    const input = book.send();
    const { workers } = node.client;
    const called = this.#call(node, 'apply_slowly', [input, SLOW_ROUNDS]).catch(
      (error: unknown) => error as PluvioError,
    );
    await new Promise((resolve) => setTimeout(resolve, this.#options.choices.below(STOP_AFTER_MAX_MS)));
    const { status } = await workers.stop(book.name);
    if (status === 'stopped') {
      book.keep(holds);
      addTo(this.acknowledged, 'stops');
      await workers.resume(book.name);
      const outcome = await workers.waitOutcome(book.name);
      if (outcome) this.#take(input, outcome, place);
    } else {
      const outcome = await called;
      if (!(outcome instanceof Error)) this.#take(input, outcome, place);
    }
    await called;
  }

  async snapshot(node: FleetNode, place: Place): Promise<void> {
    const { book } = this;
    const holds = book.heldAt(place);
    const { digest } = await node.client.workers.snapshot(book.name);
    book.keep(holds);
    addTo(this.acknowledged, 'snapshots');
    const before = this.#snapshot;
    this.#snapshot = { digest, at: node, holds, book };
    if (before && before.digest !== digest) await before.at.client.bundles.delete(before.digest);
  }

  /** To another node; in the middle of a call, if it comes to that. */
  async move(node: FleetNode, place: Place, amidCall: boolean): Promise<void> {
    const { book } = this;
    const { fleet, choices } = this.#options;
    const target = choices.pick(fleet.nodes.filter((other) => other !== node));
    // Moves to a node that is down are tried, but not all the time.
    if (!target.isUp && !choices.oneIn(DOWN_TARGET_SHARE)) return target.whenUp();
    const holds = book.heldAt(place);
    const input = amidCall ? book.send() : undefined;
    const called =
      input === undefined
        ? undefined
        : this.#call(node, 'apply_slowly', [input, SLOW_ROUNDS]).catch((error: unknown) => error as PluvioError);
    if (called) await new Promise((resolve) => setTimeout(resolve, choices.below(STOP_AFTER_MAX_MS)));
    const life = target.life;
    await node.client.workers.move(book.name, { target: target.url });
    book.keep(holds);
    this.#at = target;
    addTo(this.acknowledged, 'moves');
    const outcome = await called;
    if (input === undefined || outcome === undefined || outcome instanceof Error) return;
    this.#take(input, outcome, { node: target.index, life });
  }

  /** How often each input took effect in the state that a worker has now, eight at a time. */
  async #counts(node: FleetNode, name: string, length: number): Promise<readonly number[]> {
    const counts: number[] = [];
    for (let first = 0; first < length + 8; first += 8) {
      const outcome = await node.client.workers.call(name, 'counts8', [first]);
      if (outcome.kind !== 'returned') throw new Error(`counts8 ended as ${outcome.kind}`);
      counts.push(...countsOf(outcome.values[0] as bigint)); // counts8 gives an i64
    }
    return counts;
  }

  async audit(): Promise<void> {
    const book = this.books.at(-1);
    if (!book) return;
    const copies = await this.#options.fleet.copiesOf(book.name);
    if (copies.length === 0) return book.fault('lost', 'no node has it any more');
    const node = await this.#ready();
    if (this.book !== book) return; // lost, which was noted
    book.compare('the worker', await this.#counts(node, book.name, book.length));
    const snapshot = this.#snapshot;
    if (!snapshot || snapshot.book !== book) return;
    const { client } = snapshot.at;
    const twin = `${book.name}-twin`;
    try {
      await client.workers.create({ name: twin, bundle: snapshot.digest, start: false });
    } catch (error) {
      return book.fault('lost', `an acknowledged snapshot cannot be restored: ${String(error)}`);
    }
    book.compare('its snapshot', await this.#counts(snapshot.at, twin, book.length), snapshot.holds);
    await client.workers.delete(twin);
  }
}

/** What can be done with a worker. */
const STEPS = {
  call: (worker, node, place) => worker.call(node, place),
  stop: (worker, node, place) => worker.stop(node, place),
  snapshot: (worker, node, place) => worker.snapshot(node, place),
  move: (worker, node, place) => worker.move(node, place, false),
  'move amid a call': (worker, node, place) => worker.move(node, place, true),
} as const satisfies Record<string, (worker: LedgerWorker, node: FleetNode, place: Place) => Promise<void>>;
export type LedgerStep = keyof typeof STEPS;
