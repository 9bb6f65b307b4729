import type { WasiOptions } from '../../runtime/host/index.ts';

const NS_PER_MS = 1_000_000n;

/** A clock that moves when somebody sleeps and a little at every look, so that no case waits. */
export function handClock(): Pick<Required<WasiOptions>, 'clock' | 'sleep' | 'random'> {
  let nowNs = 1_000_000_000_000_000_000n;
  const look = (): bigint => (nowNs += 1000n);
  return {
    clock: { realtimeNs: look, monotonicNs: look },
    sleep: (ms) => {
      nowNs += BigInt(Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER))) * NS_PER_MS;
      return Promise.resolve();
    },
    random: (bytes) => void bytes.fill(0x5a),
  };
}
