/** Names within types (Component Model, Explain.md, "Import and Export Definitions": `label`). */
import type { PluvioError } from '../errors/index.ts';
import { readName, type Reader } from '../wasm/index.ts';
import { malformedComponent } from './component-error.ts';

/** A word of small letters, or an acronym of capital ones. */
const FRAGMENT = /^(?:[0-9a-z]+|[0-9A-Z]+)$/;
/** What a function of a resource has in front: `[method]stream.read`. */
const OF_RESOURCE = /^\[(?:async )?(?:method|static)\]([^.]+)\.([^.]+)$/;
const OF_NAME = /^\[(?:constructor|async)\](.+)$/;
/** In names that are no labels: `wasi:io/poll@0.2.0`, `url=<…>`. */
const OTHER_NAME = /[:=]/;
const SHOWN_UNITS = 60;

/** Fragments, which hyphens join; only the first may not begin with a digit. */
const isLabel = (name: string): boolean =>
  !/^\d/.test(name) && name.split('-').every((fragment) => FRAGMENT.test(fragment));

const shown = (name: string): string => JSON.stringify(name.slice(0, SHOWN_UNITS));

/** What a name is refused with that is none. */
export const noKebabCase = (name: string, at: number): PluvioError =>
  malformedComponent(at, `${shown(name)} is no name in kebab-case`);

/** The name of a field, case, flag or parameter. */
export function readLabel(reader: Reader): string {
  const at = reader.pos;
  const name = readName(reader);
  if (!isLabel(name)) throw noKebabCase(name, at);
  return name;
}

/** Whether it is one of an import or export: of an interface, or a plain one. */
export function isExternName(name: string): boolean {
  if (OTHER_NAME.test(name)) return true;
  const parts = OF_RESOURCE.exec(name) ?? OF_NAME.exec(name);
  return parts === null ? isLabel(name) : parts.slice(1).every(isLabel);
}

/** Labels that belong together differ by more than the case of letters. @param at Where they begin. */
export function checkDistinct(labels: readonly string[], at: number): void {
  const seen = new Set<string>();
  for (const label of labels) {
    const key = label.toLowerCase();
    if (seen.has(key)) throw malformedComponent(at, `${shown(label)} is there more than once`);
    seen.add(key);
  }
}
