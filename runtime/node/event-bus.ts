import type { EventKind, NodeEvent } from './api-types.ts';
import { Doorbell } from './doorbell.ts';

/** An event, and the tenant of its worker; undefined: it is not known any more. */
interface Kept {
  readonly event: NodeEvent;
  readonly tenant: string | undefined;
}

/** Keeps the last events of a node and lets readers follow them; a reader that falls behind the history misses events. */
export class EventBus {
  readonly #history: Kept[] = [];
  readonly #tenantOf: (worker: string) => string | undefined;
  readonly #limit: number;
  readonly #now: () => number;
  #listener: (event: NodeEvent, tenant: string | undefined) => void = () => undefined;
  readonly #bell = new Doorbell();
  readonly counts = new Map<EventKind, number>();
  #nextSeq = 1;

  constructor(limit: number, now: () => number, tenantOf: (worker: string) => string | undefined = () => undefined) {
    this.#limit = Math.max(1, limit);
    this.#now = now;
    this.#tenantOf = tenantOf;
  }

  /** Has somebody told of every event, at once. */
  listen(listener: (event: NodeEvent, tenant: string | undefined) => void): void {
    this.#listener = listener;
  }

  /** `tenant`: of a worker that the node has no more. */
  emit(kind: EventKind, worker: string, data: NodeEvent['data'] = {}, tenant = this.#tenantOf(worker)): void {
    const event = { seq: this.#nextSeq++, timeMs: this.#now(), kind, worker, data };
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

  /** Events after `afterSeq`; default: those from now on. Ends when the signal aborts. `isFor`: those that the reader may see. */
  async *follow(
    afterSeq: number | undefined,
    signal: AbortSignal,
    isFor: (worker: string, tenant: string | undefined) => boolean = () => true,
  ): AsyncGenerator<NodeEvent> {
    // A reader of another process of this node knows higher numbers: it starts with what there is.
    let seen = afterSeq === undefined || afterSeq >= this.#nextSeq ? this.#nextSeq - 1 : afterSeq;
    while (!signal.aborted) {
      const ringing = this.#bell.wait(signal);
      for (const { event, tenant } of this.#after(seen)) {
        if (signal.aborted) return;
        seen = event.seq;
        if (isFor(event.worker, tenant)) yield event;
      }
      if (seen >= this.#nextSeq - 1) await ringing;
    }
  }
}
