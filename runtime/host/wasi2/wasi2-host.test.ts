import { expect, test } from 'vitest';
import { GuestExit, Pending } from '../../engine/pending.ts';
import type { ComponentHost, Resource } from '../component/component-host.ts';
import { RANDOM_MAX_BYTES } from './random.ts';
import { createWasi2 } from './wasi2-host.ts';

const MS = 1_000_000n;

/** Clocks and a timer that the test moves by hand. */
class HandClock {
  realtime = 1_700_000_000_123n * MS;
  monotonic = 5n * MS;
  readonly signals: AbortSignal[] = [];
  readonly asked: number[] = [];
  readonly wakes: (() => void)[] = [];
  realtimeNs = (): bigint => this.realtime;
  monotonicNs = (): bigint => this.monotonic;
  sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    this.asked.push(ms);
    this.signals.push(signal);
    return new Promise((resolve) => this.wakes.push(resolve));
  };
  advance(ms: bigint): void {
    this.realtime += ms * MS;
    this.monotonic += ms * MS;
    for (const wake of this.wakes.splice(0)) wake();
  }
}

const hostAt = (clock: HandClock, more = {}): ComponentHost => createWasi2({ clock, sleep: clock.sleep, ...more });

function call(host: ComponentHost, of: string, name: string, ...args: unknown[]): unknown {
  const found = host.interfaces[`wasi:${of}@0.2`]?.[name];
  if (found === undefined) throw new Error(`there is no ${of} ${name}`);
  return found(...(args as never[])); // values of the types in WIT
}

const subscribe = (host: ComponentHost, ms: bigint): Resource =>
  call(host, 'clocks/monotonic-clock', 'subscribe-duration', ms * MS) as Resource; // as WIT says
const now = (host: ComponentHost): unknown => call(host, 'clocks/monotonic-clock', 'now');
const block = (host: ComponentHost, pollable: Resource): unknown =>
  call(host, 'io/poll', '[method]pollable.block', pollable);

function expectPending(value: unknown): Pending {
  if (!(value instanceof Pending)) throw new Error('the call did not wait');
  return value;
}

test('clocks give times in the units of WIT', () => {
  const clock = new HandClock();
  const host = hostAt(clock);
  expect(now(host)).toBe(0n);
  clock.advance(7n);
  expect(now(host)).toBe(7n * MS);
  expect(call(host, 'clocks/wall-clock', 'now')).toEqual({ seconds: 1_700_000_000n, nanoseconds: 130_000_000 });
  expect(call(host, 'clocks/wall-clock', 'resolution')).toEqual({ seconds: 0n, nanoseconds: 100_000 });
});

test('poll waits for the earliest and gives the indices that are ready', async () => {
  const clock = new HandClock();
  const host = hostAt(clock);
  const pollables = [subscribe(host, 30n), subscribe(host, 10n), subscribe(host, 10n)];
  const wait = expectPending(call(host, 'io/poll', 'poll', pollables));
  expect(wait.again).toBe(true);
  expect(wait.wake).toEqual({ atMs: 1_700_000_000_133 });
  expect(clock.asked).toEqual([10]);
  clock.advance(10n);
  await wait.promise;
  expect(call(host, 'io/poll', 'poll', pollables)).toEqual([1, 2]);
});

test('a wait that is executed again keeps its deadline and ends the timer before it', () => {
  const clock = new HandClock();
  const host = hostAt(clock);
  const pollable = subscribe(host, 10n);
  expectPending(block(host, pollable));
  clock.advance(4n);
  expectPending(block(host, pollable));
  expect(clock.asked).toEqual([10, 6]);
  expect(clock.signals.map((signal) => signal.aborted)).toEqual([true, false]);
  host.close();
  expect(clock.signals[1]?.aborted).toBe(true);
});

test('the longest duration does not wrap', () => {
  const host = hostAt(new HandClock());
  const pollable = call(host, 'clocks/monotonic-clock', 'subscribe-duration', 2n ** 64n - 1n);
  expect(call(host, 'io/poll', '[method]pollable.ready', pollable)).toBe(false);
});

test('the way to another host counts as waiting, and the monotonic clock shows it', () => {
  const clock = new HandClock();
  const host = hostAt(clock);
  clock.advance(3n);
  const pollable = subscribe(host, 10n);
  const other = new HandClock();
  other.realtime = clock.realtime + 4n * MS;
  other.monotonic = 0n;
  const moved = hostAt(other);
  const [first, second] = moved.restore(host.snapshot([pollable, pollable]));
  if (first === undefined) throw new Error('nothing was restored');
  expect(second).toBe(first);
  expect(now(moved)).toBe(3n * MS);
  expectPending(block(moved, first));
  expect(other.asked).toEqual([6]);
  other.realtime += 6n * MS;
  expect(block(moved, first)).toBeUndefined();
  expect(now(moved)).toBe(13n * MS);
});

test('no pollables and too many of them trap', () => {
  const host = hostAt(new HandClock());
  const pollable = subscribe(host, 0n);
  const many = Array.from({ length: 4097 }, () => pollable);
  expect(call(host, 'io/poll', 'poll', many.slice(1))).toHaveLength(4096);
  expect(() => call(host, 'io/poll', 'poll', many)).toThrow(WebAssembly.RuntimeError);
  expect(() => call(host, 'io/poll', 'poll', [])).toThrow(WebAssembly.RuntimeError);
});

test('the guest holds as many resources as the limit allows, also after a restore', () => {
  const host = hostAt(new HandClock(), { maxOpenFiles: 2 });
  const held = [subscribe(host, 1n), subscribe(host, 2n)];
  expect(() => subscribe(host, 3n)).toThrow(/maxOpenFiles allows 2/u);
  const smaller = hostAt(new HandClock(), { maxOpenFiles: 1 });
  expect(() => smaller.restore(host.snapshot(held))).toThrow(/wasi:0.2.given is an array of 2.*limit maxOpenFiles/u);
  for (const resource of held.slice(1)) host.drop(resource);
  expect(subscribe(host, 3n).resource).toBe('wasi:io/poll@0.2/pollable');
});

test('random bytes come from the source of the host, up to the limit', () => {
  const host = hostAt(new HandClock(), { random: (bytes: Uint8Array) => bytes.fill(7) });
  expect(call(host, 'random/random', 'get-random-bytes', 3n)).toEqual(new Uint8Array([7, 7, 7]));
  expect(call(host, 'random/insecure', 'get-insecure-random-u64')).toBe(0x0707_0707_0707_0707n);
  expect(call(host, 'random/insecure-seed', 'insecure-seed')).toHaveLength(2);
  expect(call(host, 'random/random', 'get-random-bytes', BigInt(RANDOM_MAX_BYTES))).toHaveLength(RANDOM_MAX_BYTES);
  const beyond = BigInt(RANDOM_MAX_BYTES) + 1n;
  expect(() => call(host, 'random/random', 'get-random-bytes', beyond)).toThrow(WebAssembly.RuntimeError);
});

test('environment and arguments travel, terminals too; exit ends the guest', () => {
  const host = hostAt(new HandClock(), { args: ['a', 'b'], env: { X: '1=2' } });
  const terminal = call(host, 'cli/terminal-stdin', 'get-terminal-stdin') as Resource; // the host has a terminal
  const moved = hostAt(new HandClock(), { args: ['other'] });
  expect(moved.restore(host.snapshot([terminal]))).toEqual([terminal]);
  expect(call(moved, 'cli/environment', 'get-arguments')).toEqual(['a', 'b']);
  expect(call(moved, 'cli/environment', 'get-environment')).toEqual([['X', '1=2']]);
  const plain = hostAt(new HandClock(), { terminal: false });
  expect(call(plain, 'cli/terminal-stdout', 'get-terminal-stdout')).toBeUndefined();
  const codeOf = (name: string, value: unknown): number | undefined => {
    try {
      call(host, 'cli/exit', name, value);
    } catch (error) {
      if (error instanceof GuestExit) return error.code;
    }
    return undefined;
  };
  expect([codeOf('exit', { tag: 'ok' }), codeOf('exit', { tag: 'err' }), codeOf('exit-with-code', 9)]).toEqual([
    0, 1, 9,
  ]);
});

test.each([
  ['version', 2, 'SNAPSHOT_VERSION'],
  ['args', [1], 'SNAPSHOT_MALFORMED'],
  ['env', [['A=B', 'c']], 'SNAPSHOT_MALFORMED'],
  ['monotonicNs', -1n, 'SNAPSHOT_MALFORMED'],
  ['resources', [{ resource: 'wasi:io/poll@0.2/other' }], 'SNAPSHOT_MALFORMED'],
  ['given', [1], 'SNAPSHOT_MALFORMED'],
  ['given', [], 'SNAPSHOT_MALFORMED'],
])('a state with a damaged %s is refused', (field, value, code) => {
  const host = hostAt(new HandClock());
  const state = host.snapshot([subscribe(host, 1n)]);
  const damaged = { ...(state as object), [field]: value }; // a state is a map
  expect(() => host.restore(damaged)).toThrow(expect.objectContaining({ code }));
});
