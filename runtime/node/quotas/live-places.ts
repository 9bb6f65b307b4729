/**
 * Places in memory for the workers of a tenant.
 *
 * Invariant: a worker that got no place is asked once more when another has left; whoever does not want one any more passes it on.
 */

/** Asks for the place again; false: it is not wanted any more. */
export type AskAgain = () => boolean;

interface Places {
  taken: number;
  /** By worker. */
  readonly waiting: Map<string, AskAgain>;
}

export class LivePlaces {
  readonly #tenants = new Map<string, Places>();

  /** Takes a place; gives what gives it back, or undefined: all are taken, and the worker is asked again when one is free. */
  take(tenant: string, limit: number, worker: string, again: AskAgain): (() => void) | undefined {
    const places = this.#tenants.get(tenant) ?? { taken: 0, waiting: new Map<string, AskAgain>() };
    this.#tenants.set(tenant, places);
    if (places.taken >= limit) {
      places.waiting.set(worker, again);
      return undefined;
    }
    places.waiting.delete(worker);
    places.taken++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      places.taken--;
      this.#passOn(tenant, places);
    };
  }

  #passOn(tenant: string, places: Places): void {
    for (const [worker, again] of places.waiting) {
      places.waiting.delete(worker);
      if (again()) return;
    }
    if (places.taken === 0) this.#tenants.delete(tenant);
  }
}
