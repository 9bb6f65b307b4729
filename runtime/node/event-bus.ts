import type { EventKind, NodeEvent } from './api-types.ts';
import type { Clock } from './clock.ts';
import { Doorbell } from './doorbell.ts';

/** An event, and the tenant of its worker; undefined: it is not known any more. */
interface Kept {
  readonly event: NodeEvent;
  readonly tenant: string | undefined;
}

const BATCH_EVENTS = 256;

/** Keeps the last events of a node and lets readers follow them; a reader that falls behind the history misses events. */
export class EventBus {
  readonly #history: Kept[] = [];
  readonly #tenantOf: (worker: string) => string | undefined;
  readonly #limit: number;
  readonly #clock: Pick<Clock, 'now'>;
  #listener: (event: NodeEvent, tenant: string | undefined) => void = () => undefined;
  readonly #bell = new Doorbell();
  readonly counts = new Map<EventKind, number>();
  #nextSeq = 1;

  constructor(
    limit: number,
    clock: Pick<Clock, 'now'>,
    tenantOf: (worker: string) => string | undefined = () => undefined,
  ) {
    this.#limit = Math.max(1, limit);
    this.#clock = clock;
    this.#tenantOf = tenantOf;
  }

  /** Has somebody told of every event, at once. */
  listen(listener: (event: NodeEvent, tenant: string | undefined) => void): void {
    this.#listener = listener;
  }

  /** `tenant`: of a worker that the node has no more. */
  emit(kind: EventKind, worker: string, data: NodeEvent['data'] = {}, tenant = this.#tenantOf(worker)): void {
    const event = { seq: this.#nextSeq++, timeMs: this.#clock.now(), kind, worker, data };
    this.#history.push({ event, tenant });
    this.#listener(event, tenant);
    if (this.#history.length > this.#limit) this.#history.shift();
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#bell.ring();
  }

  /** Numbers have no gaps, so the place of one is known. */
  #after(seq: number): Kept[] {
    const first = this.#nextSeq - this.#history.length;
    return this.#history.slice(Math.max(0, seq + 1 - first));
  }

  /** Events after `afterSeq`, several at a time; default: those from now on. Ends when the signal aborts. `isFor`: those that the reader may see. */
  async *follow(
    afterSeq: number | undefined,
    signal: AbortSignal,
    isFor: (worker: string, tenant: string | undefined) => boolean = () => true,
  ): AsyncGenerator<readonly NodeEvent[]> {
    // A reader of another process of this node knows higher numbers: it starts with what there is.
    let seen = afterSeq === undefined || afterSeq >= this.#nextSeq ? this.#nextSeq - 1 : afterSeq;
    while (!signal.aborted) {
      const ringing = this.#bell.wait(signal);
      const kept = this.#after(seen).slice(0, BATCH_EVENTS);
      seen = kept.at(-1)?.event.seq ?? seen;
      const batch = kept.filter(({ event, tenant }) => isFor(event.worker, tenant)).map(({ event }) => event);
      if (batch.length > 0) yield batch;
      if (seen >= this.#nextSeq - 1) await ringing;
    }
  }
}
