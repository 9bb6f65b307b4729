/**
 * The module that instrumented code is written into, as the rewriter sees it: where the guest's and the engine's things are.
 *
 * Boundary: an interface with two implementations, the instrumented module itself and a side module of continuations.
 */
import type { ValType } from '../wasm/index.ts';

/** Generated functions that several rewritten functions share. */
export type HelperKey =
  /** (fuel after the charge, charge) -> fuel: asks the host; throws the stop tag when it says so. */
  | 'poll'
  /** The same, but gives UNWIND instead of throwing. */
  | 'pollFlag'
  /** The same two at a function's entry. */
  | 'enter'
  | 'enterFlag'
  /** (bytes, fuel) -> fuel */
  | 'bulk'
  /** memory.grow and table.grow behind the limits: `growMemory:<memory>`, `growTable:<table>`. */
  | `growMemory:${number}`
  | `growTable:${number}`
  /** data.drop and elem.drop, which also note that it happened. */
  | `dropData:${number}`
  | `dropElem:${number}`
  /** An instruction that names a segment: `segment:<op>:<a>:<b>`. */
  | `segment:${number}:${number}:${number}`
  /** Appends a record: (site, values…). `save:<types>` */
  | `save:${string}`
  /** Appends values to the record that was begun last. */
  | `more:${string}`;

export interface Target {
  /** `legacy`: try/catch; `table`: try_table. */
  readonly handlers: 'legacy' | 'table';
  /** Whether segments live in this module (false: in the one that it continues). */
  readonly ownsSegments: boolean;
  /** A guest function for references. */
  func(index: number): number;
  /** A guest function for calls: a copy of it, if there is one nearer. */
  callee(index: number): number;
  global(index: number): number;
  tag(index: number): number;
  /** Index of a function type, added if need be. */
  funcType(params: readonly ValType[], results: readonly ValType[]): number;
  helper(key: HelperKey): number;
  readonly fuelGlobal: number;
  readonly depthGlobal: number;
  readonly saveMemory: number;
  readonly stopTag: number;
  readonly foreignTag: number;
  /** Table of continuations; side modules only. */
  readonly resumeTable: number;
  /** Function that holds a loop of the function being continued, by the loop's row; side modules only. */
  loopContinuation(row: number): number;
}
