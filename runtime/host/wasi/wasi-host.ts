/**
 * WASI 0.1 (snapshot_preview1) for one worker, as a host module with state.
 *
 * Boundary: everything that a guest can reach is in the options; nothing of the machine's files, environment or network is. What
 * travels with a snapshot and what is bound anew is docs/resume-contract.md.
 */
import type { GuestAccess, HostFunction, HostModule } from '../../engine/types.ts';
import { baseTreeOf } from '../files/base-tree.ts';
import { FileTree } from '../files/file-tree.ts';
import { ABIS } from './abi.ts';
import { RIGHTS_OF_KIND } from './constants.ts';
import type { WasiContext } from './context.ts';
import { DescriptorTable } from './descriptors.ts';
import { bindFunctions, type WasiFunctionName } from './functions.ts';
import { GuestClock, PLATFORM_CLOCK, platformRandom, platformSleep } from '../system/guest-clock.ts';
import { GuestMemory } from './guest-memory.ts';
import { resolveWasiLimits } from '../system/limits.ts';
import { environmentList, stringList, type WasiOptions } from '../system/options.ts';
import { Output } from '../system/output.ts';
import { preopenDescriptor } from './path-open.ts';
import { Stdin } from '../system/stdin.ts';
import { WaitTable } from './waiting.ts';
import { encodeState, loadState } from './wasi-state.ts';

type WasiFunctions = Readonly<Record<WasiFunctionName, HostFunction>>;

/** A host module that answers the imports of WASI 0.1. */
export interface WasiHost extends HostModule {
  readonly name: 'wasi_snapshot_preview1';
  readonly imports: {
    readonly wasi_snapshot_preview1: WasiFunctions;
    /** The interface's previous version, snapshot_0. */
    readonly wasi_unstable: WasiFunctions;
  };
  close(): void;
}

/**
 * Makes the WASI 0.1 host of one worker.
 *
 * Preopened directories have descriptors from 3 on, in the order of their guest paths. To take up a snapshot, make a host with the
 * same files and any streams, bind it and call `restore` before anything runs.
 *
 * @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE`
 */
export function createWasi(options: WasiOptions = {}): WasiHost {
  const limits = resolveWasiLimits(options);
  const clock = new GuestClock(options.clock ?? PLATFORM_CLOCK);
  const base = baseTreeOf(options);
  const tree = new FileTree(base, limits, () => clock.realtimeNs());
  const context: WasiContext = {
    abi: ABIS.wasi_snapshot_preview1,
    limits,
    memory: new GuestMemory(),
    args: stringList('argument', options.args ?? []),
    env: environmentList(options.env ?? {}),
    tree,
    descriptors: new DescriptorTable(limits.maxOpenFiles, tree),
    stdin: new Stdin(options.stdin ?? ''),
    stdout: new Output(options.stdout ?? discard),
    stderr: new Output(options.stderr ?? discard),
    terminal: options.terminal ?? true,
    clock,
    random: options.random ?? platformRandom,
    sleep: options.sleep ?? platformSleep,
    waits: new WaitTable(),
  };
  openInitial(context);
  const filesId = options.filesId ?? null;
  const name = 'wasi_snapshot_preview1';
  return {
    name,
    imports: {
      wasi_snapshot_preview1: bindFunctions(context),
      wasi_unstable: bindFunctions({ ...context, abi: ABIS.wasi_unstable }),
    },
    bind: (guest: GuestAccess) => context.memory.bind(guest),
    stableBytes: true,
    snapshot: () => encodeState(context, filesId),
    restore: (state: unknown) => loadState(context, state, `hosts.${name}`, filesId),
    close: () => {
      context.waits.close();
      context.stdin.close();
    },
  };
}

const discard = (): void => undefined;

/** Standard streams and preopened directories. */
function openInitial({ descriptors, tree }: WasiContext): void {
  for (const kind of ['stdin', 'stdout', 'stderr'] as const) {
    descriptors.add({ kind, rights: RIGHTS_OF_KIND[kind], inheriting: 0, flags: 0 });
  }
  for (const { guestPath, ino } of tree.base.roots) descriptors.add(preopenDescriptor(tree.directory(ino), guestPath));
}
