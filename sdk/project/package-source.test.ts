import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageSource } from './package-source.ts';

let home = '';
beforeAll(async () => void (home = await mkdtemp(join(tmpdir(), 'pluvio-source-'))));
afterAll(() => rm(home, { recursive: true, force: true }));

/** A folder with the package, and what npm has written beside it. @returns its package.json */
async function packageIn(folder: string, lock?: object): Promise<string> {
  await mkdir(join(home, folder), { recursive: true });
  const manifest = join(home, folder, 'package.json');
  await writeFile(manifest, JSON.stringify({ optionalDependencies: { node: '1' } }));
  if (lock !== undefined) await writeFile(join(home, folder, '../.package-lock.json'), JSON.stringify(lock));
  return manifest;
}

const lockWith = (resolved: string): object => ({ packages: { 'node_modules/pluvio': { resolved } } });

it('is a checkout by its path, with what npm would leave out', async () => {
  const manifest = await packageIn('checkout');
  expect(await packageSource(manifest)).toEqual({
    path: join(home, 'checkout'),
    optionalDependencies: { node: '1' },
  });
});

it('is the file that npm has installed it from', async () => {
  const manifest = await packageIn('a/node_modules/pluvio', lockWith('file:../packs/pluvio-1.0.0.tgz'));
  expect(await packageSource(manifest)).toBeUndefined(); // the file is gone
  await mkdir(join(home, 'packs'));
  await writeFile(join(home, 'packs/pluvio-1.0.0.tgz'), '');
  expect(await packageSource(manifest)).toEqual({
    path: join(home, 'packs/pluvio-1.0.0.tgz'),
    optionalDependencies: {},
  });
});

it.each([
  ['a registry', lockWith('https://registry.example/pluvio/-/pluvio-1.0.0.tgz')],
  ['a lock that does not say', { packages: {} }],
  ['another installer, without a lock', undefined],
])('is nothing to name by path out of %s', async (what, lock) => {
  const manifest = await packageIn(`${what}/node_modules/pluvio`, lock);
  expect(await packageSource(manifest)).toBeUndefined();
});
