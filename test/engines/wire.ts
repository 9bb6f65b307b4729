/** What the runner and the agents in the engines say to each other: JSON in which bigints survive. Runs in any engine. */
import type { Outcome } from '../../runtime/engine/index.ts';
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import type { Expected } from '../programs/corpus.ts';

/** A program that travels. */
export type GuestSpec =
  | { readonly kind: 'function'; readonly export: string; readonly args: readonly unknown[] }
  | { readonly kind: 'command'; readonly args: readonly string[]; readonly stdin: string }
  | { readonly kind: 'quickjs' };

/** Runs a program from its begin or from a snapshot, up to its end or to the first slice's end after `untilFuel`. */
export interface HopJob {
  readonly kind: 'hop';
  /** Blob with the module. */
  readonly module: string;
  readonly guest: GuestSpec;
  /** Default: the engine's own way. */
  readonly unwind?: UnwindMode;
  /** Blob with a snapshot to go on from. */
  readonly snapshot?: string;
  readonly untilFuel?: bigint;
}

export interface HopReport {
  readonly outcome: string;
  /** Blob with the snapshot, if the program was stopped. */
  readonly snapshot?: string;
  /** Whether the worker, captured before it went on, gave the very bytes that it was restored from. */
  readonly recaptured?: boolean;
  readonly unwind: UnwindMode;
  readonly stdout: string;
  readonly fuelUsed: bigint;
  readonly ms: number;
}

/** Runs a function program in every mode. */
export interface ModesJob {
  readonly kind: 'modes';
  readonly module: string;
  readonly unwind: UnwindMode;
  readonly export: string;
  readonly args: readonly unknown[];
  /** At every how many safepoints it is left. */
  readonly stride: number;
}

export interface ModesReport {
  /** Why this engine cannot run the module at all: the message of `UNSUPPORTED`. Nothing else is there then. */
  readonly unsupported?: string;
  readonly runs: readonly {
    readonly mode: 'plain' | 'sliced' | 'stopped';
    readonly outcome: string;
    readonly message: string;
    readonly fuelUsed: bigint;
    readonly breaks: number;
  }[];
}

/** How a kernel is run: bare, or instrumented in one of the ways. `throw-table`: the handlers are `try_table`. */
export const VARIANTS = ['bare', 'throw', 'throw-table', 'flag'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Times calls of a kernel, each on an instance of its own of one compiled module. */
export interface KernelJob {
  readonly kind: 'kernel';
  readonly module: string;
  readonly variant: Variant;
  readonly arg: number;
  readonly result: number;
  readonly calls: number;
}

export interface KernelReport {
  /** Time on a core, in milliseconds, per call; in browsers, which do not tell it, by the clock. */
  readonly times: readonly number[];
}

/** Times leaving a stack of that depth, and coming back to it. */
export interface UnwindJob {
  readonly kind: 'unwind';
  readonly module: string;
  readonly variant: Exclude<Variant, 'bare'>;
  readonly depth: number;
  readonly repetitions: number;
}

export interface UnwindReport {
  /** undefined: the stack of this engine is not that deep. Means, in microseconds, of the second half of the repetitions. */
  readonly means?: { readonly leaveUs: number; readonly returnUs: number };
}

/** Calls `run(0)` of a program that recurses for ever. */
export interface DepthJob {
  readonly kind: 'depth';
  readonly module: string;
  readonly unwind: UnwindMode;
}

export interface DepthReport {
  /** How the call ended, with the default limit. */
  readonly outcome: string;
}

/** Each kind of job with its report. */
export interface JobTable {
  readonly hop: readonly [HopJob, HopReport];
  readonly modes: readonly [ModesJob, ModesReport];
  readonly kernel: readonly [KernelJob, KernelReport];
  readonly unwind: readonly [UnwindJob, UnwindReport];
  readonly depth: readonly [DepthJob, DepthReport];
}
export type JobKind = keyof JobTable;
export type Job = JobTable[JobKind][0];
export type ReportOf<J extends Job> = JobTable[J['kind']][1];

/** A job's end, as an agent sends it. */
export type Answer =
  { readonly ok: true; readonly report: JobTable[JobKind][1] } | { readonly ok: false; readonly error: string };

const BIGINT = '$bigint';

export const toText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? { [BIGINT]: String(item) } : item));

/** What `toText` wrote; the caller knows its type. */
export const fromText = <T>(text: string): T =>
  JSON.parse(text, (_key, item: unknown) => {
    const digits: unknown = typeof item === 'object' && item !== null && BIGINT in item ? item[BIGINT] : undefined;
    return typeof digits === 'string' ? BigInt(digits) : item;
  }) as T; // both sides are of this folder

const valueText = (value: unknown): string => {
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
};

/** An outcome as text: equal for equal ones. */
export function outcomeText(outcome: Outcome | Expected): string {
  switch (outcome.kind) {
    case 'returned':
      return ['returned', ...outcome.values.map(valueText)].join(' ');
    case 'trapped':
      return `trapped ${outcome.code}`;
    case 'exited':
      return `exited ${outcome.code}`;
    case 'limit':
      return `limit ${outcome.limit}`;
    case 'stopped':
      return 'stopped';
  }
}
