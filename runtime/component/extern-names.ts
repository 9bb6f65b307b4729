/**
 * Names of imports and exports (Component Model, Explain.md, "Import and Export Definitions"):
 *
 *     plain      greet   [constructor]stream   [method]stream.read   [static]stream.open
 *     interface  wasi:io/streams@0.2.0
 *     of imports only   unlocked-dep=<a:b@{>=1.0.0}>   locked-dep=<a:b@1.0.0>   url=<https://a.example>   integrity=<sha256-…>
 *
 * Boundary: the form. Whether there is such a thing is the host's. Each name is looked through a fixed number of times, however long.
 */
import { readByte, type Reader } from '../wasm/index.ts';
import { malformedComponent } from './component-error.ts';
import { checkDistinct, isLabel, readShortName, shownName } from './labels.ts';

/** What a function of a resource has in front; functions with `async` are of WASI 0.3, and refused as such. */
const OF_RESOURCE = /^\[(?:async )?(?:method|static)\]([^.]+)\.([^.]+)$/;
const OF_NAME = /^\[(?:constructor|async)\](.+)$/;
/** A number, as versions have them. */
const NUMBER = /^(?:0|[1-9]\d*)$/;
const NUMBER_MAX = 2n ** 64n - 1n;
const IDENTIFIER = /^[0-9A-Za-z-]+$/;
const HASH = /^sha(?:256|384|512)-[0-9A-Za-z+/]+={0,2}(?:\?[^\s>]*)?$/;

const CAPITAL = /[A-Z]/;
/** A namespace, or the name of a package. */
const isWords = (text: string): boolean => isLabel(text) && !CAPITAL.test(text);

/** A text and what is behind a separator in it; undefined: it has none. */
function cut(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** What is between two texts that another one begins and ends with. */
const between = (text: string, before: string, after: string): string | undefined =>
  text.startsWith(before) && text.endsWith(after) && text.length >= before.length + after.length
    ? text.slice(before.length, text.length - after.length)
    : undefined;

const isNumber = (text: string): boolean =>
  NUMBER.test(text) && (text.length < 20 || (text.length === 20 && BigInt(text) <= NUMBER_MAX));

const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);
/** Identifiers of what comes before a release: those of digits are numbers. */
const isOrderedIdentifier = (text: string): boolean => isIdentifier(text) && (/\D/.test(text) || NUMBER.test(text));

/** `1.2.3-rc.1+build` (semver.org). */
function isVersion(text: string): boolean {
  const [ordered, build] = cut(text, '+');
  const [release, before] = cut(ordered, '-');
  const numbers = release.split('.');
  return (
    numbers.length === 3 &&
    numbers.every(isNumber) &&
    (before === undefined || before.split('.').every(isOrderedIdentifier)) &&
    (build === undefined || build.split('.').every(isIdentifier))
  );
}

/** `*`, `{>=1.0.0}`, `{<2.0.0}`, `{>=1.0.0 <2.0.0}`. */
function isVersionRange(text: string): boolean {
  if (text === '*') return true;
  const range = between(text, '{', '}');
  if (range === undefined) return false;
  const [first, second] = cut(range, ' ');
  const isUpper = (bound: string): boolean => bound.startsWith('<') && isVersion(bound.slice(1));
  if (!first.startsWith('>=')) return second === undefined && isUpper(first);
  return isVersion(first.slice(2)) && (second === undefined || isUpper(second));
}

/** `wasi:io/streams`, whose projection (`/streams`) may be absent from packages. */
function isPath(text: string, needsProjection: boolean): boolean {
  const [path, ...projections] = text.split('/');
  const words = path?.split(':') ?? [];
  return (
    words.length > 1 &&
    words.every(isWords) &&
    projections.every(isLabel) &&
    (projections.length > 0 || !needsProjection)
  );
}

function isPackage(text: string, needsProjection: boolean, isVersionOf: (text: string) => boolean): boolean {
  const [path, version] = cut(text, '@');
  return isPath(path, needsProjection) && (version === undefined || isVersionOf(version));
}

function isHash(text: string): boolean {
  const hashes = between(text, 'integrity=<', '>')?.split(/\s+/).filter(Boolean) ?? [];
  return hashes.length > 0 && hashes.every((hash) => HASH.test(hash));
}

/** `url=<…>` and the like, which a hash may follow. */
function isHashed(text: string, before: string, isContent: (text: string) => boolean): boolean {
  const [named, hash] = cut(text, '>,');
  const content = between(hash === undefined ? named : `${named}>`, before, '>');
  return content !== undefined && isContent(content) && (hash === undefined || isHash(hash));
}

function isPlain(name: string): boolean {
  const parts = OF_RESOURCE.exec(name) ?? OF_NAME.exec(name);
  return parts === null ? isLabel(name) : parts.slice(1).every(isLabel);
}

/** Whether it is one of an export: plain, or of an interface. */
export const isExportName = (name: string): boolean =>
  name.includes(':') ? isPackage(name, true, isVersion) : isPlain(name);

/** The other forms of names of imports, by what they begin with. */
const IMPORT_FORMS: readonly (readonly [before: string, isName: (name: string) => boolean])[] = [
  [
    'unlocked-dep=<',
    (name) => {
      const content = between(name, 'unlocked-dep=<', '>');
      return content !== undefined && isPackage(content, false, isVersionRange);
    },
  ],
  ['locked-dep=<', (name) => isHashed(name, 'locked-dep=<', (content) => isPackage(content, false, isVersion))],
  ['url=<', (name) => isHashed(name, 'url=<', (content) => !/[<>]/.test(content))],
  ['integrity=<', isHash],
];

/** Whether it is one of an import. */
export function isImportName(name: string): boolean {
  const form = IMPORT_FORMS.find(([before]) => name.startsWith(before));
  return form === undefined ? isExportName(name) : form[1](name);
}

/** What no two names beside each other have: a method is not beside a static function of its name, nor `[method]r.r` beside `r`. */
function keyOf(name: string): string {
  const [, resource, func] = OF_RESOURCE.exec(name) ?? [];
  return (
    resource === undefined || resource !== func ? name.replace(/^\[(?:async )?static\]/, '[method]') : resource
  ).toLowerCase();
}

/** @param at Where they begin. */
export const checkDistinctNames = (names: readonly string[], at: number): void => checkDistinct(names, at, keyOf);

/** A name; a version that stands apart is left out. */
function readExternName(reader: Reader, isOne: (name: string) => boolean, of: string): string {
  const at = reader.pos;
  const form = readByte(reader);
  if (form > 1) throw malformedComponent(at, `the form ${form} of a name is unknown`);
  const name = readShortName(reader);
  if (!isOne(name)) throw malformedComponent(at, `${shownName(name)} is no name of an ${of}`);
  return name;
}

export const readImportName = (reader: Reader): string => readExternName(reader, isImportName, 'import');
export const readExportName = (reader: Reader): string => readExternName(reader, isExportName, 'export');
