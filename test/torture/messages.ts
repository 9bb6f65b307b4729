/** What the run and its child processes say to each other, and what a run is asked for. */
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import type { OpName } from '../../runtime/wasm/index.ts';
import type { Difference } from './check.ts';

/** What every program is checked with. */
export interface Settings {
  readonly seed: number;
  readonly unwinds: readonly UnwindMode[];
  /** Reports a difference for every program with this instruction, to try the reduction. */
  readonly plant?: OpName | undefined;
  /** Folder of what was found. */
  readonly out: string;
}

/** To a child: check the programs from `from` to before `to`, or reduce one. */
export type Request =
  | { readonly kind: 'check'; readonly from: number; readonly to: number }
  | { readonly kind: 'reduce'; readonly number: number; readonly difference: Difference };

export interface Counts {
  programs: number;
  safepoints: number;
  runs: number;
  notMigratable: number;
  /** Stops at which no snapshot could be taken. */
  uncaptured: number;
  /** Snapshots with objects of the garbage-collected heap. */
  heaps: number;
  trapped: number;
  instructions: number;
}

export const noCounts = (): Counts => ({
  programs: 0,
  safepoints: 0,
  runs: 0,
  notMigratable: 0,
  uncaptured: 0,
  heaps: 0,
  trapped: 0,
  instructions: 0,
});

/** From a child. `begun` comes before a program, so that a crash has a number. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begun'; readonly number: number }
  | { readonly kind: 'different'; readonly number: number; readonly difference: Difference }
  | { readonly kind: 'checked'; readonly counts: Counts; readonly covered: readonly number[] }
  | { readonly kind: 'reduced'; readonly number: number; readonly file: string; readonly sizeBytes: number };
