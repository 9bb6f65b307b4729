/** Rounds of the event loop, and time. */

/** Calls back once the event loop has gone round. */
export function makeNextRound(): (callback: () => void) => void {
  if (typeof setImmediate === 'function') return (callback) => void setImmediate(callback);
  const channel = new MessageChannel();
  let next: (() => void) | undefined;
  channel.port1.onmessage = () => next?.();
  return (callback) => {
    next = callback;
    channel.port2.postMessage(0);
  };
}

/** Resolves to 'late' after that time, unless the signal aborts first; then never. */
export async function sleepUntil(ms: number, signal: AbortSignal): Promise<'late'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), Math.max(0, ms));
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
