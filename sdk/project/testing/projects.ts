/** Projects in folders of their own, and what they become, for tests. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { PluvioClient } from '../../client/index.ts';
import { type BuiltProject, buildProject } from '../build-project.ts';
import { loadProject } from '../load-project.ts';
import { uploadBundle } from '../upload-bundle.ts';

const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A folder that goes with the suite, with these files. */
export async function projectFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-project-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** Builds a project of one source. */
export async function buildSource(
  source: string,
  fields: object = {},
  others: Readonly<Record<string, string>> = {},
): Promise<BuiltProject> {
  const json = JSON.stringify({ name: 'guest', build: { entry: 'assembly/index.ts', optimize: 'none' }, ...fields });
  return buildProject(
    await loadProject(await projectFolder({ ...others, 'pluvio.json': json, 'assembly/index.ts': source })),
  );
}

/** Builds a project of a module that is there. */
export async function buildModule(module: Uint8Array, fields: object): Promise<BuiltProject> {
  const json = JSON.stringify({ build: { module: 'guest.wasm' }, ...fields });
  const folder = await projectFolder({ 'pluvio.json': json });
  await writeFile(join(folder, 'guest.wasm'), module);
  return buildProject(await loadProject(folder));
}

/** Makes a worker of a build. */
export async function deployBuilt(client: PluvioClient, { packed, bundle }: BuiltProject): Promise<void> {
  const { digest } = await uploadBundle(client, packed);
  await client.workers.create({ name: bundle.manifest.name, bundle: digest });
}
