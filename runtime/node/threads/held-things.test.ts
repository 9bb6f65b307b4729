import { expect, it } from 'vitest';
import { HeldThings } from './held-things.ts';

it('is loaded once for all users, and let go when nobody has used it for a while', async () => {
  let nowMs = 0;
  const held = new HeldThings(() => nowMs);
  const loads: string[] = [];
  const load = (key: string) => () => Promise.resolve(loads.push(key));
  await Promise.all([held.hold('a', load('a')), held.hold('a', load('a')), held.hold('b', load('b'))]);
  held.release('a');
  held.release('b');
  nowMs = 99;
  expect(held.trim(100)).toEqual([]);
  nowMs = 100;
  expect(held.trim(100)).toEqual(['b']);
  expect([held.has('a'), held.has('b'), held.size]).toEqual([true, false, 1]);
  held.release('a');
  nowMs = 150;
  await held.hold('a', load('a'));
  held.release('a');
  nowMs = 249;
  expect(held.trim(100)).toEqual([]);
  nowMs = 250;
  expect(held.trim(100)).toEqual(['a']);
  await held.hold('a', load('a'));
  expect(loads).toEqual(['a', 'b', 'a']);
});

it('what could not be loaded is loaded again for the next', async () => {
  const held = new HeldThings(() => 0);
  await expect(held.hold('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(held.has('a')).toBe(false);
  expect(await held.hold('a', () => Promise.resolve('yes'))).toBe('yes');
});
