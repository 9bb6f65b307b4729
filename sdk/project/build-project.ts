/** Makes the bundle of a project. The same sources, files and compiler give the same bytes. */
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bundle,
  digestOf,
  type FileMount,
  packBundle,
  type PackedBundle,
  type WorkerManifest,
  writeDrop,
} from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { requiredCapabilities } from '../../runtime/host/abi/capabilities.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts'; // not the index: a build would load the whole node
import { isComponent } from '../../runtime/component/index.ts';
import { decodeModule } from '../../runtime/wasm/index.ts';
import { BUILD_FOLDER, buildModule } from './build-module.ts';
import type { Project } from './load-project.ts';
import { checkLock, type Lock, writeLock } from './lock.ts';

/** A project that was built: its bundle, packed and unpacked. */
export interface BuiltProject {
  readonly bundle: Bundle;
  readonly packed: PackedBundle;
  readonly lock: Lock;
  /** What people should know. */
  readonly notes: readonly string[];
}

/** The content of the project's files, by path in the bundle. */
export async function readFiles(folder: string, mounts: readonly FileMount[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const add = async (path: string): Promise<void> => {
    const entry = await lstat(join(folder, path));
    if (entry.isDirectory()) {
      for (const name of (await readdir(join(folder, path))).sort()) await add(`${path}/${name}`);
    } else if (entry.isFile()) files.set(path, new Uint8Array(await readFile(join(folder, path))));
    else throw new Error('it is no file and no folder');
  };
  for (const { source } of mounts) {
    await add(source.replace(/\/+$/, '')).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PluvioError(
        'FILE_FAILED',
        `cannot read ${source} of the project: ${reason}`,
        { path: source },
        { cause },
      );
    });
  }
  return files;
}

/** Rights that the program's calls need and that the project does not ask for. */
function missingCapabilities({ manifest, module }: Bundle): string[] {
  if (isComponent(module)) return []; // it cannot call the host ABI
  const imports = decodeModule(module).imports.map(({ module: from, name }) => ({ module: from, name }));
  return requiredCapabilities(imports)
    .filter(({ capability }) => manifest.capabilities?.[capability] === undefined)
    .map(
      ({ capability, calls }) =>
        `the program can call ${calls.join(', ')}, which give DENIED: pluvio.json does not ask for the capability ${capability}`,
    );
}

/** What pluvio.json names must be there: nobody else would tell before the first call or request. @throws PluvioError `EXPORT_NOT_FOUND` */
function checkExports({ interface: named = {}, routes = [] }: WorkerManifest, module: Uint8Array): void {
  if (isComponent(module)) return; // its functions have several names
  const exports = decodeModule(module).exports.flatMap(({ name, kind }) => (kind === 'func' ? [name] : []));
  const asked = [...Object.keys(named), ...routes.flatMap(({ export: name }) => name ?? [])];
  const missing = asked.find((name) => !exports.includes(name));
  if (missing === undefined) return;
  throw new PluvioError(
    'EXPORT_NOT_FOUND',
    `pluvio.json names the export ${missing}, which the program does not have; it has ${exports.join(', ')}`,
    { exports },
  );
}

/** The project, so that its program is soon there rather than fast. */
export const quickBuild = (project: Project): Project =>
  project.build.kind === 'assembly' ? { ...project, build: { ...project.build, optimize: 'none' } } : project;

/**
 * Compiles and packs a project; writes nothing.
 * @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING`, `FILE_FAILED`, `EXPORT_NOT_FOUND`, codes of module and bundle
 */
export async function buildProject(project: Project): Promise<BuiltProject> {
  const built = await buildModule(project);
  const { manifest } = project;
  checkExports(manifest, built.module);
  const bundle: Bundle = {
    manifest: {
      ...manifest,
      ...withEntries('interface', { ...built.interface, ...manifest.interface }),
      ...withEntries('types', built.types),
    },
    module: built.module,
    files: await readFiles(project.folder, manifest.files ?? []),
  };
  const packed = await packBundle(bundle, nodeCodecs);
  const module = await digestOf(built.module, nodeCodecs);
  const lock: Lock = { lockVersion: 1, compiler: built.compiler, module, bundle: packed.digest };
  const notes = [...(built.messages === '' ? [] : [built.messages]), ...missingCapabilities(bundle)];
  return { bundle, packed, lock, notes };
}

const withEntries = (key: string, value: object): object => (Object.keys(value).length === 0 ? {} : { [key]: value });

export interface WrittenBuild {
  readonly modulePath: string;
  readonly bundlePath: string;
}

/**
 * Writes module, bundle and lock of a build into the project.
 * @param isLocked Whether the lock must say what was built.
 * @throws PluvioError `LOCK_MISMATCH`, `FILE_FAILED`
 */
export async function writeBuild(project: Project, built: BuiltProject, isLocked: boolean): Promise<WrittenBuild> {
  if (isLocked) await checkLock(project, built.lock);
  const folder = join(project.folder, BUILD_FOLDER);
  await mkdir(folder, { recursive: true });
  const written = {
    modulePath: join(folder, `${project.name}.wasm`),
    bundlePath: join(folder, `${project.name}.drop`),
  };
  await writeFile(written.modulePath, built.bundle.module);
  await writeFile(written.bundlePath, writeDrop(built.packed));
  if (!isLocked) await writeLock(project, built.lock);
  return written;
}
