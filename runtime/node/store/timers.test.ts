import { describe, expect, it } from 'vitest';
import { nextCronMs } from './cron.ts';
import { addWorkers, bytes, CORES, pendingOf } from './testing/test-stores.ts';

const timer = (id: string, dueMs: number, cron: string | null = null) => ({ id, dueMs, cron, payload: bytes(id) });
const set = (key: string, ...timer_: Parameters<typeof timer>) =>
  ({ kind: 'setTimer', seq: 1, key, timer: timer(...timer_) }) as const;

describe.each(Object.entries(CORES))('timers, %s', (_, open) => {
  it('become inputs once when they are due, in the order of their times', async () => {
    const store = await open();
    await addWorkers(store, 'a', 'b');
    expect(await store.nextDueMs()).toBeUndefined();
    await store.commit('a', { effects: [set('m:a:1:0', 'late', 300), set('m:a:1:1', 'soon', 100)] });
    await store.commit('b', { timers: [timer('middle', 200)] });
    expect(await store.nextDueMs()).toBe(100);
    expect(await store.fireTimers(99, 10)).toEqual([]);
    expect((await store.dueTimers(200, 10)).map(({ worker, id }) => [worker, id])).toEqual([
      ['a', 'soon'],
      ['b', 'middle'],
    ]);
    expect(await store.fireTimers(200, 10)).toEqual([
      { worker: 'a', seq: 1, id: 'soon', dueMs: 100 },
      { worker: 'b', seq: 1, id: 'middle', dueMs: 200 },
    ]);
    expect(await store.fireTimers(200, 10)).toEqual([]);
    expect(await store.pendingInputs('a', 0, 10)).toMatchObject([
      { kind: 'timer', key: 't:soon:100', info: { id: 'soon', dueMs: 100 } },
    ]);
    expect(await pendingOf(store, 'a')).toEqual(['1 soon']);
    expect(await store.nextDueMs()).toBe(300);
  });

  it('fire once though they are set again for the same time after a crash', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.commit('a', { timers: [timer('t', 100)] });
    expect(await store.fireTimers(100, 10)).toHaveLength(1);
    await store.commit('a', { timers: [timer('t', 100)] });
    expect(await store.fireTimers(100, 10)).toEqual([]);
    expect(await store.nextDueMs()).toBeUndefined();
  });

  it('of cron fire once after a time of rest, then for the next time to come', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    const minute = 60_000;
    await store.commit('a', { timers: [timer('every', minute, '* * * * *')] });
    expect(await store.fireTimers(10.5 * minute, 10)).toMatchObject([{ dueMs: minute }]);
    expect(await store.nextDueMs()).toBe(11 * minute);
    expect(await store.fireTimers(11 * minute, 10)).toMatchObject([{ dueMs: 11 * minute }]);
    expect(await store.timers('a')).toMatchObject([
      { worker: 'a', id: 'every', dueMs: 12 * minute, cron: '* * * * *' },
    ]);
  });

  it('are replaced, cleared, and given back', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.commit('a', { effects: [set('k1', 'x', 1), set('k2', 'y', 2), set('k3', 'x', 3)] });
    expect((await store.timers('a')).map(({ id, dueMs }) => [id, dueMs])).toEqual([
      ['x', 3],
      ['y', 2],
    ]);
    await store.commit('a', { effects: [{ kind: 'clearTimer', seq: 1, key: 'k4', id: 'x' }] });
    expect(await store.timers('a')).toEqual([{ worker: 'a', ...timer('y', 2) }]);
    await store.commit('a', { timers: [] });
    expect(await store.timers('a')).toEqual([]);
  });

  it('wait for a worker whose mailbox is full, and hinder no others', async () => {
    const store = await open({ limits: { mailboxInputs: 1 } });
    await addWorkers(store, 'a', 'b');
    await store.commit('a', { timers: [timer('one', 1), timer('two', 2)] });
    await store.commit('b', { timers: [timer('other', 3)] });
    expect((await store.fireTimers(10, 2)).map(({ id }) => id)).toEqual(['one']);
    expect((await store.fireTimers(10, 1)).map(({ id }) => id)).toEqual(['other']);
    expect(await store.nextDueMs()).toBeUndefined();
    await store.commit('a', { settled: [{ seq: 1, outcome: bytes('') }] });
    expect(await store.nextDueMs()).toBe(2);
    expect((await store.fireTimers(10, 1)).map(({ id }) => id)).toEqual(['two']);
  });

  it('refuse an expression that is none', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    for (const cron of ['every day', '61 * * * *', '* * * * * * *', '*'.repeat(129)]) {
      await expect(store.commit('a', { timers: [timer('t', 1, cron)] })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});

describe('nextCronMs', () => {
  it('counts in UTC', () => {
    expect(nextCronMs('30 4 * * *', Date.UTC(2026, 2, 29))).toBe(Date.UTC(2026, 2, 29, 4, 30));
    expect(nextCronMs('*/10 * * * * *', 1)).toBe(10_000);
    expect(nextCronMs('0 0 * * *', 0)).toBe(86_400_000);
  });

  it('knows when there is no next time', () => {
    expect(nextCronMs('0 0 30 2 *', 0)).toBeUndefined();
  });
});
