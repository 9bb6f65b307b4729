import { describe, expect, it } from 'vitest';
import { ASLEEP, emptyPlace, makeTenantCounter, TenantAmount, TenantFuel } from './tenant-counter.ts';

describe('an amount', () => {
  it('is taken up to its limit, by all places together', () => {
    const counter = makeTenantCounter();
    const [a, b] = [0, 1].map((place) => new TenantAmount(counter, place, 'memoryPages', 10));
    expect([a?.take(6), b?.take(5), b?.take(4), a?.take(1), a?.taken]).toEqual([true, false, true, false, 10]);
    a?.give(2);
    expect([b?.take(3), b?.take(2), b?.taken]).toEqual([false, true, 10]);
  });

  it('counts what is there beyond its limit, and gives nothing then', () => {
    const amount = new TenantAmount(makeTenantCounter(), ASLEEP, 'storageBytes', 10);
    amount.count(12);
    expect([amount.taken, amount.take(1), amount.take(0)]).toEqual([12, false, false]);
    amount.give(3);
    expect([amount.take(2), amount.take(1)]).toEqual([false, true]);
  });

  it('is free again when the engine of its place has ended, and no other', () => {
    const counter = makeTenantCounter();
    const pages = [3, 255].map((place) => new TenantAmount(counter, place, 'memoryPages', 10));
    const storage = [3, ASLEEP].map((place) => new TenantAmount(counter, place, 'storageBytes', 2 ** 46));
    for (const amount of [...pages, ...storage]) amount.count(4);
    storage[1]?.count(2 ** 45);
    emptyPlace(counter, 3);
    expect([pages[0]?.taken, storage[0]?.taken]).toEqual([4, 2 ** 45 + 4]);
    emptyPlace(counter, 3);
    expect(pages[0]?.taken).toBe(4);
  });
});

describe('fuel', () => {
  it('is waited for by whoever uses it, until all of it is paid', () => {
    let nowMicros = 5_000_000n;
    const counter = makeTenantCounter();
    const [a, b] = [0, 1].map(() => new TenantFuel(counter, 1000, () => nowMicros));
    expect(a?.pauseMs(100)).toBe(0); // 100 ms of it may be used at once
    expect(b?.pauseMs(500)).toBe(500);
    expect(a?.pauseMs(500)).toBe(1000);
    nowMicros += 400_000n;
    expect(b?.pauseMs(0)).toBe(600);
    nowMicros += 2_000_000n;
    expect([a?.pauseMs(100), a?.pauseMs(1)]).toEqual([0, 1]);
  });

  it('of any amount is a number of milliseconds', () => {
    const [least, most] = [1, Number.MAX_SAFE_INTEGER].map(
      (perSecond) => new TenantFuel(makeTenantCounter(), perSecond, () => 1_000_000n),
    );
    expect(least?.pauseMs(Number.MAX_SAFE_INTEGER)).toBeGreaterThan(9e11);
    expect(most?.pauseMs(1)).toBe(0);
  });
});
