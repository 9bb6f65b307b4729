/**
 * Evens out the work of engines: a running worker goes from one that is always busy to one that is mostly idle, by stop and resume.
 *
 * Invariant: a move makes the difference of running workers smaller, so no worker goes back and forth.
 */
import type { Clock } from './clock.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { Logger } from './logger.ts';
import type { Engine } from './threads/engine.ts';
import type { EnginePool } from './threads/engine-pool.ts';

const LOOK_MS = 1000;
/** Workers that run must differ by that many: one that goes makes it even or less. */
const DIFFERENCE = 2;

export interface RebalancerOptions {
  readonly engines: EnginePool;
  readonly workers: () => Iterable<HostedWorker>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Rebalancer {
  readonly #options: RebalancerOptions;
  readonly #closing = new AbortController();

  constructor(options: RebalancerOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal);
      if (!signal.aborted) await this.#balance();
    }
  }

  async #balance(): Promise<void> {
    const { engines, logger } = this.#options;
    const all = [...engines.engines];
    for (const engine of all) engine.sample();
    if (all.length < 2) return;
    const byWork = all.map((engine) => ({ engine, running: engine.running })).sort((a, b) => a.running - b.running);
    const [idlest, busiest] = [byWork[0], byWork.at(-1)];
    if (!idlest || !busiest || busiest.running - idlest.running < DIFFERENCE) return;
    const worker = this.#runningOn(busiest.engine);
    if (worker === undefined) return;
    try {
      await worker.rehome(idlest.engine);
    } catch (error) {
      logger.log('warn', 'a worker could not be taken to another engine', {
        worker: worker.name,
        error: String(error),
      });
    }
  }

  /** A worker that has run there for longest without being told otherwise. */
  #runningOn(engine: Engine): HostedWorker | undefined {
    for (const worker of this.#options.workers()) {
      const live = worker.live?.engine;
      if (live?.engine === engine && live.state === 'running' && !worker.move) return worker;
    }
    return undefined;
  }

  close(): void {
    this.#closing.abort();
  }
}
