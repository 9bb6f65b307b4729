/** Time as the node sees it; injected, so that tests can drive it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds from any fixed point; never goes back. */
  monotonicMs(): number;
  /** Resolves after that time, or at once when the signal aborts. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back after that time, unless what it gives is called before. Does not keep the process alive. */
  alarm(ms: number, ring: () => void): () => void;
}

/** The clock of the platform. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      timer.unref();
      signal?.addEventListener('abort', done, { once: true });
    }),
  alarm: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** What a promise gives, or undefined if it has not given it within that time or the signal aborts first. */
export async function within<Value>(
  clock: Clock,
  promise: Promise<Value>,
  waitMs: number,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, signal]);
  try {
    return await Promise.race([promise, clock.sleep(waitMs, either).then(() => undefined)]);
  } finally {
    over.abort();
  }
}
