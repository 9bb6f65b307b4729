import { PluvioError } from '../errors/index.ts';
import type { Outcome } from '../engine/types.ts';
import type { JsonOutcome, JsonValue } from './api-types.ts';

const FLOATS = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity, '-0': -0 } as const;

/** A WebAssembly value of the JavaScript interface as JSON; a reference that is not null cannot leave the node. */
export function jsonOfValue(value: unknown): JsonValue {
  if (typeof value === 'bigint') return { i64: value.toString() };
  if (value === null || value === undefined) return null;
  if (typeof value !== 'number') {
    throw new PluvioError(
      'UNSUPPORTED',
      `a value of type ${typeof value} cannot travel over HTTP; only numbers and null can`,
    );
  }
  if (Number.isNaN(value)) return { float: 'NaN' };
  if (Object.is(value, -0)) return { float: '-0' };
  if (!Number.isFinite(value)) return { float: value > 0 ? 'Infinity' : '-Infinity' };
  return value;
}

/** Inverse of `jsonOfValue`; its shape was checked against the schema. */
export function valueOfJson(value: JsonValue): unknown {
  if (value === null || typeof value === 'number') return value;
  if ('float' in value) return FLOATS[value.float];
  const i64 = BigInt(value.i64);
  if (i64 !== BigInt.asIntN(64, i64) && i64 !== BigInt.asUintN(64, i64)) {
    throw new PluvioError('REQUEST_INVALID', `${value.i64} does not fit an i64`);
  }
  return i64;
}

export function jsonOfOutcome(outcome: Outcome): JsonOutcome {
  switch (outcome.kind) {
    case 'returned':
      return { kind: 'returned', values: outcome.values.map(jsonOfValue) };
    case 'trapped':
      return {
        ...outcome,
        frames: outcome.frames
          .slice(0, 100)
          .map(({ func, name, pc }) => ({ func, name: name ?? null, pc: pc ?? null })),
      };
    case 'exited':
    case 'stopped':
    case 'limit':
      return outcome;
  }
}

/** An outcome as JSON, also one with values that JSON cannot have. */
export function jsonOf(outcome: Outcome): JsonOutcome {
  try {
    return jsonOfOutcome(outcome);
  } catch (error) {
    return { kind: 'trapped', code: 'unknown', message: (error as Error).message, frames: [] };
  }
}
