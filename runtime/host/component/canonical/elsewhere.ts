/** What lists and texts have in common: an address and a length, flat and in memory, of what is somewhere else in memory. */
import type { FlatType, ValueType } from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import { type Codec, HOST_BYTES, type Misfit, misfitOf, nextI32, within } from './codec.ts';
import type { CanonicalContext } from './context.ts';

export interface Elsewhere {
  check(value: unknown): Misfit | undefined;
  /** Reads what is at an address. */
  read(address: number, length: number, context: CanonicalContext): ComponentValue;
  /** Puts it into memory of the guest's own; gives the address, and as the last thing sets `written`. */
  write(value: unknown, context: CanonicalContext): number;
  /** Length of what the last `write` has written: elements, or bytes of a text. */
  written: number;
}

const FLAT: readonly FlatType[] = ['i32', 'i32'];
const LENGTH_AT = 4;

export const codecOfElsewhere = (kind: Elsewhere): Codec => ({
  flat: FLAT,
  sizeBytes: 8,
  align: 4,
  hostBytes: HOST_BYTES.slot,
  check: (value) => kind.check(value),
  lift: (source, context) => kind.read(nextI32(source), nextI32(source), context),
  lower: (value, flat, context) => {
    const address = kind.write(value, context);
    flat.push(address, kind.written);
  },
  load: (at, context) => {
    const { view } = context;
    return kind.read(view.getInt32(at, true), view.getInt32(at + LENGTH_AT, true), context);
  },
  store: (value, at, context) => {
    const address = kind.write(value, context);
    const { view } = context;
    view.setInt32(at, address, true);
    view.setInt32(at + LENGTH_AT, kind.written, true);
  },
});

/** Whether a value is an array whose elements fit. */
export function checkElements(value: unknown, type: ValueType, element: Codec): Misfit | undefined {
  if (!Array.isArray(value)) return misfitOf(value, type);
  for (let index = 0; index < value.length; index++) {
    const inner = element.check(value[index]);
    if (inner !== undefined) return within(`[${index}]`, inner);
  }
  return undefined;
}
