/** A bundle made ready to run: its module loaded, its manifest turned into limits and hosts. */
import type { WorkerLimits } from '../engine/index.ts';
import type { Bundle } from './bundle-shelf.ts';
import type { EngineModule, PlacedFiles } from './threads/engine.ts';
import type { GuestSpec } from './threads/engine-protocol.ts';
import type { WorkerRecord } from './worker-record.ts';
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
  services: Pick<WorkerServices, 'shelf' | 'modules'>,
  digest: string,
): Promise<Program> {
  return programOf(services, await services.shelf.open(digest), digest);
}

/** @throws PluvioError codes of the module (`MODULE_…`) */
export async function programOf(
  { modules }: Pick<WorkerServices, 'modules'>,
  bundle: Bundle,
  digest: string,
): Promise<Program> {
  const module = await modules.load(bundle.module);
  return { bundle, module, digest, limits: bundle.manifest.limits ?? {} };
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

/** What a worker of the program is made of, beside its module and files. */
export function guestSpec({ bundle, limits }: Program, name: string): Omit<GuestSpec, 'files'> {
  const { args, env } = bundle.manifest;
  return { name, limits, share: {}, args: args ?? [bundle.manifest.name], env: env ?? {} };
}

/** The record of a worker that has not run here yet. */
export function recordOf({ bundle, module }: Program, name: string, digest: string, nowMs: number): WorkerRecord {
  const { snapshot } = bundle;
  const fresh = !snapshot || (snapshot.frames.length === 0 && snapshot.fuelUsed === 0n);
  const fuelUsed = (snapshot?.fuelUsed ?? 0n).toString();
  const memoryPages =
    snapshot?.instances.reduce((sum, { memories }) => sum + memories.reduce((n, { pages }) => n + pages, 0), 0) ?? 0;
  const hasStart = module.exports.some((entry) => entry.name === '_start' && entry.kind === 'func');
  const resumable = (snapshot?.frames.length ?? 0) > 0;
  return {
    version: 1,
    name,
    kind: hasStart ? 'command' : 'reactor',
    module: module.digest,
    bundle: digest,
    createdMs: nowMs,
    notMigratable: module.portability.migratable ? [] : module.portability.reasons,
    fresh,
    clean: !fresh,
    running: false,
    ended: false,
    outcome: null,
    checkpoint: fresh ? null : { bundle: digest, atMs: nowMs, fuelUsed, memoryPages, resumable },
    stdinOpen: false,
    finalSide: null,
    fuelUsed,
    memoryPages,
  };
}
