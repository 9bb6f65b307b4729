/**
 * A codec for each type: how its values are checked, and read and written flat and in memory (Component Model, CanonicalABI.md).
 *
 *     value ──check──▶ fits ──lower──▶ flat values          flat values ──lift──▶ value
 *                           ──store──▶ memory               memory ──load──▶ value
 *
 * Boundary: codecs are made once for a type and kept; they hold nothing of a worker. Lowering trusts what `check` has let pass.
 */
import { valueTypeText } from '../../../component/type-text.ts';
import type { FlatType, ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import type { CanonicalContext, FlatValue } from './context.ts';

/** Flat values that are read one after the other. */
export interface FlatSource {
  readonly values: readonly FlatValue[];
  at: number;
}

/** Where a value does not fit its type. */
export interface Misfit {
  /** From the value inwards: `.street`, `[3]`. */
  path: string;
  readonly found: unknown;
  readonly expected: string;
}

export interface Codec {
  readonly flat: readonly FlatType[];
  readonly sizeBytes: number;
  readonly align: number;
  /** About how many bytes of the host a lifted value takes, without lists and texts, which count on their own. */
  readonly hostBytes: number;
  /** Undefined: it fits. */
  check(value: unknown): Misfit | undefined;
  lift(source: FlatSource, context: CanonicalContext): ComponentValue;
  lower(value: unknown, flat: FlatValue[], context: CanonicalContext): void;
  /** @param at Aligned, and within the memory. */
  load(at: number, context: CanonicalContext): ComponentValue;
  store(value: unknown, at: number, context: CanonicalContext): void;
}

/** What JavaScript values take, about; see `hostBytes`. Small numbers, booleans and known texts are in their slots. */
export const HOST_BYTES = {
  slot: 8,
  float: 16,
  bigint: 32,
  char: 32,
  object: 32,
  array: 48,
  text: 32,
  bytes: 200,
} as const;

export const misfit = (found: unknown, expected: string): Misfit => ({ path: '', found, expected });
/** Units of a type in a message: it may be made of very many. */
const SHOWN_UNITS = 1000;
export const misfitOf = (found: unknown, type: ValueType): Misfit =>
  misfit(found, valueTypeText(type).slice(0, SHOWN_UNITS));

/** The same misfit, seen from around. */
export function within(step: string, inner: Misfit | undefined): Misfit | undefined {
  if (inner !== undefined) inner.path = step + inner.path;
  return inner;
}

/** An i32 of the source, as the JavaScript interface gives it. */
export const nextI32 = (source: FlatSource): number => source.values[source.at++] as number; // as its flat type says
