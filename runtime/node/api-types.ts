/**
 * What the HTTP API says, as types. The schemas of `schemas.ts` describe the same shapes to machines; a test compares them.
 *
 * Boundary: types only, shared with the client.
 */
import type { ExportInterface } from '../bundle/index.ts';
import type { JsonValue, NamedType } from '../values/index.ts';
import type { LimitName, TrapCode } from '../engine/types.ts';
import type { OfferedSeal } from './security/move-seal.ts';

/**
 * `idle`: no call in progress. `running`, `waiting`, `stopped`: a call is in progress; see the engine's states.
 * `hibernated`: not in memory until something is there for it. `moving`: stopped for a move. `ended`: the program is over, `outcome` says how. `lost`: the node ended while the worker ran
 * and knows no snapshot of it.
 */
export type WorkerStatus = 'idle' | 'running' | 'waiting' | 'stopped' | 'hibernated' | 'moving' | 'ended' | 'lost';

/** A frame of the stack where a call trapped. */
export interface JsonTraceFrame {
  readonly func: number;
  readonly name: string | null;
  readonly pc: number | null;
}

/** An outcome as JSON. */
export type JsonOutcome =
  | { readonly kind: 'returned'; readonly values: readonly JsonValue[] }
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'trapped';
      readonly code: TrapCode;
      readonly message: string;
      readonly frames: readonly JsonTraceFrame[];
    }
  | { readonly kind: 'limit'; readonly limit: LimitName };

/** A worker as the API shows it. */
export interface WorkerInfo {
  readonly name: string;
  readonly tenant: string;
  readonly status: WorkerStatus;
  /** `command`: has `_start` and runs once; `reactor`: its exports are called. */
  readonly kind: 'command' | 'reactor';
  /** SHA-256 of the module, hexadecimal. */
  readonly module: string;
  /** Digest of the bundle that it was created from. */
  readonly bundle: string;
  readonly createdMs: number;
  /** How the last call ended; null: none has ended yet. */
  readonly outcome: JsonOutcome | null;
  /** Fuel used so far, a decimal string. */
  readonly fuelUsed: string;
  readonly memoryPages: number;
  /** Reasons why it can't be moved or snapshotted; empty: it can. */
  readonly notMigratable: readonly string[];
  /** The last snapshot of it that this node keeps. */
  readonly checkpoint: { readonly bundle: string; readonly atMs: number } | null;
  /** Whether the state is that of `checkpoint` because the node ended while the worker ran. */
  readonly interrupted: boolean;
  /** The move in progress. */
  readonly move: { readonly id: string; readonly target: string; readonly phase: MovePhaseName } | null;
  /** Bundles that it was of before updates, newest first, and when it was updated. */
  readonly versions: readonly { readonly bundle: string; readonly atMs: number }[];
  /** When its state is kept: `never`, `idle`, `each-call`, or a period. */
  readonly policy: string;
  /** Calls and messages that wait for it. */
  readonly queued: number;
  /** Sequence number that the next log entry gets. */
  readonly logNextSeq: number;
}

/** A function of a component, for its callers. */
export interface ComponentFunction {
  readonly encoding: 'component';
  /** The kinds of types as WIT has them: `string`, `record`, `list`, …; missing where a component has too many. */
  readonly params?: readonly NamedType[];
  readonly result?: string;
}

/** What the manifest of a worker's bundle, and its component, say to its callers. */
export interface WorkerInterface {
  readonly bundle: string;
  /** By name; what is not named takes and gives numbers. A component's functions are there by all names that they are called by. */
  readonly exports: Readonly<Record<string, ExportInterface | ComponentFunction>>;
  /** Fields of the classes that `exports` name. */
  readonly types: Readonly<Record<string, readonly NamedType[]>>;
}

/** Where a worker is. */
export interface WorkerStack {
  readonly status: WorkerStatus;
  /** Frames of the whole stack; 0: no call is in progress. */
  readonly depth: number;
  /** The innermost ones, innermost first. */
  readonly frames: readonly JsonStackFrame[];
}

/** An activation on the stack of a worker that is somewhere. */
export interface JsonStackFrame {
  readonly func: number;
  /** From the module's name section, or the name of its export or import. */
  readonly name: string | null;
  /** Offset in the function's body. */
  readonly pc: number;
  /** Offset in the module's file; null for a function that the module imports. */
  readonly fileOffset: number | null;
  readonly place: 'host call' | 'function entry' | 'loop' | 'call';
}

/** One piece of output. Either `text` or, where the bytes are not whole UTF-8, `base64`. */
export interface LogEntry {
  readonly seq: number;
  readonly stream: 'stdout' | 'stderr';
  readonly timeMs: number;
  readonly text?: string;
  readonly base64?: string;
}

/** What an event of a node tells; docs/http-api.md says when each comes. */
export type EventKind =
  | 'created'
  | 'started'
  | 'stopped'
  | 'resumed'
  | 'returned'
  | 'exited'
  | 'trapped'
  | 'limit'
  | 'limited'
  | 'snapshotted'
  | 'move-started'
  | 'move-failed'
  | 'move-in-doubt'
  | 'moved'
  | 'arrived'
  | 'deleted'
  | 'engine-lost'
  | 'checkpointed'
  | 'hibernated'
  | 'reverted'
  | 'drained'
  | 'updated';

/** Something that happened to a worker. */
export interface NodeEvent {
  /** Rises by one with each event of the node's process. */
  readonly seq: number;
  readonly timeMs: number;
  readonly kind: EventKind;
  /** Empty: no worker has to do with it. */
  readonly worker: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** How far a move is. */
export type MovePhaseName =
  'precopy' | 'stop' | 'capture' | 'pack' | 'transfer' | 'prepare' | 'commit' | 'in-doubt' | 'finish';

/** What a finished move tells. */
export interface MoveResult {
  readonly id: string;
  readonly worker: string;
  /** Address of the worker on its new node. */
  readonly location: string;
  readonly bundle: string;
  /** Bytes of blobs that went over, before and after the worker stopped. */
  readonly bytesSent: number;
  /** Bytes of blobs that the target already had. */
  readonly bytesSkipped: number;
  /** Whether what went over was sealed to the target. */
  readonly sealed: boolean;
  /** How long it stood still before that, for the copy that goes ahead of a large worker. */
  readonly pausedMs: number;
  /** From the request to stop the worker to the arrival of the target's word that it runs: an upper bound. */
  readonly downtimeMs: number;
  readonly phases: readonly { readonly name: MovePhaseName; readonly elapsedMs: number }[];
}

/** What the target of a move knows of it. */
export interface IncomingMove {
  readonly id: string;
  readonly worker: string;
  readonly state: 'offered' | 'prepared' | 'committed';
  readonly bundle: string | null;
  /** Where this node answers HTTP requests for workers; null: nowhere. */
  readonly ingress?: string | null;
  /** In the answer to an offer: what the source may seal to, and whether it must. */
  readonly seal?: OfferedSeal;
}

/** A bundle on the shelf of a node. */
export interface BundleInfo {
  readonly digest: string;
  readonly name: string;
  readonly createdMs: number;
  /** Bytes of all blobs together, the manifest included. */
  readonly sizeBytes: number;
  readonly hasSnapshot: boolean;
  /** `uploaded` and `snapshot` stay until they are deleted; `held` ones go with the worker that needs them. */
  readonly origin: 'uploaded' | 'snapshot' | 'held';
}

/** A state of a worker that can be gone back to. */
export interface CheckpointInfo {
  /** Dense per worker, from 1. */
  readonly id: number;
  readonly atMs: number;
  /** Kept whatever the node's retention says. */
  readonly pinned: boolean;
  /** Bundle that the state is in, or that has module and files of it. */
  readonly bundle: string;
  /** The checkpoint that it holds the changes since, which is kept with it; null: it is whole. */
  readonly parent: number | null;
  /** Bytes of it beside the bundle and beside the checkpoints that it stands on. */
  readonly sizeBytes: number;
  /** The last input that the state has taken. */
  readonly inputSeq: number;
  readonly fuelUsed: string;
  readonly memoryPages: number;
  /** Whether a call is in progress in it. */
  readonly resumable: boolean;
}

/** What became of a worker that was set back. */
export interface Reverted {
  readonly worker: WorkerInfo;
  /** Number of the checkpoint that the worker was set back to. */
  readonly checkpoint: number;
  readonly inputs: {
    /** In progress when it was set back; whoever waits for them is told that they were stopped. */
    readonly stopped: number;
    /** Given to it again, as they were before. */
    readonly again: number;
    /** Given to it for the first time. */
    readonly waiting: number;
  };
}

/** What became of a worker that was given another version. */
export interface Updated {
  readonly worker: WorkerInfo;
  /**
   * `kept`: it goes on with its state. `restored`: with the last one of that version. `storage`: it has begun anew, with its keys, blobs, timers and
   * topics. `anew`: it has begun anew.
   */
  readonly state: 'kept' | 'restored' | 'storage' | 'anew';
}

/** How far a node is drained. */
export interface DrainState {
  /** Where workers go; null: they are kept here. */
  readonly target: string | null;
  readonly sinceMs: number;
  /** Whether every worker was dealt with. */
  readonly done: boolean;
  readonly total: number;
  readonly moved: number;
  readonly kept: number;
  readonly failed: number;
  /** Workers that could not be moved or kept, as far as there are not too many. */
  readonly failures: readonly { readonly worker: string; readonly code: string }[];
}

/** What a node says of itself. */
export interface NodeInfo {
  readonly name: string;
  readonly version: string;
  readonly api: 'v1';
  readonly platform: string;
  readonly startedMs: number;
  readonly persistent: boolean;
  /** Ed25519 key that it signs with, base64url, and its thumbprint. */
  readonly identity: { readonly publicKey: string; readonly keyId: string };
  /** X25519 key to seal to it, base64url, and the signature of the identity. */
  readonly sealingKey: { readonly publicKey: string; readonly signature: string };
  readonly workers: number;
  /** Threads or processes that run workers: how many they have, how many of these run, how busy they were in the last second. */
  readonly engines: readonly {
    readonly workers: number;
    readonly running: number;
    readonly utilization: number;
    readonly pid: number | null;
  }[];
  /** Where it answers HTTP requests for workers; null: nowhere. */
  readonly ingress: string | null;
  /** How far it is drained; null: it is not. */
  readonly drain: DrainState | null;
  readonly limits: Readonly<Record<string, number>>;
}

/** An error response (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly details: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}
