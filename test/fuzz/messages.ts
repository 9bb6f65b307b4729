/** What the campaign and its child processes tell each other. */
import type { TargetName } from './targets.ts';

/** Cases `from` up to, not including, `to`; of these, the ones that fall to a target of `run`. */
export interface Batch {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** The targets among which cases are shared out, and those that this child runs. */
  readonly targets: readonly TargetName[];
  readonly run: readonly TargetName[];
  /** Tells of every case before it begins, so that one that ends the process is known. */
  readonly careful: boolean;
  /** Folder where inputs of findings are written. */
  readonly out: string;
  /** Signatures that are known already; their inputs are neither reduced nor written again. */
  readonly known: readonly string[];
}

export interface Finding {
  readonly target: TargetName;
  readonly caseNumber: number;
  readonly signature: string;
  readonly report: string;
  /** File of the reduced input, if it was written. */
  readonly file: string | undefined;
}

export interface BatchResult {
  readonly cases: number;
  /** How often, by `target`, then by code or way of running. */
  readonly coded: Record<string, Record<string, number>>;
  readonly ran: Record<string, Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly slowest: { readonly caseNumber: number; readonly elapsedMs: number };
  /** Memory that the process holds after the batch. */
  readonly residentBytes: number;
}

export type FromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'at'; readonly caseNumber: number }
  | { readonly kind: 'done'; readonly result: BatchResult };
