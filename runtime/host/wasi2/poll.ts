/**
 * wasi:io/poll: waiting for pollables.
 *
 * Invariants:
 * 1. A wait changes nothing before it is over, so that a call which is executed again finds what it found before.
 * 2. A pollable that came with a snapshot is ready by the wall clock or by the monotonic clock, whichever is earlier. The monotonic
 *    clock is then moved forward to its deadline: no guest sees a wait that was too short.
 * 3. One timer at most is running.
 */
import { type Pending, pending } from '../../engine/pending.ts';
import { SUBSCRIPTIONS_MAX } from '../wasi/limits.ts';
import { type InterfaceOf, trap, type Wasi2Context } from './context.ts';
import type { ClockPollable } from './resources.ts';

const NS_PER_MS = 1_000_000n;
const LONGEST_SLEEP_MS = 0x7fff_ffff;

/** Nanoseconds until it is ready; zero or negative: it is. */
function remainingNs({ clock }: Wasi2Context, pollable: ClockPollable): bigint {
  const byMonotonic = pollable.deadlineNs - clock.monotonicNs();
  if (!pollable.restored) return byMonotonic;
  const durationNs = pollable.deadlineNs - pollable.startMonotonicNs;
  const byWallClock = pollable.startRealtimeNs + durationNs - clock.realtimeNs();
  if (byWallClock <= 0n) clock.advanceTo(pollable.deadlineNs);
  return byWallClock < byMonotonic ? byWallClock : byMonotonic;
}

const isReady = (wasi: Wasi2Context, pollable: ClockPollable): boolean => remainingNs(wasi, pollable) <= 0n;

/** Waits for the earliest; the call is then executed again. */
function waitFor(wasi: Wasi2Context, pollables: readonly ClockPollable[]): Pending {
  const shortestNs = pollables
    .map((pollable) => remainingNs(wasi, pollable))
    .reduce((shortest, next) => (next < shortest ? next : shortest));
  const ms = Number((shortestNs + NS_PER_MS - 1n) / NS_PER_MS);
  const atMs = Number((wasi.clock.realtimeNs() + shortestNs + NS_PER_MS - 1n) / NS_PER_MS);
  wasi.timer.abort();
  wasi.timer = new AbortController();
  const slept = wasi.sleep(Math.max(0, Math.min(ms, LONGEST_SLEEP_MS)), wasi.timer.signal);
  return pending(slept, { again: true, wake: { atMs } });
}

function block(wasi: Wasi2Context, pollable: ClockPollable): Pending | undefined {
  return isReady(wasi, pollable) ? undefined : waitFor(wasi, [pollable]);
}

/** Indices of those that are ready, one at least. */
function poll(wasi: Wasi2Context, pollables: readonly ClockPollable[]): Pending | readonly number[] {
  if (pollables.length === 0 || pollables.length > SUBSCRIPTIONS_MAX) {
    trap(`cannot poll ${pollables.length} pollables: it must be 1 to ${SUBSCRIPTIONS_MAX}`);
  }
  const ready = pollables.flatMap((pollable, index) => (isReady(wasi, pollable) ? [index] : []));
  return ready.length > 0 ? ready : waitFor(wasi, pollables);
}

export const POLL_INTERFACES = {
  'wasi:io/poll@0.2': (wasi) => ({
    '[method]pollable.ready': (self: ClockPollable) => isReady(wasi, self),
    '[method]pollable.block': (self: ClockPollable) => block(wasi, self),
    poll: (pollables: readonly ClockPollable[]) => poll(wasi, pollables),
  }),
} as const satisfies Record<string, InterfaceOf>;
