import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KERNELS } from './kernels.ts';

test.each(KERNELS)('kernel $name gives its checksum on the bare engine', async ({ path, quick }) => {
  const module = await WebAssembly.compile(readFileSync(path));
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  const instance = await WebAssembly.instantiate(module);
  // Every kernel exports `run(i32) -> i32`.
  const run = instance.exports['run'] as (arg: number) => number;
  expect(run(quick.arg)).toBe(quick.result);
});
