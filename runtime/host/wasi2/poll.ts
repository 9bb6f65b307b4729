/**
 * wasi:io/poll: waiting for pollables.
 *
 * Invariants:
 * 1. A wait changes nothing before it is over, so that a call which is executed again finds what it found before.
 * 2. A pollable that came with a snapshot is ready by the wall clock or by the monotonic clock, whichever is earlier. The monotonic
 *    clock is then moved forward to its deadline: no guest sees a wait that was too short.
 * 3. One timer at most is running, and one wait for input: a wait ends the one before it.
 */
import { type Pending, pending } from '../../engine/pending.ts';
import type { Wake } from '../../engine/types.ts';
import { SUBSCRIPTIONS_MAX } from '../system/limits.ts';
import { limitTrap, trap } from '../guest-trap.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { isBodyReady } from './http/http-incoming.ts';
import { makesRoomFor } from './http/http-outgoing.ts';
import type { ClockPollable, InputStream, OutputStream, Pollable } from './resources.ts';

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

/** Whether a read, or a write, of the stream does not wait. */
export function isStreamReady(wasi: Wasi2Context, stream: InputStream | OutputStream): boolean {
  if (stream.kind === 'stdin') {
    // A guest may ask again and again, and never wait.
    wasi.stdin.request();
    return wasi.stdin.ready;
  }
  if (stream.kind === 'stdout' || stream.kind === 'stderr') return wasi[stream.kind].waiting === undefined;
  if (stream.kind === 'body output') return !makesRoomFor(wasi, stream, 1);
  return stream.kind !== 'body input' || isBodyReady(wasi, stream);
}

function isReady(wasi: Wasi2Context, pollable: Pollable): boolean {
  if (pollable.kind === 'clock') return remainingNs(wasi, pollable) <= 0n;
  if (pollable.kind === 'stream') return isStreamReady(wasi, pollable.stream);
  const { future } = pollable;
  if (future.kind === 'future trailers') return true;
  wasi.sending.send(future);
  return future.answer !== undefined;
}

/** Whether it becomes ready by something that `changes` tells of; that is made sure of. */
function isFollowed(wasi: Wasi2Context, pollable: Pollable): boolean {
  if (pollable.kind === 'clock') return false;
  if (pollable.kind === 'future') return true;
  const { kind } = pollable.stream;
  if (kind === 'stdin') return false;
  if (kind === 'stdout' || kind === 'stderr') wasi.changes.follow(wasi[kind].waiting);
  if (kind === 'body input') wasi.changes.follow(wasi.http?.bodyChanged());
  return true;
}

/** The shortest time of the clocks among them; undefined: there are none. */
function shortestNs(wasi: Wasi2Context, pollables: readonly Pollable[]): bigint | undefined {
  let shortest: bigint | undefined;
  for (const pollable of pollables) {
    if (pollable.kind !== 'clock') continue;
    const remaining = remainingNs(wasi, pollable);
    if (shortest === undefined || remaining < shortest) shortest = remaining;
  }
  return shortest;
}

/** Waits until one of them may be ready; the call is then executed again. */
export function waitFor(wasi: Wasi2Context, pollables: readonly Pollable[]): Pending {
  wasi.wait.abort();
  wasi.wait = new AbortController();
  const { signal } = wasi.wait;
  const changes: Promise<void>[] = [];
  const followed = pollables.filter((pollable) => isFollowed(wasi, pollable));
  if (followed.length > 0) changes.push(wasi.changes.next(signal));
  const takesInput = pollables.some((each) => each.kind === 'stream' && each.stream.kind === 'stdin');
  if (takesInput) changes.push(wasi.stdin.fill(signal));
  const remainingTimeNs = shortestNs(wasi, pollables);
  let atMs: number | undefined;
  if (remainingTimeNs !== undefined) {
    const ms = Number((remainingTimeNs + NS_PER_MS - 1n) / NS_PER_MS);
    changes.push(wasi.sleep(Math.max(0, Math.min(ms, LONGEST_SLEEP_MS)), signal));
    atMs = Number((wasi.clock.realtimeNs() + remainingTimeNs + NS_PER_MS - 1n) / NS_PER_MS);
  }
  // What `changes` tells of is this process's: an output that is full, an answer that is under way.
  const wake: Wake | undefined =
    followed.length > 0 ? undefined : { ...(takesInput && { input: true }), ...(atMs !== undefined && { atMs }) };
  return pending(Promise.race(changes), { again: true, ...(wake !== undefined && { wake }) });
}

function block(wasi: Wasi2Context, pollable: Pollable): Pending | undefined {
  return isReady(wasi, pollable) ? undefined : waitFor(wasi, [pollable]);
}

/** Indices of those that are ready, one at least. */
function poll(wasi: Wasi2Context, pollables: readonly Pollable[]): Pending | readonly number[] {
  if (pollables.length === 0) trap('cannot poll no pollables: it must be one at least');
  if (pollables.length > SUBSCRIPTIONS_MAX) {
    limitTrap(`cannot poll ${pollables.length} pollables: it must be at most ${SUBSCRIPTIONS_MAX}`);
  }
  const ready = pollables.flatMap((pollable, index) => (isReady(wasi, pollable) ? [index] : []));
  return ready.length > 0 ? ready : waitFor(wasi, pollables);
}

export const POLL_INTERFACES = {
  'wasi:io/poll@0.2': (wasi) => ({
    '[method]pollable.ready': (self: Pollable) => isReady(wasi, self),
    '[method]pollable.block': (self: Pollable) => block(wasi, self),
    poll: (pollables: readonly Pollable[]) => poll(wasi, pollables),
  }),
} as const satisfies Record<string, InterfaceOf>;
