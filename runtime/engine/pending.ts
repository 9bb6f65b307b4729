import type { Wake } from './types.ts';

/** A host call's answer that is not there yet; made by `pending`. */
export class Pending {
  readonly promise: Promise<unknown>;
  /** Plain data for the call's next execution after a restore; see `GuestAccess.restartState`. */
  readonly state: unknown;
  readonly wake: Wake | undefined;

  constructor(promise: Promise<unknown>, state: unknown, wake: Wake | undefined) {
    this.promise = promise;
    this.state = state;
    this.wake = wake;
  }
}

/**
 * Tells the engine that a host call must wait: the worker is parked, holds no thread, and can be stopped, snapshotted and moved.
 *
 * When the promise settles the call gives its value (or throws its reason). If the worker is stopped, snapshotted or restored first,
 * the promise is forgotten and the host function is called again with the same arguments; `state` is then what
 * `GuestAccess.restartState()` gives, so that a deadline or a half-done transfer is not begun anew. With `wake` the worker may be put
 * away, until what it names happens; without, the call needs this process.
 */
export function pending(
  promise: Promise<unknown>,
  options: { readonly state?: unknown; readonly wake?: Wake } = {},
): Pending {
  return new Pending(promise, options.state, options.wake);
}

/** Thrown by a host function to end the guest: the call's outcome is `exited` with this code. */
export class GuestExit {
  readonly code: number;

  constructor(code: number) {
    this.code = code;
  }
}
