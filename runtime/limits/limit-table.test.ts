import { describe, expect, it } from 'vitest';
import { resolveLimits } from './limit-table.ts';

const TABLE = {
  cups: { default: 4, min: 2, max: 6, unit: 'cups' },
  spoons: { default: 1, max: 3, unit: 'spoons' },
} as const;

describe('resolveLimits', () => {
  it('takes what is asked for, then the base, then the default', () => {
    expect(resolveLimits(TABLE, {})).toEqual({ cups: 4, spoons: 1 });
    expect(resolveLimits(TABLE, { cups: undefined }, 'limit', { cups: 5 })).toEqual({ cups: 5, spoons: 1 });
    expect(resolveLimits(TABLE, { cups: 2 }, 'limit', { cups: 5, spoons: 3 })).toEqual({ cups: 2, spoons: 3 });
  });

  it.each([[{ cups: 2, spoons: 0 }], [{ cups: 6, spoons: 3 }]])('takes the ends of a range: %j', (asked) => {
    expect(resolveLimits(TABLE, asked)).toEqual(asked);
  });

  it.each([
    [{ cups: 1 }, 'tea limit cups is 1; it must be a whole number from 2 to 6 cups'],
    [{ cups: 7 }, 'tea limit cups is 7; it must be a whole number from 2 to 6 cups'],
    [{ cups: 2.5 }, 'tea limit cups is 2.5; it must be a whole number from 2 to 6 cups'],
    [{ cups: Number.NaN }, 'tea limit cups is NaN; it must be a whole number from 2 to 6 cups'],
    [{ spoons: -1 }, 'tea limit spoons is -1; it must be a whole number from 0 to 3 spoons'],
    [{ forks: 1 }, 'there is no tea limit "forks"'],
  ])('refuses %j', (asked, message) => {
    expect(() => resolveLimits<string>(TABLE, asked, 'tea limit')).toThrowError(
      expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE', message }),
    );
  });

  it('checks the base, too', () => {
    expect(() => resolveLimits(TABLE, {}, 'limit', { cups: 9 })).toThrowError('limit cups is 9');
  });
});
