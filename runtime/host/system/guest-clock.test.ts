import { expect, test } from 'vitest';
import { PLATFORM_CLOCK, platformRandom, platformSleep } from './guest-clock.ts';

test("the platform's wall clock is the wall clock to some milliseconds", () => {
  const before = Date.now();
  const ms = Number(PLATFORM_CLOCK.realtimeNs() / 1_000_000n);
  const after = Date.now();
  expect(ms).toBeGreaterThanOrEqual(before - 3);
  expect(ms).toBeLessThanOrEqual(after + 3);
});

test('randomness fills more than the platform gives at once', () => {
  const bytes = new Uint8Array(200_000);
  platformRandom(bytes);
  for (const from of [0, 65_536, 131_072, 199_900])
    expect(bytes.subarray(from, from + 100).some((byte) => byte !== 0)).toBe(true);
});

test('a sleep ends when its signal aborts, before or meanwhile', async () => {
  const abort = new AbortController();
  const sleeping = platformSleep(1e9, abort.signal);
  abort.abort();
  await sleeping;
  await platformSleep(1e9, abort.signal);
  expect(abort.signal.aborted).toBe(true);
});
