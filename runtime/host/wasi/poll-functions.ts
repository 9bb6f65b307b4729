/**
 * poll_oneoff: waiting for times and streams.
 *
 * Invariants:
 * 1. Relative times count from the first execution of the call: its clock readings are in the `pending` state.
 * 2. A wait that began before the last restore ends by the wall clock, so that the way to another host counts as waiting. The
 *    monotonic clock is then moved forward by as much as was waited for: no guest sees a wait that was too short.
 * 3. Files are always ready; standard input when it has data or has ended; an output when what was written to it is taken.
 */
import type { Wake } from '../../engine/types.ts';
import { Errno, ERRNO, type ErrnoName, fail } from '../errno.ts';
import { CLOCKID, EVENTRWFLAGS, EVENTTYPE, RIGHTS, SUBCLOCKFLAGS } from './constants.ts';
import type { WasiContext } from './context.ts';
import { define, type Result, type WasiFunction } from './define.ts';
import { SUBSCRIPTIONS_MAX } from '../system/limits.ts';
import type { WaitState } from './waiting.ts';

const EVENT_BYTES = 32;
const NS_PER_MS = 1_000_000n;
const LONGEST_SLEEP_MS = 0x7fff_ffff;

type Subscription = { readonly userdata: bigint } & (
  | { readonly kind: 'clock'; readonly clockId: number; readonly timeoutNs: bigint; readonly absolute: boolean }
  | { readonly kind: 'fd_read' | 'fd_write'; readonly fd: number }
);

interface Event {
  readonly userdata: bigint;
  readonly kind: Subscription['kind'];
  readonly errno?: ErrnoName;
  readonly bytes?: number;
  readonly hangup?: boolean;
}

/** When a wait began, by both clocks. */
interface Start {
  readonly monotonicNs: bigint;
  readonly realtimeNs: bigint;
}

const KINDS = ['clock', 'fd_read', 'fd_write'] as const satisfies readonly (keyof typeof EVENTTYPE)[];

function readSubscriptions({ memory, abi }: WasiContext, address: number, count: number): Subscription[] {
  const layout = abi.subscription;
  memory.check(address, count * layout.total);
  return Array.from({ length: count }, (_, index) => {
    const at = address + index * layout.total;
    const userdata = memory.readU64(at);
    const kind = KINDS[memory.readU8(at + 8)] ?? fail('inval');
    if (kind !== 'clock') return { userdata, kind, fd: memory.readU32(at + layout.union) };
    return {
      userdata,
      kind,
      clockId: memory.readU32(at + layout.clockId),
      timeoutNs: memory.readU64(at + layout.timeout),
      absolute: (memory.readU16(at + layout.flags) & SUBCLOCKFLAGS.abstime) !== 0,
    };
  });
}

function writeEvents({ memory }: WasiContext, address: number, events: readonly Event[]): void {
  for (const [index, event] of events.entries()) {
    const at = address + index * EVENT_BYTES;
    memory.bytes(at, EVENT_BYTES).fill(0);
    memory.writeU64(at, event.userdata);
    memory.writeU16(at + 8, ERRNO[event.errno ?? 'success']);
    memory.writeU8(at + 10, EVENTTYPE[event.kind]);
    memory.writeU64(at + 16, BigInt(event.bytes ?? 0));
    memory.writeU16(at + 24, event.hangup === true ? EVENTRWFLAGS.hangup : 0);
  }
}

/** Nanoseconds until a clock subscription is due; negative or zero: it is. */
function remainingNs(
  wasi: WasiContext,
  subscription: Subscription & { kind: 'clock' },
  start: Start,
  moved: boolean,
): bigint {
  const { clock } = wasi;
  const isRealtime = subscription.clockId === CLOCKID.realtime;
  const origin = isRealtime ? start.realtimeNs : start.monotonicNs;
  const deadline = subscription.absolute ? subscription.timeoutNs : origin + subscription.timeoutNs;
  const duration = deadline - origin;
  const byWallClock = start.realtimeNs + duration - clock.realtimeNs();
  const remaining = isRealtime ? byWallClock : deadline - clock.monotonicNs();
  if (!moved) return remaining;
  if (byWallClock <= 0n) clock.advanceTo(start.monotonicNs + duration);
  return byWallClock < remaining ? byWallClock : remaining;
}

/** The event of a subscription to a descriptor, if there is one now. */
function fdEvent(
  wasi: WasiContext,
  { userdata, kind, fd }: Subscription & { kind: 'fd_read' | 'fd_write' },
): Event | undefined {
  const base = { userdata, kind };
  try {
    const descriptor = wasi.descriptors.withRights(fd, RIGHTS.poll_fd_readwrite);
    if (descriptor.kind === 'directory') return { ...base, errno: 'badf' };
    if (descriptor.kind === 'file') {
      const rest = descriptor.inode.content.sizeBytes - descriptor.offset;
      return { ...base, bytes: kind === 'fd_read' ? Math.max(0, rest) : 0 };
    }
    if ((descriptor.kind === 'stdin') !== (kind === 'fd_read')) return { ...base, errno: 'badf' };
    if (descriptor.kind !== 'stdin') return wasi[descriptor.kind].waiting === undefined ? base : undefined;
    wasi.stdin.request();
    const { ready, available, ended } = wasi.stdin;
    return ready ? { ...base, bytes: available, hangup: ended && available === 0 } : undefined;
  } catch (error) {
    if (error instanceof Errno) return { ...base, errno: error.code === ERRNO.notcapable ? 'notcapable' : 'badf' };
    throw error;
  }
}

function eventOf(wasi: WasiContext, subscription: Subscription, start: Start, moved: boolean): Event | undefined {
  if (subscription.kind !== 'clock') return fdEvent(wasi, subscription);
  const { userdata, kind } = subscription;
  if (subscription.clockId > CLOCKID.thread_cputime_id) return { userdata, kind, errno: 'inval' };
  return remainingNs(wasi, subscription, start, moved) <= 0n ? { userdata, kind } : undefined;
}

/** Waits until a clock may be due or a stream changed; leaves no timer behind. */
async function nextChange(
  wasi: WasiContext,
  subscriptions: readonly Subscription[],
  start: Start,
  moved: boolean,
): Promise<void> {
  const abort = new AbortController();
  const changes: Promise<unknown>[] = [];
  let shortestNs: bigint | undefined;
  for (const subscription of subscriptions) {
    if (subscription.kind === 'clock') {
      const remaining = remainingNs(wasi, subscription, start, moved);
      if (shortestNs === undefined || remaining < shortestNs) shortestNs = remaining;
      continue;
    }
    const kind = wasi.descriptors.find(subscription.fd)?.kind;
    if (kind === 'stdin') changes.push(wasi.stdin.fill(abort.signal));
    if ((kind === 'stdout' || kind === 'stderr') && wasi[kind].waiting !== undefined) changes.push(wasi[kind].waiting);
  }
  if (shortestNs !== undefined) {
    const ms = shortestNs <= 0n ? 0 : Number((shortestNs + NS_PER_MS - 1n) / NS_PER_MS);
    const signal = AbortSignal.any([abort.signal, wasi.waits.closed]);
    changes.push(wasi.sleep(Math.min(ms, LONGEST_SLEEP_MS), signal));
  }
  try {
    await Promise.race(changes);
  } finally {
    abort.abort();
  }
}

/** What ends the wait, unless an output that is full can end it: that needs this process. */
function wakeOf(
  wasi: WasiContext,
  subscriptions: readonly Subscription[],
  start: Start,
  moved: boolean,
): Wake | undefined {
  let shortestNs: bigint | undefined;
  let input = false;
  for (const subscription of subscriptions) {
    if (subscription.kind === 'clock') {
      const remaining = remainingNs(wasi, subscription, start, moved);
      if (shortestNs === undefined || remaining < shortestNs) shortestNs = remaining;
    } else if (wasi.descriptors.find(subscription.fd)?.kind === 'stdin') input = true;
    else return undefined;
  }
  if (shortestNs === undefined) return { input };
  return { input, atMs: Number((wasi.clock.realtimeNs() + shortestNs + NS_PER_MS - 1n) / NS_PER_MS) };
}

/** The start of a wait that goes on, from its state; the first execution starts now. */
function startOf({ clock }: WasiContext, resumed: WaitState | undefined): Start {
  const monotonicNs = resumed?.['monotonicNs'];
  const realtimeNs = resumed?.['realtimeNs'];
  return {
    monotonicNs: typeof monotonicNs === 'bigint' ? monotonicNs : clock.monotonicNs(),
    realtimeNs: typeof realtimeNs === 'bigint' ? realtimeNs : clock.realtimeNs(),
  };
}

function poll(wasi: WasiContext, inAt: number, outAt: number, count: number, resultAt: number): Result {
  const { memory, waits } = wasi;
  if (count === 0 || count > SUBSCRIPTIONS_MAX) fail('inval');
  memory.check(resultAt, 4);
  memory.check(outAt, count * EVENT_BYTES);
  const subscriptions = readSubscriptions(wasi, inAt, count);
  const resumed = waits.resumed(memory.restartState());
  const start = startOf(wasi, resumed);
  const moved = resumed !== undefined && resumed.operation <= waits.restoredThrough;
  const attempt = (): number | undefined => {
    const events = subscriptions.flatMap((subscription) => eventOf(wasi, subscription, start, moved) ?? []);
    if (events.length === 0) return undefined;
    wasi.clock.monotonicNs(); // what was waited stays waited after a restore
    writeEvents(wasi, outAt, events);
    memory.writeU32(resultAt, events.length);
    return 0;
  };
  const wake = wakeOf(wasi, subscriptions, start, moved);
  const changed = (): Promise<void> => nextChange(wasi, subscriptions, start, moved);
  return waits.run({ attempt, changed, ...(wake === undefined ? {} : { wake }) }, resumed, { ...start });
}

export const POLL_FUNCTIONS = {
  poll_oneoff: define(['i32', 'i32', 'i32', 'i32'], [], poll),
} as const satisfies Record<string, WasiFunction>;
