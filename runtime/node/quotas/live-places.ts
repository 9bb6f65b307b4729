/**
 * Places in memory for the workers of a tenant.
 *
 * Invariant: a free place is offered to those who wait, one after the other, until one wants it.
 */

/** Offers a place; false: it is not wanted any more. */
export type Offer = () => boolean;

interface Places {
  taken: number;
  /** By worker. */
  readonly waiting: Map<string, Offer>;
}

export class LivePlaces {
  readonly #tenants = new Map<string, Places>();

  #of(tenant: string): Places {
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const places = { taken: 0, waiting: new Map<string, Offer>() };
    this.#tenants.set(tenant, places);
    return places;
  }

  /** Takes a place; gives what gives it back, or undefined: all are taken. */
  take(tenant: string, limit: number, worker: string): (() => void) | undefined {
    const places = this.#of(tenant);
    if (places.taken >= limit) return undefined;
    places.waiting.delete(worker);
    places.taken++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      places.taken--;
      this.#offer(tenant, places);
    };
  }

  /** Has a place offered to a worker, now or when one is free. */
  wait(tenant: string, limit: number, worker: string, offer: Offer): void {
    const places = this.#of(tenant);
    places.waiting.set(worker, offer);
    if (places.taken < limit) this.#offer(tenant, places);
  }

  #offer(tenant: string, places: Places): void {
    for (const [worker, offer] of places.waiting) {
      places.waiting.delete(worker);
      if (offer()) return;
    }
    if (places.taken === 0) this.#tenants.delete(tenant);
  }
}
