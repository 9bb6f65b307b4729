/** What one worker has used since the metrics were last told. */
import type { EngineWorker } from '../threads/engine-worker.ts';
import type { NodeMetrics } from './node-metrics.ts';
import type { WorkerLabels } from './worker-series.ts';

export class WorkerMeter {
  readonly #metrics: NodeMetrics;
  #engine: EngineWorker | undefined;
  #fuel = 0n;
  #ranMs = 0;

  constructor(metrics: NodeMetrics) {
    this.#metrics = metrics;
  }

  /** It is on an engine: what it used before was told by whoever had it. */
  begin(engine: EngineWorker): void {
    this.#engine = engine;
    this.#fuel = engine.fuelUsed;
    this.#ranMs = engine.ranMs;
  }

  tell(engine: EngineWorker, { name: worker, tenant }: { readonly name: string; readonly tenant: string }): void {
    if (engine !== this.#engine) return;
    const labels: WorkerLabels = { worker, tenant };
    const fuel = Number(engine.fuelUsed - this.#fuel);
    this.#metrics.used({ ...labels, fuel, cpuSeconds: (engine.ranMs - this.#ranMs) / 1000 });
    this.#fuel = engine.fuelUsed;
    this.#ranMs = engine.ranMs;
  }
}
