/** Folders that new projects are copied from. */
import { cp, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PluvioError } from '../../runtime/errors/index.ts';
import { NODE_VERSION } from '../../runtime/node/version.ts';
import { type PackageSource, packageSource } from './package-source.ts';
import { NAME, NAME_WORDS } from './project-name.ts';
import type { TemplateName } from './template-table.ts';

const ROOT = fileURLToPath(new URL('../templates/', import.meta.url));

async function fillIn(folder: string, values: Readonly<Record<string, string>>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    const filled = text.replace(/\{\{(\w+)\}\}/g, (all, key: string) => values[key] ?? all);
    if (filled !== text) await writeFile(path, filled);
  }
}

/** How the project names this package: by its version, or by the path of what it came from, as npm may not have that version. */
async function dependencyOn(source: PackageSource | undefined, folder: string): Promise<string> {
  if (source === undefined) return `^${NODE_VERSION}`;
  return `file:${relative(await realpath(folder), source.path).replaceAll('\\', '/')}`;
}

async function addOptional(folder: string, { optionalDependencies }: PackageSource): Promise<void> {
  if (Object.keys(optionalDependencies).length === 0) return;
  const path = join(folder, 'package.json');
  const json = JSON.parse(await readFile(path, 'utf8')) as object; // of a template
  await writeFile(path, `${JSON.stringify({ ...json, optionalDependencies }, undefined, 2)}\n`);
}

/** Why a folder could not be made, by the code of the system. */
const NOT_MADE: Readonly<Record<string, string>> = {
  EEXIST: 'it is there already',
  ENOENT: 'the folder that it is to lie in is not there',
  EACCES: 'permission denied',
};

/**
 * Makes a project of a template in a new folder.
 * @throws PluvioError `INVALID_ARGUMENT` the name, `FILE_FAILED`: the folder is there
 */
export async function newProject(folder: string, name: string, template: TemplateName): Promise<void> {
  if (!NAME.test(name)) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `cannot name a project ${JSON.stringify(name)}: it must be ${NAME_WORDS}`,
    );
  }
  try {
    await mkdir(folder);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = NOT_MADE[code] ?? String(cause);
    throw new PluvioError('FILE_FAILED', `cannot make the folder ${folder}: ${reason}`, { path: folder }, { cause });
  }
  try {
    await cp(join(ROOT, template), folder, { recursive: true });
    // npm leaves a .gitignore out of packages.
    await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
    const source = await packageSource(createRequire(import.meta.url).resolve('pluvio/package.json'));
    await fillIn(folder, { name, pluvio: await dependencyOn(source, folder) });
    if (source !== undefined) await addOptional(folder, source);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw new PluvioError(
      'FILE_FAILED',
      `cannot make a project in ${folder}: ${String(cause)}`,
      { path: folder },
      { cause },
    );
  }
}
