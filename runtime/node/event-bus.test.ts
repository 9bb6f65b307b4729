import { describe, expect, it } from 'vitest';
import type { NodeEvent } from './api-types.ts';
import { EventBus } from './event-bus.ts';

async function take(count: number, batches: AsyncIterable<readonly NodeEvent[]>): Promise<string[]> {
  const names: string[] = [];
  for await (const batch of batches) {
    names.push(...batch.map(({ seq, kind, worker }) => `${seq} ${kind} ${worker}`));
    if (names.length >= count) break;
  }
  return names;
}

/** A clock that the test moves on. */
function handClock() {
  let nowMs = 0;
  let rings: { readonly dueMs: number; readonly ring: () => void }[] = [];
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    alarm: (ms: number, ring: () => void) => {
      rings.push({ dueMs: nowMs + ms, ring });
      return () => undefined;
    },
    advance: (ms: number) => {
      nowMs += ms;
      const due = rings.filter(({ dueMs }) => dueMs <= nowMs);
      rings = rings.filter(({ dueMs }) => dueMs > nowMs);
      for (const { ring } of due) ring();
    },
  };
}

describe('EventBus', () => {
  it('gives new events to every reader, and old ones to who asks for them', async () => {
    const clock = handClock();
    const bus = new EventBus(10, clock);
    const { signal } = new AbortController();
    bus.emit('created', 'a');
    const live = take(2, bus.follow(undefined, signal));
    bus.emit('started', 'a');
    bus.emit('exited', 'a');
    clock.advance(20);
    expect(await live).toEqual(['2 started a', '3 exited a']);
    expect(await take(3, bus.follow(0, signal))).toEqual(['1 created a', '2 started a', '3 exited a']);
    expect(bus.counts.get('created')).toBe(1);
  });

  it('keeps a bounded history', async () => {
    const bus = new EventBus(2, handClock());
    for (const name of ['a', 'b', 'c']) bus.emit('created', name);
    expect(await take(2, bus.follow(0, new AbortController().signal))).toEqual(['2 created b', '3 created c']);
  });

  it('wakes readers at once after quiet, and then at most once in a while', async () => {
    const clock = handClock();
    const bus = new EventBus(10, clock);
    const batches = bus.follow(0, new AbortController().signal);
    const seqs = async (): Promise<number[]> => ((await batches.next()).value as NodeEvent[]).map(({ seq }) => seq);
    const first = seqs();
    bus.emit('created', 'a');
    expect(await first).toEqual([1]);
    let isWoken = false;
    const second = seqs().finally(() => (isWoken = true));
    for (const name of ['b', 'c']) bus.emit('created', name);
    clock.advance(19);
    await new Promise(setImmediate);
    expect(isWoken).toBe(false);
    clock.advance(1);
    expect(await second).toEqual([2, 3]);
  });

  it('ends when its reader goes', async () => {
    const bus = new EventBus(2, handClock());
    const gone = new AbortController();
    const rest = bus.follow(undefined, gone.signal).next();
    gone.abort();
    expect((await rest).done).toBe(true);
  });
});
