/**
 * Fuel of one worker: what has been used, and how much is handed to the guest at a time.
 *
 * Invariants:
 * 1. `used` counts charges alone: it is the same however often the guest asked for fuel, was sliced, stopped or moved.
 * 2. `granted` is what was put into the instance's fuel global and is not settled yet.
 */
const FIRST_QUANTUM = 100_000;
const QUANTUM_MIN = 1_000;
const QUANTUM_MAX = 500_000_000;
/** A quantum lasts about this long. */
const QUANTUM_MS = 1;
/** Bulk instructions cost one fuel per this many bytes. */
const BULK_BYTES_PER_FUEL = 64;

export class FuelMeter {
  used: number;
  granted = 0;
  #quantum: number;
  readonly #adapts: boolean;

  /** @param adapts Whether quanta grow to last; otherwise no more is granted than is charged, so that every charge asks. */
  constructor(used: number, adapts: boolean) {
    this.used = used;
    this.#adapts = adapts;
    this.#quantum = adapts ? FIRST_QUANTUM : 0;
  }

  /** Takes back what is left of the grant. */
  settle(remaining: number): void {
    this.used += this.granted - remaining;
    this.granted = 0;
  }

  /** After that time takes back all fuel, so that the next charge asks: host calls cost time that no fuel measures. */
  withdrawAfter(timeMs: number, fuel: WebAssembly.Global<'i32'>): void {
    if (fuel.value <= 0 || performance.now() < timeMs) return;
    this.settle(fuel.value);
    fuel.value = 0;
  }

  /** Grants a quantum, `charge` at least, within the limit; gives what is granted. */
  grant(limit: number, charge: number): number {
    // Not below 0: the global would take a large debt, as a snapshot may claim one, for fuel.
    this.granted = Math.max(0, Math.min(limit - this.used, Math.max(this.#quantum, charge), QUANTUM_MAX));
    return this.granted;
  }

  /** Sets the quantum by how long the last one lasted. */
  adapt(elapsedMs: number): void {
    if (!this.#adapts) return;
    const lasted = Math.max(elapsedMs, QUANTUM_MS / 16);
    const quantum = Math.round((this.#quantum * QUANTUM_MS) / lasted);
    this.#quantum = Math.min(QUANTUM_MAX, Math.max(QUANTUM_MIN, quantum));
  }

  /** Charges a bulk instruction; gives the fuel that is left, at least -1: the rest of a debt is counted at once. */
  chargeBulk(bytes: number, fuel: number): number {
    const left = fuel - Math.floor(bytes / BULK_BYTES_PER_FUEL);
    if (left >= -1) return left;
    this.used += -1 - left;
    return -1;
  }
}
