import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DERIVED } from '../scripts/write-docs.ts';

it.each(Object.entries(DERIVED))('%s is what its tables give', (path, write) => {
  expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(write());
});
