/** The choices behind a generated program: a seeded sequence of numbers, the same on every machine. */

const mix = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** A row of a table of choices: its weight and what it stands for. */
export type Weighted<T> = readonly [weight: number, value: T];

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param stream Number of the sequence: each gives choices of its own. */
  constructor(seed: number, stream = 0) {
    this.#a = mix(seed + 0x9e37_79b9);
    this.#b = mix(stream + 0x7f4a_7c15);
    this.#c = mix(seed ^ Math.imul(stream, 0x2545_f491));
    for (let round = 0; round < 12; round++) this.next();
  }

  /** An unsigned 32-bit number. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number from 0 up to and without `bound`. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True once in so many times. */
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T; // below its length
  }

  weighted<T>(rows: readonly Weighted<T>[]): T {
    let at = this.below(rows.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of rows) {
      if (at < weight) return value;
      at -= weight;
    }
    throw new RangeError('no row has a weight');
  }

  list<T>(count: number, item: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => item(index));
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}
