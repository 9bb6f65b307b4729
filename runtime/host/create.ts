/** Making workers with their hosts: WASI, and what components need. */
import {
  createWorker as createBareWorker,
  type HostModule,
  type LoadedModule,
  type RestoreOptions,
  restoreWorker as restoreBareWorker,
  type Snapshot,
  type StagedWorker,
  stageWorker as stageBareWorker,
  type Worker,
  type WorkerOptions,
} from '../engine/index.ts';
import type { FusedComponent } from '../component/index.ts';
import type { ComponentHost } from './component/component-host.ts';
import { ComponentModule } from './component/component-module.ts';
import { createWasi2 } from './wasi2/wasi2-host.ts';
import type { WasiOptions } from './wasi/options.ts';
import { createWasi } from './wasi/wasi-host.ts';

/** Options of a worker, with WASI 0.1 as one of them. */
export interface GuestOptions extends WorkerOptions {
  /** Gives the guest WASI with these options: 0.1, or 0.2 if it is a component; left out, it has none. */
  readonly wasi?: WasiOptions;
  /** What a component imports besides: hosts with state of their own. Plain functions are among `imports`. */
  readonly componentHosts?: readonly ComponentHost[];
}

/**
 * What a component is linked to: its hosts, and functions of the embedder.
 * @param wasi Left out: it has no WASI.
 */
function componentModule(
  component: FusedComponent,
  { wasi, componentHosts = [], imports = {} }: GuestOptions,
): HostModule {
  const hosts = wasi === undefined ? componentHosts : [...componentHosts, createWasi2(wasi)];
  return new ComponentModule(component, { hosts, functions: imports });
}

/** The WASI that a module is made for, as a host module: 0.1, or for a component 0.2. */
export const wasiOf = ({ component }: LoadedModule, wasi: WasiOptions): HostModule =>
  component === undefined ? createWasi(wasi) : componentModule(component, { wasi });

function withHosts({ component }: LoadedModule, { componentHosts, wasi, ...options }: GuestOptions): WorkerOptions {
  const { hosts = [], imports, ...rest } = options;
  if (component === undefined) {
    const own = wasi === undefined ? hosts : [...hosts, createWasi(wasi)];
    return { ...rest, hosts: own, ...(imports !== undefined && { imports }) };
  }
  if (hosts.some((host) => host instanceof ComponentModule)) return { ...rest, hosts }; // as `wasiOf` made it
  const given = { ...(wasi && { wasi }), ...(componentHosts && { componentHosts }), ...(imports && { imports }) };
  return { ...rest, hosts: [...hosts, componentModule(component, given)] };
}

/**
 * Makes a worker of a module.
 *
 *     const worker = await createWorker(await loadModule(bytes), { wasi: { args: ['prog'], stdout: (bytes) => … } });
 *     const outcome = await worker.start();
 *
 * @throws PluvioError `IMPORT_MISSING`, `IMPORT_MISMATCH`, `LINK_FAILED`, `LIMIT_OUT_OF_RANGE`, `INVALID_ARGUMENT`
 */
export const createWorker = async (module: LoadedModule, options: GuestOptions = {}): Promise<Worker> =>
  createBareWorker(module, withHosts(module, options));

/**
 * Makes a worker that is where a snapshot says; `resume` goes on with the call in progress.
 *
 * @param snapshot What `Worker.snapshot` gave, on this machine or another; with the option `base`, a delta on that one.
 * @throws PluvioError as `createWorker`, and `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION`, `SNAPSHOT_MISMATCH`, `SNAPSHOT_PARENT`,
 *   `STACK_TOO_DEEP`
 */
export const restoreWorker = async (
  module: LoadedModule,
  snapshot: Uint8Array | Snapshot,
  { base, ...options }: GuestOptions & RestoreOptions = {},
): Promise<Worker> =>
  restoreBareWorker(module, snapshot, { ...withHosts(module, options), ...(base === undefined ? {} : { base }) });

/**
 * A second worker in the state of one that does not run: `Worker.fork` with WASI as an option.
 * @param options What it does not share with its parent; `wasi` if its parent has it.
 * @throws PluvioError as `restoreWorker`, and `WORKER_NOT_STOPPED`, `NOT_MIGRATABLE`, `WORKER_CLOSED`
 */
export const forkWorker = async (worker: Worker, options: GuestOptions = {}): Promise<Worker> =>
  worker.fork(withHosts(worker.module, options));

/**
 * Prepares a worker whose memory is there before it begins: deltas bring it up to date, then `finish` gives the worker.
 *
 * @param snapshot A whole snapshot that was kept.
 * @throws PluvioError as `restoreWorker`
 */
export const stageWorker = async (
  module: LoadedModule,
  snapshot: Uint8Array | Snapshot,
  options: GuestOptions = {},
): Promise<StagedWorker> => stageBareWorker(module, snapshot, withHosts(module, options));
