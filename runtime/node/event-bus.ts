import type { EventKind, NodeEvent } from './api-types.ts';
import { Doorbell } from './doorbell.ts';

/** Keeps the last events of a node and lets readers follow them; a reader that falls behind the history misses events. */
export class EventBus {
  readonly #history: NodeEvent[] = [];
  readonly #limit: number;
  readonly #now: () => number;
  readonly #bell = new Doorbell();
  readonly counts = new Map<EventKind, number>();
  #nextSeq = 1;

  constructor(limit: number, now: () => number) {
    this.#limit = Math.max(1, limit);
    this.#now = now;
  }

  emit(kind: EventKind, worker: string, data: NodeEvent['data'] = {}): void {
    this.#history.push({ seq: this.#nextSeq++, timeMs: this.#now(), kind, worker, data });
    if (this.#history.length > this.#limit) this.#history.shift();
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#bell.ring();
  }

  /** Events after `afterSeq`; default: those from now on. Ends when the signal aborts. */
  async *follow(afterSeq: number | undefined, signal: AbortSignal): AsyncGenerator<NodeEvent> {
    // A reader of another process of this node knows higher numbers: it starts with what there is.
    let seen = afterSeq === undefined || afterSeq >= this.#nextSeq ? this.#nextSeq - 1 : afterSeq;
    while (!signal.aborted) {
      const ringing = this.#bell.wait(signal);
      for (const event of this.#history.filter(({ seq }) => seq > seen)) {
        if (signal.aborted) return;
        seen = event.seq;
        yield event;
      }
      if (seen >= this.#nextSeq - 1) await ringing;
    }
  }
}
