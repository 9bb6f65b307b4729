/** wasi:clocks */
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { adopt, type ClockPollable, POLLABLE } from './resources.ts';

const NS_PER_S = 1_000_000_000n;
const U64_MAX = 2n ** 64n - 1n;
/** The coarsest of the platforms that a worker may move between. */
const RESOLUTION_NS = 100_000n;

/** A time or duration. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

export const datetime = (ns: bigint): Datetime => ({ seconds: ns / NS_PER_S, nanoseconds: Number(ns % NS_PER_S) });

const monotonicNow = ({ clock }: Wasi2Context): bigint => BigInt.asUintN(64, clock.monotonicNs());

function subscribe(wasi: Wasi2Context, deadlineNs: bigint): ClockPollable {
  return adopt(wasi, {
    resource: POLLABLE,
    kind: 'clock',
    startMonotonicNs: monotonicNow(wasi),
    startRealtimeNs: wasi.clock.realtimeNs(),
    deadlineNs: deadlineNs < U64_MAX ? deadlineNs : U64_MAX,
    restored: false,
  });
}

export const CLOCK_INTERFACES = {
  'wasi:clocks/monotonic-clock@0.2': (wasi) => ({
    now: () => monotonicNow(wasi),
    resolution: () => RESOLUTION_NS,
    'subscribe-instant': (when: bigint) => subscribe(wasi, when),
    'subscribe-duration': (when: bigint) => subscribe(wasi, monotonicNow(wasi) + when),
  }),
  'wasi:clocks/wall-clock@0.2': (wasi) => ({
    now: () => datetime(wasi.clock.realtimeNs()),
    resolution: () => datetime(RESOLUTION_NS),
  }),
} as const satisfies Record<string, InterfaceOf>;
