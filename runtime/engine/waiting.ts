/** Waiting for a host call's answer. */
import type { Pending } from './pending.ts';
import { sleepUntil } from './scheduler.ts';
import type { Answer } from './worker-parts.ts';

/** Longest time that timers can wait. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** What comes first: the answer, an interruption, or the end of the time that is left. */
export async function awaitAnswer(
  { promise }: Pending,
  interrupted: Promise<'interrupted'>,
  leftMs: number,
): Promise<Answer | 'interrupted' | 'late'> {
  const timeout = new AbortController();
  const settled = promise.then(
    (value): Answer => ({ kind: 'value', value }),
    (error: unknown): Answer => ({ kind: 'error', error }),
  );
  const waits: Promise<Answer | 'interrupted' | 'late'>[] = [settled, interrupted];
  if (leftMs < TIMER_MAX_MS) waits.push(sleepUntil(leftMs, timeout.signal));
  const first = await Promise.race(waits);
  timeout.abort();
  return first;
}
