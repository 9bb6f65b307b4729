/**
 * Checks the arguments of a typed call: how many there are, and whether each fits its parameter.
 *
 * One rule for all who look at them: the client before it sends, the command line before it asks, the node before it calls.
 */
import { type ErrorDetails, PluvioError } from '../errors/index.ts';
import { type CheckContext, misfitOf } from './value-check.ts';
import { type NamedType, parsedTypes } from './value-types.ts';

/** Why arguments do not fit. */
export interface ArgumentsFault {
  /** Names the argument and what it is, and says what it must be. */
  readonly message: string;
  /** `export`, `expected`, and the `argument` with what is `found` in it. */
  readonly details: ErrorDetails;
}

const SHOWN_CHARACTERS = 60;

const cut = (text: string): string => (text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);

/** Kinds of values by what `typeof` says, as messages have them; the rest is itself. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  undefined: () => 'missing',
  number: (value) => `the number ${String(value)}`,
  bigint: (value) => `the whole number ${cut(String(value))}`,
  string: (value) => `the text ${JSON.stringify(cut(String(value)))}`,
  object: (value) => {
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'an array';
    return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.constructor.name : 'an object';
  },
};

/** A value with its kind, in words. */
export const valueWords = (value: unknown): string => WORDS[typeof value]?.(value) ?? String(value);

const signatureOf = (params: readonly NamedType[]): string =>
  params.map(({ name, type, optional }) => `${name}${optional === true ? '?' : ''}: ${type}`).join(', ');

/**
 * Why the arguments do not fit; undefined: they do.
 * @param args As JSON has them.
 * @param given What the caller gave, where `args` were made of it: messages have these.
 */
export function argumentsFault(
  exportName: string,
  params: readonly NamedType[],
  args: unknown,
  context: CheckContext = {},
  given: readonly unknown[] = [],
): ArgumentsFault | undefined {
  if (!Array.isArray(args)) {
    return {
      message: `the arguments of "${exportName}" are ${valueWords(args)}; they must be an array`,
      details: { export: exportName, expected: 'an array' },
    };
  }
  const least = params.filter(({ optional }) => optional !== true).length;
  if (args.length < least || args.length > params.length) {
    const expected = `(${signatureOf(params)})`;
    return {
      message: `"${exportName}" takes ${expected}; ${args.length} arguments are given`,
      details: { export: exportName, expected },
    };
  }
  const types = parsedTypes(params);
  for (const [index, value] of (args as readonly unknown[]).entries()) {
    const type = types[index];
    const misfit = type === undefined ? undefined : misfitOf(type, value, context);
    if (misfit === undefined) continue;
    const argument = `${params[index]?.name ?? index}${misfit.at}`;
    const found = valueWords(misfit.at === '' && index < given.length ? given[index] : misfit.found);
    const { expected } = misfit;
    return {
      message: `argument ${argument} of "${exportName}" is ${found}; it must be ${expected}`,
      details: { export: exportName, argument, found, expected },
    };
  }
  return undefined;
}

/** @throws PluvioError `INVALID_ARGUMENT` as `argumentsFault` says */
export function checkArguments(...checked: Parameters<typeof argumentsFault>): void {
  const fault = argumentsFault(...checked);
  if (fault !== undefined) throw new PluvioError('INVALID_ARGUMENT', fault.message, fault.details);
}
