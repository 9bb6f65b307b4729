/**
 * The state of a WASI 0.2 host in a snapshot. docs/resume-contract.md is the specification.
 *
 * Invariants:
 * 1. A resource is written once, however often it was given or is referred to: identity is kept. Those that it refers to come first.
 * 2. Every field is checked before anything is taken over; a message names it.
 */
import { PluvioError } from '../../errors/index.ts';
import type { Resource } from '../component/component-host.ts';
import { encodeTree, loadTree } from '../files/tree-state.ts';
import { StateField } from '../state-field.ts';
import type { Wasi2Context } from './context.ts';
import { heldBytesOf } from './held-bytes.ts';
import { referred } from './referred.ts';
import { inodeOf, type Wasi2Resource } from './resources.ts';
import { encodeResource, inodeField, readResource } from './resource-state.ts';

export const WASI2_STATE_VERSION = 1;
/** A pollable, its stream, and the body behind it. */
const REFERRED_DEPTH = 3;

/** The state as plain data; `given` are indices into `resources`. */
export function encodeState(wasi: Wasi2Context, filesId: string | null, given: readonly Resource[]): unknown {
  const indices = new Map<Wasi2Resource, number>();
  const add = (resource: Wasi2Resource): void => {
    if (indices.has(resource)) return;
    const inner = referred(resource);
    if (inner !== undefined) add(inner);
    indices.set(resource, indices.size);
  };
  const own = given as readonly Wasi2Resource[]; // this host made them
  for (const resource of own) add(resource);
  return {
    version: WASI2_STATE_VERSION,
    args: [...wasi.args],
    env: wasi.env.map(([name, value]) => [name, value]),
    monotonicNs: wasi.clock.lastMonotonicNs,
    stdin: { buffered: wasi.stdin.bufferedCopy(), ended: wasi.stdin.ended },
    files: encodeTree(wasi.tree, filesId),
    resources: [...indices.keys()].map((resource) => encodeResource(resource, indices)),
    given: own.map((resource) => indices.get(resource)),
  };
}

/**
 * Takes up state that `encodeState` gave; gives the resources in the order in which they were given.
 * @throws PluvioError `SNAPSHOT_VERSION`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_MISMATCH`
 */
export function loadState(
  wasi: Wasi2Context,
  data: unknown,
  path: string,
  filesId: string | null,
): readonly Wasi2Resource[] {
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
  const buffered = state.get('stdin').get('buffered').bytes();
  const ended = state.get('stdin').get('ended').boolean();
  const fields = state.get('resources');
  if (fields.items().length > REFERRED_DEPTH * wasi.maxResources) {
    // With those that were given up and are still referred to.
    fields.mismatch(`an array of at most ${REFERRED_DEPTH * wasi.maxResources}, three times the limit maxOpenFiles`);
  }
  loadTree(wasi.tree, state.get('files'), filesId, countOpenings(fields), wasi.maxPathBytes);
  const resources = readResources(wasi, fields, monotonicNs);
  const given = state
    .get('given')
    .array()
    .map((field) => resources[field.integer(0, resources.length - 1)] ?? field.malformed('an index into resources'));
  if (new Set(given).size > wasi.maxResources) {
    state.get('given').mismatch(`of at most ${wasi.maxResources} resources, the limit maxOpenFiles`);
  }
  checkReached(fields, resources, given);
  wasi.args = args;
  wasi.env = env;
  wasi.clock.restore(monotonicNs);
  wasi.stdin.restore(buffered, ended);
  takeOver(wasi, new Set(given));
  return given;
}

/** Resources within the limit of what is held; it is found before all of them are made. */
function readResources(wasi: Wasi2Context, fields: StateField, monotonicNs: bigint): Wasi2Resource[] {
  const { maxBytes } = wasi.holdings;
  const resources: Wasi2Resource[] = [];
  let heldBytes = 0;
  for (const field of fields.array()) {
    const resource = readResource(wasi, field, resources, monotonicNs);
    heldBytes += heldBytesOf(resource);
    if (heldBytes > maxBytes) fields.mismatch(`of resources that hold at most ${maxBytes} bytes, the limit heldBytes`);
    resources.push(resource);
  }
  return resources;
}

/** These are what the guest has handles of. */
function takeOver({ live, holdings, sending, tree }: Wasi2Context, given: ReadonlySet<Wasi2Resource>): void {
  sending.clear();
  holdings.clear();
  live.clear();
  for (const resource of given) {
    holdings.hold(resource);
    live.add(resource);
    const inode = inodeOf(resource);
    if (inode !== undefined) tree.open(inode);
  }
}

/** How often each inode is open. */
function countOpenings(fields: StateField): ReadonlyMap<number, number> {
  const openings = new Map<number, number>();
  for (const field of fields.array()) {
    const inode = inodeField(field);
    if (inode === undefined) continue;
    const ino = inode.integer(1);
    openings.set(ino, (openings.get(ino) ?? 0) + 1);
  }
  return openings;
}

/** Every resource is one that was given, or one that such a one refers to. */
function checkReached(fields: StateField, resources: readonly Wasi2Resource[], given: readonly Wasi2Resource[]): void {
  const reached = new Set<Wasi2Resource>();
  for (const resource of given) {
    for (let at: Wasi2Resource | undefined = resource; at !== undefined; at = referred(at)) reached.add(at);
  }
  for (const [index, resource] of resources.entries()) {
    if (!reached.has(resource)) fields.item(index).malformed('a resource that is given or referred to');
  }
}

function readVariable(field: StateField): [string, string] {
  const [name, value] = field.tuple(2);
  if (name.text() === '' || name.text().includes('=')) name.malformed('a name that is not empty and without =');
  return [name.text(), value.text()];
}
