/** What is looked at in a node that works for long: a row each. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildNode } from '../node/child-node.ts';
import type { ProcessUsage } from '../node/process-usage.ts';

/** What a node holds at one moment. */
export interface Holdings extends ProcessUsage {
  readonly files: number;
  readonly fileBytes: number;
}

interface QuantityRow {
  readonly read: (holdings: Holdings) => number;
  /** More than this in an hour is growth. */
  readonly mostPerHour: number;
  /** How long a node may go on filling caches of this, beyond the warm-up of all. */
  readonly settlesMs: number;
}

const MIB = 2 ** 20;
/** A node keeps blobs that nobody refers to for ten minutes, and collects now and then. */
const BLOBS_SETTLE_MS = 780_000;

export const QUANTITIES = {
  resident_mib: { read: ({ residentBytes }) => residentBytes / MIB, mostPerHour: 64, settlesMs: 0 },
  heap_mib: { read: ({ heapBytes }) => heapBytes / MIB, mostPerHour: 16, settlesMs: 0 },
  external_mib: { read: ({ externalBytes }) => externalBytes / MIB, mostPerHour: 16, settlesMs: 0 },
  descriptors: { read: ({ descriptors }) => descriptors, mostPerHour: 8, settlesMs: 0 },
  threads: { read: ({ threads }) => threads, mostPerHour: 2, settlesMs: 0 },
  handles: {
    read: ({ handles }) => Object.values(handles).reduce((sum, count) => sum + count, 0),
    mostPerHour: 16,
    settlesMs: 0,
  },
  files: { read: ({ files }) => files, mostPerHour: 100, settlesMs: BLOBS_SETTLE_MS },
  file_mib: { read: ({ fileBytes }) => fileBytes / MIB, mostPerHour: 16, settlesMs: BLOBS_SETTLE_MS },
} as const satisfies Record<string, QuantityRow>;
export type QuantityName = keyof typeof QUANTITIES;

/** What a node and its data directory hold now. @throws Error if the node is gone */
export async function holdingsOf(node: ChildNode, folder: string): Promise<Holdings> {
  const usage = await node.usage();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let files = 0;
  let fileBytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined); // gone meanwhile
    if (!found) continue;
    files++;
    fileBytes += found.size;
  }
  return { ...usage, files, fileBytes };
}
