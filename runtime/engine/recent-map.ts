/** A map that forgets what was not used for longest once it holds more than a number of entries. */
export class RecentMap<Value> {
  readonly #entries = new Map<number, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: number): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key); // a Map iterates in the order of insertion: the key moves to the end
    this.#entries.set(key, value);
    return value;
  }

  set(key: number, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}
