/**
 * Types of values that callers give and get, as the manifest's interface spells them: `i32`, `string | null`, `Array<Point>`.
 * docs/projects.md says how each is written in JSON.
 */

export const NUMBERS = ['i8', 'i16', 'i32', 'u8', 'u16', 'u32', 'f32', 'f64'] as const;
/** Too wide for a number of JavaScript: decimal digits in a text. */
export const WIDE_NUMBERS = ['i64', 'u64'] as const;
/** Base64 in a text. */
export const BYTE_ARRAYS = ['Uint8Array', 'Uint8ClampedArray', 'ArrayBuffer'] as const;
/** Lists of numbers, each with the type of its items. */
export const NUMBER_ARRAYS = {
  Int8Array: 'i8',
  Int16Array: 'i16',
  Uint16Array: 'u16',
  Int32Array: 'i32',
  Uint32Array: 'u32',
  Int64Array: 'i64',
  Uint64Array: 'u64',
  Float32Array: 'f32',
  Float64Array: 'f64',
} as const;

export type NumberName = (typeof NUMBERS)[number] | (typeof WIDE_NUMBERS)[number];
export type BytesName = (typeof BYTE_ARRAYS)[number];
export type NumberArrayName = keyof typeof NUMBER_ARRAYS;

export type ValueType =
  | { readonly kind: 'number'; readonly name: NumberName }
  | { readonly kind: 'bool' }
  | { readonly kind: 'string' }
  | { readonly kind: 'bytes'; readonly name: BytesName }
  | { readonly kind: 'numbers'; readonly name: NumberArrayName }
  | { readonly kind: 'array'; readonly item: ValueType }
  /** A class, by name; its fields are listed once. */
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'nullable'; readonly of: ValueType };

const isOneOf = <Name extends string>(names: readonly Name[], name: string): name is Name =>
  (names as readonly string[]).includes(name);

const isNumberArray = (name: string): name is NumberArrayName => Object.hasOwn(NUMBER_ARRAYS, name);

/** The type of that name, which is no array with a type of its own for items. */
export function namedType(name: string): ValueType {
  if (name === 'bool' || name === 'string') return { kind: name };
  if (isOneOf(NUMBERS, name) || isOneOf(WIDE_NUMBERS, name)) return { kind: 'number', name };
  if (isOneOf(BYTE_ARRAYS, name)) return { kind: 'bytes', name };
  if (isNumberArray(name)) return { kind: 'numbers', name };
  return { kind: 'class', name };
}

export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'bool':
    case 'string':
      return type.kind;
    case 'number':
    case 'bytes':
    case 'numbers':
    case 'class':
      return type.name;
    case 'array':
      return `Array<${typeText(type.item)}>`;
    case 'nullable':
      return `${typeText(type.of)} | null`;
  }
}

const TOKEN = /\s*([A-Za-z_$][\w$]*|[<>|])/y;
/** Arrays in arrays. */
const MAX_DEPTH = 16;

/** The type that a text spells; undefined: none. */
export function parseType(text: string): ValueType | undefined {
  const tokens: string[] = [];
  const scanner = new RegExp(TOKEN);
  while (scanner.lastIndex < text.trimEnd().length) {
    const token = scanner.exec(text)?.[1];
    if (token === undefined) return undefined;
    tokens.push(token);
  }
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;
  const read = (depth: number): ValueType | undefined => {
    const name = tokens[at++];
    if (name === undefined || !/^[\w$]/.test(name) || depth > MAX_DEPTH) return undefined;
    let type = namedType(name);
    if (name === 'Array') {
      const item = take('<') ? read(depth + 1) : undefined;
      if (item === undefined || !take('>')) return undefined;
      type = { kind: 'array', item };
    }
    if (!take('|')) return type;
    return take('null') ? { kind: 'nullable', of: type } : undefined;
  };
  const type = read(0);
  return at === tokens.length ? type : undefined;
}

/** A parameter or field: its name, and its type as docs/projects.md has them. */
export interface NamedType {
  readonly name: string;
  readonly type: string;
  /** Of a parameter: a caller may leave it out. */
  readonly optional?: boolean;
}

const PARSED = new WeakMap<readonly NamedType[], readonly (ValueType | undefined)[]>();

/** The types of a list, which is read once; undefined: none that is known. */
export function parsedTypes(named: readonly NamedType[]): readonly (ValueType | undefined)[] {
  let types = PARSED.get(named);
  if (types === undefined) {
    types = named.map(({ type }) => parseType(type));
    PARSED.set(named, types);
  }
  return types;
}
