/** A bundle made ready to run: its module loaded, its manifest turned into limits and hosts. */
import type { HostModule, LoadedModule, WorkerLimits } from '../engine/index.ts';
import { createWasi } from '../host/index.ts';
import type { Bundle } from './bundle-shelf.ts';
import type { StdinQueue } from './stdin-queue.ts';
import type { WorkerLog } from './worker-log.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

export interface Program {
  readonly bundle: Bundle;
  readonly module: LoadedModule;
  readonly limits: WorkerLimits;
}

/** @throws PluvioError codes of the bundle (`BUNDLE_…`) and of the module (`MODULE_…`) */
export async function loadProgram(
  services: Pick<WorkerServices, 'shelf' | 'modules'>,
  digest: string,
): Promise<Program> {
  return programOf(services, await services.shelf.open(digest));
}

/** @throws PluvioError codes of the module (`MODULE_…`) */
export async function programOf({ modules }: Pick<WorkerServices, 'modules'>, bundle: Bundle): Promise<Program> {
  const module = await modules.load(bundle.module);
  return { bundle, module, limits: bundle.manifest.limits ?? {} };
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

/** The host modules of a worker: WASI with the files of its bundle, its log for output, its queue for input. */
export function programHosts({ bundle }: Program, log: WorkerLog, stdin: StdinQueue): HostModule[] {
  const { args, env } = bundle.manifest;
  return [
    createWasi({
      args: args ?? [bundle.manifest.name],
      env: env ?? {},
      files: filesOf(bundle),
      stdin,
      stdout: (bytes) => log.write('stdout', bytes),
      stderr: (bytes) => log.write('stderr', bytes),
    }),
  ];
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
