/** Folders that new projects are copied from. */
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PluvioError } from '../../runtime/errors/index.ts';
import { NODE_VERSION } from '../../runtime/node/version.ts';
import type { TemplateName } from './template-table.ts';

const ROOT = fileURLToPath(new URL('../templates/', import.meta.url));
export const PROJECT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

async function fillIn(folder: string, values: Readonly<Record<string, string>>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    const filled = text.replace(/\{\{(\w+)\}\}/g, (all, key: string) => values[key] ?? all);
    if (filled !== text) await writeFile(path, filled);
  }
}

/**
 * Makes a project of a template in a new folder.
 * @throws PluvioError `INVALID_ARGUMENT` the name, `FILE_FAILED`: the folder is there
 */
export async function newProject(folder: string, name: string, template: TemplateName): Promise<void> {
  if (!PROJECT_NAME.test(name)) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `cannot name a project ${JSON.stringify(name)}: it must be lower-case letters, digits and inner hyphens, 1 to 63`,
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
    await fillIn(folder, { name, version: NODE_VERSION });
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
