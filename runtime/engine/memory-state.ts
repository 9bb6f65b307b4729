/** The memories of an instance as part of a snapshot. */
import { PluvioError } from '../errors/index.ts';
import type { ModuleInstance } from './instance.ts';
import type { ResolvedLimits } from './limits.ts';
import { applyRuns, diffMemory } from './memory-image.ts';
import { memoryFull, type Room } from './room.ts';
import type { InstanceState, MemoryRun, MemoryState } from './snapshot.ts';

const PAGE_BYTES = 65536;

/** What differs from the initial images, by memory: views of the memories, valid until the worker runs again, or copies. */
export const initialChanges = (instance: ModuleInstance, copies: boolean): MemoryRun[][] =>
  instance.memories.map((memory, index) => diffMemory(memory.buffer, instance.images[index] ?? new Map(), copies));

/** The memories with their changes. */
export const captureMemories = (instance: ModuleInstance, changes: readonly (readonly MemoryRun[])[]): MemoryState[] =>
  instance.memories.map((memory, index) => ({
    pages: memory.buffer.byteLength / PAGE_BYTES,
    runs: changes[index] ?? [],
  }));

/**
 * Brings the memories to where a snapshot has them. They hold their initial images or, for a delta, what its parent has.
 * @throws PluvioError `SNAPSHOT_MISMATCH`, `LINK_FAILED`, `MEMORY_FULL`
 */
export function restoreMemories(
  instance: ModuleInstance,
  state: InstanceState,
  limits: ResolvedLimits,
  room: Room,
): void {
  const mismatch = (message: string): PluvioError => new PluvioError('SNAPSHOT_MISMATCH', message);
  if (state.memories.length !== instance.memories.length) {
    throw mismatch(
      `instances[0].memories has ${state.memories.length} memories; the module has ${instance.memories.length}`,
    );
  }
  const total = state.memories.reduce((sum, { pages }) => sum + pages, 0);
  if (total > limits.memoryPages) {
    throw mismatch(`instances[0].memories need ${total} pages; limit memoryPages is ${limits.memoryPages}`);
  }
  state.memories.forEach(({ pages, runs }, index) => {
    const field = `instances[0].memories[${index}]`;
    const memory = instance.memories[index];
    if (memory === undefined) return;
    const { min, max, is64 } = instance.module.module.memories[index]?.type.limits ?? {
      min: 0n,
      max: undefined,
      is64: false,
    };
    if (BigInt(pages) < min || (max !== undefined && BigInt(pages) > max)) {
      throw mismatch(`${field}.pages is ${pages}; the module allows ${min} to ${String(max ?? 65536)}`);
    }
    const missing = pages - memory.buffer.byteLength / PAGE_BYTES;
    if (missing < 0) throw mismatch(`${field}.pages is ${pages}; the memory has ${pages - missing} already`);
    if (missing > 0 && !room.growMemory(missing)) throw memoryFull(missing);
    try {
      if (missing > 0) memory.grow((is64 ? BigInt(missing) : missing) as number); // bigint for i64 addresses
    } catch (error) {
      throw new PluvioError('LINK_FAILED', `${field} could not grow to ${pages} pages`, {}, { cause: error });
    }
    applyRuns(memory.buffer, runs, field);
  });
}
