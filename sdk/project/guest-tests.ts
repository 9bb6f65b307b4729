/**
 * Runs a project's own tests: each function without parameters that a `*.test.ts` of its tests folder exports, in a worker of its own
 * that has what the project's manifest asks for. A test fails when it traps, as `assert` does.
 */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packBundle, type WorkerManifest, writeDrop } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { nodeCodecs } from '../../runtime/node/index.ts';
import type { PluvioClient } from '../client/index.ts';
import { compileTyped } from './build-module.ts';
import type { Project } from './load-project.ts';
import { openLocalNode } from './local-node.ts';

/** How one test of a guest ended. */
export interface GuestTestResult {
  readonly file: string;
  readonly name: string;
  /** Why it failed; undefined: it passed. */
  readonly failure: string | undefined;
}

/** How long a test may take unless the project says otherwise. */
const TEST_MAX_MS = 60_000;
const TEST_FILE = /\.test\.ts$/;

/** Paths of the tests from the project's folder, sorted. */
export async function findGuestTests({ folder, tests }: Project): Promise<string[]> {
  const names = await readdir(join(folder, tests), { recursive: true }).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw new PluvioError('FILE_FAILED', `cannot read ${join(folder, tests)}: ${String(cause)}`, {}, { cause });
  });
  return names
    .filter((name) => TEST_FILE.test(name))
    .map((name) => relative(folder, join(folder, tests, name)).replaceAll('\\', '/'))
    .sort();
}

async function uploadTests(
  client: PluvioClient,
  project: Project,
  file: string,
): Promise<{ digest: string; names: string[] }> {
  const { routes: _, interface: __, files: ___, ...manifest } = project.manifest;
  const built = await compileTyped(project.folder, file, { manifest, optimize: 'none' });
  const withTypes: WorkerManifest = {
    ...manifest,
    name: 'test',
    interface: built.interface,
    limits: { wallClockMs: TEST_MAX_MS, ...manifest.limits },
  };
  const packed = await packBundle({ manifest: withTypes, module: built.module, files: new Map() }, nodeCodecs);
  const chunks: BlobPart[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(new Uint8Array(chunk));
  const { digest } = await client.bundles.upload(new Blob(chunks));
  const names = Object.entries(built.interface).flatMap(([name, { params }]) => (params?.length === 0 ? [name] : []));
  return { digest, names };
}

/** What the worker logged as errors; its outcome where it logged none. */
async function failureOf(client: PluvioClient, worker: string, error: unknown): Promise<string> {
  let log = '';
  for await (const { bytes } of client.workers.logs(worker)) log += new TextDecoder().decode(bytes);
  const messages = log.split('\n').flatMap((line) => {
    try {
      const entry = JSON.parse(line) as { level?: unknown; message?: unknown } | null; // a log entry, or what the guest printed
      return entry?.level === 'error' && typeof entry.message === 'string' ? [entry.message] : [];
    } catch {
      return [];
    }
  });
  return messages.length > 0 ? messages.join('; ') : error instanceof Error ? error.message : String(error);
}

/**
 * Runs all tests, one after the other.
 * @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING`, `FILE_FAILED`
 */
export async function* runGuestTests(project: Project): AsyncGenerator<GuestTestResult, void, undefined> {
  const node = await openLocalNode();
  const { client } = node;
  try {
    for (const file of await findGuestTests(project)) {
      const { digest, names } = await uploadTests(client, project, file);
      for (const name of names) {
        const worker = 'test';
        await client.workers.create({ name: worker, bundle: digest });
        const failure = await client.workers.callTyped(worker, name).then(
          () => undefined,
          (error: unknown) => failureOf(client, worker, error),
        );
        await client.workers.delete(worker);
        yield { file, name, failure };
      }
    }
  } finally {
    await node.close();
  }
}
