/** Wakes everybody who waits, each time it rings. */
export class Doorbell {
  #next: PromiseWithResolvers<void> | undefined;

  ring(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }

  /** Resolves at the next ring or when the signal aborts. */
  wait(signal?: AbortSignal): Promise<void> {
    const next = (this.#next ??= Promise.withResolvers()).promise;
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
