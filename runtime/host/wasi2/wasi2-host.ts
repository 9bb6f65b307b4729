/**
 * WASI 0.2 for one worker: clocks, random, poll, environment, exit and terminals. Interfaces that are not in the tables are not there.
 *
 * Boundary: everything that a guest can reach is in the options; nothing of the machine is.
 */
import type { ComponentFunction, ComponentHost, Resource } from '../component/component-host.ts';
import { GuestClock, PLATFORM_CLOCK, platformRandom, platformSleep } from '../wasi/guest-clock.ts';
import { resolveWasiLimits } from '../wasi/limits.ts';
import { environmentList, stringList, type WasiOptions } from '../wasi/options.ts';
import { CLI_INTERFACES } from './cli.ts';
import { CLOCK_INTERFACES } from './clocks.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { POLL_INTERFACES } from './poll.ts';
import { RANDOM_INTERFACES } from './random.ts';
import type { Wasi2Resource } from './resources.ts';
import { encodeState, loadState } from './wasi2-state.ts';

const INTERFACES: Readonly<Record<string, InterfaceOf>> = {
  ...POLL_INTERFACES,
  ...CLOCK_INTERFACES,
  ...RANDOM_INTERFACES,
  ...CLI_INTERFACES,
};

/** The options that these interfaces use. */
export type Wasi2Options = Pick<
  WasiOptions,
  'args' | 'env' | 'terminal' | 'clock' | 'random' | 'sleep' | 'maxOpenFiles'
>;

/**
 * Makes the WASI 0.2 host of one worker. `maxOpenFiles` limits the resources that the guest holds at once.
 * @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE`
 */
export function createWasi2(options: Wasi2Options = {}): ComponentHost {
  const name = 'wasi:0.2';
  const env = options.env ?? {};
  environmentList(env); // checks it
  const wasi: Wasi2Context = {
    args: stringList('argument', options.args ?? []).strings,
    env: Object.entries(env),
    terminal: options.terminal ?? true,
    clock: new GuestClock(options.clock ?? PLATFORM_CLOCK),
    random: options.random ?? platformRandom,
    sleep: options.sleep ?? platformSleep,
    live: new Set(),
    maxResources: resolveWasiLimits(options).maxOpenFiles,
    timer: new AbortController(),
  };
  const interfaces: Record<string, Readonly<Record<string, ComponentFunction>>> = {};
  for (const [key, functionsOf] of Object.entries(INTERFACES)) interfaces[key] = functionsOf(wasi);
  return {
    name,
    interfaces,
    snapshot: (resources) => encodeState(wasi, resources),
    restore: (state) => loadState(wasi, state, `hosts.${name}`),
    drop: (resource: Resource) => void wasi.live.delete(resource as Wasi2Resource), // this host made it
    close: () => wasi.timer.abort(),
  };
}
