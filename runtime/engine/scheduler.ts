/**
 * Waiting, and giving the event loop its turns.
 *
 * Invariant: of all workers of a thread that wait for a turn one is released at a time, and only after the event loop has gone round
 * ROUNDS times. So between two slices there is room for whole exchanges of I/O, however many workers are busy: a move or a
 * request needs dozens of rounds and would otherwise wait for a slice of every worker in each.
 */
const ROUNDS = 8;

const waiting: (() => void)[] = [];
let rounds = 0;
let turning = false;
const nextRound = makeNextRound();

/**
 * Calls back when the worker may run its next slice: timers, I/O and other workers had their turns before. No microtask is pending then,
 * and no other callback of this kind runs before those of this one are done.
 */
export function atNextTurn(callback: () => void): void {
  waiting.push(callback);
  if (turning) return;
  turning = true;
  nextRound(turn);
}

/** Resolves at the next turn. */
export async function nextTurn(): Promise<void> {
  return new Promise(atNextTurn);
}

function turn(): void {
  if (++rounds >= ROUNDS) {
    rounds = 0;
    waiting.shift()?.();
  }
  turning = waiting.length > 0;
  if (turning) nextRound(turn);
}

/** Calls back once the event loop has gone round. */
function makeNextRound(): (callback: () => void) => void {
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
