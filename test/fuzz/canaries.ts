/** What no input may change in the process that reads it. */
import { Violation } from './target.ts';

const INHERITED = { Object: Object.prototype, Array: Array.prototype, Function: Function.prototype } as const;
/** Names, not symbols: libraries keep what they share under symbols, from their first use on. */
const GLOBAL_KEYS = new Set(Object.getOwnPropertyNames(globalThis));

const keysOf = (object: object): string => Reflect.ownKeys(object).map(String).join(' ');
const inheritedKeys = (): string[] => Object.values(INHERITED).map(keysOf);

const EXPECTED = { inherited: inheritedKeys(), env: JSON.stringify(process.env), folder: process.cwd() };

/** The quick part of `checkCanaries`: what objects inherit. @throws Violation */
export function checkPrototypes(): void {
  for (const key in {}) throw new Violation(`all objects inherit ${key}`);
}

/** @throws Violation if something that all code shares is not as it was when the process began */
export function checkCanaries(): void {
  inheritedKeys().forEach((keys, index) => {
    if (keys !== EXPECTED.inherited[index])
      throw new Violation(`the prototype of ${Object.keys(INHERITED)[index]} changed`);
  });
  const added = Object.getOwnPropertyNames(globalThis).filter((key) => !GLOBAL_KEYS.has(key));
  if (added.length > 0) throw new Violation(`globalThis has new keys: ${added.join(', ')}`);
  if (JSON.stringify(process.env) !== EXPECTED.env) throw new Violation('the environment of the process changed');
  if (process.cwd() !== EXPECTED.folder) throw new Violation('the working directory of the process changed');
}
