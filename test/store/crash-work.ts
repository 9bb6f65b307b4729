/** What the writer of the crash test does, and what must be there when it has done it: functions of worker and key alone. */
import { hash } from 'node:crypto';
import type { Checkpoint, Effect, StoreLimits } from '../../runtime/node/store/index.ts';

export const NAMES = ['alpha', 'beta', 'gamma'] as const;

/** Everything stays known, so that everything can be looked up. */
export const KEEP_ALL: Partial<StoreLimits> = { keptInputs: 1_000_000, keptMs: 365 * 86_400_000 };

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const outcomeOf = (worker: string, key: string): Uint8Array => new TextEncoder().encode(`${worker} did ${key}`);

/** A call or a timer makes a message for another worker and one for a worker elsewhere; a message makes none. */
export function effectsOf(worker: string, key: string, seq: number): Effect[] {
  if (key.startsWith('m:')) return [];
  const digest = hash('sha256', `${worker} ${key}`);
  const to = NAMES[Number.parseInt(digest.slice(0, 4), 16) % NAMES.length] ?? NAMES[0];
  const message = (ordinal: number, receiver: string): Effect => ({
    kind: 'send',
    seq,
    to: receiver,
    key: `m:${worker}:${key}:${ordinal}`,
    body: new TextEncoder().encode(digest),
    info: null,
  });
  return [message(0, to), message(1, 'elsewhere')];
}

export const checkpointOf = (inputSeq: number): Checkpoint => ({
  base: `sha256:${'0'.repeat(64)}`,
  delta: new Uint8Array(2000).fill(inputSeq),
  side: null,
  inputSeq,
  fuelUsed: '1',
  memoryPages: 1,
  resumable: false,
  atMs: 1,
});
