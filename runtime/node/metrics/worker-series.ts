/**
 * Which workers have series of their own.
 *
 * A node can have a hundred thousand workers, a scrape can not. The first workers that are heard of get series of their own, up to a limit;
 * all others are told as one, `worker="_other"`. A place becomes free when its worker is gone, and its series go with it.
 */

export const OTHER = '_other';

/** A series to be removed with its worker. */
export interface SeriesHandle {
  remove(): void;
}

export interface WorkerLabels {
  readonly worker: string;
  readonly tenant: string;
}

interface Place {
  readonly labels: WorkerLabels;
  readonly series: Map<string, SeriesHandle>;
}

const OTHER_LABELS: WorkerLabels = { worker: OTHER, tenant: OTHER };

export class WorkerSeries {
  readonly #limit: number;
  readonly #places = new Map<string, Place>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Labels of a worker's series, or those of all that have none. */
  labelsOf({ worker, tenant }: WorkerLabels): WorkerLabels {
    const place = this.#places.get(worker);
    if (place) return place.labels;
    if (this.#places.size >= this.#limit) return OTHER_LABELS;
    const labels = { worker, tenant };
    this.#places.set(worker, { labels, series: new Map() });
    return labels;
  }

  /** Remembers a series that was written, to be removed with its worker. */
  keep(worker: string, key: string, handle: () => SeriesHandle): void {
    const series = this.#places.get(worker)?.series;
    if (series && !series.has(key)) series.set(key, handle());
  }

  release(worker: string): void {
    const place = this.#places.get(worker);
    if (!place) return;
    for (const handle of place.series.values()) handle.remove();
    this.#places.delete(worker);
  }
}
