/** Tests in AssemblyScript: each function without parameters that a `*.test.ts` of the tests folder exports. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { PluvioClient } from '../client/index.ts';
import { compileTyped } from './build-module.ts';
import type { TestRun } from './guest-tests.ts';
import type { Project } from './load-project.ts';
import { inTestWorker, loggedErrors, uploadTests } from './test-worker.ts';

const TEST_FILE = /\.test\.ts$/;

/**
 * Paths of the tests from the project's folder, sorted.
 * @throws PluvioError `PROJECT_INVALID`: another compiler makes the project, and it does not say what makes its tests
 */
export async function findGuestTests({ folder, tests, build }: Project): Promise<string[]> {
  if (tests.kind !== 'folder') return [];
  const names = await readdir(join(folder, tests.folder), { recursive: true }).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw new PluvioError('FILE_FAILED', `cannot read ${join(folder, tests.folder)}: ${String(cause)}`, {}, { cause });
  });
  const found = names.filter((name) => TEST_FILE.test(name));
  if (found.length === 0 && build.kind !== 'assembly') {
    throw new PluvioError(
      'PROJECT_INVALID',
      'cannot test the project: its pluvio.json does not say what makes its tests; it must have "tests": { "command": […], "module": "…" } (docs/projects.md, "Tests")',
      { field: 'tests' },
    );
  }
  return found.map((name) => relative(folder, join(folder, tests.folder, name)).replaceAll('\\', '/')).sort();
}

export async function* assemblyTests(client: PluvioClient, project: Project): TestRun {
  const { routes: _, interface: __, ...manifest } = project.manifest;
  for (const file of await findGuestTests(project)) {
    const built = await compileTyped(project.folder, file, { manifest, optimize: 'none' });
    const bundle = await uploadTests(client, project, { module: built.module, interface: built.interface });
    const names = Object.entries(built.interface).flatMap(([name, { params }]) => (params?.length === 0 ? [name] : []));
    for (const name of names) {
      const failure = await inTestWorker(client, bundle, (worker) =>
        client.workers.callTyped(worker, name).then(
          () => undefined,
          (error: unknown) => failureOf(client, worker, error),
        ),
      );
      yield { file, name, failure };
    }
  }
}

/** What the worker logged as errors; its outcome where it logged none. */
async function failureOf(client: PluvioClient, worker: string, error: unknown): Promise<string> {
  const messages = await loggedErrors(client, worker);
  return messages.length > 0 ? messages.join('; ') : error instanceof Error ? error.message : String(error);
}
