/** A bundle made ready to run: its module loaded, its manifest turned into limits and hosts. */
import type { CheckpointPolicy, Priority, ServiceLevel } from '../bundle/index.ts';
import type { ShareOptions, WorkerLimits } from '../engine/index.ts';
import type { Bundle } from './bundle-shelf.ts';
import type { EngineModule, PlacedFiles } from './threads/engine.ts';
import type { AbiSpec, GuestSpec } from './threads/engine-protocol.ts';
import { DEFAULT_TENANT, type WorkerRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

export interface Program {
  readonly bundle: Bundle;
  readonly module: EngineModule;
  /** Digest of the bundle: names the files on engines. */
  readonly digest: string;
  readonly limits: WorkerLimits;
}

/** @throws PluvioError codes of the bundle (`BUNDLE_…`) and of the module (`MODULE_…`) */
export async function loadProgram(
  services: Pick<WorkerServices, 'shelf' | 'modules' | 'quotas'>,
  digest: string,
): Promise<Program> {
  const known = services.modules.programs.get(digest);
  if (known !== undefined) return known;
  const program = await programOf(services, await services.shelf.open(digest), digest);
  if (program.bundle.snapshot === undefined) services.modules.programs.set(digest, program);
  return program;
}

/** @throws PluvioError codes of the module (`MODULE_…`) */
export async function programOf(
  { modules, quotas }: Pick<WorkerServices, 'modules' | 'quotas'>,
  bundle: Bundle,
  digest: string,
): Promise<Program> {
  const module = await modules.load(bundle.module);
  return { bundle, module, digest, limits: quotas.workers.limitsOf(bundle.manifest) };
}

/** The files as the guest finds them: all below '/', or as the manifest mounts them. */
export function filesOf({ manifest, files }: Bundle): Record<string, Uint8Array> {
  const mounts = manifest.files ?? [{ path: '/', source: '' }];
  // Without a prototype: a file may have a name that objects inherit.
  const placed = Object.create(null) as Record<string, Uint8Array>;
  for (const { path, source } of mounts) {
    for (const [name, bytes] of files) {
      const rest =
        source === ''
          ? `/${name}`
          : name === source
            ? ''
            : name.startsWith(`${source}/`)
              ? name.slice(source.length)
              : null;
      if (rest !== null) placed[`${path}${rest}`.replace(/\/{2,}/g, '/').replace(/^\//, '')] = bytes;
    }
  }
  return placed;
}

/** The files as engines take them; undefined: there are none. */
export function placedFiles({ bundle, digest }: Program): PlacedFiles | undefined {
  return bundle.files.size === 0 ? undefined : { key: digest, files: filesOf(bundle) };
}

/** Part of the time by priority, relative to others. */
const WEIGHTS: Readonly<Record<Priority, number>> = { critical: 1000, interactive: 100, batch: 10 };

const shareOf = ({ priority = 'interactive', latencyMs }: ServiceLevel = {}): ShareOptions => ({
  weight: WEIGHTS[priority],
  ...(latencyMs === undefined ? {} : { latencyMs }),
});

function abiSpec(
  { nodeName, secrets, quotas }: Pick<WorkerServices, 'nodeName' | 'secrets' | 'quotas'>,
  { bundle: { manifest } }: Program,
  { name, tenant, policy, notMigratable }: Pick<WorkerRecord, 'name' | 'tenant' | 'policy' | 'notMigratable'>,
): AbiSpec {
  const readable = manifest.secrets ?? [];
  const values = readable.flatMap((key) => {
    const value = secrets(tenant, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    self: { name, tenant, node: nodeName },
    grants: manifest.capabilities ?? {},
    config: manifest.config ?? {},
    secrets: Object.fromEntries(values),
    limits: quotas.workers.hostLimitsOf(manifest), // names and ranges are checked when the host is made
    settles: policy === 'each-call' && notMigratable.length === 0,
  };
}

/** What a worker of the program is made of, beside its module and files. */
export function guestSpec(
  services: Pick<WorkerServices, 'nodeName' | 'secrets' | 'quotas'>,
  program: Program,
  record: Pick<WorkerRecord, 'name' | 'tenant' | 'policy' | 'notMigratable'>,
): Omit<GuestSpec, 'files'> {
  const { bundle, limits } = program;
  const { args, env } = bundle.manifest;
  const { service } = bundle.manifest;
  return {
    name: record.name,
    limits,
    share: shareOf(service),
    tenant: services.quotas.ledger.shareOf(record.tenant),
    args: args ?? [bundle.manifest.name],
    env: env ?? {},
    abi: program.module.usesAbi ? abiSpec(services, program, record) : null,
  };
}

/** The record of a worker that has not run here yet; `policy`: where its manifest says nothing. */
export function recordOf(
  { bundle, module }: Program,
  name: string,
  digest: string,
  nowMs: number,
  policy: CheckpointPolicy,
): WorkerRecord {
  const { snapshot } = bundle;
  const fresh = !snapshot || (snapshot.frames.length === 0 && snapshot.fuelUsed === 0n);
  const fuelUsed = (snapshot?.fuelUsed ?? 0n).toString();
  const memoryPages =
    snapshot?.instances.reduce((sum, { memories }) => sum + memories.reduce((n, { pages }) => n + pages, 0), 0) ?? 0;
  const resumable = (snapshot?.frames.length ?? 0) > 0;
  // A state that cannot be kept is not asked for by default.
  const fallback = module.portability.migratable ? policy : 'never';
  return {
    version: 2,
    name,
    tenant: DEFAULT_TENANT,
    kind: module.funcs.has('_start') ? 'command' : 'reactor',
    module: module.digest,
    bundle: digest,
    createdMs: nowMs,
    notMigratable: module.portability.migratable ? [] : module.portability.reasons,
    fresh,
    clean: !fresh,
    policy: bundle.manifest.checkpoint ?? fallback,
    running: false,
    halted: false,
    asleep: false,
    wakeMs: null,
    ended: false,
    outcome: null,
    checkpoint: fresh
      ? null
      : { bundle: digest, stored: false, atMs: nowMs, fuelUsed, memoryPages, resumable, inputSeq: 0 },
    stdinOpen: false,
    finalSide: null,
    fuelUsed,
    memoryPages,
    routes: bundle.manifest.routes ?? [],
    versions: [],
  };
}
