import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { MEMORY_PATH } from './database.ts';
import { type StoreLimits, resolveStoreLimits } from './limits.ts';
import { LocalLink } from './local-link.ts';
import { QueuedStore } from './node-store.ts';
import type { StateSeal } from './types.ts';
import type { CoreOptions } from './open-core.ts';
import { ThreadLink } from './thread-link.ts';

export interface StoreOptions extends Pick<CoreOptions, 'check' | 'onDamage'> {
  /** Where a node keeps its state; without it the store is in memory. */
  readonly dataDir?: string | undefined;
  readonly limits?: Partial<StoreLimits>;
  readonly clock?: Clock;
  /** How states lie on disk; default: as they are. */
  readonly seal?: StateSeal | undefined;
  /** Whether the core has a thread of its own. Default: with a data directory it has. */
  readonly thread?: boolean;
}

/** The database in a data directory. */
export const databasePath = (dataDir: string): string => join(dataDir, 'store', 'node.sqlite');

/**
 * Opens the store of a node, and makes it if it is not there. One process at a time may have it open.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`, `STORE_FAILED`, `STORE_FULL`, `STORE_DAMAGED`, `STORE_VERSION`
 */
export async function openStore(options: StoreOptions = {}): Promise<QueuedStore> {
  const { dataDir, clock = systemClock, thread = dataDir !== undefined, check, onDamage } = options;
  const limits = resolveStoreLimits(options.limits);
  const path = dataDir === undefined ? MEMORY_PATH : databasePath(dataDir);
  const core: CoreOptions = { path, limits, ...(check ? { check } : {}), ...(onDamage ? { onDamage } : {}) };
  const link = thread && dataDir !== undefined ? await ThreadLink.open(core) : new LocalLink(core);
  const store = new QueuedStore({
    link,
    limits,
    now: () => clock.now(),
    seal: options.seal,
    path: dataDir === undefined ? undefined : path,
  });
  if (dataDir === undefined) return store;
  try {
    await store.takeOverFolders(dataDir);
    store.scrub();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
