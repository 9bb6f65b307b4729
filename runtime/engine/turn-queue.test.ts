import { expect, test, vi } from 'vitest';
import { Share, type ShareOptions, TurnQueue } from './turn-queue.ts';

/** Lets workers of these shares run slices of a millisecond by turns; gives who ran, in order. */
async function turns(shares: readonly ShareOptions[], count: number): Promise<number[]> {
  const queue = new TurnQueue();
  const order: number[] = [];
  return new Promise((resolve) => {
    shares.forEach((options, index) => {
      const share = new Share(options);
      const run = (): void => {
        order.push(index);
        share.ran(1);
        if (order.length === count) resolve(order);
        if (order.length < count) queue.wait(share, 0, run);
      };
      queue.wait(share, 0, run);
    });
  });
}

const countOf = (order: readonly number[], who: number): number => order.filter((index) => index === who).length;

test('equal shares take turns', async () => {
  expect(await turns([{}, {}, {}], 9)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

test('time goes by weight', async () => {
  const order = await turns([{ weight: 300 }, { weight: 100 }], 400);
  expect(countOf(order, 0)).toBeGreaterThanOrEqual(299);
  expect(countOf(order, 0)).toBeLessThanOrEqual(301);
});

test('a share that comes later does not make up for the time when it was not there', async () => {
  const queue = new TurnQueue();
  const [early, late] = [new Share(), new Share()];
  const order: string[] = [];
  const runs = (share: Share, name: string): (() => void) => {
    const run = (): void => {
      order.push(name);
      share.ran(1);
      if (order.length === 20) queue.wait(late, 0, runs(late, 'late'));
      if (order.length < 40) queue.wait(share, 0, run);
    };
    return run;
  };
  queue.wait(early, 0, runs(early, 'early'));
  await vi.waitFor(() => expect(order.length).toBeGreaterThanOrEqual(40));
  expect(order.slice(20, 40).filter((name) => name === 'late').length).toBeLessThanOrEqual(11);
});

test('one that has waited past its latency expectation comes first', async () => {
  const order = await turns([{ weight: 10_000 }, { weight: 10_000 }, { weight: 1, latencyMs: 0 }], 30);
  expect(countOf(order, 2)).toBeGreaterThanOrEqual(10);
});

test('one that is to stop comes next, also out of a pause', async () => {
  const queue = new TurnQueue();
  const order: string[] = [];
  const [a, b, c] = [new Share(), new Share(), new Share()];
  const all = new Promise<void>((resolve) => {
    const done = (name: string) => (): void => {
      order.push(name);
      if (order.length === 3) resolve();
    };
    queue.wait(a, 0, done('a'));
    queue.wait(b, 0, done('b'));
    queue.wait(c, 3_600_000, done('c'));
  });
  queue.hurry(c);
  await all;
  expect(order).toEqual(['c', 'a', 'b']);
});

test('fuel beyond what a second allows is paid with a pause', () => {
  const share = new Share({ fuelPerSecond: 1000 });
  share.beginAt(500);
  expect(share.pauseMs(600, 10_000)).toBe(0); // 100 fuel: 100 ms, which may be used at once
  expect(share.pauseMs(1600, 10_000)).toBe(1000);
  expect(share.pauseMs(1600, 10_400)).toBe(600);
  expect(new Share().pauseMs(1e15, 0)).toBe(0);
});

test('fuel that is shared is paid for as well, and the longer pause holds', () => {
  const used: number[] = [];
  const pool = { pauseMs: (fuelUsed: number): number => (used.push(fuelUsed) > 1 ? 700 : 0) };
  let pauses = 0;
  const share = new Share({ fuelPerSecond: 1000, pool, onPause: () => pauses++ });
  expect(share.pauseMs(50, 10_000)).toBe(0);
  expect(share.pauseMs(550, 10_000)).toBe(700);
  expect(share.pauseMs(1550, 10_000)).toBe(1450);
  expect([used, pauses]).toEqual([[50, 500, 1000], 2]);
});

test('a pause is no longer than a timer can wait', () => {
  expect(new Share({ fuelPerSecond: 1 }).pauseMs(1e15, 0)).toBe(2 ** 31 - 1);
});

test('who may have to pause is known before it runs', () => {
  const pool = { pauseMs: () => 0 };
  const limited = [{ fuelPerSecond: 1 }, { pool }].map((options) => new Share(options).isLimited);
  const free = [{}, { fuelPerSecond: Number.MAX_SAFE_INTEGER }].map((options) => new Share(options).isLimited);
  expect([limited, free]).toEqual([
    [true, true],
    [false, false],
  ]);
});

test('who has had more than those who wait is told to wait', () => {
  const queue = new TurnQueue();
  const [waits, comes] = [new Share(), new Share()];
  expect(queue.isAhead(comes)).toBe(false);
  queue.wait(waits, 0, () => undefined);
  expect(queue.isAhead(comes)).toBe(false);
  comes.ran(1);
  expect(queue.isAhead(comes)).toBe(true);
});
