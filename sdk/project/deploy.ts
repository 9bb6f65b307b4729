/** Puts a project onto a node: what would change, and doing it. */
import { digestOf, type WorkerManifest } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import type { PluvioClient, WorkerInfo } from '../client/index.ts';
import type { BuiltProject } from './build-project.ts';
import { uploadBundle } from './upload-bundle.ts';
import { fetchManifest } from './worker-manifest.ts';

/** A field that changes, as JSON; undefined: it is not there. */
export interface FieldChange {
  readonly field: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What a deployment would change. */
export interface DeployPlan {
  readonly worker: string;
  readonly action: 'create' | 'update' | 'none';
  /** What becomes of its state: there is none yet, it stays, what is stored stays and memory begins anew, or all begins anew. */
  readonly state: 'new' | 'kept' | 'storage' | 'anew';
  readonly bundle: string;
  readonly changes: readonly FieldChange[];
}

const textOf = (value: unknown): string | undefined =>
  value === undefined
    ? undefined
    : JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

/** The members of a value that is an object; itself where it is none. */
function membersOf(field: string, value: unknown): [field: string, value: unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[field, value]];
  return Object.entries(value).map(([name, inner]) => [`${field}.${name}`, inner]);
}

/** What differs between two manifests, by field and member, sorted. */
export function manifestChanges(from: WorkerManifest | undefined, to: WorkerManifest): FieldChange[] {
  const before = new Map(Object.entries(from ?? {}).flatMap(([field, value]) => membersOf(field, value)));
  const after = new Map(Object.entries(to).flatMap(([field, value]) => membersOf(field, value)));
  before.delete('schemaVersion');
  after.delete('schemaVersion');
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((field) => ({ field, from: textOf(before.get(field)), to: textOf(after.get(field)) }))
    .filter((change) => change.from !== change.to);
}

async function workerOrNone(client: PluvioClient, name: string): Promise<WorkerInfo | undefined> {
  try {
    return await client.workers.get(name);
  } catch (error) {
    if (error instanceof PluvioError && error.code === 'WORKER_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * What a deployment would do; changes nothing.
 * @param storage Whether a worker that begins anew keeps its keys, blobs, timers and topics.
 * @throws PluvioError the node's codes
 */
export async function planDeploy(
  client: PluvioClient,
  { bundle, packed }: BuiltProject,
  { storage = false }: { readonly storage?: boolean } = {},
): Promise<DeployPlan> {
  const { name } = bundle.manifest;
  const known = await workerOrNone(client, name);
  const base = { worker: name, bundle: packed.digest };
  if (known === undefined) {
    return { ...base, action: 'create', state: 'new', changes: manifestChanges(undefined, bundle.manifest) };
  }
  const [, module] = (await digestOf(bundle.module, nodeCodecs)).split(':');
  const isSameModule = known.module === module;
  const changes: FieldChange[] = [
    ...(isSameModule ? [] : [{ field: 'module', from: known.module, to: module }]),
    ...manifestChanges(await fetchManifest(client, known.bundle), bundle.manifest),
  ];
  if (known.bundle === packed.digest) return { ...base, action: 'none', state: 'kept', changes: [] };
  const anew = storage ? 'storage' : 'anew';
  return { ...base, action: 'update', state: isSameModule ? 'kept' : anew, changes };
}

/**
 * Sends the bundle and makes or updates the worker, as planned.
 * @param keep Refuse rather than begin anew.
 * @throws PluvioError the node's codes
 */
export async function applyDeploy(
  client: PluvioClient,
  plan: DeployPlan,
  built: Pick<BuiltProject, 'packed'>,
  keep: boolean,
): Promise<WorkerInfo> {
  return (await applyPlan(client, plan, built, keep)).worker;
}

/** As `applyDeploy`; tells what has become of the state. */
export async function applyPlan(
  client: PluvioClient,
  { worker, action, bundle, state }: DeployPlan,
  { packed }: Pick<BuiltProject, 'packed'>,
  keep: boolean,
): Promise<{ readonly worker: WorkerInfo; readonly state: DeployPlan['state'] | 'restored' }> {
  if (action === 'none') return { worker: await client.workers.get(worker), state };
  await uploadBundle(client, packed);
  if (action === 'create') return { worker: await client.workers.create({ name: worker, bundle }), state };
  return client.workers.update(worker, { bundle, keep, storage: state === 'storage' });
}
