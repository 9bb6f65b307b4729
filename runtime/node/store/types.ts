/**
 * The durable store of a node, as the rest of the node sees it.
 *
 * Boundary: no meaning of inputs, outcomes, payloads and checkpoints; they are bytes and plain JSON.
 *
 * Invariants:
 * 1. A promise that has resolved for a write stands for a committed transaction: with a data directory it survives the end of
 *    the process, of the system and of the power.
 * 2. A request is done whole or not at all; requests of one store take effect in the order in which they were made.
 * 3. `seq` of a worker's inputs is dense: each input has the number after the one before, and no number is given twice.
 * 4. Bytes that are passed in belong to the store until the promise settles: the caller does not write to them meanwhile. With
 *    `give` they belong to the store for good (their buffer is detached). Bytes that come out belong to the caller.
 */
import type { ErrorCode, PluvioError } from '../../errors/index.ts';
import type { RecordStore } from '../record-store.ts';

export type JsonData =
  string | number | boolean | null | readonly JsonData[] | { readonly [key: string]: JsonData | undefined };

export const INPUT_KINDS = ['call', 'message', 'timer', 'http'] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

/** An input on its way into a worker's journal. */
export interface NewInput<Info = JsonData> {
  readonly kind: InputKind;
  /** Unique per worker: a second input of the same key is the first one. null: none. */
  readonly key: string | null;
  readonly body: Uint8Array;
  /** What the node must know to give the input to the worker. */
  readonly info: Info;
}

export interface AppendedInput {
  readonly seq: number;
  /** There when the key was known: `outcome` is that of the known input, null while it is not settled. */
  readonly known?: { readonly outcome: Uint8Array | null };
}

/** An input as the journal has it. */
export interface JournalInput<Info = JsonData> extends NewInput<Info> {
  readonly seq: number;
  readonly atMs: number;
  /** null: not settled. A settled one is given again when it is younger than the last checkpoint. */
  readonly outcome: Uint8Array | null;
}

export interface Settled {
  readonly seq: number;
  readonly outcome: Uint8Array;
}

export interface NewTimer {
  /** Unique per worker; setting it again replaces it. */
  readonly id: string;
  readonly dueMs: number;
  /** A cron expression, UTC: the timer is set again when it fires. */
  readonly cron?: string | null;
  readonly payload: Uint8Array;
}

export interface TimerEntry extends NewTimer {
  readonly worker: string;
  readonly cron: string | null;
}

/** The number of an effect. */
interface Numbered {
  /** The last input that the worker had taken when it did it; 0: none. */
  readonly seq: number;
  /** Names the effect: the same again when the worker is run again after a crash. Unique per receiver. */
  readonly key: string;
}

/**
 * What a worker does to others, in the order in which it did it. A worker that is run again from an older checkpoint does
 * effects again that were committed before; they are known by their key and not done twice.
 */
export type Effect<Info = JsonData> = Numbered &
  (
    | { readonly kind: 'send'; readonly to: string; readonly body: Uint8Array; readonly info: Info }
    | { readonly kind: 'publish'; readonly topic: string; readonly body: Uint8Array; readonly info: Info }
    | { readonly kind: 'setTimer'; readonly timer: NewTimer }
    | { readonly kind: 'clearTimer'; readonly id: string }
    | { readonly kind: 'subscribe'; readonly topic: string }
    | { readonly kind: 'unsubscribe'; readonly topic: string }
  );

/** The form of states on disk; `what` is the same for the same state. */
export interface StateSeal {
  encrypt(plain: Uint8Array, what: string): Uint8Array;
  decrypt(stored: Uint8Array, what: string): Uint8Array;
}

/** A state that a worker can be brought back to. */
export interface Checkpoint {
  /** Digest of the bundle that the state is a change of. */
  readonly base: string;
  /** null: the state is that of the bundle. */
  readonly delta: Uint8Array | null;
  /** The worker's newest checkpoint, of the same base, where `delta` is a change of that; absent: it is one of the bundle. */
  readonly parent?: number;
  readonly side: Uint8Array | null;
  /** The last input that the state has taken. */
  readonly inputSeq: number;
  /** A whole number as text. */
  readonly fuelUsed: string;
  readonly memoryPages: number;
  /** Whether a call is in progress in it. */
  readonly resumable: boolean;
  readonly atMs: number;
}

/** A checkpoint in a worker's history. */
export interface CheckpointInfo extends Omit<Checkpoint, 'delta' | 'side' | 'parent'> {
  /** Dense per worker, from 1. */
  readonly id: number;
  /** The checkpoint that this one is a change of, and which is kept with it; null: it is whole. */
  readonly parent: number | null;
  readonly pinned: boolean;
  /** What it takes by itself, without those that it stands on. */
  readonly sizeBytes: number;
}

/** The state of a checkpoint that others stand on. */
export type CheckpointLayer = Pick<Checkpoint, 'delta' | 'side'>;

export interface StoredCheckpoint extends Omit<Checkpoint, 'parent'> {
  readonly id: number;
  readonly parent: number | null;
  readonly pinned: boolean;
  /** What it stands on: the whole one first, its parent last. Empty: it is whole. */
  readonly below: readonly CheckpointLayer[];
}

/** What one transaction does for a worker. */
export interface Commit<Info = JsonData, Document = unknown> {
  readonly checkpoint?: Checkpoint;
  /** Keeps the checkpoint until it is unpinned. */
  readonly pin?: boolean;
  /** Inputs whose outcome is known; one that was settled before keeps its first outcome. */
  readonly settled?: readonly Settled[];
  readonly effects?: readonly Effect<Info>[];
  /** All timers of the worker from now on; one that has fired at its time before fires again. */
  readonly timers?: readonly NewTimer[];
  /** All topics of the worker from now on. */
  readonly subscriptions?: readonly string[];
  /** No input up to this one will be needed again, though no checkpoint holds it: for workers without checkpoints. */
  readonly coveredSeq?: number;
  /** Its document in the collection of workers from now on. */
  readonly record?: Document;
}

/** A worker that has a new input. */
export interface Woken {
  readonly worker: string;
  readonly seq: number;
}

export interface Committed {
  /** Number of the checkpoint; null: the commit had none. */
  readonly checkpointId: number | null;
  /** Inputs that effects became on this node. */
  readonly woken: readonly Woken[];
  /** How many messages went to the outbox. */
  readonly outboxed: number;
}

/** A message for a worker that is not on this node, or that takes no inputs at the moment. */
export interface OutboxEntry<Info = JsonData> {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly key: string;
  readonly body: Uint8Array;
  readonly info: Info;
  readonly atMs: number;
  /** How often it has failed. */
  readonly attempts: number;
}

export interface FiredTimer extends Woken {
  readonly id: string;
  readonly dueMs: number;
}

export interface DamagedWorker {
  /** A name; `collection/key` for a document that is no worker's; `*`: any worker may miss something. */
  readonly worker: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** A collection of JSON documents by key. */
export interface StoredRecords extends RecordStore {
  get(key: string): Promise<unknown>;
  /** Keys in their order, those after `after`. */
  keys(after?: string, limit?: number): Promise<readonly string[]>;
  /** Documents in the order of their keys, those after `after`. */
  page(after?: string, limit?: number): Promise<readonly (readonly [key: string, document: unknown])[]>;
}

/**
 * The collection whose keys are the names of workers. Putting a document opens the worker's journal; a document with `movedTo`
 * (a tombstone) or no document closes it, and everything that the store has of the worker goes in the same transaction.
 */
export const WORKERS = 'workers';

export interface NodeStore {
  /** Path of the database; undefined: in memory. */
  readonly path: string | undefined;
  /** What was found damaged when the store was opened and since. */
  damaged(): Promise<readonly DamagedWorker[]>;
  /** Takes a worker off that list, when its state was repaired. */
  clearDamage(worker: string): Promise<void>;
  /** Resolves when the store can do no more (its thread ended, the device failed): every request is refused from then on. */
  readonly failed: Promise<PluvioError>;

  collection(name: string): StoredRecords;

  // Inputs.

  /**
   * Journals an input; durable when resolved.
   * @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVING`, `MAILBOX_FULL`, `STORE_BUSY`, `STORE_FULL`, `STORE_FAILED`
   */
  appendInput(worker: string, input: NewInput): Promise<AppendedInput>;
  /** Journals some, all or none. */
  appendInputs(worker: string, inputs: readonly NewInput[]): Promise<readonly AppendedInput[]>;
  /**
   * Inputs with a number above `afterSeq`, in order, settled ones too: what a worker in the state of `afterSeq` must still take.
   * Fewer than `limit` does not mean that there are no more; none does.
   * @throws PluvioError `WORKER_DAMAGED`
   */
  pendingInputs(worker: string, afterSeq: number, limit: number): Promise<readonly JournalInput[]>;
  /** By number or key. undefined: no such input is known (any more); an outcome of null: it is not settled. */
  outcomeOf(
    worker: string,
    seqOrKey: number | string,
  ): Promise<{ readonly seq: number; readonly outcome: Uint8Array | null } | undefined>;
  /** The numbers that a worker's journal has come to. */
  journalState(worker: string): Promise<JournalState | undefined>;
  /** For a worker whose first state has taken inputs elsewhere: its first input here gets the number after that one. */
  startJournal(worker: string, lastSeq: number): Promise<void>;

  /**
   * Does all of it or nothing. With `give` the buffers of the checkpoint and of the bodies are detached.
   * @throws PluvioError `WORKER_NOT_FOUND`, `INVALID_ARGUMENT`, `STORE_FULL`, `STORE_FAILED`
   */
  commit(worker: string, commit: Commit, options?: { readonly give?: boolean }): Promise<Committed>;

  // Checkpoints.

  /** Newest first. */
  history(worker: string): Promise<readonly CheckpointInfo[]>;
  /**
   * One checkpoint; without an id the newest.
   * @throws PluvioError `WORKER_DAMAGED`
   */
  checkpoint(worker: string, id?: number): Promise<StoredCheckpoint | undefined>;
  /** Keeps a checkpoint whatever the retention says, or no longer. @throws PluvioError `CHECKPOINT_NOT_FOUND` */
  pinCheckpoint(worker: string, id: number, pinned: boolean): Promise<void>;
  /** All digests that checkpoints need. */
  roots(): Promise<readonly string[]>;

  // Messages to other nodes.

  /** Those whose time has come, in the order in which they must arrive. */
  outbox(limit: number): Promise<readonly OutboxEntry[]>;
  outboxDone(ids: readonly number[]): Promise<void>;
  /** Not before `nextMs`, and what the same sender sends to the same worker waits behind it. */
  outboxFailed(id: number, nextMs: number): Promise<void>;

  // Timers and topics.

  dueTimers(nowMs: number, limit: number): Promise<readonly TimerEntry[]>;
  /** Turns due timers into inputs with the key `t:<id>:<dueMs>`. */
  fireTimers(nowMs: number, limit: number): Promise<readonly FiredTimer[]>;
  /** When the next timer is due of workers that can take an input; undefined: never. */
  nextDueMs(): Promise<number | undefined>;
  timers(worker: string): Promise<readonly TimerEntry[]>;
  subscribe(worker: string, topic: string): Promise<void>;
  unsubscribe(worker: string, topic: string): Promise<void>;
  subscribers(topic: string): Promise<readonly string[]>;
  subscriptions(worker: string): Promise<readonly string[]>;

  // Leaving and arriving.

  /**
   * All that the journal has of a worker, without its checkpoints. With `freeze` the worker takes no inputs and no timers fire
   * until `thawWorker`; messages for it wait in the outbox.
   */
  exportWorker(worker: string, options?: { readonly freeze?: boolean }): Promise<Uint8Array>;
  thawWorker(worker: string): Promise<void>;
  /** Workers with inputs that are not settled, and frozen ones: what a node that starts looks at. */
  openJournals(): Promise<readonly OpenJournal[]>;
  /**
   * Lays out what another node exported, and puts the worker's document in the same transaction.
   * @throws PluvioError `JOURNAL_MALFORMED`, `JOURNAL_VERSION`, `WORKER_EXISTS`
   */
  importWorker(worker: string, bytes: Uint8Array, record?: unknown): Promise<void>;
  /** Everything of the worker goes, its document too, or a tombstone takes its place. */
  forgetWorker(worker: string, tombstone?: unknown): Promise<void>;
  /** @throws PluvioError `WORKER_EXISTS` or `WORKER_NOT_FOUND` */
  renameWorker(from: string, to: string, record: unknown): Promise<void>;
  /**
   * A twin in the state of a checkpoint (the newest by default); with `journal` it also has the inputs that follow, timers and
   * subscriptions.
   * @throws PluvioError `WORKER_EXISTS`, `WORKER_NOT_FOUND`, `CHECKPOINT_NOT_FOUND`
   */
  copyWorker(from: string, to: string, options: CopyOptions): Promise<void>;

  /** Writes a consistent copy of the database to a new file while the store goes on. @throws PluvioError `BACKUP_FAILED` */
  backup(path: string): Promise<void>;
  /** What the store has done, for metrics. */
  statistics(): StoreStatistics;
  /** Waits for what was asked, then closes; a second call gives the same promise. */
  close(): Promise<void>;
}

export interface JournalState {
  /** Number of the last input. */
  readonly lastSeq: number;
  /** Up to this one no input will be given again. */
  readonly coveredSeq: number;
  readonly unsettled: number;
  readonly frozen: boolean;
}

export interface OpenJournal {
  readonly worker: string;
  readonly unsettled: number;
  readonly frozen: boolean;
}

export interface CopyOptions<Document = unknown> {
  readonly journal: boolean;
  readonly checkpoint?: number;
  /** Document of the twin in the collection of workers. */
  readonly record: Document;
}

export interface StoreStatistics {
  readonly requests: number;
  readonly transactions: number;
  /** Requests and bytes that wait or are being done. */
  readonly queuedRequests: number;
  readonly queuedBytes: number;
  readonly failures: number;
}
