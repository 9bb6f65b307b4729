import { expect, it } from 'vitest';
import { RecentMap } from './recent-map.ts';

it('forgets what was not used for longest', () => {
  const map = new RecentMap<string>(2);
  map.set(1, 'one');
  map.set(2, 'two');
  expect(map.get(1)).toBe('one');
  map.set(3, 'three');
  expect(map.get(2)).toBeUndefined();
  expect([map.get(1), map.get(3), map.size]).toEqual(['one', 'three', 2]);
});
