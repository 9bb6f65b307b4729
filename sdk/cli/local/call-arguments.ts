/** Arguments of an exported function, from text. */
import type { NamedType } from '../../../runtime/bundle/index.ts';
import type { FuncType, ValType } from '../../../runtime/wasm/index.ts';
import { F32, F64, I32, I64, typeText } from '../../../runtime/wasm/index.ts';
import type { CallValue } from '../../client/index.ts';
import { UsageError } from '../usage-error.ts';

const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity|NaN)$/;
const INTEGER = /^-?(?:\d+|0[xX][0-9a-fA-F]+)$/;

function integerOf(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

const floatOf = (text: string): number | undefined => (FLOAT.test(text) ? Number(text) : undefined);

/** Whether an integer fits a type of so many bits, read as signed or unsigned. */
const fits = (value: bigint, bits: number): boolean => value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits);

interface TypeRow {
  readonly read: (text: string) => number | bigint | undefined;
  readonly expected: string;
}

const ROWS: Readonly<Record<ValType, TypeRow>> = {
  [I32]: {
    read: (text) => {
      const value = integerOf(text);
      return value !== undefined && fits(value, 32) ? Number(BigInt.asIntN(32, value)) : undefined;
    },
    expected: 'an integer of 32 bits',
  },
  [I64]: {
    read: (text) => {
      const value = integerOf(text.replace(/n$/, ''));
      return value !== undefined && fits(value, 64) ? BigInt.asIntN(64, value) : undefined;
    },
    expected: 'an integer of 64 bits',
  },
  [F32]: { read: floatOf, expected: 'a number' },
  [F64]: { read: floatOf, expected: 'a number' },
};

/**
 * Arguments for a function of that type.
 * @throws UsageError
 */
export function callArguments(name: string, type: FuncType, texts: readonly string[]): (number | bigint)[] {
  const { params } = type;
  if (texts.length !== params.length) {
    const signature = params.map((param) => typeText(param)).join(' ');
    throw new UsageError(`"${name}" takes ${params.length} arguments (${signature}); ${texts.length} are given`);
  }
  return params.map((param, index) => {
    const text = texts[index] ?? '';
    const row = ROWS[param];
    const value = row?.read(text);
    if (value !== undefined) return value;
    throw new UsageError(
      `argument ${index + 1} of "${name}" is "${text}"; it must be ${row?.expected ?? `${typeText(param)}, which the command line cannot give`}`,
    );
  });
}

const DIGITS = /^-?\d+n?$/;

/**
 * Arguments for a function of a component: JSON, or a text as it is. What does not fit its parameter is told by the call.
 * @param params With the kinds of their types; undefined: they are not known.
 * @throws UsageError: there are too few or too many
 */
export function componentArguments(
  name: string,
  params: readonly NamedType[] | undefined,
  texts: readonly string[],
): CallValue[] {
  if (params !== undefined) checkCount(name, params, texts.length);
  return texts.map((text, index) => {
    const kind = params?.[index]?.type;
    if ((kind === 's64' || kind === 'u64') && DIGITS.test(text)) return BigInt(text.replace('n', ''));
    let value: CallValue;
    try {
      value = JSON.parse(text) as CallValue;
    } catch {
      return text;
    }
    const isText = kind === 'string' || kind === 'char' || kind === 'enum';
    return isText && typeof value !== 'string' ? text : value;
  });
}

function checkCount(name: string, params: readonly NamedType[], count: number): void {
  const required = params.findLastIndex(({ type }) => type !== 'option') + 1;
  if (count >= required && count <= params.length) return;
  const signature = params.map((param) => `${param.name}: ${param.type}`).join(', ');
  throw new UsageError(`"${name}" takes (${signature}); ${count} arguments are given`);
}

/**
 * A value whose type is not known: a number, an i64 as `5n` or `i64:5`, or for components any other value as JSON.
 * @throws UsageError
 */
export function untypedArgument(text: string): CallValue {
  const wide = /^(?:i64:(.+)|(.+)n)$/.exec(text);
  const value = wide === null ? (floatOf(text) ?? hexadecimal(text)) : integerOf(wide[1] ?? wide[2] ?? '');
  if (value !== undefined) return value;
  try {
    return JSON.parse(text) as CallValue;
  } catch {
    throw new UsageError(
      `argument "${text}" is no value; it must be a number, an i64 such as 5n, or JSON: '"${text.replaceAll('"', '')}"' for a text`,
    );
  }
}

function hexadecimal(text: string): number | undefined {
  const value = integerOf(text);
  return value === undefined ? undefined : Number(value);
}
