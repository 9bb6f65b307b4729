import type { FileTree } from '../files/file-tree.ts';
import type { Abi } from './abi.ts';
import type { DescriptorTable } from './descriptors.ts';
import type { GuestClock, SleepFunction } from '../system/guest-clock.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { ResolvedWasiLimits } from '../system/limits.ts';
import type { Output } from '../system/output.ts';
import type { Stdin } from '../system/stdin.ts';
import type { StringList } from '../system/options.ts';
import type { WaitTable } from './waiting.ts';

/** What the host functions work on. References only: the contexts of the two import modules differ in `abi` and share the rest. */
export interface WasiContext {
  readonly abi: Abi;
  readonly limits: ResolvedWasiLimits;
  readonly memory: GuestMemory;
  readonly args: StringList;
  readonly env: StringList;
  readonly tree: FileTree;
  readonly descriptors: DescriptorTable;
  readonly stdin: Stdin;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether the standard streams call themselves character devices. */
  readonly terminal: boolean;
  readonly clock: GuestClock;
  readonly random: (bytes: Uint8Array) => void;
  readonly sleep: SleepFunction;
  readonly waits: WaitTable;
}
