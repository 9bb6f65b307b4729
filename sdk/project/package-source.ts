/** Where this package came from, as a project has to name it that npm shall find it for. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

/** A checkout, or a file that npm has installed. */
export interface PackageSource {
  readonly path: string;
  /** What npm does not install by itself: the optional dependencies of a linked package, which has the right Node among them. */
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** @param manifest The package's package.json. @returns undefined: it is from a registry, or nobody says where from */
export async function packageSource(manifest: string): Promise<PackageSource | undefined> {
  const folder = dirname(manifest);
  if (!manifest.split(sep).includes('node_modules')) {
    const { optionalDependencies = {} } = JSON.parse(await readFile(manifest, 'utf8')) as Partial<PackageSource>; // npm's format
    return { path: folder, optionalDependencies };
  }
  const modules = dirname(folder);
  const lock = await readFile(join(modules, '.package-lock.json'), 'utf8').catch(() => '{}'); // of npm alone
  const { packages = {} } = JSON.parse(lock) as { packages?: Readonly<Record<string, { resolved?: string }>> }; // npm's format
  const [, file] = /^file:(.+)$/.exec(packages['node_modules/pluvio']?.resolved ?? '') ?? [];
  const path = file === undefined ? undefined : resolve(dirname(modules), file);
  return path !== undefined && existsSync(path) ? { path, optionalDependencies: {} } : undefined;
}
