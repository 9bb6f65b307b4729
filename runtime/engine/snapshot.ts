/**
 * A worker's whole state at a safepoint, in terms of the original module.
 *
 * Boundary: data only. `snapshot-codec.ts` turns it into bytes and back and checks its shape; the engine checks it against a
 * module before use. docs/snapshot-format.md is the specification.
 *
 * Invariants:
 * 1. Values are bits: i32 a signed number, i64 a signed bigint, f32 its 32 raw bits as an unsigned number, f64 its 64 raw bits
 *    as an unsigned bigint, v128 a Uint8Array of 16 bytes, a reference a `RefValue`.
 * 2. `frames` is ordered from the outermost activation to the innermost.
 * 3. A pc is a byte offset from the start of the function's body (its locals vector) in the original module. In every frame but
 *    the innermost it is that of the call instruction in progress, whose arguments are gone from `stack`. In the innermost it is
 *    0 at the function's entry, before anything of it has run, or that of a `loop` at whose header it is, with the loop's parameters
 *    on `stack`. An innermost frame whose function is an import is a host call in progress: pc 0, `locals` are the arguments.
 * 4. If `starting`, the start function has not ended. Then `frames` is empty (it has not begun) or `frames[0]` is the call that waits
 *    for it, at its entry, and the rest is the start function's own stack.
 * 5. With a `parent` it is a delta: memory runs are what differs from the parent's memory, in place of the initial image. With
 *    `hostChanges` so is the state of the hosts. Everything else is whole.
 */

/**
 * Versions of the format: 2 adds `id` and `parent`, 3 `heap`, references to objects and i31, 4 `hostChanges`. A snapshot is written in the
 * lowest one that can hold it.
 */
export const SNAPSHOT_VERSIONS = [1, 2, 3, 4] as const;
export type SnapshotVersion = (typeof SNAPSHOT_VERSIONS)[number];

/** Size of `id` and `parent`. */
export const SNAPSHOT_ID_BYTES = 16;

/** Memory is compared with the module's initial image in blocks of this many bytes. */
export const MEMORY_BLOCK_BYTES = 4096;
/** A run never crosses a multiple of this many bytes (one WebAssembly page). */
export const MEMORY_RUN_MAX_BYTES = 65536;

export type RefValue =
  | null
  | { readonly kind: 'func'; readonly index: number }
  | { readonly kind: 'extern'; readonly handle: string | number }
  | { readonly kind: 'i31'; readonly value: number }
  /** A struct, array or exception of the instance's heap. */
  | { readonly kind: 'object'; readonly index: number }
  /** How versions 1 and 2 describe an exception. They have no place for objects, so no worker writes or takes up one. */
  | { readonly kind: 'exn'; readonly tag: number; readonly values: readonly Value[] };

export type Value = number | bigint | Uint8Array | RefValue;

/** An exception that a legacy `catch` or `catch_all` holds, which a `rethrow` may need. */
export interface CaughtException {
  /** pc of the `try`. */
  readonly pc: number;
  /** Tag index. */
  readonly tag: number;
  readonly values: readonly Value[];
}

export interface Frame {
  /** Index of the module instance; 0 for a worker of one module. */
  readonly instance: number;
  readonly func: number;
  readonly pc: number;
  /** One per parameter and local; undefined: dead here, its value is never read. */
  readonly locals: readonly (Value | undefined)[];
  /** The operand stack, bottom first. */
  readonly stack: readonly Value[];
  readonly caught: readonly CaughtException[];
}

/** Bytes that differ from the initial image, or from the parent's memory: multiples of MEMORY_BLOCK_BYTES, in ascending order, no overlap. */
export interface MemoryRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface MemoryState {
  readonly pages: number;
  readonly runs: readonly MemoryRun[];
}

/** Table elements that differ from the initial image, as runs in ascending order. */
export interface TableState {
  readonly length: number;
  readonly runs: readonly { readonly offset: number; readonly values: readonly RefValue[] }[];
}

/** The objects that references of an instance lead to. */
export interface HeapState {
  /** Number of objects. */
  readonly count: number;
  /** Type code and fields of each, packed; see docs/snapshot-format.md. */
  readonly objects: Uint8Array;
  /** What fields refer to besides objects: functions and values of the host. */
  readonly references: readonly RefValue[];
}

export interface InstanceState {
  /** SHA-256 of the original module, 32 bytes. */
  readonly module: Uint8Array;
  /**
   * One per global of the index space; undefined for an imported one, and for an immutable one unless it is a reference to an object:
   * then what the module began with is that object.
   */
  readonly globals: readonly (Value | undefined)[];
  readonly memories: readonly MemoryState[];
  readonly tables: readonly TableState[];
  /** Indices of data and element segments that were dropped by an instruction (active and declarative ones are not listed). */
  readonly droppedDatas: readonly number[];
  readonly droppedElements: readonly number[];
  /** Absent: none. */
  readonly heap?: HeapState;
}

/** The whole state of a worker as data, in terms of the original module; docs/snapshot-format.md is the specification. */
export interface Snapshot {
  readonly version: SnapshotVersion;
  /** Names this state, so that a delta can be taken on it: SNAPSHOT_ID_BYTES random bytes. */
  readonly id?: Uint8Array;
  /** The `id` of the snapshot that this one is a delta on. */
  readonly parent?: Uint8Array;
  readonly instances: readonly InstanceState[];
  readonly frames: readonly Frame[];
  /** State that the host call in progress left for its next execution; undefined: none. */
  readonly restartState: unknown;
  /** Whether the start function still has to end; see invariant 4. */
  readonly starting: boolean;
  readonly fuelUsed: bigint;
  /** State of the host modules by name; empty where `hostChanges` says how it differs from the parent's. */
  readonly hosts: Readonly<Record<string, unknown>>;
  /** Of a delta: what the state of the hosts became, as plain-change.ts has it; null: it is as it was. */
  readonly hostChanges?: unknown;
}
