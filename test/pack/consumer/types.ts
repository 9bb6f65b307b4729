/** Compiled, never run: the types of every entry as a strict program uses them. */
import { type ClientOptions, type ErrorCode, type Outcome, PluvioClient, type WorkerInfo } from 'pluvio';
import { type Bundle, type Digest, packBundle, parseReference, webCodecs } from 'pluvio/bundle';
import { type NodeOptions, type RunningNode, startNode } from 'pluvio/node';
import { type BuiltProject, buildProject, loadProject } from 'pluvio/project';
import { createWorker, loadModule, pending, type WorkerLimits } from 'pluvio/runtime';

export async function runs(bytes: Uint8Array, limits: WorkerLimits): Promise<bigint> {
  const imports = { env: { ask: () => pending(Promise.resolve(7)) } };
  const worker = await createWorker(await loadModule(bytes), { imports, limits });
  const outcome: Outcome = await worker.call('main', [1, 2n]);
  // @ts-expect-error a call that was stopped has no values
  void outcome.values;
  if (outcome.kind === 'returned') void outcome.values.length;
  return worker.fuelUsed;
}

export async function packs(bundle: Bundle): Promise<Digest> {
  // @ts-expect-error a reference is text
  parseReference(5);
  return (await packBundle(bundle, webCodecs)).digest;
}

export async function deploys(options: NodeOptions, clientOptions: ClientOptions): Promise<WorkerInfo> {
  const node: RunningNode = await startNode(options);
  const built: BuiltProject = await buildProject(await loadProject('.'));
  const client = new PluvioClient({ ...clientOptions, baseUrl: node.url });
  void built.bundle.manifest;
  return client.workers.get('hello');
}

export const isMissing = (code: ErrorCode): boolean => code === 'WORKER_NOT_FOUND';

// @ts-expect-error it is no code
export const unknown: ErrorCode = 'NO_SUCH_CODE';
