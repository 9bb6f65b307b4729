import type { TellLimit } from './tenant-share.ts';

const TELL_EVERY_MS = 1000;

/** Tells of each limit at most once in TELL_EVERY_MS: a guest can reach one as often as it likes. */
export function limitTeller(tell: TellLimit, nowMs: () => number = () => performance.now()): TellLimit {
  let told: Map<string, number> | undefined;
  return (scope, limit) => {
    told ??= new Map();
    const key = `${scope} ${limit}`;
    const now = nowMs();
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    told.set(key, now);
    tell(scope, limit);
  };
}
