/**
 * A worker as it was at one of its snapshots, so that the next one holds only what changed since.
 *
 * Boundary: memories, and the state of hosts (host-changes.ts); everything else of a delta snapshot is whole.
 *
 * Invariants:
 * 1. A copy has at least the contents that the memory had when the snapshot was taken; beyond its end all is zero, as a memory grows.
 * 2. Whether a block changed is found by comparison: nothing tracks what the guest writes.
 */
import type { Capturable } from './capture.ts';
import { rememberedOf } from './host-changes.ts';
import { type Differing, memoryComparison } from './memory-compare.ts';
import { diffMemory } from './memory-image.ts';
import { changeOf } from './plain-change.ts';
import { MEMORY_BLOCK_BYTES, MEMORY_RUN_MAX_BYTES, type MemoryRun, type Snapshot } from './snapshot.ts';
import type { EngineThread } from './thread.ts';

/** Where the list of blocks goes in the save memory, which is free while no guest runs. */
const LIST = 64;
const PAGE_BYTES = MEMORY_RUN_MAX_BYTES;
const BLOCKS_PER_PAGE = PAGE_BYTES / MEMORY_BLOCK_BYTES;
const ALL_ZERO = new Map<number, Uint8Array>();

class MemoryCopy {
  readonly #memory: WebAssembly.Memory;
  readonly #thread: EngineThread;
  readonly #copy: WebAssembly.Memory;
  readonly #differing: Differing;

  constructor(memory: WebAssembly.Memory, is64: boolean, thread: EngineThread) {
    this.#memory = memory;
    this.#thread = thread;
    this.#copy = new WebAssembly.Memory({ initial: memory.buffer.byteLength / PAGE_BYTES });
    this.#differing = memoryComparison(memory, this.#copy, thread.save, is64);
    this.take(diffMemory(memory.buffer, ALL_ZERO, false));
  }

  /** What differs from the copy; views of the memory. */
  changes(): MemoryRun[] {
    const pages = this.#memory.buffer.byteLength / PAGE_BYTES;
    const missing = pages - this.#copy.buffer.byteLength / PAGE_BYTES;
    if (missing > 0) this.#copy.grow(missing);
    const blocks = pages * BLOCKS_PER_PAGE;
    this.#thread.reserve(LIST + 4 * blocks);
    const count = this.#differing(0, blocks, LIST);
    return runsOfBlocks(new Uint32Array(this.#thread.save.buffer, LIST, count), new Uint8Array(this.#memory.buffer));
  }

  /** Takes those changes over: the copy is equal to the memory again. */
  take(changes: readonly MemoryRun[]): void {
    const copy = new Uint8Array(this.#copy.buffer);
    for (const { offset, bytes } of changes) copy.set(bytes, offset);
  }
}

/** Neighbouring blocks as one run, as long as it crosses no page. */
function runsOfBlocks(blocks: Uint32Array, bytes: Uint8Array): MemoryRun[] {
  const runs: MemoryRun[] = [];
  for (let at = 0; at < blocks.length;) {
    const first = blocks[at] ?? 0;
    let end = first;
    do {
      end++;
      at++;
    } while (blocks[at] === end && end % BLOCKS_PER_PAGE !== 0);
    const offset = first * MEMORY_BLOCK_BYTES;
    runs.push({ offset, bytes: bytes.subarray(offset, end * MEMORY_BLOCK_BYTES) });
  }
  return runs;
}

/** What a worker remembers of a snapshot. */
export class KeptSnapshot {
  readonly #worker: Capturable;
  #id: Uint8Array;
  readonly #copies: readonly MemoryCopy[];
  #hosts: Snapshot['hosts'];

  /** Copies the memories as they are. @param hosts The states of the hosts. */
  constructor(worker: Capturable, id: Uint8Array, hosts: Snapshot['hosts']) {
    const { instance } = worker;
    this.#worker = worker;
    this.#id = id;
    this.#hosts = rememberedOf(hosts, worker.hosts);
    const { memories } = instance.module.module;
    this.#copies = instance.memories.map(
      (memory, index) => new MemoryCopy(memory, memories[index]?.type.limits.is64 === true, instance.thread),
    );
  }

  /** `Snapshot.id` of the snapshot. */
  get id(): Uint8Array {
    return this.#id;
  }

  /** What changed since, by memory; views of the memories. */
  changes(): MemoryRun[][] {
    return this.#copies.map((copy) => copy.changes());
  }

  /** What these states of the hosts became since; undefined: none is remembered. */
  hostChanges(hosts: Snapshot['hosts']): unknown {
    return Object.keys(this.#hosts).length === 0 ? undefined : changeOf(this.#hosts, hosts);
  }

  /** Moves on to a new snapshot, which has these changes and states. */
  advance(id: Uint8Array, changes: readonly (readonly MemoryRun[])[], hosts: Snapshot['hosts']): void {
    this.#copies.forEach((copy, index) => copy.take(changes[index] ?? []));
    this.#hosts = rememberedOf(hosts, this.#worker.hosts);
    this.#id = id;
  }
}
