/** The state of a component module in a snapshot: handles, the call in progress, hosts. docs/resume-contract.md is the specification. */
import type { FunctionType, FusedExport } from '../../component/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { StateField } from '../state-field.ts';
import type { ComponentHost, ComponentValue, Resource } from './component-host.ts';
import type { ComponentCall, ComponentModule } from './component-module.ts';
import { keepValues, keptValues } from './kept-values.ts';

export const COMPONENT_STATE_VERSION = 1;

/** Resources as they are met, each with its host. */
class Resources {
  readonly #module: ComponentModule;
  readonly #indices = new Map<Resource, number>();
  readonly owners: ComponentHost[] = [];

  constructor(module: ComponentModule) {
    this.#module = module;
  }

  /** @throws PluvioError `NOT_MIGRATABLE` */
  readonly indexOf = (resource: Resource): number => {
    const known = this.#indices.get(resource);
    if (known !== undefined) return known;
    const owner = this.#module.hostOf(resource);
    if (owner === undefined) {
      throw new PluvioError(
        'NOT_MIGRATABLE',
        `the component holds a ${resource.resource}, which no host with a state has given it`,
      );
    }
    this.#indices.set(resource, this.owners.length);
    return this.owners.push(owner) - 1;
  };

  /** Those of a host, in the order of their indices. */
  of(host: ComponentHost): Resource[] {
    return [...this.#indices].flatMap(([resource, index]) => (this.owners[index] === host ? [resource] : []));
  }
}

/** The result of an export as parameters, which are kept in the same way. */
const resultAsParams = ({ type }: FusedExport): FunctionType => ({
  params: type.result === undefined ? [] : [['result', type.result]],
  result: undefined,
});

export function encodeComponent(module: ComponentModule): unknown {
  const { component, handles, hosts, call } = module;
  const resources = new Resources(module);
  const kept = handles.snapshot(resources.indexOf);
  const inProgress = call === undefined ? null : encodeCall(call, resources);
  return {
    version: COMPONENT_STATE_VERSION,
    fusion: component.version,
    handles: kept,
    call: inProgress,
    owners: resources.owners.map(({ name }) => name),
    hosts: Object.fromEntries(hosts.map((host) => [host.name, host.snapshot(resources.of(host))])),
  };
}

function encodeCall({ exported, args, result }: ComponentCall, { indexOf }: Resources): unknown {
  return {
    export: exported.name,
    args: args === undefined ? null : keepValues(exported.type, args, indexOf),
    result: result === undefined ? null : keepValues(resultAsParams(exported), result, indexOf),
  };
}

/** @throws PluvioError `SNAPSHOT_VERSION`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_MISMATCH`, naming the field */
export function loadComponent(module: ComponentModule, data: unknown): void {
  const state = new StateField(data, `hosts.${module.name}`);
  requireVersion(state.get('version'), COMPONENT_STATE_VERSION);
  requireVersion(state.get('fusion'), module.component.version);
  const resources = loadResources(module, state);
  module.handles.restore(state.get('handles'), resources);
  module.call = loadCall(module, state.get('call'), resources);
}

function requireVersion(field: StateField, expected: number): void {
  const version = field.integer(0);
  if (version === expected) return;
  throw new PluvioError('SNAPSHOT_VERSION', `field ${field.path} is ${version}; it must be ${expected}`);
}

/** Hosts take up their states; gives all resources by their indices. */
function loadResources({ hosts }: ComponentModule, state: StateField): Resource[] {
  const given = new Map(
    hosts.map((host) => [host.name, host.restore(state.get('hosts').get(host.name).value)[Symbol.iterator]()]),
  );
  return state
    .get('owners')
    .array()
    .map((field) => {
      const next = given.get(field.oneOf([...given.keys()]))?.next();
      return next?.done === false ? next.value : field.malformed('the host of a resource that is in its state');
    });
}

function loadCall(
  { component }: ComponentModule,
  field: StateField,
  resources: readonly Resource[],
): ComponentCall | undefined {
  if (field.isNull) return undefined;
  const name = field.get('export').oneOf(component.exports.map((each) => each.name));
  const exported = component.exports.find((each) => each.name === name);
  if (exported === undefined) return field.malformed('the call of an export');
  const values = (type: FunctionType, of: StateField): ComponentValue[] | undefined =>
    of.isNull ? undefined : keptValues(type, of, resources);
  return {
    exported,
    args: values(exported.type, field.get('args')),
    result: values(resultAsParams(exported), field.get('result')),
  };
}
