import type { HandleMap } from '../../runtime/engine/index.ts';

/** The values of the host that a script names by number; equal numbers are the same value. They travel as that number. */
export class HostValues implements HandleMap {
  readonly #values = new Map<number, { readonly id: number }>();

  valueOf(id: unknown): unknown {
    if (typeof id !== 'number') throw new Error(`no host value has the handle ${String(id)}`);
    let value = this.#values.get(id);
    if (value === undefined) {
      value = { id };
      this.#values.set(id, value);
    }
    return value;
  }

  handleOf(value: unknown): number | undefined {
    for (const [id, known] of this.#values) if (known === value) return id;
    return undefined;
  }
}
