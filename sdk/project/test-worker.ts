/** The worker that a test runs in. */
import { packBundle, type WorkerManifest } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import type { PluvioClient } from '../client/index.ts';
import { readFiles } from './build-project.ts';
import type { Project } from './load-project.ts';
import { uploadBundle } from './upload-bundle.ts';

/** Its name; there is one at a time. */
const WORKER = 'test';
/** How long a test may take unless the project says otherwise. */
const TEST_MAX_MS = 60_000;

export type TestProgram = Pick<WorkerManifest, 'interface' | 'args'> & { readonly module: Uint8Array };

/** Puts a program of tests onto a node, with what the project asks for, but for its routes; gives its digest. */
export async function uploadTests(
  client: PluvioClient,
  { folder, manifest: { routes: _, interface: __, ...manifest } }: Project,
  { module, ...own }: TestProgram,
): Promise<string> {
  const limits = { wallClockMs: TEST_MAX_MS, ...manifest.limits };
  const files = await readFiles(folder, manifest.files ?? []);
  const packed = await packBundle(
    { manifest: { ...manifest, name: WORKER, limits, ...own }, module, files },
    nodeCodecs,
  );
  return (await uploadBundle(client, packed)).digest;
}

/** Calls with the name of a worker of that program, which is gone afterwards. */
export async function inTestWorker<Value>(
  client: PluvioClient,
  bundle: string,
  run: (worker: string) => Promise<Value>,
): Promise<Value> {
  await client.workers.create({ name: WORKER, bundle });
  try {
    return await run(WORKER);
  } finally {
    await client.workers.delete(WORKER);
  }
}

/** What the worker wrote to a stream, but for entries of the log. */
export async function outputOf(client: PluvioClient, worker: string, stream: 'stdout' | 'stderr'): Promise<string> {
  const lines = await linesOf(client, worker, stream);
  return lines
    .filter((line) => entryOf(line) === undefined)
    .join('\n')
    .trim();
}

/** The messages of the log that are errors. */
export async function loggedErrors(client: PluvioClient, worker: string): Promise<string[]> {
  const entries = (await linesOf(client, worker)).flatMap((line) => entryOf(line) ?? []);
  return entries.flatMap(({ level, message }) => (level === 'error' ? [message] : []));
}

async function linesOf(client: PluvioClient, worker: string, stream?: 'stdout' | 'stderr'): Promise<string[]> {
  const decoder = new TextDecoder();
  let text = '';
  const pieces = client.workers.logs(worker, stream === undefined ? {} : { stream });
  for await (const { bytes } of pieces) text += decoder.decode(bytes, { stream: true });
  return (text + decoder.decode()).split('\n');
}

/** A line of the output as an entry of the log; undefined: it is what the guest printed. */
function entryOf(line: string): { readonly level: string; readonly message: string } | undefined {
  try {
    const { level, message } = JSON.parse(line) as { level?: unknown; message?: unknown }; // null throws
    return typeof level === 'string' && typeof message === 'string' ? { level, message } : undefined;
  } catch {
    return undefined;
  }
}
