/** Waiting. */

/** Gives the event loop a turn: timers, I/O and other workers run before the promise resolves. */
export const nextTurn: () => Promise<void> = makeNextTurn();

function makeNextTurn(): () => Promise<void> {
  if (typeof setImmediate === 'function') {
    return () => new Promise((resolve) => void setImmediate(resolve));
  }
  const channel = new MessageChannel();
  const waiting: (() => void)[] = [];
  channel.port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(0);
    });
}

/** Resolves to 'late' after that time, unless the signal aborts first; then never. */
export async function sleepUntil(ms: number, signal: AbortSignal): Promise<'late'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), Math.max(0, ms));
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
