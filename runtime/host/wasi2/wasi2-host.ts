/**
 * WASI 0.2 for one worker, with the options of WASI 0.1. Interfaces that are not in the tables are not there.
 *
 * Boundary: everything that a guest can reach is in the options; nothing of the machine is.
 */
import type { ComponentFunction, ComponentHost, Resource } from '../component/component-host.ts';
import { baseTreeOf } from '../files/base-tree.ts';
import { FileTree } from '../files/file-tree.ts';
import { GuestClock, PLATFORM_CLOCK, platformRandom, platformSleep } from '../system/guest-clock.ts';
import { resolveWasiLimits } from '../system/limits.ts';
import { environmentList, stringList, type WasiOptions } from '../system/options.ts';
import { Output } from '../system/output.ts';
import { Stdin } from '../system/stdin.ts';
import { Changes } from './changes.ts';
import { CLI_INTERFACES } from './cli.ts';
import { CLOCK_INTERFACES } from './clocks.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { FILESYSTEM_INTERFACES } from './filesystem.ts';
import { FUNCTION_TYPES } from './function-types.ts';
import { Holdings } from './holdings.ts';
import { handlerArguments } from './http/http-incoming.ts';
import { failAnswer } from './http/http-outgoing.ts';
import type { HttpPort } from './http/http-port.ts';
import { Sending } from './http/http-sending.ts';
import { HANDLER_EXPORT, HTTP_INTERFACES } from './http/index.ts';
import { POLL_INTERFACES } from './poll.ts';
import { RANDOM_INTERFACES } from './random.ts';
import { release, type Wasi2Resource } from './resources.ts';
import { SOCKET_INTERFACES } from './sockets.ts';
import { STREAM_INTERFACES } from './streams.ts';
import { encodeState, loadState } from './wasi2-state.ts';

const INTERFACES: Readonly<Record<string, InterfaceOf>> = {
  ...POLL_INTERFACES,
  ...STREAM_INTERFACES,
  ...CLOCK_INTERFACES,
  ...RANDOM_INTERFACES,
  ...FILESYSTEM_INTERFACES,
  ...CLI_INTERFACES,
  ...SOCKET_INTERFACES,
  ...HTTP_INTERFACES,
};

/** Options of WASI, and what wasi:http is put on top of. */
export interface Wasi2Options extends WasiOptions {
  /** Left out: no request comes in, and none may go out. */
  readonly http?: HttpPort | undefined;
}

/**
 * Makes the WASI 0.2 host of one worker. `maxOpenFiles` limits the resources that the guest holds at once.
 * @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE`
 */
export function createWasi2(options: Wasi2Options = {}): ComponentHost {
  const name = 'wasi:0.2';
  const limits = resolveWasiLimits(options);
  const clock = new GuestClock(options.clock ?? PLATFORM_CLOCK);
  const { env = {}, http } = options;
  const holdings = new Holdings(limits.heldBytes);
  const changes = new Changes();
  environmentList(env); // checks it
  const wasi: Wasi2Context = {
    args: stringList('argument', options.args ?? []).strings,
    env: Object.entries(env),
    terminal: options.terminal ?? true,
    stdin: new Stdin(options.stdin ?? ''),
    stdout: new Output(options.stdout ?? discard),
    stderr: new Output(options.stderr ?? discard),
    tree: new FileTree(baseTreeOf(options), limits, () => clock.realtimeNs()),
    clock,
    http,
    random: options.random ?? platformRandom,
    sleep: options.sleep ?? platformSleep,
    live: new Set(),
    maxResources: limits.maxOpenFiles,
    holdings,
    changes,
    sending: new Sending({ http, holdings, changes }),
    maxPathBytes: limits.maxPathBytes,
    wait: new AbortController(),
  };
  const interfaces: Record<string, Readonly<Record<string, ComponentFunction>>> = {};
  for (const [key, functionsOf] of Object.entries(INTERFACES)) interfaces[key] = functionsOf(wasi);
  const filesId = options.filesId ?? null;
  return {
    name,
    interfaces,
    types: FUNCTION_TYPES,
    argumentsOf: (name) => (name === HANDLER_EXPORT ? handlerArguments(wasi) : undefined),
    stableBytes: true,
    snapshot: (resources) => encodeState(wasi, filesId, resources),
    restore: (state) => loadState(wasi, state, `hosts.${name}`, filesId),
    drop: (given: Resource) => {
      const resource = given as Wasi2Resource; // this host made it, here and below
      release(wasi, resource);
      if (resource.kind === 'response outparam') failAnswer(wasi);
    },
    taken: (given: Resource) => release(wasi, given as Wasi2Resource),
    close: () => {
      wasi.wait.abort();
      wasi.sending.clear();
      wasi.stdin.close();
    },
  };
}

const discard = (): void => undefined;
