/**
 * What a node's main thread and its engines say to each other.
 *
 * Boundary: types of plain data only. Workers are named by numbers that the main thread gives; a number is never used twice.
 */
import type {
  ExternDescription,
  FramePlace,
  Outcome,
  Portability,
  ShareOptions,
  Snapshot,
  StackView,
  Wake,
  WorkerLimits,
  WorkerState,
} from '../../engine/index.ts';
import type {
  AbiLimits,
  AbiUsage,
  Answer,
  Ask,
  Effect,
  EndedInput,
  Input,
  LogEntry,
  SelfInfo,
  SettledInput,
  TimerInfo,
} from '../../host/index.ts';
import type { ComponentFunction } from '../api-types.ts';
import type { TenantShare } from '../quotas/tenant-share.ts';
import type { AnswerPiece } from '../answer-stream.ts';
import type { BodyPart } from '../incoming-body.ts';
import type { LogStream } from '../worker-log.ts';

/** A module as the main thread knows it. */
export interface ModuleInfo {
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string;
  readonly exports: readonly ExternDescription[];
  readonly imports: readonly (ExternDescription & { readonly module: string })[];
  readonly portability: Portability;
  readonly instrumentedBytes: number;
  /** Of a component: its functions, by all names that they are called by. */
  readonly functions?: Readonly<Record<string, ComponentFunction>>;
}

/** What a module was compiled to: can be posted to threads, which share the code. */
export interface Compiled {
  readonly module: WebAssembly.Module;
  readonly instrumentedBytes: number;
}

/** What a worker has of the host ABI. */
export interface AbiSpec {
  readonly self: SelfInfo;
  readonly grants: Readonly<Record<string, readonly string[]>>;
  readonly config: Readonly<Record<string, string>>;
  /** Kept in the engine's memory alone. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly limits: AbiLimits;
  /** A message is over only when the node says so: it takes a checkpoint first. */
  readonly settles: boolean;
}

/** What a worker is made of beside its module and state. */
export interface GuestSpec {
  readonly name: string;
  readonly limits: WorkerLimits;
  readonly share: ShareOptions;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it shares with the other workers of its tenant; null: nothing is limited. */
  readonly tenant: TenantShare | null;
  /** Key of its files, which were loaded before; null: none. */
  readonly files: string | null;
  /** null: its module does not import the host ABI. */
  readonly abi: AbiSpec | null;
}

/** The state that a worker begins with; `base`: the snapshot that `snapshot` is a delta on, with those of `between` in their order. */
export interface GuestState {
  readonly snapshot: Uint8Array | Snapshot;
  readonly base: Uint8Array | Snapshot | null;
  readonly between?: readonly Uint8Array[];
}

/**
 * What a state is taken as. `whole`: by itself, and nothing is remembered any more. `base`: the same, and the memory is remembered.
 * `delta`: what changed since the one that is remembered, and this one is remembered in its place; a `base` where there is none.
 */
export type SnapshotForm = 'whole' | 'base' | 'delta';

/** A state as bytes. */
export interface StateBytes {
  readonly bytes: Uint8Array;
  /** By which a change of it names it; null: it is not remembered. Never the same twice for a worker. */
  readonly mark: number | null;
  /** The mark of the state that it is a change of; null: it is whole. */
  readonly on: number | null;
}

/** The stack of a kept state: the bytes of a snapshot, or its frames. */
export interface KeptStack {
  /** Bytes of the module. */
  readonly module: Uint8Array;
  readonly state: Uint8Array | readonly FramePlace[];
}

/** How a worker is. */
export interface Figures {
  readonly state: WorkerState;
  readonly wake: Wake | null;
  readonly fuelUsed: bigint;
  readonly memoryPages: number;
  readonly ranMs: number;
  readonly abi: AbiFigures | null;
}

export interface AbiFigures {
  /** Every input up to this one was taken. */
  readonly lastSeq: number;
  readonly usage: AbiUsage;
}

/** Inputs that are done: all up to a number but some. */
export interface DoneInputs {
  readonly upTo: number;
  readonly except: readonly number[];
}

/** What stands of the worker's with its node. */
export interface Standing {
  readonly timers: readonly TimerInfo[];
  readonly subscriptions: readonly string[];
}

/** How a call ended, and how the worker is then. */
export interface Ended {
  readonly outcome: Outcome;
  readonly figures: Figures;
  /** What the call of an export left that was given an input; null: it was not, or it has not ended. */
  readonly left: EndedInput | null;
  /** The input had been taken before: nothing was called. */
  readonly known: boolean;
  /** The state at the end, where it was asked for and the call has ended. */
  readonly snapshot: StateBytes | null;
}

interface Of {
  readonly id: number;
}

/** What an engine does when it is asked. All may fail with the codes of the engine layer. */
export type EngineOperations = {
  readonly loadModule: {
    readonly body: { readonly digest: string; readonly bytes: Uint8Array; readonly compiled: Compiled | null };
    readonly answer: { readonly info: ModuleInfo; readonly compiled: Compiled | null };
  };
  readonly dropModule: { readonly body: { readonly digest: string }; readonly answer: undefined };
  readonly loadFiles: {
    readonly body: { readonly key: string; readonly files: Readonly<Record<string, Uint8Array>> };
    readonly answer: undefined;
  };
  readonly dropFiles: { readonly body: { readonly key: string }; readonly answer: undefined };
  readonly create: {
    readonly body: Of & { readonly module: string; readonly spec: GuestSpec; readonly state: GuestState | null };
    readonly answer: Figures;
  };
  /** A second worker in the state of one that does not run; `done`: inputs of that one that it will never be given. */
  readonly fork: {
    readonly body: Of & { readonly from: number; readonly spec: GuestSpec; readonly done: DoneInputs };
    readonly answer: Figures;
  };
  /** `input`: what the export is given, where it is one that the journal has or that the host ABI hands over. */
  readonly call: {
    readonly body: Of & {
      readonly name: string;
      readonly args: readonly unknown[];
      readonly input: Input | null;
      /** In what form the state at the end is wanted; null: it is not. */
      readonly keeps: SnapshotForm | null;
    };
    readonly answer: Ended;
  };
  /** Puts inputs into the mailbox; gives how many were taken, the rest is to come later. */
  readonly deliver: { readonly body: Of & { readonly inputs: readonly Input[] }; readonly answer: number };
  readonly start: { readonly body: Of; readonly answer: Ended };
  readonly resume: { readonly body: Of; readonly answer: Ended };
  readonly stop: { readonly body: Of; readonly answer: Figures };
  /** Gives the call up, running or stopped. Gives its end if it was stopped; that of a running one comes as the answer to its beginning. */
  readonly cancel: { readonly body: Of & { readonly reason: string }; readonly answer: Ended | null };
  readonly capture: { readonly body: Of; readonly answer: Snapshot };
  readonly snapshot: {
    readonly body: Of & { readonly form: SnapshotForm };
    readonly answer: { readonly state: StateBytes; readonly figures: Figures };
  };
  readonly figures: { readonly body: Of; readonly answer: Figures };
  /** Where a worker is that does not run, at most so many frames. */
  readonly stack: { readonly body: Of & { readonly most: number }; readonly answer: StackView };
  /** Where a worker was when its state was kept. */
  readonly keptStack: { readonly body: KeptStack & { readonly most: number }; readonly answer: StackView };
  /** Timers and subscriptions as the state has them; null: its module does not import the host ABI. */
  readonly standing: { readonly body: Of; readonly answer: Standing | null };
  /** Takes inputs as done that the worker will never be given; gives what stands then. */
  readonly settleInputs: { readonly body: Of & { readonly done: DoneInputs }; readonly answer: Standing | null };
  readonly close: { readonly body: Of; readonly answer: undefined };
};

/** What an engine is told. */
export type EngineNotices = {
  /** Standard input; null: that was all. */
  readonly stdin: Of & { readonly bytes: Uint8Array | null };
  /** Output that has been taken, and what it counted for. */
  readonly outputTaken: Of & { readonly heldBytes: number };
  /** Nobody wants that input any more. */
  readonly cancelInput: Of & { readonly seq: number };
  /** More of the body of the call in progress, if that is the one of this name. */
  readonly bodyPart: Of & { readonly name: number; readonly part: BodyPart };
  /** That input will never be given. */
  readonly skipInput: Of & { readonly seq: number };
};

/** Some output of a worker. */
export interface OutputPiece {
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

/** What an engine tells. */
export type EngineReports = {
  /** Workers that began to wait in a host call, or went on. */
  readonly states: readonly (Of & { readonly state: WorkerState; readonly wake: Wake | null })[];
  readonly output: Of & { readonly pieces: readonly OutputPiece[] };
  /** The worker reads standard input and there is none. */
  readonly stdinWanted: Of;
  readonly effect: Of & { readonly effect: Effect };
  /** Output of a call that streams. */
  readonly written: Of & { readonly piece: AnswerPiece };
  readonly abandoned: Of & { readonly ask: number };
  readonly logged: Of & { readonly entry: LogEntry };
  /** It has reached a limit that ends no call. */
  readonly limited: Of & { readonly scope: 'worker' | 'tenant'; readonly limit: string };
};

/** What an engine asks for a worker. */
export type EngineQuestions = {
  readonly abiAsk: { readonly body: Of & { readonly ask: Ask }; readonly answer: Answer };
  readonly abiSettled: { readonly body: Of & { readonly input: SettledInput }; readonly answer: undefined };
};

/** How an engine is started. */
export interface EngineSetup {
  /** Where instrumented modules are kept. */
  readonly moduleFolder: string | null;
  /** Counter of the pages of memory that all engines share (page-budget.ts), and this engine's place in it. */
  readonly memory: Int32Array<SharedArrayBuffer> | null;
  readonly memorySlot: number;
  /** Whether compiled modules can be posted. */
  readonly sharesCode: boolean;
  /** MiB of JavaScript memory. */
  readonly heapMib: number;
  /** Pages that this engine alone may take; where `memory` cannot be shared. */
  readonly memoryPages: number;
}
