import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { nodeProblem } from './node-version.ts';

it.each(['22.19.0', '22.20.1', '24.0.0', '26.10.0'])('%s will do', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

it.each(['20.20.2', '22.18.9', '18.0.0'])('%s is told', (version) => {
  expect(nodeProblem(version)).toBe(`pluvio needs Node 22.19 or later; this is ${version}`);
});

it('is what the package says', async () => {
  const { engines } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
  };
  expect(engines.node).toBe('>=22.19');
});
