/**
 * The state of a WASI 0.2 host in a snapshot.
 *
 * Invariants:
 * 1. A resource is written once, however often it was given: identity is kept.
 * 2. Every field is checked before anything is taken over; a message names it.
 */
import { PluvioError } from '../../errors/index.ts';
import type { Resource } from '../component/component-host.ts';
import { StateField } from '../state-field.ts';
import type { Wasi2Context } from './context.ts';
import { POLLABLE, TERMINAL_INPUT, TERMINAL_OUTPUT, type Wasi2Resource } from './resources.ts';

export const WASI2_STATE_VERSION = 1;

/** The state as plain data; `given` are indices into `resources`. */
export function encodeState(wasi: Wasi2Context, given: readonly Resource[]): unknown {
  const resources = [...new Set(given as readonly Wasi2Resource[])]; // this host made them
  const indices = new Map<Resource, number>(resources.map((resource, index) => [resource, index]));
  return {
    version: WASI2_STATE_VERSION,
    args: [...wasi.args],
    env: wasi.env.map(([name, value]) => [name, value]),
    monotonicNs: wasi.clock.lastMonotonicNs,
    resources: resources.map(encodeResource),
    given: given.map((resource) => indices.get(resource)),
  };
}

function encodeResource(resource: Wasi2Resource): unknown {
  if (resource.kind === 'terminal') return { resource: resource.resource };
  const { startMonotonicNs, startRealtimeNs, deadlineNs } = resource;
  return { resource: resource.resource, startMonotonicNs, startRealtimeNs, deadlineNs };
}

/**
 * Takes up state that `encodeState` gave; gives the resources in the order in which they were given.
 * @throws PluvioError `SNAPSHOT_VERSION`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_MISMATCH`
 */
export function loadState(wasi: Wasi2Context, data: unknown, path: string): readonly Wasi2Resource[] {
  const state = new StateField(data, path);
  const version = state.get('version').integer(0);
  if (version !== WASI2_STATE_VERSION) {
    throw new PluvioError('SNAPSHOT_VERSION', `field ${path}.version is ${version}; it must be ${WASI2_STATE_VERSION}`);
  }
  const args = state
    .get('args')
    .array()
    .map((field) => field.text());
  const env = state.get('env').array().map(readVariable);
  const monotonicNs = state.get('monotonicNs').unsigned64();
  const fields = state.get('resources');
  if (fields.items().length > wasi.maxResources) {
    fields.mismatch(`an array of at most ${wasi.maxResources}, the limit maxOpenFiles`);
  }
  const resources = fields.array().map((field) => readResource(field, monotonicNs));
  const given = state
    .get('given')
    .array()
    .map((field) => resources[field.integer(0, resources.length - 1)] ?? field.malformed('an index into resources'));
  const named = new Set(given);
  for (const [index, resource] of resources.entries()) {
    if (!named.has(resource)) fields.item(index).malformed('a resource that given names');
  }
  wasi.args = args;
  wasi.env = env;
  wasi.clock.restore(monotonicNs);
  wasi.live.clear();
  for (const resource of resources) wasi.live.add(resource);
  return given;
}

function readVariable(field: StateField): [string, string] {
  const [name, value] = field.tuple(2);
  if (name.text() === '' || name.text().includes('=')) name.malformed('a name that is not empty and without =');
  return [name.text(), value.text()];
}

function readResource(field: StateField, monotonicNs: bigint): Wasi2Resource {
  const resource = field.get('resource').oneOf([POLLABLE, TERMINAL_INPUT, TERMINAL_OUTPUT]);
  if (resource !== POLLABLE) return { resource, kind: 'terminal' };
  const startMonotonicNs = field.get('startMonotonicNs').unsigned64();
  if (startMonotonicNs > monotonicNs) field.get('startMonotonicNs').malformed(`at most ${monotonicNs}, monotonicNs`);
  return {
    resource,
    kind: 'clock',
    startMonotonicNs,
    startRealtimeNs: field.get('startRealtimeNs').unsigned64(),
    deadlineNs: field.get('deadlineNs').unsigned64(),
    restored: true,
  };
}
