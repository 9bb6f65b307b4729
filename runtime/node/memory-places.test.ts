import { expect, it } from 'vitest';
import { PluvioError } from '../errors/index.ts';
import { systemClock } from './clock.ts';
import { type LeavePlace, MemoryPlaces } from './memory-places.ts';

const of = (name: string) => ({ name, tenant: 'default' });

/** Places with a clock whose alarms a test rings. */
function open(limit: number, pages = 100) {
  const alarms = new Set<() => void>();
  const told: string[] = [];
  const clock = {
    ...systemClock,
    alarm: (_: number, ring: () => void) => {
      alarms.add(ring);
      return () => void alarms.delete(ring);
    },
  };
  let rung = 0;
  const places = new MemoryPlaces({
    limit,
    pages,
    waitMs: 1000,
    clock,
    reached: ({ name }, what, action) => told.push(`${name} ${what} ${action}`),
  });
  places.onShort(() => void rung++);
  return { places, alarms, told, rung: () => rung };
}

it('are given in the order of coming, when another has left', async () => {
  const { places, told, alarms, rung } = open(2);
  const first = places.enter(of('a')) as LeavePlace;
  const second = places.enter(of('b')) as LeavePlace;
  expect([places.taken, places.wanted.workers, rung()]).toEqual([2, 0, 0]);
  const order: string[] = [];
  const third = Promise.resolve(places.enter(of('c'))).then((leave) => (order.push('c'), leave));
  const fourth = Promise.resolve(places.enter(of('d'))).then((leave) => (order.push('d'), leave));
  expect([places.wanted.workers, rung()]).toEqual([2, 2]);
  first();
  first(); // leaves once
  const leaveThird = await third;
  expect([order, places.taken, places.wanted.workers]).toEqual([['c'], 2, 1]);
  second();
  (await fourth)();
  leaveThird();
  expect([order, places.taken, alarms.size]).toEqual([['c', 'd'], 0, 0]);
  expect(told).toEqual(['c liveWorkers delayed', 'd liveWorkers delayed']);
});

it('are refused to who has waited long enough, and not kept for it', async () => {
  const { places, told, alarms } = open(1);
  const leave = places.enter(of('a')) as LeavePlace;
  const late = Promise.resolve(places.enter(of('b')));
  for (const ring of alarms) ring();
  await expect(late).rejects.toMatchObject({
    code: 'NODE_FULL',
    details: { worker: 'b', limit: 1, retryAfterMs: 1000 },
  });
  expect(told).toEqual(['b liveWorkers delayed', 'b liveWorkers refused']);
  leave();
  expect(places.taken).toBe(0);
  expect(places.enter(of('c'))).toBeTypeOf('function');
});

it('are kept free in advance, so that who comes need not wait', () => {
  const { places, rung } = open(64);
  for (let taken = 0; taken < 60; taken++) void places.enter(of('w'));
  expect([places.wanted.workers, rung()]).toEqual([0, 0]);
  void places.enter(of('w'));
  expect([places.wanted.workers, rung()]).toEqual([1, 1]);
});

it('have room when others have left: what did not fit is tried again', async () => {
  const { places, told } = open(4);
  const leave = places.enter(of('a')) as LeavePlace;
  let pagesFree = 0;
  const make = (): Promise<string> =>
    pagesFree >= 7 ? Promise.resolve('made') : Promise.reject(new PluvioError('MEMORY_FULL', 'no', { pages: 7 }));
  const made = places.fit(of('b'), make);
  await Promise.resolve();
  expect(places.wanted).toEqual({ workers: 0, pages: 7 });
  pagesFree = 7;
  leave();
  expect(await made).toBe('made');
  expect([places.wanted.pages, told]).toEqual([0, ['b guestMemoryBytes delayed']]);
});

it('never have room for more than there is, nor wait for other faults', async () => {
  const { places, told } = open(4, 10);
  const full = new PluvioError('MEMORY_FULL', 'no', { pages: 11 });
  await expect(places.fit(of('a'), () => Promise.reject(full))).rejects.toBe(full);
  const other = new PluvioError('LINK_FAILED', 'no');
  await expect(places.fit(of('a'), () => Promise.reject(other))).rejects.toBe(other);
  expect(told).toEqual(['a guestMemoryBytes refused']);
});

it('say that there is no room to who has waited for it long enough', async () => {
  const { places, alarms, told } = open(4);
  const full = new PluvioError('MEMORY_FULL', 'no', { pages: 1 });
  const waiting = places.fit(of('a'), () => Promise.reject(full));
  await Promise.resolve();
  for (const ring of alarms) ring();
  await expect(waiting).rejects.toBe(full);
  expect(told).toEqual(['a guestMemoryBytes delayed', 'a guestMemoryBytes refused']);
});
