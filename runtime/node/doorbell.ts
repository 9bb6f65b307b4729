/** Wakes everybody who waits, each time it rings. */
export class Doorbell {
  #next = Promise.withResolvers<void>();

  ring(): void {
    const rung = this.#next;
    this.#next = Promise.withResolvers<void>();
    rung.resolve();
  }

  /** Resolves at the next ring or when the signal aborts. */
  wait(signal?: AbortSignal): Promise<void> {
    const next = this.#next.promise;
    if (!signal) return next;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      void next.then(done);
    });
  }
}
