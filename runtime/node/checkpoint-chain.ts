/**
 * Which checkpoints of a worker in memory hold its whole state, and which only what changed since the one before.
 *
 *     whole ← change ← change ← …     up to `checkpointDeltas` changes, or until they are half as large as the whole one
 *
 * A worker's engine remembers the memory of the last state that it gave, which costs as much memory again: only for workers that are kept
 * often and are not small, and within `rememberedBytes` of the node.
 *
 * Invariants:
 * 1. States are known here in the order in which they were taken. A change is written only right after the one that it is a change of.
 * 2. What fails, or comes from elsewhere, ends the chain: the next checkpoint is whole.
 */
import type { MemoryBudget } from '../engine/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { NodeLimits } from './node-limits.ts';
import type { SnapshotForm, StateBytes } from './threads/engine-protocol.ts';
import type { EngineWorker } from './threads/engine-worker.ts';

/** A state that was taken, on its way into the store. */
export interface ChainLink {
  /** null: it is whole. */
  readonly parent: ChainLink | null;
  /** By which its engine knows it; null: it is not remembered. */
  readonly mark: number | null;
  readonly depth: number;
  /** Number of the next piece of the log, when it was taken. */
  readonly logSeq: number;
  readonly wholeBytes: number;
  /** Of it and the changes that it stands on. */
  readonly changedBytes: number;
}

export interface ChainOptions {
  readonly limits: Pick<NodeLimits, 'checkpointDeltas' | 'deltaPages'>;
  /** Pages that may be remembered, shared by the workers of the node. */
  readonly remembered: MemoryBudget;
}

/** What is known of the engine that has the worker. */
type Holder = Pick<EngineWorker, 'memoryPages' | 'over'>;

const PAGE_BYTES = 65_536;

export class CheckpointChain {
  readonly #options: ChainOptions;
  /** Who remembers the newest link. */
  #holder: Holder | undefined;
  /** Whose end is waited for. */
  #watched: Holder | undefined;
  /** Pages that are taken of the budget for the holder. */
  #pages = 0;
  #newest: ChainLink | undefined;
  /** Size of the last whole state. */
  #wholeBytes = 0;
  /** The link that the store has as the worker's newest checkpoint, and its number. */
  #written: { readonly link: ChainLink; readonly id: number } | undefined;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  /** In what form the next state is to be taken. `often`: the worker's policy keeps states while it works. */
  nextForm(holder: Holder, often: boolean): SnapshotForm {
    const { checkpointDeltas, deltaPages } = this.#options.limits;
    // What it has stored, and its files, are in the state beside its memory.
    const isLarge = holder.memoryPages >= deltaPages || this.#wholeBytes >= deltaPages * PAGE_BYTES;
    const isWorthIt = often && checkpointDeltas > 0 && isLarge;
    if (!isWorthIt || !this.#mayRemember(holder)) {
      this.end();
      this.#release();
      return 'whole';
    }
    const { depth = 0, changedBytes = 0, wholeBytes = 0 } = this.#newest ?? {};
    const goesOn = this.#newest !== undefined && depth < checkpointDeltas && changedBytes * 2 <= wholeBytes;
    return goesOn ? 'delta' : 'base';
  }

  /** Takes the pages that a copy of the worker's memory needs. */
  #mayRemember(holder: Holder): boolean {
    if (this.#holder !== holder) {
      this.end();
      this.#release();
      if (holder.over.aborted) return false;
      this.#holder = holder;
      this.#watch(holder);
    }
    const missing = holder.memoryPages - this.#pages;
    if (missing > 0 && !this.#options.remembered.take(missing)) return false;
    this.#pages += Math.max(missing, 0);
    return true;
  }

  #watch(holder: Holder): void {
    if (this.#watched === holder) return;
    this.#watched = holder;
    const left = (): void => {
      if (this.#holder !== holder) return;
      this.#release();
      this.end();
    };
    holder.over.addEventListener('abort', left, { once: true });
  }

  #release(): void {
    if (this.#pages > 0) this.#options.remembered.give(this.#pages);
    this.#pages = 0;
    this.#holder = undefined;
  }

  /** A state was taken. undefined: it is a change of one that is not known here, and of no use. */
  taken({ bytes, mark, on }: StateBytes, logSeq: number): ChainLink | undefined {
    const { length } = bytes;
    const parent = on === null ? null : this.#newest;
    if (parent === null) this.#wholeBytes = length;
    if (parent === undefined || (parent !== null && parent.mark !== on)) return undefined;
    const link: ChainLink =
      parent === null
        ? { parent, mark, depth: 0, logSeq, wholeBytes: length, changedBytes: 0 }
        : { ...parent, parent, mark, logSeq, depth: parent.depth + 1, changedBytes: parent.changedBytes + length };
    this.#newest = mark === null ? undefined : link;
    return link;
  }

  /**
   * The number of the checkpoint that it is a change of; undefined: it is whole.
   * @throws PluvioError `STORE_FAILED` the state before it could not be written
   */
  parentOf({ parent }: ChainLink): number | undefined {
    if (parent === null) return undefined;
    if (this.#written?.link === parent) return this.#written.id;
    throw new PluvioError('STORE_FAILED', 'a state cannot be written as a change of one that was not written');
  }

  /** The store has it. */
  written(link: ChainLink, id: number): void {
    this.#written = { link, id };
  }

  /** The next checkpoint is whole. */
  end(): void {
    this.#newest = undefined;
    this.#written = undefined;
  }
}
