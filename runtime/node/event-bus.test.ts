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

const clock = { now: () => 0 };

describe('EventBus', () => {
  it('gives new events to every reader, and old ones to who asks for them', async () => {
    const bus = new EventBus(10, clock);
    const { signal } = new AbortController();
    bus.emit('created', 'a');
    const live = take(2, bus.follow(undefined, signal));
    bus.emit('started', 'a');
    bus.emit('exited', 'a');
    expect(await live).toEqual(['2 started a', '3 exited a']);
    expect(await take(3, bus.follow(0, signal))).toEqual(['1 created a', '2 started a', '3 exited a']);
    expect(bus.counts.get('created')).toBe(1);
  });

  it('keeps a bounded history', async () => {
    const bus = new EventBus(2, clock);
    for (const name of ['a', 'b', 'c']) bus.emit('created', name);
    expect(await take(2, bus.follow(0, new AbortController().signal))).toEqual(['2 created b', '3 created c']);
  });

  it('gives what happened meanwhile at a time', async () => {
    const bus = new EventBus(10, clock);
    const batches = bus.follow(0, new AbortController().signal);
    const seqs = async (): Promise<number[]> => ((await batches.next()).value as NodeEvent[]).map(({ seq }) => seq);
    const first = seqs();
    bus.emit('created', 'a');
    expect(await first).toEqual([1]);
    for (const name of ['b', 'c']) bus.emit('created', name);
    expect(await seqs()).toEqual([2, 3]);
  });

  it('ends when its reader goes', async () => {
    const bus = new EventBus(2, clock);
    const gone = new AbortController();
    const rest = bus.follow(undefined, gone.signal).next();
    gone.abort();
    expect((await rest).done).toBe(true);
  });
});
