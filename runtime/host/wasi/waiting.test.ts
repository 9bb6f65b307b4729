import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HandGuest, throughBytes } from '../../../test/wasi/hand-guest.ts';
import { Pending } from '../../engine/pending.ts';
import { ERRNO } from '../errno.ts';
import { FDFLAGS } from './constants.ts';
import type { ClockSource } from '../system/guest-clock.ts';

const MS = 1_000_000n;

/** A clock and a timer that the test moves by hand. */
class HandClock implements ClockSource {
  realtime = 1_700_000_000_000n * MS;
  monotonic: bigint;
  readonly asked: number[] = [];
  private sleepers: { untilNs: bigint; wake: () => void }[] = [];

  constructor(monotonicMs: bigint) {
    this.monotonic = monotonicMs * MS;
  }

  realtimeNs = (): bigint => this.realtime;
  monotonicNs = (): bigint => this.monotonic;
  sleep = (ms: number): Promise<void> => {
    this.asked.push(ms);
    return new Promise((resolve) => this.sleepers.push({ untilNs: this.monotonic + BigInt(ms) * MS, wake: resolve }));
  };

  advance(ms: bigint): void {
    this.realtime += ms * MS;
    this.monotonic += ms * MS;
    for (const { untilNs, wake } of this.sleepers) if (untilNs <= this.monotonic) wake();
    this.sleepers = this.sleepers.filter(({ untilNs }) => untilNs > this.monotonic);
  }
}

const options = (clock: HandClock) => ({ clock, sleep: clock.sleep });

/** One clock subscription at address 256; the arguments of poll_oneoff. */
function clockSubscription(guest: HandGuest, clockId: number, timeoutNs: bigint, flags = 0): number[] {
  const { view } = guest;
  view.setBigUint64(256, 77n, true);
  view.setUint8(264, 0);
  view.setUint32(272, clockId, true);
  view.setBigUint64(280, timeoutNs, true);
  view.setUint16(296, flags, true);
  return [256, 512, 1, 8];
}

function monotonicNow(guest: HandGuest): bigint {
  expect(guest.call('clock_time_get', 1, 0n, 8)).toBe(0);
  return guest.view.getBigUint64(8, true);
}

test('a sleep waits for its time and reports the event', async () => {
  const clock = new HandClock(5n);
  const guest = new HandGuest(options(clock));
  const wait = guest.wait('poll_oneoff', ...clockSubscription(guest, 1, 30n * MS));
  clock.advance(30n);
  expect(await wait.promise).toBe(0);
  expect(clock.asked).toEqual([30]);
  expect([guest.view.getUint32(8, true), guest.view.getBigUint64(512, true), guest.view.getUint16(520, true)]).toEqual([
    1,
    77n,
    0,
  ]);
});

test.each([
  ['monotonic', 1, 100n * MS, 0],
  ['realtime', 0, 100n * MS, 0],
  ['monotonic until', 1, 100n * MS, 1],
  ['realtime until', 0, 1_700_000_000_100n * MS, 1],
])(
  'after a move only the rest of a %s sleep is waited for, and the guest sees all of it',
  async (_name, clockId, timeoutNs, flags) => {
    const clock = new HandClock(0n);
    const guest = new HandGuest(options(clock));
    const before = monotonicNow(guest);
    const wait = guest.wait('poll_oneoff', ...clockSubscription(guest, clockId, timeoutNs, flags));
    clock.advance(60n);
    const state = throughBytes(wait.state);

    const elsewhere = new HandClock(999_999n);
    elsewhere.realtime = clock.realtime + 10n * MS; // 10 ms on the way
    const twin = guest.moved(options(elsewhere));
    twin.restartState = state;
    const rest = twin.wait('poll_oneoff', 256, 512, 1, 8);
    elsewhere.advance(30n);
    expect(await rest.promise).toBe(0);
    expect(elsewhere.asked).toEqual([30]);
    expect(monotonicNow(twin) - before).toBeGreaterThanOrEqual(100n * MS);
    guest.host.close();
  },
);

test('the monotonic clock goes on from the last value given', () => {
  const clock = new HandClock(1_000n);
  const guest = new HandGuest(options(clock));
  clock.advance(40n);
  const last = monotonicNow(guest);
  const elsewhere = new HandClock(3n);
  const twin = guest.moved(options(elsewhere));
  expect(monotonicNow(twin)).toBe(last);
  elsewhere.advance(7n);
  expect(monotonicNow(twin)).toBe(last + 7n * MS);
  elsewhere.monotonic = 0n;
  expect(monotonicNow(twin)).toBe(last + 7n * MS);
});

function handStream(): { stream: ReadableStream<Uint8Array>; give: (text: string) => void; end: () => void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) }, { highWaterMark: 0 });
  return {
    stream,
    give: (text) => controller!.enqueue(new TextEncoder().encode(text)),
    end: () => controller!.close(),
  };
}

test('reading an empty stream parks the guest; what was not read travels', async () => {
  const { stream, give } = handStream();
  const guest = new HandGuest({ stdin: stream });
  const wait = guest.wait('fd_read', 0, ...guest.vector(3), 8);
  give('abcdef');
  expect(await wait.promise).toBe(0);
  expect(guest.readText(4096, 3)).toBe('abc');
  guest.host.close();
  give('ghi');

  const twin = guest.moved({ stdin: stream });
  expect(twin.call('fd_read', 0, ...twin.vector(100), 8)).toBe(0);
  expect(twin.readText(4096, twin.view.getUint32(8, true))).toBe('def');
  const next = twin.wait('fd_read', 0, ...twin.vector(100), 8);
  expect(await next.promise).toBe(0);
  expect(twin.readText(4096, twin.view.getUint32(8, true))).toBe('ghi');
});

test('a read in flight when the host is closed takes nothing from the stream', async () => {
  const { stream, give, end } = handStream();
  const guest = new HandGuest({ stdin: stream });
  const wait = guest.wait('fd_read', 0, ...guest.vector(10), 8);
  const state = guest.host.snapshot();
  guest.host.close();
  expect(await wait.promise).toBe(29);

  give('kept');
  end();
  const twin = new HandGuest({ stdin: stream });
  twin.host.restore(throughBytes(state));
  twin.restartState = throughBytes(wait.state);
  expect(await twin.wait('fd_read', 0, ...twin.vector(10), 8).promise).toBe(0);
  expect(twin.readText(4096, twin.view.getUint32(8, true))).toBe('kept');
  twin.restartState = undefined;
  expect(await twin.wait('fd_read', 0, ...twin.vector(10), 8).promise).toBe(0);
  expect(twin.view.getUint32(8, true)).toBe(0);
  const ended = twin.moved({ stdin: 'a stream that is not asked for' });
  expect(ended.call('fd_read', 0, ...ended.vector(10), 8)).toBe(0);
  expect(ended.view.getUint32(8, true)).toBe(0);
});

test('a forgotten wait that settles late and the call executed again read the stream once', async () => {
  const { stream, give } = handStream();
  const guest = new HandGuest({ stdin: stream });
  const forgotten = guest.wait('fd_read', 0, ...guest.vector(10), 8);
  guest.restartState = forgotten.state;
  const again = guest.wait('fd_read', 0, ...guest.vector(10), 8);
  give('once');
  expect([await forgotten.promise, await again.promise]).toEqual([0, 0]);
  expect(guest.view.getUint32(8, true)).toBe(4);
  expect(guest.call('fd_read', 0, ...guest.vector(10), 8)).toBe(0); // recorded: a third execution of the same call
  guest.restartState = undefined;
  expect(guest.call('fd_read', 0, ...guest.vector(10), 8)).toBeInstanceOf(Pending);
  guest.host.close();
});

test('a nonblocking read of an empty stream gives again, a failed stream io', async () => {
  const { stream } = handStream();
  const guest = new HandGuest({ stdin: stream });
  expect(guest.call('fd_fdstat_set_flags', 0, 4)).toBe(0);
  expect(guest.call('fd_read', 0, ...guest.vector(10), 8)).toBe(6);
  guest.host.close();

  const failing = new HandGuest({
    stdin: new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('gone')) }),
  });
  expect(await failing.wait('fd_read', 0, ...failing.vector(10), 8).promise).toBe(29);
});

test('an output that is not ready parks the guest, and gets the bytes once', async () => {
  const written: string[] = [];
  let accept: (() => void) | undefined;
  const stdout = (bytes: Uint8Array): Promise<void> => {
    written.push(new TextDecoder().decode(bytes));
    return new Promise((resolve) => (accept = resolve));
  };
  const guest = new HandGuest({ stdout });
  guest.text('hello', 4096);
  const wait = guest.wait('fd_write', 1, ...guest.vector(5), 8);
  guest.restartState = throughBytes(wait.state);
  const again = guest.wait('fd_write', 1, ...guest.vector(5), 8);
  const twin = guest.moved({ stdout });
  twin.restartState = guest.restartState;
  expect(twin.call('fd_write', 1, ...twin.vector(5), 8)).toBe(0);
  accept!();
  expect([await wait.promise, await again.promise]).toEqual([0, 0]);
  expect(written).toEqual(['hello']);
  expect(guest.view.getUint32(8, true)).toBe(5);
});

test('an output that fails gives io, at once or later', async () => {
  const throwing = new HandGuest({
    stdout: () => {
      throw new Error('full');
    },
    stderr: () => Promise.reject(new Error('closed')),
  });
  expect(throwing.write(1, 4).errno).toBe(29);
  expect(await throwing.wait('fd_write', 2, ...throwing.vector(4), 8).promise).toBe(29);
});

test('sched_yield waits for a turn, once', async () => {
  const clock = new HandClock(0n);
  const guest = new HandGuest(options(clock));
  const wait = guest.wait('sched_yield');
  expect(clock.asked).toEqual([0]);
  clock.advance(0n);
  expect(await wait.promise).toBe(0);
  guest.restartState = throughBytes(wait.state);
  expect(guest.call('sched_yield')).toBe(0);
});

test('a forged number of a wait is refused by name', () => {
  const guest = new HandGuest({ stdin: handStream().stream });
  guest.restartState = { operation: 5 };
  expect(() => guest.call('fd_read', 0, ...guest.vector(10), 8)).toThrow(/restartState\.operation is 5/);
});

test('input that is asked for and never waited for comes, too', async () => {
  const guest = new HandGuest({ stdin: new Blob(['key']).stream() });
  const read = (): unknown => guest.call('fd_read', 0, ...guest.vector(8), 8);
  expect(guest.call('fd_fdstat_set_flags', 0, FDFLAGS.nonblock)).toBe(0);
  expect(read()).toBe(ERRNO.again);
  for (let turns = 0; turns < 100 && read() === ERRNO.again; turns++) await nextTurn();
  expect(guest.view.getUint32(8, true)).toBe(3);
});
