import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCron, nextCron } from './cron.ts';

const next = (expression: string, after: string): string | undefined => {
  const atMs = nextCron(expression, Date.parse(after));
  return atMs === undefined ? undefined : new Date(atMs).toISOString().slice(0, 16);
};

test.each([
  ['* * * * *', '2026-11-22T10:00:00Z', '2026-11-22T10:01'],
  ['* * * * *', '2026-11-22T10:00:59.999Z', '2026-11-22T10:01'],
  ['*/15 * * * *', '2026-11-22T10:46:00Z', '2026-11-22T11:00'],
  ['5/20 * * * *', '2026-11-22T10:26:00Z', '2026-11-22T10:45'],
  ['0 9-17/4 * * *', '2026-11-22T13:00:00Z', '2026-11-22T17:00'],
  ['30 4 1,15 * *', '2026-11-22T00:00:00Z', '2026-12-01T04:30'],
  ['0 0 * * sun', '2026-11-22T00:00:00Z', '2026-11-29T00:00'],
  ['0 0 * * 7', '2026-11-22T00:00:00Z', '2026-11-29T00:00'],
  ['0 0 13 * FRI', '2026-11-22T00:00:00Z', '2026-11-27T00:00'], // either fits
  ['0 0 */2 * mon', '2026-11-22T00:00:00Z', '2026-11-23T00:00'], // both must fit: a star restricts nothing
  ['0 0 29 2 *', '2097-01-01T00:00:00Z', '2104-02-29T00:00'], // 2100 is no leap year
  ['59 23 31 dec *', '2026-12-31T23:59:00Z', '2027-12-31T23:59'],
  ['0 0 1 jan-mar *', '2026-11-22T00:00:00Z', '2027-01-01T00:00'],
  ['0 0 30 2 *', '2026-11-22T00:00:00Z', undefined],
])('%s after %s', (expression, after, expected) => {
  expect(next(expression, after)).toBe(expected);
});

test.each([
  '',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 8',
  '5-1 * * * *',
  '*/0 * * * *',
  'a * * * *',
  '1, * * * *',
  '-1 * * * *',
  '1.5 * * * *',
  '* * * foo *',
  '*-5 * * * *',
])('"%s" is no expression', (expression) => {
  expect([isCron(expression), nextCron(expression, 0)]).toEqual([false, undefined]);
});

test('the next moment fits, and none between does', () => {
  const number = (min: number, max: number): fc.Arbitrary<string> => fc.integer({ min, max }).map(String);
  const field = (min: number, max: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      number(min, max),
      fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
    );
  const expression = fc.tuple(field(0, 59), field(0, 23)).map(([minute, hour]) => `${minute} ${hour} * * *`);
  const fits = (text: string, value: number): boolean =>
    text === '*' || (text.startsWith('*/') ? value % Number(text.slice(2)) === 0 : Number(text) === value);
  fc.assert(
    fc.property(expression, fc.integer({ min: 0, max: 4e12 }), (text, afterMs) => {
      const [minute = '', hour = ''] = text.split(' ');
      const atMs = nextCron(text, afterMs)!;
      let expected = Math.floor(afterMs / 60_000) * 60_000;
      do expected += 60_000;
      while (!fits(minute, new Date(expected).getUTCMinutes()) || !fits(hour, new Date(expected).getUTCHours()));
      expect(atMs).toBe(expected);
    }),
    { seed: 20_261_123, numRuns: 200 },
  );
});
