import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeModule } from '../../runtime/wasm/index.ts';
import { cutModule } from './cut-module.ts';
import { quickjs } from './programs/quickjs.ts';

const bytes = Uint8Array.from(readFileSync(quickjs.module));
const codeBytesOf = (module: Uint8Array): number =>
  decodeModule(module).funcs.reduce((sum, { body }) => sum + (body === undefined ? 0 : body.end - body.start), 0);

test.each([3e4, 1e5, 4e5])('a part of %i bytes of code validates and has about that size', (wanted) => {
  const part = Uint8Array.from(cutModule(bytes, wanted));
  expect(WebAssembly.validate(part)).toBe(true);
  expect(codeBytesOf(part) / wanted).toBeGreaterThan(0.5);
  expect(codeBytesOf(part) / wanted).toBeLessThan(2);
});

test('all of a module keeps every function and export', () => {
  const whole = decodeModule(bytes);
  const part = decodeModule(cutModule(bytes, codeBytesOf(bytes)));
  expect(part.funcs.map(({ typeIndex }) => typeIndex)).toEqual(whole.funcs.map(({ typeIndex }) => typeIndex));
  expect(part.exports).toEqual(whole.exports);
});
