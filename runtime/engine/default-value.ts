import { F32, F64, I32, I64, isRef, type ValType } from '../wasm/index.ts';

/** What a host function returns when its result will not be looked at. */
export function defaultValue(results: readonly ValType[]): unknown {
  const one = (type: ValType): unknown =>
    type === I64 ? 0n : type === I32 || type === F32 || type === F64 ? 0 : isRef(type) ? null : undefined;
  if (results.length === 0) return undefined;
  return results.length === 1 ? one(results[0] ?? I32) : results.map(one);
}
