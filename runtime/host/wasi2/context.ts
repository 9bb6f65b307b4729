import type { ComponentFunction } from '../component/component-host.ts';
import type { FileTree } from '../files/file-tree.ts';
import type { GuestClock, SleepFunction } from '../system/guest-clock.ts';
import type { Output } from '../system/output.ts';
import type { Stdin } from '../system/stdin.ts';
import type { Changes } from './changes.ts';
import type { Holdings } from './holdings.ts';
import type { HttpPort } from './http/http-port.ts';
import type { Sending } from './http/http-sending.ts';
import type { Wasi2Resource } from './resources.ts';

/** What the functions of WASI 0.2 work on. */
export interface Wasi2Context {
  args: readonly string[];
  /** Name and value, in the order given. */
  env: readonly (readonly [string, string])[];
  /** Whether the standard streams call themselves terminals. */
  readonly terminal: boolean;
  readonly stdin: Stdin;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly tree: FileTree;
  readonly clock: GuestClock;
  /** Undefined: no request comes in, and none may go out. */
  readonly http: HttpPort | undefined;
  readonly random: (bytes: Uint8Array) => void;
  readonly sleep: SleepFunction;
  /** Resources that the guest has handles of; at most `maxResources`. */
  readonly live: Set<Wasi2Resource>;
  readonly maxResources: number;
  /** What these, and those that they refer to, take of the host. */
  readonly holdings: Holdings;
  readonly sending: Sending;
  readonly changes: Changes;
  readonly maxPathBytes: number;
  /** The wait in progress; the next one ends it, since a call that was stopped is executed again. */
  wait: AbortController;
}

/** The functions of one interface, by their names in WIT. */
export type InterfaceOf = (wasi: Wasi2Context) => Readonly<Record<string, ComponentFunction>>;
