/** Folders that new projects are copied from. */
import { cp, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PluvioError } from '../../runtime/errors/index.ts';
import { NODE_VERSION } from '../../runtime/node/version.ts';
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

/** What the package says that this code belongs to. */
interface OwnPackage {
  readonly folder: string;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** The package where it is a checkout, also when another project links to it; undefined: npm has installed it. */
async function checkout(): Promise<OwnPackage | undefined> {
  const path = createRequire(import.meta.url).resolve('pluvio/package.json');
  if (path.split(sep).includes('node_modules')) return undefined;
  const { optionalDependencies = {} } = JSON.parse(await readFile(path, 'utf8')) as Partial<OwnPackage>; // npm's format
  return { folder: dirname(path), optionalDependencies };
}

/** How the project names this package: by its version, or a checkout by its path, as npm may not have that version. */
async function dependencyOn(own: OwnPackage | undefined, folder: string): Promise<string> {
  if (own === undefined) return `^${NODE_VERSION}`;
  return `file:${relative(await realpath(folder), own.folder).replaceAll('\\', '/')}`;
}

/** npm does not install the optional dependencies of a linked package, which has the right Node among them. */
async function addOptional(folder: string, { optionalDependencies }: OwnPackage): Promise<void> {
  if (Object.keys(optionalDependencies).length === 0) return;
  const path = join(folder, 'package.json');
  const json = JSON.parse(await readFile(path, 'utf8')) as object; // of a template
  await writeFile(path, `${JSON.stringify({ ...json, optionalDependencies }, undefined, 2)}\n`);
}

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
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' ? 'it is there already' : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot make the folder ${folder}: ${reason}`, { path: folder }, { cause });
  }
  try {
    await cp(join(ROOT, template), folder, { recursive: true });
    // npm leaves a .gitignore out of packages.
    await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
    const own = await checkout();
    await fillIn(folder, { name, pluvio: await dependencyOn(own, folder) });
    if (own !== undefined) await addOptional(folder, own);
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
