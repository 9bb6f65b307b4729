/** Names in TypeScript declarations. */

/** Values that callers give may be of several types, those that they get are as a call gives them. */
export type Direction = 'given' | 'got';

export const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The name of a member. */
export const keyOf = (name: string): string => (IDENTIFIER.test(name) ? name : JSON.stringify(name));

/** The same name, or one that is an identifier. */
export const paramOf = (name: string, index: number): string =>
  IDENTIFIER.test(name) && !RESERVED.has(name) ? name : `p${index}`;

/** What an identifier looks like and a parameter may not be called. */
const RESERVED = new Set(
  'break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with implements interface let package private protected public static yield'.split(
    ' ',
  ),
);

/** `my-worker` gives `MyWorker`. */
export const interfaceName = (name: string): string => {
  const joined = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return /^\d/.test(joined) ? `Worker${joined}` : joined;
};
