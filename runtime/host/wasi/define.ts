import type { Pending } from '../../engine/pending.ts';
import type { WasiContext } from './context.ts';

export type ParamType = 'i32' | 'i64';

type ArgsOf<Params extends readonly ParamType[]> = {
  [Index in keyof Params]: Params[Index] extends 'i32' ? number : bigint;
};

/** What a host function gives: nothing for success, an error number, or an answer that is not there yet. */
export type Result = number | undefined | Pending;

/** Rights that the descriptor in that parameter needs. */
export type RightsNeeded = readonly (readonly [param: number, rights: number])[];

/** One row of the function table: name in the table, wasm signature, rights, implementation. i32 arguments arrive unsigned. */
export interface WasiFunction {
  readonly params: readonly ParamType[];
  /** An errno as i32, or none for proc_exit. */
  readonly results: readonly 'i32'[];
  readonly rights: RightsNeeded;
  readonly run: (wasi: WasiContext, ...args: never[]) => Result;
}

/** A row of the function table. */
export function define<const Params extends readonly ParamType[]>(
  params: Params,
  rights: RightsNeeded,
  run: (wasi: WasiContext, ...args: ArgsOf<Params>) => Result,
): WasiFunction {
  return { params, results: ['i32'], rights, run: run as WasiFunction['run'] }; // called with arguments of these types only
}
