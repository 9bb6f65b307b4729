import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { pulledStream } from './pulled-stream.ts';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

/** A clock that the test moves on. */
function handClock() {
  let nowMs = 0;
  const sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();
  return {
    clock: {
      ...systemClock,
      monotonicMs: () => nowMs,
      alarm: (ms: number, ring: () => void) => {
        const sleeper = { dueMs: nowMs + ms, wake: ring };
        sleepers.add(sleeper);
        return () => void sleepers.delete(sleeper);
      },
    },
    get sleeping() {
      return sleepers.size;
    },
    async advance(ms: number): Promise<void> {
      nowMs += ms;
      for (const sleeper of [...sleepers].filter(({ dueMs }) => dueMs <= nowMs)) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await new Promise(setImmediate);
    },
  };
}

/** Chunks that are given by hand. */
function handSource() {
  const asked: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>>[] = [];
  let returned = 0;
  return {
    asked,
    get returned() {
      return returned;
    },
    source: {
      next: () => {
        const answer = Promise.withResolvers<IteratorResult<Uint8Array, undefined>>();
        asked.push(answer);
        return answer.promise;
      },
      return: () => {
        returned++;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    },
  };
}

function open() {
  const time = handClock();
  const chunks = handSource();
  const told = { over: 0, stalled: 0 };
  const rules = { clock: time.clock, stallMs: 100, stalled: () => void told.stalled++ };
  const stream = pulledStream(chunks.source, rules, () => void told.over++);
  const reader = stream.getReader();
  /** Begins to read; done when the source is asked. */
  const begin = async (): Promise<{ readonly read: ReturnType<typeof reader.read> }> => {
    const read = reader.read();
    read.catch(() => undefined);
    await new Promise(setImmediate);
    return { read };
  };
  return { time, chunks, told, reader, begin };
}

describe('a pulled stream', () => {
  it('asks its source when its reader does, and ends with it', async () => {
    const { time, chunks, told, begin } = open();
    expect(chunks.asked.length).toBe(0);
    const first = await begin();
    chunks.asked[0]?.resolve({ done: false, value: bytes(1) });
    expect(await first.read).toEqual({ done: false, value: bytes(1) });
    expect(chunks.asked.length).toBe(1);
    const second = await begin();
    chunks.asked[1]?.resolve({ done: true, value: undefined });
    expect((await second.read).done).toBe(true);
    expect([told, chunks.returned, time.sleeping]).toEqual([{ over: 1, stalled: 0 }, 0, 0]);
  });

  it('is given up when its reader wants nothing for as long as the limit', async () => {
    const { time, chunks, told, reader, begin } = open();
    const first = await begin();
    await time.advance(60);
    chunks.asked[0]?.resolve({ done: false, value: bytes(1) });
    await first.read;
    await time.advance(99);
    expect(told).toEqual({ over: 0, stalled: 0 });
    await time.advance(1);
    expect([told, chunks.returned]).toEqual([{ over: 1, stalled: 1 }, 1]);
    await expect(reader.read()).rejects.toMatchObject({
      code: 'STREAM_STALLED',
      details: { limit: 'stallMs', max: 100 },
    });
    await reader.cancel().catch(() => undefined);
    expect([told, time.sleeping]).toEqual([{ over: 1, stalled: 1 }, 0]);
  });

  it('is given up if its reader never begins', async () => {
    const { time, told } = open();
    await time.advance(100);
    expect(told).toEqual({ over: 1, stalled: 1 });
  });

  it('waits for a source that has nothing', async () => {
    const { time, chunks, told, begin } = open();
    const first = await begin();
    for (let at = 0; at < 10; at++) await time.advance(100);
    expect(told).toEqual({ over: 0, stalled: 0 });
    chunks.asked[0]?.resolve({ done: false, value: bytes(2) });
    expect((await first.read).value).toEqual(bytes(2));
    await time.advance(100);
    expect(told).toEqual({ over: 1, stalled: 1 });
  });

  it('ends its source when it is cancelled, and fails with it', async () => {
    const { time, chunks, told, reader } = open();
    await reader.cancel();
    expect([told, chunks.returned, time.sleeping]).toEqual([{ over: 1, stalled: 0 }, 1, 0]);
    const failing = open();
    const { read } = await failing.begin();
    failing.chunks.asked[0]?.reject(new Error('the disk is gone'));
    await expect(read).rejects.toThrow('the disk is gone');
    expect([failing.told, failing.time.sleeping]).toEqual([{ over: 1, stalled: 0 }, 0]);
  });
});
