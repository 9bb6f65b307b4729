/** Clock, randomness, sleep, timers. */
import type { HostCallsOf } from './call-types.ts';
import type { AbiContext } from './context.ts';
import { nextCron } from './cron.ts';
import { fail } from './error-codes.ts';
import type { GuestBuffer } from './guest-bytes.ts';
import { RANDOM_CHUNK_BYTES } from './limits.ts';

const NS_PER_US = 1000n;
const US_PER_MS = 1000;

/** When a wait of that length, beginning now, is over: not before its time. */
export const dueAfter = ({ services }: AbiContext, durationMs: number | null): number | null =>
  durationMs === null ? null : Math.ceil(services.now()) + durationMs;

export const isDue = ({ services }: AbiContext, dueMs: number | null): boolean =>
  dueMs !== null && services.now() >= dueMs;

function fillRandom({ services }: AbiContext, buffer: GuestBuffer): undefined {
  for (let done = 0; done < buffer.sizeBytes;) {
    const bytes = new Uint8Array(Math.min(RANDOM_CHUNK_BYTES, buffer.sizeBytes - done));
    services.random(bytes);
    done += buffer.fill(bytes, done);
  }
}

export const TIME_CALLS = {
  time_now: ({ services }) => BigInt(Math.floor(services.now() * US_PER_MS)) * NS_PER_US,
  random: fillRandom,
  sleep: (abi, durationMs) =>
    abi.waits.run('sleep', {
      begin: () => ({ dueMs: dueAfter(abi, durationMs), number: null }),
      attempt: ({ dueMs }) => {
        if (abi.inputs.isCancelled) fail('CANCELLED');
        return isDue(abi, dueMs) ? 0 : undefined;
      },
    }),
  timer_set: (abi, id, afterMs, payload) => {
    const dueMs = Math.ceil(abi.services.now()) + afterMs;
    abi.timers.set({ id, dueMs, expression: undefined, payload });
    abi.effect({ kind: 'timer', id, dueMs });
    return undefined;
  },
  cron_set: (abi, id, expression, payload) => {
    const dueMs = nextCron(expression, abi.services.now()) ?? fail('INVALID');
    abi.timers.set({ id, dueMs, expression, payload });
    abi.effect({ kind: 'timer', id, dueMs });
    return undefined;
  },
  timer_cancel: (abi, id) => {
    if (!abi.timers.cancel(id)) fail('NOT_FOUND');
    abi.effect({ kind: 'timer', id, dueMs: null });
    return undefined;
  },
  timer_list: ({ timers, registers }) =>
    registers.setJson(timers.all.map(({ id, dueMs, expression }) => ({ id, dueMs, expression }))),
} as const satisfies HostCallsOf<
  'time_now' | 'random' | 'sleep' | 'timer_set' | 'cron_set' | 'timer_cancel' | 'timer_list'
>;
