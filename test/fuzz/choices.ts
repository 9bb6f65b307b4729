/**
 * Choices of one case: a stream of numbers that depends on the seed and the case number alone.
 *
 * Invariants:
 * 1. Same seed, same case, same choices, whatever ran before.
 * 2. Every change of `changes` has a stream of its own, so that leaving one out leaves the others as they are.
 */
import { Tape } from '../../runtime/wasm/testing/differential.ts';

/** Numbers at which formats, limits and engines change their mind. */
const EDGES = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1001, 1024, 4095, 4096],
  ...[32_767, 32_768, 49_999, 50_000, 50_001, 65_535, 65_536, 65_537, 1_000_000, 10_000_000, 0x7fff_ffff, 0x8000_0000],
  ...[0xffff_fffe, 0xffff_ffff],
] as const;

/** Mixes 32 bits (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

export class Choices {
  #state: number;
  /** Changes that are left out, by number. */
  readonly #without: ReadonlySet<number>;
  #changes = 0;

  constructor(seed: number, caseNumber: number, without: ReadonlySet<number> = new Set()) {
    this.#state = mix(mix(seed) ^ mix(caseNumber + 0x9e3779b9)) | 0;
    this.#without = without;
  }

  /** 32 random bits, unsigned. */
  bits32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mix(this.#state);
  }

  bits64(): bigint {
    return (BigInt(this.bits32()) << 32n) | BigInt(this.bits32());
  }

  /** A whole number from 0 to `bound` - 1; 0 if there is none. */
  below(bound: number): number {
    return bound <= 1 ? 0 : this.bits32() % bound;
  }

  /** Whether one of `count` equal cases has come. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T; // below its length; callers have lists that are not empty
  }

  /** An unsigned 32-bit number, mostly one where something ends. */
  edge(): number {
    return this.oneIn(8) ? this.bits32() : this.pick(EDGES);
  }

  /** An index into `count` things: mostly a good one. */
  index(count: number): number {
    if (!this.oneIn(8)) return this.below(count);
    return this.oneIn(3) ? this.edge() : count + this.below(2);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.bits32();
    return bytes;
  }

  /** The numbers that the project's other generators take. */
  tape(length: number): Tape {
    return new Tape(Array.from({ length }, () => this.below(0x10000)));
  }

  /** Makes up to `most` changes, at least one, each with choices of its own. */
  changes(most: number, change: (choices: Choices) => void): void {
    for (let count = 1 + this.below(most); count > 0; count--) {
      const own = new Choices(this.bits32(), 0);
      if (!this.#without.has(this.#changes++)) change(own);
    }
  }

  /** How many changes there were, also those left out. */
  get changeCount(): number {
    return this.#changes;
  }
}
