/**
 * Tells of limits that were reached: counts each time, and says it in the stream of events.
 *
 * Invariant: of one limit of one worker or tenant there is at most one event in EVENT_EVERY_MS: what reaches a limit all the time does not
 * push everything else out of the history.
 */
import type { Clock } from '../clock.ts';
import type { EventBus } from '../event-bus.ts';
import type { NodeMetrics } from '../metrics/node-metrics.ts';
import { RecentMap } from '../recent-map.ts';

const EVENT_EVERY_MS = 1000;
const REMEMBERED = 10_000;

/** `refused`: what was asked for is not done. `delayed`: it is done later. */
export type LimitAction = 'refused' | 'delayed';

export interface ReachedLimit {
  /** Whose limit it is: that of one worker, of all of a tenant, or of the node. */
  readonly scope: 'worker' | 'tenant' | 'node';
  readonly limit: string;
  readonly action: LimitAction;
  /** The value of the limit. */
  readonly max: number;
  /** The worker that reached it; null: none has to do with it. */
  readonly worker: string | null;
  readonly tenant: string;
}

export class LimitReports {
  readonly #events: EventBus;
  readonly #metrics: NodeMetrics;
  readonly #clock: Clock;
  readonly #told = new RecentMap<string, number>(REMEMBERED);

  constructor({
    events,
    metrics,
    clock,
  }: {
    readonly events: EventBus;
    readonly metrics: NodeMetrics;
    readonly clock: Clock;
  }) {
    this.#events = events;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  reached({ scope, limit, action, max, worker, tenant }: ReachedLimit): void {
    this.#metrics.limitReached({ scope, limit });
    const key = `${scope} ${limit} ${scope === 'worker' ? worker : scope === 'tenant' ? tenant : ''}`;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < EVENT_EVERY_MS) return;
    this.#told.set(key, nowMs);
    this.#events.emit('limited', worker ?? '', { scope, limit, action, max, tenant }, tenant);
  }
}
