import type { TrapCode } from './trap-codes.ts';
import type { Wake } from './types.ts';

/** A host call's answer that is not there yet; made by `pending`. */
export class Pending {
  readonly promise: Promise<unknown>;
  /** Plain data for the call's next execution after a restore; see `GuestAccess.restartState`. */
  readonly state: unknown;
  readonly wake: Wake | undefined;
  /** The host function is called again when the promise has settled. */
  readonly again: boolean;

  constructor(promise: Promise<unknown>, state: unknown, wake: Wake | undefined, again: boolean) {
    this.promise = promise;
    this.state = state;
    this.wake = wake;
    this.again = again;
  }
}

/**
 * Tells the engine that a host call must wait: the worker is parked, holds no thread, and can be stopped, snapshotted and moved.
 *
 * When the promise settles the call gives its value (or throws its reason). If the worker is stopped, snapshotted or restored first,
 * the promise is forgotten and the host function is called again with the same arguments; `state` is then what
 * `GuestAccess.restartState()` gives, so that a deadline or a half-done transfer is not begun anew. With `wake` the worker may be put
 * away, until what it names happens; without, the call needs this process. With `again` the promise's value is not the answer: the host
 * function is called again when it has settled, as after a restore, and may then call the guest (an allocator, for what it has to give).
 */
export function pending(
  promise: Promise<unknown>,
  options: { readonly state?: unknown; readonly wake?: Wake; readonly again?: boolean } = {},
): Pending {
  return new Pending(promise, options.state, options.wake, options.again ?? false);
}

/** Thrown by a host function to end the guest with a trap of that code; as any trap, no handler of the guest meets it. */
export class GuestTrap extends WebAssembly.RuntimeError {
  readonly code: TrapCode;

  constructor(code: TrapCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Thrown by a host function to end the guest: the call's outcome is `exited` with this code. */
export class GuestExit {
  readonly code: number;

  constructor(code: number) {
    this.code = code;
  }
}
