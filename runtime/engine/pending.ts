/** A host call's answer that is not there yet; made by `pending`. */
export class Pending {
  readonly promise: Promise<unknown>;
  /** Plain data for the call's next execution after a restore; see `GuestAccess.restartState`. */
  readonly state: unknown;

  constructor(promise: Promise<unknown>, state: unknown) {
    this.promise = promise;
    this.state = state;
  }
}

/**
 * Tells the engine that a host call must wait: the worker is parked, holds no thread, and can be stopped, snapshotted and moved.
 *
 * When the promise settles the call gives its value (or throws its reason). If the worker is stopped, snapshotted or restored first,
 * the promise is forgotten and the host function is called again with the same arguments; `state` is then what
 * `GuestAccess.restartState()` gives, so that a deadline or a half-done transfer is not begun anew.
 */
export function pending(promise: Promise<unknown>, options: { readonly state?: unknown } = {}): Pending {
  return new Pending(promise, options.state);
}

/** Thrown by a host function to end the guest: the call's outcome is `exited` with this code. */
export class GuestExit {
  readonly code: number;

  constructor(code: number) {
    this.code = code;
  }
}
