import { describe, expect, it } from 'vitest';
import { componentOf } from '../../test/component/tools.ts';
import { PluvioError } from '../errors/index.ts';
import { decodeComponent } from './decode-component.ts';
import { isExportName, isImportName } from './extern-names.ts';

const LABELS = ['a', 'A', 'ab-cd', 'HTTP-get', 'get-HTTP-2', 'a1-2b-3'];
const NO_LABELS = ['', '-', 'a-', '-a', 'a--b', '1a', 'aB', 'Ab', 'a_b', 'a b', 'a.b', 'ä', 'a\0'];
const VERSIONS = ['0.0.0', '1.22.333', '1.0.0-rc.1', '1.0.0-0a', '1.0.0--', '1.0.0+001', '1.0.0-a-b.c+d-e.f'];
const NO_VERSIONS = ['', '1', '1.2', '1.2.3.4', '01.2.3', '1.2.3-', '1.2.3-01', '1.2.3-a..b', '1.2.3+', '1.2.3+a+b', 'v1.2.3', '1.2.x', '99999999999999999999.0.0', ' 1.2.3']; // prettier-ignore

const IMPORTS_ONLY = [
  'unlocked-dep=<a:b>',
  'unlocked-dep=<a:b/c@*>',
  'unlocked-dep=<a:b@{>=1.0.0}>',
  'unlocked-dep=<a:b@{<1.0.0}>',
  'unlocked-dep=<a:b@{>=1.0.0 <2.0.0-rc.1}>',
  'locked-dep=<a:b>',
  'locked-dep=<a:b/c@1.0.0>',
  'locked-dep=<a:b@1.0.0>,integrity=<sha256-abcd>',
  'url=<https://a.example/?b=c>',
  'url=<>',
  'url=<a>,integrity=<sha512-abc=?x sha384-ab==>',
  'integrity=<sha256-a+/9>',
];
const NO_NAMES = [
  'unlocked-dep=<a>',
  'unlocked-dep=<a:b@1.0.0>',
  'unlocked-dep=<a:b@{}>',
  'unlocked-dep=<a:b@{1.0.0}>',
  'unlocked-dep=<a:b@{<1.0.0 >=2.0.0}>',
  'unlocked-dep=<a:b@{>=1.0.0  <2.0.0}>',
  'unlocked-dep=<a:b',
  'unlocked-dep=',
  'locked-dep=<a:b@*>',
  'locked-dep=<a:b>,',
  'locked-dep=<a:b>,integrity=<>',
  'locked-dep=<a:b>,url=<a>',
  'url=<a<b>',
  'url=<a>b>',
  'url=<a>x',
  'url=a',
  'url=<a>,integrity=<sha256-a>,integrity=<sha256-a>',
  'integrity=<>',
  'integrity=< >',
  'integrity=<sha1-abc>',
  'integrity=<sha256>',
  'integrity=<sha256-=>',
  'integrity=<sha256-a===>',
  'path=<a>',
  'a=b',
  'a:b',
  'a:b@1.0.0',
  'a:b/',
  'a:/b',
  ':a/b',
  'a/b',
  'a/b:c',
  'a:b/c@1.0.0@1.0.0',
  'A:b/c',
  'a:B/c',
  'a:b-C/c',
  '[method]a',
  '[method]a.b.c',
  '[method]a:b/c.d',
  '[static].a',
  '[getter]a.b',
  '[constructor]',
  '[constructor]a.b',
  ' a',
];

describe('a plain name', () => {
  const forms = (label: string): string[] => [
    label,
    `[method]${label}.r`,
    `[static]r.${label}`,
    `[constructor]${label}`,
    `[async method]r.${label}`,
  ];

  it.each(LABELS)('%j is one', (label) => {
    for (const name of forms(label)) expect([isExportName(name), isImportName(name)], name).toEqual([true, true]);
  });

  it.each(NO_LABELS)('%j is none', (label) => {
    for (const name of forms(label)) expect([isExportName(name), isImportName(name)], name).toEqual([false, false]);
  });

  it('that is long is looked through once', () => {
    const long = '-1'.repeat(1_000_000);
    for (const name of [`a${long}`, `a:b${long}/c${long}`, `a:b/c@1.0.0-${'.a'.repeat(1_000_000).slice(1)}`]) {
      expect([isImportName(name), isImportName(`${name}!`)]).toEqual([true, false]);
    }
    expect(isImportName(`integrity=<${'sha256-a== '.repeat(200_000)}>`)).toBe(true);
    expect(isImportName(`unlocked-dep=<a:b@{>=1.0.0${' '.repeat(1_000_000)}}>`)).toBe(false);
  });
});

describe('the name of an interface', () => {
  it.each(LABELS)('may have the projection %j', (label) => {
    for (const name of [`a:b/${label}`, `wasi-0:io-1/${label}@0.2.0`, `a:b:c/d/${label}`]) {
      expect([isExportName(name), isImportName(name)], name).toEqual([true, true]);
    }
  });

  it.each(NO_LABELS)('may not have %j in it', (label) => {
    for (const name of [`a:b/${label}`, `${label}:b/c`, `a:${label}/c@1.0.0`]) {
      expect([isExportName(name), isImportName(name)], name).toEqual([false, false]);
    }
  });

  it.each(VERSIONS)('may be of version %j', (version) => {
    for (const name of [`a:b/c@${version}`, `a:b/C@${version}`]) {
      expect([isExportName(name), isImportName(name)], name).toEqual([true, true]);
    }
  });

  it.each(NO_VERSIONS)('may not be of version %j', (version) => {
    expect([isExportName(`a:b/c@${version}`), isImportName(`locked-dep=<a:b@${version}>`)]).toEqual([false, false]);
  });
});

it.each(IMPORTS_ONLY)('%j is a name of imports alone', (name) => {
  expect([isExportName(name), isImportName(name)]).toEqual([false, true]);
});

it.each(NO_NAMES)('%j is no name', (name) => {
  expect([isExportName(name), isImportName(name)]).toEqual([false, false]);
});

const decoded = async (text: string): Promise<PluvioError | undefined> => {
  const bytes = await componentOf(`(component ${text})`);
  try {
    decodeComponent(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof PluvioError) return error;
    throw error;
  }
};

describe('a component is refused', () => {
  const places = [
    ['import', (name: string) => `(import "${name}" (func))`],
    ['import', (name: string) => `(type (component (import "${name}" (func))))`],
    ['export', (name: string) => `(type (component (export "${name}" (func))))`],
    ['export', (name: string) => `(type (instance (export "${name}" (func))))`],
    ['export', (name: string) => `(import "f" (func $f)) (export "${name}" (func $f))`],
    ['export', (name: string) => `(import "f" (func $f)) (instance (export "${name}" (func $f)))`],
  ] as const;

  it.each(places)('with %s that has no name: %s', async (kind, text) => {
    expect(await decoded(text('a:b/c@1.2.3'))).toBeUndefined();
    expect(await decoded(text('a:b/c@1.2'))).toMatchObject({
      code: 'COMPONENT_MALFORMED',
      message: expect.stringContaining(`"a:b/c@1.2" is no name of an ${kind} (at offset 0x`) as unknown,
    });
    const ofImports = await decoded(text('url=<a>'));
    if (kind === 'import') expect(ofImports).toBeUndefined();
    else expect(ofImports).toMatchObject({ code: 'COMPONENT_MALFORMED' });
  });

  const pairs = [
    ['a', 'A', true],
    ['a:b/c', 'a:b/c', true],
    ['[method]r.f', '[static]r.f', true],
    ['[method]r.f', '[method]R.f', true],
    ['r', '[method]r.r', true],
    ['[constructor]r', '[constructor]R', true],
    ['a:b/c@1.0.0', 'a:b/c@1.0.1', false],
    ['r', '[constructor]r', false],
    ['f', '[method]r.f', false],
    ['[method]r.f', '[method]s.f', false],
  ] as const;
  const twice = [
    ['imports', (one: string, other: string) => `(import "${one}" (func)) (import "${other}" (func))`],
    [
      'exports',
      (one: string, other: string) =>
        `(import "zz" (func $f)) (export "${one}" (func $f)) (export "${other}" (func $f))`,
    ],
    [
      'exports of an instance',
      (one: string, other: string) =>
        `(import "zz" (func $f)) (instance (export "${one}" (func $f)) (export "${other}" (func $f)))`,
    ],
    [
      'exports of a type',
      (one: string, other: string) => `(type (instance (export "${one}" (func)) (export "${other}" (func))))`,
    ],
    [
      'imports of a type',
      (one: string, other: string) => `(type (component (import "${one}" (func)) (import "${other}" (func))))`,
    ],
  ] as const;

  it.each(twice)('with %s of the same name', async (_, text) => {
    for (const [one, other, isSame] of pairs) {
      const error = await decoded(text(one, other));
      if (isSame)
        expect(error?.message, `${one} ${other}`).toContain(`${JSON.stringify(other)} is there more than once`);
      else expect(error, `${one} ${other}`).toBeUndefined();
    }
  });

  it('with the same name as an import and an export is not', async () => {
    expect(await decoded('(import "a" (func $f)) (export "a" (func $f))')).toBeUndefined();
  });
});
