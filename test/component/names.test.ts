/** Which names of imports and exports there are, compared with what wasm-tools lets pass. */
import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExportName, isImportName } from '../../runtime/component/extern-names.ts';
import { componentOf } from './tools.ts';

const SEED = 41;
const RUNS = 300;

/** Pieces that names are made of, and some that they are not. */
const PIECES = [
  'a', 'b', 'Z', 'wasi', 'io', 'HTTP', '0', '1', '2.0.0', '1.2.3', '-rc.1', '+b', '-', '.', ':', '/', '@', '*', '{', '}', ' ', '>=', '<', '>', ',',
  '[method]', '[static]', '[constructor]', 'url=<', 'integrity=<', 'sha256-', 'md5-', '=', '?', 'locked-dep=<', 'unlocked-dep=<', '_', 'é',
]; // prettier-ignore
const NAMES = [
  'stream',
  '[method]stream.read',
  '[static]stream.open-at',
  '[constructor]stream',
  'wasi:io/streams',
  'wasi:io/streams@0.2.12-rc.1+b.0',
  'a:b:c/d/e',
  'unlocked-dep=<a:b@{>=1.0.0 <2.0.0}>',
  'locked-dep=<a:b@1.0.0>,integrity=<sha256-ab==>',
  'url=<https://a.example>,integrity=<sha384-ab?x>',
  'integrity=<sha512-ab sha256-ab=>',
];

/** A name that is right, with a piece in place of some of its characters. */
const changed = fc
  .record({
    name: fc.constantFrom(...NAMES),
    at: fc.nat(50),
    removed: fc.nat(3),
    piece: fc.constantFrom('', ...PIECES),
  })
  .map(({ name, at, removed, piece }) => {
    const from = at % (name.length + 1);
    return name.slice(0, from) + piece + name.slice(from + removed);
  });
const joined = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''));

/** What they say of the form of a name; of functions of resources they also say whether their types are right, which does not matter here. */
const WRONG_FORM = /is not a valid (?:extern|export) name|invalid interface version/u;

async function isTheirs(kind: 'import' | 'export', name: string): Promise<boolean> {
  const bytes = await componentOf(`(component (type (component (${kind} "${name}" (func)))))`);
  try {
    await componentWit(bytes);
    return true;
  } catch (error) {
    const { payload } = error as { readonly payload: string };
    return !WRONG_FORM.test(payload);
  }
}

describe.each([
  ['import', isImportName],
  ['export', isExportName],
] as const)('a name of an %s', (kind, isOurs) => {
  it.each(NAMES)('%s', async (name) => {
    expect(isOurs(name)).toBe(await isTheirs(kind, name));
  });

  it.each([
    ['of pieces', joined],
    ['that is nearly right', changed],
  ])('%s', async (_, names) => {
    let right = 0;
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const theirs = await isTheirs(kind, name);
        if (theirs) right++;
        expect(isOurs(name), name).toBe(theirs);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(right).toBeGreaterThan(0);
  });
});
