/**
 * Tells a wait that something it waits for may have changed.
 *
 * A promise keeps what asks for it until it settles, so a guest that waited again and again while one does not would fill the host's memory: here
 * each promise is asked once, and a wait that is given up leaves nothing behind.
 */
export class Changes {
  readonly #waits = new Set<() => void>();
  readonly #followed = new WeakSet<Promise<unknown>>();

  /** Something has changed. */
  readonly ring = (): void => {
    for (const end of [...this.#waits]) end();
  };

  /** Rings when that promise settles, which must not reject. */
  follow(promise: Promise<unknown> | undefined): void {
    if (promise === undefined || this.#followed.has(promise)) return;
    this.#followed.add(promise);
    void promise.then(this.ring);
  }

  /** Settles at the next change, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waits.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#waits.add(end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}
