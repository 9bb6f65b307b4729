import type { Outcome } from '../../runtime/engine/types.ts';
import { callFailed, PluvioError } from '../../runtime/errors/index.ts';
import { jsonOfValue, type JsonValue, valueOfJson } from '../../runtime/values/index.ts';
import type { JsonOutcome } from '../../runtime/node/api-types.ts';

/**
 * An argument of a call: WebAssembly's, i64 as bigint, or for components a value of the component model (a record or variant as an object, a
 * list as an array or as bytes, an option that has none as undefined or null).
 */
export type CallValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly CallValue[]
  | { readonly [name: string]: CallValue };

export function encodeValue(value: CallValue): JsonValue {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new PluvioError('INVALID_ARGUMENT', `an argument must be data, found a ${typeof value}`);
  }
  return jsonOfValue(value);
}

export function decodeOutcome(outcome: JsonOutcome): Outcome {
  if (outcome.kind === 'returned') return { kind: 'returned', values: outcome.values.map(valueOfJson) };
  if (outcome.kind !== 'trapped') return outcome;
  const frames = outcome.frames.map(({ func, name, pc }) => ({ func, name: name ?? undefined, pc: pc ?? undefined }));
  return { ...outcome, frames };
}

/** The result of a call; null: it gives none. @throws PluvioError `CALL_FAILED` */
export function resultOf(worker: string, outcome: Outcome): unknown {
  if (outcome.kind !== 'returned') throw callFailed(worker, outcome);
  return outcome.values[0] ?? null;
}
