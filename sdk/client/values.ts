import type { Outcome } from '../../runtime/engine/types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { JsonOutcome, JsonValue } from '../../runtime/node/api-types.ts';

/** A value as WebAssembly's JavaScript interface has it: i64 as bigint. */
export type WasmValue = number | bigint | null;

const FLOATS = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity, '-0': -0 } as const;

export function encodeValue(value: WasmValue): JsonValue {
  if (typeof value === 'bigint') return { i64: value.toString() };
  if (value === null) return null;
  if (typeof value !== 'number')
    throw new PluvioError('INVALID_ARGUMENT', `an argument must be a number, bigint or null, found ${typeof value}`);
  if (Number.isNaN(value)) return { float: 'NaN' };
  if (Object.is(value, -0)) return { float: '-0' };
  return Number.isFinite(value) ? value : { float: value > 0 ? 'Infinity' : '-Infinity' };
}

export function decodeValue(value: JsonValue): WasmValue {
  if (value === null || typeof value === 'number') return value;
  return 'i64' in value ? BigInt(value.i64) : FLOATS[value.float];
}

export function decodeOutcome(outcome: JsonOutcome): Outcome {
  if (outcome.kind === 'returned') return { kind: 'returned', values: outcome.values.map(decodeValue) };
  if (outcome.kind !== 'trapped') return outcome;
  const frames = outcome.frames.map(({ func, name, pc }) => ({ func, name: name ?? undefined, pc: pc ?? undefined }));
  return { ...outcome, frames };
}
