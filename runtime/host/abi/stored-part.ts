/**
 * What a worker has stored, taken out of its state for another program: keys, blobs, timers, topics. It refers to nothing of the program.
 *
 * Boundary: states that `encodeState` gave. What comes out is checked when it is taken up.
 */
import { compareNames } from './sorted-names.ts';

type Entries = readonly (string | Uint8Array | null)[];

interface StoredState {
  readonly kv: { readonly entries: Entries; readonly undo: Entries | null };
  readonly blobs: unknown;
  readonly timers: unknown;
  readonly subscriptions: unknown;
  readonly secretsRead: unknown;
}

function* pairsOf(entries: Entries): Generator<readonly [string, Uint8Array | null]> {
  for (let at = 0; at < entries.length; at += 2) {
    yield [entries[at] as string, entries[at + 1] as Uint8Array | null]; // key, value, key, value …
  }
}

/** Keys and values without the transaction that is open. */
function rolledBack({ entries, undo }: StoredState['kv']): StoredState['kv'] {
  if (undo === null) return { entries, undo };
  const values = new Map(pairsOf(entries));
  for (const [key, value] of pairsOf(undo)) {
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
  return { entries: [...values].sort(([a], [b]) => compareNames(a, b)).flat(), undo: null };
}

/**
 * The state of an ABI host that has the storage of another one.
 * @param state Of the host of a program that has not begun.
 * @param from Of the host of another program of the same worker.
 */
export function withStorage(state: unknown, from: unknown): unknown {
  const { kv, blobs, timers, subscriptions, secretsRead } = from as StoredState; // written by encodeState
  return { ...(state as object), kv: rolledBack(kv), blobs, timers, subscriptions, secretsRead };
}
