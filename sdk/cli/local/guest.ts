/** A program made ready to run in this process: module, hosts, files, worker. */
import { basename, join } from 'node:path';
import type { Bundle, WorkerManifest } from '../../../runtime/bundle/index.ts';
import { type OutputFunction, wasiOf } from '../../../runtime/host/index.ts';
import {
  createWorker,
  type HostModule,
  type LoadedModule,
  loadModule,
  type ModuleCache,
  restoreWorker,
  type Worker,
  type WorkerLimits,
} from '../../../runtime/index.ts';
import { openModuleCache } from '../../../runtime/node/index.ts';
import { filesOf } from '../../../runtime/node/program.ts';
import { decodeSideState } from '../../../runtime/node/side-state.ts';
import { cacheFolder } from '../cache-folder.ts';
import { note } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import {
  baseEntries,
  baseFilesOf,
  guestEntries,
  type GuestEntry,
  layEntries,
  LOCAL_WASI_LIMITS,
} from './guest-tree.ts';
import { readDirectories } from './host-directory.ts';
import { type ProgramFile, workerNameOf } from './program-file.ts';
import type { RunSettings } from './run-settings.ts';
import { GuestInput } from './streams.ts';

export interface GuestStreams {
  readonly stdout: OutputFunction;
  readonly stderr: OutputFunction;
  readonly isTerminal: boolean;
}

export interface Guest {
  readonly module: LoadedModule;
  readonly worker: Worker;
  readonly host: HostModule;
  readonly input: GuestInput;
  /** What a bundle of it holds besides its snapshot. */
  readonly bundle: Bundle;
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Its tree before it ran. */
  readonly before: ReadonlyMap<string, GuestEntry>;
}

/** The module cache; undefined where there is none, or it cannot be opened. */
async function openCache(settings: RunSettings): Promise<ModuleCache | undefined> {
  if (settings.cache === false) return undefined;
  const folder = settings.cache ?? cacheFolder();
  return openModuleCache(join(folder, 'modules')).catch(() => undefined);
}

/** The bundle that a run of this file starts from; a module's is made of the command line. */
export async function bundleOfRun(file: ProgramFile, settings: RunSettings): Promise<Bundle> {
  const { env, limits } = settings;
  // With --invoke the arguments are those of the function.
  const args = settings.invoke === undefined ? settings.args : [];
  if (file.kind === 'module') {
    const manifest: WorkerManifest = {
      schemaVersion: 1,
      name: workerNameOf(file.path),
      args: [basename(file.path), ...args],
      ...withEntries('env', env),
      ...withEntries('limits', limits),
    };
    return withDirectories({ manifest, module: file.module, files: new Map() }, settings);
  }
  const { bundle } = file;
  const { manifest } = bundle;
  const merged: WorkerManifest = { ...manifest, ...withEntries('limits', { ...manifest.limits, ...limits }) };
  if (bundle.snapshot !== undefined && hasBegun(bundle)) {
    if (args.length > 0 || Object.keys(env).length > 0) {
      throw new UsageError(
        `${file.path} holds a program that is running: its arguments and variables cannot be changed`,
      );
    }
    return { ...bundle, manifest: merged };
  }
  const begun = {
    ...merged,
    args: args.length > 0 ? [manifest.args?.[0] ?? manifest.name, ...args] : (manifest.args ?? [manifest.name]),
    ...withEntries('env', { ...manifest.env, ...env }),
  };
  return withDirectories({ ...bundle, manifest: begun }, settings);
}

const hasBegun = ({ snapshot }: Bundle): boolean =>
  snapshot !== undefined && (snapshot.frames.length > 0 || snapshot.fuelUsed > 0n);

/** The field, unless it would be empty. */
function withEntries<Name extends 'env' | 'limits', Value extends object>(
  name: Name,
  value: Value,
): { [Key in Name]?: Value } {
  return Object.keys(value).length === 0 ? {} : ({ [name]: value } as { [Key in Name]?: Value }); // the computed key is Name
}

/** The bundle with the directories of the command line among its files. */
async function withDirectories(bundle: Bundle, { mounts }: RunSettings): Promise<Bundle> {
  if (mounts.length === 0) return bundle;
  const { files: _files, ...manifest } = bundle.manifest;
  const entries = await readDirectories(mounts, note);
  return { ...bundle, manifest, files: new Map([...Object.entries(filesOf(bundle)), ...baseFilesOf(entries)]) };
}

/** Loads the module and makes the worker; nothing of the guest runs yet. */
export async function prepareGuest(bundle: Bundle, settings: RunSettings, streams: GuestStreams): Promise<Guest> {
  const cache = await openCache(settings);
  const module = await loadModule(bundle.module, cache === undefined ? {} : { cache });
  const files = filesOf(bundle);
  const input = inputOf(bundle);
  const host = wasiOf(module, {
    args: bundle.manifest.args ?? [bundle.manifest.name],
    env: bundle.manifest.env ?? {},
    files,
    stdin: input,
    stdout: streams.stdout,
    stderr: streams.stderr,
    terminal: streams.isTerminal,
    ...LOCAL_WASI_LIMITS,
  });
  const limits: WorkerLimits = bundle.manifest.limits ?? {};
  const options = { hosts: [host], limits, name: bundle.manifest.name };
  const { snapshot } = bundle;
  if (snapshot !== undefined) {
    const worker = await restoreWorker(module, snapshot, options);
    return { module, worker, host, input, bundle, files, before: baseEntries(files) };
  }
  const worker = await createWorker(module, options);
  if (settings.mounts.length > 0) layEntries(host, files, await readDirectories(settings.mounts, () => undefined));
  return { module, worker, host, input, bundle, files, before: guestEntries(files, host.snapshot()) };
}

/** Standard input: what a node had received for it, or the file that the manifest names; then this process's own. */
function inputOf({ manifest, files, log }: Bundle): GuestInput {
  const open = (): NodeJS.ReadStream => process.stdin;
  if (log !== undefined) {
    const { stdin } = decodeSideState(log);
    return new GuestInput(open, stdin.pending, stdin.pending.byteLength === 0);
  }
  const file = manifest.stdin === undefined ? undefined : files.get(manifest.stdin);
  return file === undefined ? new GuestInput(open) : new GuestInput(open, file, false);
}
