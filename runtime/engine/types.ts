/**
 * What the engine and its neighbours exchange: outcomes, limits, host modules.
 *
 * Boundary: types and tables only. Platform-neutral.
 */
import type { RefValue, Snapshot } from './snapshot.ts';
import type { EngineThread } from './thread.ts';
import type { TrapCode } from './trap-codes.ts';
import type { ShareOptions } from './turn-queue.ts';

/** How a call, a start or a resume ended. */
export type Outcome =
  | { readonly kind: 'returned'; readonly values: readonly unknown[] }
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'trapped';
      readonly code: TrapCode;
      readonly message: string;
      readonly frames: readonly TraceFrame[];
      readonly cause?: unknown;
    }
  | { readonly kind: 'limit'; readonly limit: LimitName };

export type { TrapCode };

/** One line of a guest stack trace, innermost first. */
export interface TraceFrame {
  readonly func: number;
  /** From the name section or the exports, where there is one. */
  readonly name: string | undefined;
  /** Byte offset in the original function body; undefined where the engine does not tell. */
  readonly pc: number | undefined;
}

/** A limit whose reaching ends a call. The other limits make an instruction fail as the specification allows. */
export type LimitName = 'fuel' | 'wallClockMs' | 'stackDepth';

/** Limits of one worker; what is left out takes the default of LIMITS. */
export interface WorkerLimits {
  /** Fuel for the whole life of the worker. */
  readonly fuel?: bigint;
  /** Pages of 64 KiB, a total over all memories. Beyond it `memory.grow` gives -1. */
  readonly memoryPages?: number;
  /** Elements, a total over all tables. Beyond it `table.grow` gives -1. */
  readonly tableElements?: number;
  /**
   * What the objects of a snapshot may take: structs, arrays and exceptions, each with 16 bytes besides its fields. A snapshot of more is
   * neither taken nor taken up; while it runs, a worker may have more.
   */
  readonly heapBytes?: number;
  /**
   * Stack of functions that can recurse, in units of 256 bytes. An activation counts by an estimate of what it takes: at least half a
   * unit, more with many locals. Default: 3600, 1800 in a web worker of a browser.
   */
  readonly stackDepth?: number;
  /** Time of one call on the clock, waiting included, in milliseconds. */
  readonly wallClockMs?: number;
  /** Fuel that it may use in each second, on average; beyond it the worker pauses. */
  readonly fuelPerSecond?: number;
}

/** What a host function sees of the worker that called it. Valid during the call; memory may be replaced when it grows. */
export interface GuestAccess {
  /** The memory of that index, default 0; throws `LINK_FAILED` if there is none. */
  memory(index?: number): WebAssembly.Memory;
  /**
   * The state that `pending(promise, { state })` left for this call, if this is the call's execution after a restore (or after
   * a stop while it waited); undefined at its first execution.
   */
  restartState(): unknown;
  /**
   * A function that the guest exports, for a host function to call while it runs. Nothing is stopped in it; where a limit ends the guest
   * it throws, and so must the host function. Throws `EXPORT_NOT_FOUND`.
   */
  exported(name: string): GuestFunction;
}

/** A function of the guest: takes and gives WebAssembly values. */
export type GuestFunction = (...args: readonly unknown[]) => unknown;

/**
 * A host function: takes and gives WebAssembly values as in the JavaScript interface (i64 as bigint).
 *
 * May return `pending(promise)` (see `pending.ts`): the worker is parked, and the call gives the promise's value. May throw
 * `GuestExit` to end the guest. Any other exception surfaces in the guest as a foreign exception.
 */
export type HostFunction = (...args: never[]) => unknown;

/** What a module imports, by module and name. */
export type Imports = Readonly<
  Record<string, Readonly<Record<string, HostFunction | WebAssembly.ExportValue | number | bigint>>>
>;

/** A set of host functions with state of its own that belongs to the snapshot (WASI, the Pluvio ABI). */
export interface HostModule {
  /** Key of its state in a snapshot; also the name in messages. */
  readonly name: string;
  readonly imports: Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;
  /** Called once, before anything runs. */
  bind(guest: GuestAccess): void;
  /** Exports that are called with values of this host's own, by name. */
  readonly entries?: ReadonlyMap<string, HostEntry>;
  /** Its state as plain data that MessagePack can carry (null, boolean, number, bigint, string, Uint8Array, arrays, plain objects). */
  snapshot(): unknown;
  /** Whether bytes in what `snapshot` gives are never changed afterwards: then a delta has what became of the state, in place of all of it. */
  readonly stableBytes?: boolean;
  /** Takes up the state of a snapshot; throws `SNAPSHOT_MISMATCH` or `SNAPSHOT_MALFORMED` and names the field. */
  restore(state: unknown): void;
  /** The worker was closed: release streams and timers. */
  close?(): void;
}

/** What a host does for the calls of an export that itself takes and gives nothing. */
export interface HostEntry {
  /** Keeps the arguments until the guest asks for them. @throws PluvioError `INVALID_ARGUMENT` */
  begin(args: readonly unknown[]): void;
  /** What the call, which has returned, has given. */
  end(): readonly unknown[];
}

/** How externrefs that are not null travel: the host gives each a handle, and turns handles back into values. */
export interface HandleMap {
  handleOf(value: unknown): ExternHandle | undefined;
  valueOf(handle: ExternHandle): unknown;
}

/** Pages of memory that several workers share. */
export interface MemoryBudget {
  /** Takes so many pages; false: there are not so many left, and none is taken. */
  take(pages: number): boolean;
  give(pages: number): void;
  /** Told when the worker's own limit has refused a grow. */
  refused?(): void;
}

/** What ends the wait of a host call, where that is known without the worker: it may be put away until then. */
export interface Wake {
  /** At that time, in milliseconds since 1970. */
  readonly atMs?: number;
  /** When something comes in for the worker: a message, standard input. */
  readonly input?: boolean;
}

/** What a test decides at a safepoint where the guest asks for fuel. */
export type PollDecision = 'go on' | 'slice' | 'stop';

export interface WorkerOptions {
  /** Test seam: if given, every safepoint asks, and the function decides instead of the clock. */
  readonly onPoll?: () => PollDecision;
  readonly handles?: HandleMap;
  readonly imports?: Imports;
  readonly hosts?: readonly HostModule[];
  readonly limits?: WorkerLimits;
  readonly name?: string;
  /** Its claim on the time of the thread; default: the same as any other. */
  readonly share?: ShareOptions;
  /** Where its memory is taken from, beside its own limit. */
  readonly memoryBudget?: MemoryBudget;
  /** Told whenever the state changes. */
  readonly onState?: (state: WorkerState) => void;
  /** Test seam: an engine thread of the worker's own, so that other workers can call its exports directly. */
  readonly thread?: EngineThread;
}

/** Options of a worker that is made from a snapshot. */
export interface RestoreOptions extends WorkerOptions {
  /** The parent of a delta snapshot: bytes of a whole one, or the data. */
  readonly base?: Uint8Array | Snapshot;
}

/** How a snapshot is taken. */
export interface SnapshotOptions {
  /** Remembers the memories as they are now, which costs a copy of them, so that the next snapshots can be deltas on this one. */
  readonly keep?: boolean;
  /** Takes only those blocks of memory that changed since the snapshot that was kept last; the rest is whole. */
  readonly delta?: boolean;
}

/**
 * `running`: a call is in progress (also between two slices). `waiting`: a call is in progress and parked in a host call.
 * `stopped`: a call is in progress and stopped; `resume` goes on. `idle`: no call is in progress.
 */
export type WorkerState = 'idle' | 'running' | 'waiting' | 'stopped' | 'closed';

/** A host handle for an externref: what the host chose to travel in its place. */
export type ExternHandle = string | number;

export type { RefValue };
