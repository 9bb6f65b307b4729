import { RANDOM_CHUNK_BYTES } from './limits.ts';

/** Sources of time, in nanoseconds. */
export interface ClockSource {
  /** Since 1970-01-01T00:00:00Z. */
  realtimeNs(): bigint;
  /** Since any moment; never goes back. */
  monotonicNs(): bigint;
}

const NS_PER_MS = 1_000_000;

/** How far the fine clock may be off the wall clock, which is set while a program runs, before it is set anew. */
const DRIFT_MAX_MS = 2;
let fineOriginMs = performance.timeOrigin;

function platformRealtimeNs(): bigint {
  const wallMs = Date.now();
  if (Math.abs(fineOriginMs + performance.now() - wallMs) > DRIFT_MAX_MS) fineOriginMs = wallMs - performance.now();
  return BigInt(Math.round((fineOriginMs + performance.now()) * 1000)) * 1000n;
}

/** The platform's clocks: its wall clock, with the fine clock's digits below a millisecond. */
export const PLATFORM_CLOCK: ClockSource = {
  realtimeNs: platformRealtimeNs,
  monotonicNs: () => BigInt(Math.round(performance.now() * NS_PER_MS)),
};

/** Fills a buffer from the platform's cryptographic source. */
export function platformRandom(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += RANDOM_CHUNK_BYTES) {
    const part = bytes.subarray(at, at + RANDOM_CHUNK_BYTES);
    crypto.getRandomValues(part as Uint8Array<ArrayBuffer>); // the host's own buffers are never shared
  }
}

/** Waits that many milliseconds, or until the signal aborts. */
export type SleepFunction = (ms: number, signal: AbortSignal) => Promise<void>;

const SLEEP_MAX_MS = 0x7fff_ffff;

/** Waits on the platform's timer, at most some 24 days at once; ends early, without failing, when the signal aborts. */
export function platformSleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, SLEEP_MAX_MS));
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/**
 * The guest's clocks: wall clock of the host, and a monotonic clock of the guest's own that starts at 0, never goes back, and after a
 * restore goes on from the last value that it gave.
 */
export class GuestClock {
  private readonly source: ClockSource;
  /** The guest's monotonic time less the host's. */
  private offsetNs: bigint;
  private lastNs = 0n;

  constructor(source: ClockSource) {
    this.source = source;
    this.offsetNs = -source.monotonicNs();
  }

  realtimeNs(): bigint {
    return BigInt.asUintN(64, this.source.realtimeNs());
  }

  monotonicNs(): bigint {
    const now = this.source.monotonicNs() + this.offsetNs;
    if (now > this.lastNs) this.lastNs = now;
    return this.lastNs;
  }

  /** The last monotonic value that anything saw. */
  get lastMonotonicNs(): bigint {
    return this.lastNs;
  }

  /** Moves the monotonic clock forward to that value, if it is not there yet. */
  advanceTo(monotonicNs: bigint): void {
    const behind = monotonicNs - this.monotonicNs();
    if (behind <= 0n) return;
    this.offsetNs += behind;
    this.lastNs = monotonicNs;
  }

  restore(lastMonotonicNs: bigint): void {
    this.lastNs = lastMonotonicNs;
    this.offsetNs = lastMonotonicNs - this.source.monotonicNs();
  }
}
