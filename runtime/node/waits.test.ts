import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { Waits } from './waits.ts';

const never = new Promise<string>(() => undefined);
const NO_END_MS = 1e6;

/** A clock whose alarms a test rings. */
function handClock() {
  const alarms = new Set<() => void>();
  const clock = {
    ...systemClock,
    alarm: (_: number, ring: () => void) => {
      alarms.add(ring);
      return () => void alarms.delete(ring);
    },
  };
  return { clock, alarms };
}

it('gives what the promise gives, and leaves no alarm behind', async () => {
  const { clock, alarms } = handClock();
  const waits = new Waits(clock, new AbortController().signal);
  expect(await waits.for(Promise.resolve('done'), NO_END_MS)).toBe('done');
  await expect(waits.for(Promise.reject(new Error('no')), NO_END_MS)).rejects.toThrow('no');
  expect(alarms.size).toBe(0);
});

it('gives undefined when its time is over', async () => {
  const { clock, alarms } = handClock();
  const waiting = new Waits(clock, new AbortController().signal).for(never, NO_END_MS);
  for (const ring of alarms) ring();
  expect(await waiting).toBeUndefined();
  expect(alarms.size).toBe(0);
});

it('ends when the caller hangs up or the node closes, also if they did before', async () => {
  const { clock, alarms } = handClock();
  const [closing, hungUp] = [new AbortController(), new AbortController()];
  const waits = new Waits(clock, closing.signal);
  const first = waits.for(never, NO_END_MS, hungUp.signal);
  const second = waits.for(never, NO_END_MS);
  hungUp.abort();
  expect(await first).toBeUndefined();
  expect(alarms.size).toBe(1);
  expect(await waits.for(never, NO_END_MS, hungUp.signal)).toBeUndefined();
  closing.abort();
  expect(await second).toBeUndefined();
  expect(await waits.for(never, NO_END_MS)).toBeUndefined();
  expect(await waits.for(Promise.resolve('known'), NO_END_MS)).toBe('known');
  expect(alarms.size).toBe(0);
});
