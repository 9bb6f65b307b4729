/** What workers are put together from. */
import type { Links, ModuleInstance } from './instance.ts';
import type { ResolvedLimits } from './limits.ts';
import type { LoadedModule } from './loaded-module.ts';
import type { CapturedStack } from './stack.ts';
import type { EngineThread } from './thread.ts';
import type { GuestTrap, Pending } from './pending.ts';
import type { Room } from './room.ts';
import type { Snapshot } from './snapshot.ts';
import type { Share } from './turn-queue.ts';
import type { HandleMap, HostEntry, HostModule, LimitName, PollDecision, WorkerOptions } from './types.ts';
import type { Worker } from './worker.ts';

/** A call of an export that is in progress or waits for the start function. */
export interface EntryCall {
  readonly func: number;
  readonly args: readonly unknown[];
}

/** Everything that makes up a worker; `createWorker` and `restoreWorker` put it together. */
export interface WorkerParts {
  readonly module: LoadedModule;
  readonly instance: ModuleInstance;
  readonly links: Links;
  readonly thread: EngineThread;
  readonly limits: ResolvedLimits;
  readonly hosts: readonly HostModule[];
  /** What hosts do for exports, by function index. */
  readonly entries: ReadonlyMap<number, HostEntry>;
  readonly handles: HandleMap | undefined;
  readonly name: string;
  readonly share: Share;
  readonly room: Room;
  readonly onPoll: (() => PollDecision) | undefined;
  /** What all this came from. */
  readonly options: WorkerOptions;
  /**
   * Makes a worker of a whole snapshot; `base` are the limits that hold where the options have none, `carried` a stack for a snapshot
   * without frames.
   */
  readonly restore: (
    module: LoadedModule,
    snapshot: Snapshot,
    options: WorkerOptions,
    base: ResolvedLimits,
    carried: CarriedStack | undefined,
  ) => Promise<Worker>;
}

/** What a restored worker begins with. */
export interface RestoredState {
  readonly stack: CapturedStack | undefined;
  readonly restartState: unknown;
  readonly startPending: boolean;
  readonly waitingCall: EntryCall | undefined;
  /** Outermost function of the stack, or of the call that waits. */
  readonly entryFunc: number;
  readonly fuelUsed: number;
}

/** A stack that goes into a new worker as it is. */
export type CarriedStack = Pick<RestoredState, 'stack' | 'entryFunc'>;

/** Why the guest leaves the stack. */
export type Signal =
  | { readonly kind: 'slice' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'wait'; readonly pending: Pending }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'trap'; readonly trap: GuestTrap }
  | { readonly kind: 'limit'; readonly limit: LimitName };

/** How a host call that waited ended. */
export type Answer =
  { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'error'; readonly error: unknown };
