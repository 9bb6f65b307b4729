import type { ValueType } from '../../../component/value-types.ts';

/** From and to where integers of a kind that fit a JavaScript number go. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

export const INTEGER_RANGES = {
  s8: { min: -0x80, max: 0x7f },
  u8: { min: 0, max: 0xff },
  s16: { min: -0x8000, max: 0x7fff },
  u16: { min: 0, max: 0xffff },
  s32: { min: -0x8000_0000, max: 0x7fff_ffff },
  u32: { min: 0, max: 0xffff_ffff },
} as const satisfies Partial<Record<ValueType['kind'], IntegerRange>>;

export const isIntegerKind = (kind: string): kind is keyof typeof INTEGER_RANGES => Object.hasOwn(INTEGER_RANGES, kind);

/** Whether a value is such an integer. */
export const isInteger = (value: unknown, { min, max }: IntegerRange): value is number =>
  typeof value === 'number' && value >= min && value <= max && Math.floor(value) === value;
