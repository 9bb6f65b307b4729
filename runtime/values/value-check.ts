/** Checks values for typed exports: numbers, ranges, texts and base64, also inside lists and members of objects. */
import { type NamedType, NUMBER_ARRAYS, type NumberName, parsedTypes, type ValueType } from './value-types.ts';

/** What is known besides the type. */
export interface CheckContext {
  /** Members of classes, by name; of one that is not among them any object is taken. */
  readonly classes?: Readonly<Record<string, readonly NamedType[]>>;
  /** Whether the worker reads a whole number's digits from the text that the value was parsed from: then it is exact beyond 2^53 too. */
  readonly keepsDigits?: boolean;
}

const BITS = /^([iu])(\d+)$/;
const FLOAT_NAMES: readonly unknown[] = ['NaN', 'Infinity', '-Infinity'];
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Least and most of an integer type; undefined: it is a float. */
function rangeOf(name: NumberName): { readonly least: bigint; readonly most: bigint } | undefined {
  const [, sign, digits] = BITS.exec(name) ?? [];
  if (sign === undefined) return undefined;
  const bits = BigInt(digits ?? 0);
  return sign === 'u'
    ? { least: 0n, most: (1n << bits) - 1n }
    : { least: -(1n << (bits - 1n)), most: (1n << (bits - 1n)) - 1n };
}

/** A type in words, as messages have it. */
export function typeWords(type: ValueType): string {
  switch (type.kind) {
    case 'bool':
      return 'true or false';
    case 'string':
      return 'a text';
    case 'number': {
      const range = rangeOf(type.name);
      return range === undefined ? 'a number' : `a whole number from ${range.least} to ${range.most}`;
    }
    case 'bytes':
      return 'base64';
    case 'numbers':
      return `an array, each item ${typeWords({ kind: 'number', name: NUMBER_ARRAYS[type.name] })}`;
    case 'array':
      return `an array, each item ${typeWords(type.item)}`;
    case 'class':
      return `an object of the class ${type.name}`;
    case 'nullable':
      return `${typeWords(type.of)}, or null`;
  }
}

function fitsNumber(name: NumberName, value: unknown, { keepsDigits = false }: CheckContext): boolean {
  const range = rangeOf(name);
  if (range === undefined) return typeof value === 'number' || FLOAT_NAMES.includes(value);
  if (keepsDigits && isInexact(value) && isWide(name)) return true;
  const isWhole = typeof value === 'string' ? /^-?\d+$/.test(value) : Number.isSafeInteger(value);
  if (!isWhole) return false;
  const whole = BigInt(value as number | string); // one of these, as just checked
  return whole >= range.least && whole <= range.most;
}

const isWide = (name: NumberName): boolean => name === 'i64' || name === 'u64';

/** A whole number of which JSON may have lost digits. */
const isInexact = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

/** As the guest reads it: either alphabet, with or without padding. */
const fitsBytes = (value: unknown): boolean =>
  typeof value === 'string' && BASE64.test(value) && value.replace(/=+$/, '').length % 4 !== 1;

/** Where a value does not fit a type, and what it must be there; undefined: it fits. */
export interface Misfit {
  /** `[2]` of a list, `.x` of an object; empty: the value itself. */
  readonly at: string;
  /** undefined: a member is missing. */
  readonly found: unknown;
  readonly expected: string;
}

function listMisfit(item: ValueType, type: ValueType, value: unknown, context: CheckContext): Misfit | undefined {
  if (!Array.isArray(value)) return { at: '', found: value, expected: typeWords(type) };
  for (const [index, one] of (value as readonly unknown[]).entries()) {
    const misfit = misfitOf(item, one, context);
    if (misfit !== undefined) return { ...misfit, at: `[${index}]${misfit.at}` };
  }
  return undefined;
}

function objectMisfit(name: string, value: unknown, context: CheckContext): Misfit | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { at: '', found: value, expected: typeWords({ kind: 'class', name }) };
  const { classes = {} } = context;
  const fields = (Object.hasOwn(classes, name) ? classes[name] : undefined) ?? [];
  for (const [index, type] of parsedTypes(fields).entries()) {
    const field = fields[index]?.name ?? '';
    const member: unknown = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined; // an object, as checked
    if (type === undefined || (member === undefined && type.kind === 'nullable')) continue;
    const misfit = misfitOf(type, member, context);
    if (misfit !== undefined) return { ...misfit, at: `.${field}${misfit.at}` };
  }
  return undefined;
}

const nullableMisfit = (type: ValueType, inner: Misfit | undefined): Misfit | undefined =>
  inner?.at === '' ? { ...inner, expected: typeWords(type) } : inner;

/** What of a JSON value does not fit its type. Members that a class does not have are passed over. */
export function misfitOf(type: ValueType, value: unknown, context: CheckContext = {}): Misfit | undefined {
  const fits = (is: boolean): Misfit | undefined =>
    is ? undefined : { at: '', found: value, expected: typeWords(type) };
  switch (type.kind) {
    case 'bool':
      return fits(typeof value === 'boolean');
    case 'string':
      return fits(typeof value === 'string');
    case 'number': {
      const misfit = fits(fitsNumber(type.name, value, context));
      return misfit !== undefined && isInexact(value)
        ? { ...misfit, expected: `${misfit.expected}, in quotes beyond 2^53` }
        : misfit;
    }
    case 'bytes':
      return fits(fitsBytes(value));
    case 'numbers':
      return listMisfit({ kind: 'number', name: NUMBER_ARRAYS[type.name] }, type, value, context);
    case 'array':
      return listMisfit(type.item, type, value, context);
    case 'class':
      return objectMisfit(type.name, value, context);
    case 'nullable':
      return value === null ? undefined : nullableMisfit(type, misfitOf(type.of, value, context));
  }
}
