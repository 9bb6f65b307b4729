/** Options of requests about workers, and the keys that make calls repeatable. */

/** What every request takes. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface KeyedOptions extends CallOptions {
  /** Idempotency key; default: a fresh one for a message, none for a call. */
  readonly key?: string;
}

export interface DeadlineOption {
  /** Milliseconds after which the call is given up, waiting or running, if it is not over. Default: never; at most a day. */
  readonly deadlineMs?: number | undefined;
}

const KEY_BYTES = 16;

/** An idempotency key that nobody has used. Messages are in the journal anyway, so that one costs them nothing. */
export const freshKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('');
