/** Names within types, and the parts of other names (Component Model, Explain.md, "Import and Export Definitions": `label`). */
import { readName, type Reader } from '../wasm/index.ts';
import { malformedComponent } from './component-error.ts';

/** A word of small letters, or an acronym of capital ones. */
const FRAGMENT = /^(?:[0-9a-z]+|[0-9A-Z]+)$/;
const SHOWN_UNITS = 60;
/** Longest name, in UTF-16 units: types are told with all their names, in messages and interfaces. */
export const NAME_MAX_UNITS = 1000;

/** Fragments, which hyphens join; only the first may not begin with a digit. */
export const isLabel = (name: string): boolean =>
  !/^\d/.test(name) && name.split('-').every((fragment) => FRAGMENT.test(fragment));

/** A name in a message. */
export const shownName = (name: string): string => JSON.stringify(name.slice(0, SHOWN_UNITS));

/** A name that is not too long. */
export function readShortName(reader: Reader): string {
  const at = reader.pos;
  const name = readName(reader);
  if (name.length <= NAME_MAX_UNITS) return name;
  throw malformedComponent(at, `a name has ${name.length} units; at most ${NAME_MAX_UNITS} are allowed`);
}

/** The name of a field, case, flag or parameter. */
export function readLabel(reader: Reader): string {
  const at = reader.pos;
  const name = readShortName(reader);
  if (!isLabel(name)) throw malformedComponent(at, `${shownName(name)} is no name in kebab-case`);
  return name;
}

const lowered = (label: string): string => label.toLowerCase();

/**
 * Names that belong together are distinct: labels by more than the case of letters.
 * @param at Where they begin.
 * @param keyOf What no two of them have.
 */
export function checkDistinct(names: readonly string[], at: number, keyOf = lowered): void {
  const seen = new Set<string>();
  for (const name of names) {
    const key = keyOf(name);
    if (seen.has(key)) throw malformedComponent(at, `${shownName(name)} is there more than once`);
    seen.add(key);
  }
}
