import { random as fill_random } from './pluvio_v1';
import { done } from './status';

/** Bytes of a cryptographic source. `Math.random` is seeded from it. */
export namespace random {
  /**
   * Fills an array.
   *
   * @example const key = new Uint8Array(32); random.fill(key); assert(key.some((byte) => byte != 0));
   */
  export function fill(bytes: Uint8Array): void {
    done('random.fill', fill_random(bytes.dataStart, bytes.length));
  }

  /**
   * So many bytes.
   *
   * @example assert(random.bytes(16).length == 16);
   */
  export function bytes(length: i32): Uint8Array {
    const filled = new Uint8Array(length);
    fill(filled);
    return filled;
  }
}
