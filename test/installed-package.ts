/** Packages that only some checks use, too large to be dependencies: installed once, into a folder of the cache. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../.cache/packages/', import.meta.url));

/** The `node_modules` that has the package. @param spec `NAME@VERSION` @throws Error: npm cannot install it */
export function installedPackage(spec: string): string {
  const folder = join(CACHE, spec.replaceAll(/[^a-z0-9.]+/g, '-'));
  const modules = join(folder, 'node_modules');
  const name = spec.slice(0, spec.lastIndexOf('@'));
  if (!existsSync(join(modules, name, 'package.json'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', spec], {
      cwd: folder,
      stdio: 'pipe',
    });
  }
  return modules;
}
