/**
 * What a component comes to: runs its definitions, instantiates nested components, and gives core instances and functions without indices.
 *
 * Boundary: nothing is executed; core modules are decoded. What of the component model does not run here is refused with its name.
 *
 * Invariants:
 * 1. Every definition adds to exactly one index space of its scope, in order; so does every import and every export.
 * 2. A resource is one object, however often it is aliased or passed on.
 */
import { decodeModule } from '../wasm/index.ts';
import { unsupportedComponent } from './component-error.ts';
import type { Canon, CanonOptions, Component, Definition, ExternDescription, Sort } from './definitions.ts';
import type {
  ComponentExport,
  CoreFunction,
  CoreInstance,
  CoreItem,
  ImportedFunction,
  ModuleInstance,
  Options,
  ResolvedComponent,
} from './resolved.ts';
import { type ComponentFunction, type Exports, type Item, type ResolvedType, Scope } from './scope.ts';
import type { ResourceType, ValueType } from './value-types.ts';

/** Core instances that a component may make. */
const INSTANCES_MAX = 256;

/** Where functions are imported that no interface has. */
export const ROOT_INTERFACE = '$root';

/** WASI 0.2 keeps what it has from one patch to the next: hosts name an interface without it. */
const WASI_VERSION = /^(wasi:[a-z0-9-]+\/[a-z0-9-]+@0\.2)\.\d+$/;
export const interfaceKey = (name: string): string => WASI_VERSION.exec(name)?.[1] ?? name;

/** @throws PluvioError `COMPONENT_UNSUPPORTED`, and those of core modules */
export function resolveComponent(component: Component): ResolvedComponent {
  const resolver = new Resolver();
  const exports = resolver.run(component, new Scope(), (name, description, scope) =>
    resolver.imported(name, description, scope),
  );
  const { instances, destructors, typeNames } = resolver;
  return { instances, exports: liftedExports(exports), destructors, typeNames };
}

function liftedExports(exports: Exports): ComponentExport[] {
  return [...exports].flatMap(([name, item]) => {
    const funcs: [string, ComponentFunction][] =
      item.sort === 'func'
        ? [[name, item.value]]
        : item.sort === 'instance'
          ? [...item.value].flatMap(([inner, each]) =>
              each.sort === 'func'
                ? [[`${interfaceKey(name)}#${inner}`, each.value] as [string, ComponentFunction]]
                : [],
            )
          : [];
    return funcs.flatMap(([full, func]) => (func.kind === 'lifted' ? [{ name: full, func }] : []));
  });
}

type GiveImport = (name: string, description: ExternDescription, scope: Scope) => Item;

class Resolver {
  readonly instances: ModuleInstance[] = [];
  readonly destructors = new Map<ResourceType, CoreItem>();
  readonly typeNames = new Map<ValueType, string>();
  #resources = 0;

  /** Runs the definitions of a component in a scope of its own; gives its exports. */
  run({ definitions }: Component, scope: Scope, give: GiveImport): Exports {
    const exports = new Map<string, Item>();
    for (const definition of definitions) this.#define(definition, scope, exports, give);
    return exports;
  }

  #define(definition: Definition, scope: Scope, exports: Map<string, Item>, give: GiveImport): void {
    switch (definition.kind) {
      case 'core module':
        return scope.add({ sort: 'core module', value: decodeModule(definition.bytes.slice()) });
      case 'core type':
        return scope.add({ sort: 'core type', value: undefined });
      case 'core instance':
        return scope.add({ sort: 'core instance', value: this.#instantiateCore(definition, scope) });
      case 'core exports':
        return scope.add({ sort: 'core instance', value: coreExports(definition.exports, scope) });
      case 'component':
        return scope.add({ sort: 'component', value: { component: definition.component, scope } });
      case 'instance':
        return scope.add({ sort: 'instance', value: this.#instantiate(definition, scope) });
      case 'exports':
        return scope.add({ sort: 'instance', value: exportsOf(definition.exports, scope) });
      case 'alias export':
        return scope.add(exportOf(scope.get('instance', definition.instance), definition.name, definition.sort));
      case 'alias core export':
        return scope.add(coreExport(scope.get('core instance', definition.instance), definition));
      case 'alias outer':
        return scope.add(scope.outer(definition.depth).item(definition.sort, definition.index));
      case 'type':
        return scope.add({ sort: 'type', value: this.#type(definition.type, scope) });
      case 'canon':
        return scope.add(resolveCanon(definition.canon, scope));
      case 'import': {
        const item = give(definition.name, definition.description, scope);
        if (scope.parent === undefined) this.#nameTypes(definition.name, item); // within, it has the name of its outside
        return scope.add(item);
      }
      case 'export': {
        const item = scope.item(definition.item.sort, definition.item.index);
        exports.set(definition.name, item);
        this.#nameTypes(definition.name, item);
        return scope.add(item);
      }
      case 'export type':
        throw unsupportedComponent('it describes an export outside of a type');
    }
  }

  #type(definition: Extract<Definition, { kind: 'type' }>['type'], scope: Scope): ResolvedType {
    if (definition.kind !== 'resource') return scope.resolve(definition);
    const resource: ResourceType = { name: `${UNNAMED} ${++this.#resources}`, from: undefined };
    if (definition.destructor !== undefined) {
      this.destructors.set(resource, scope.get('core func', definition.destructor));
    }
    return { kind: 'resource', resource };
  }

  /** The first name counts: others are where it is used. */
  #nameTypes(name: string, item: Item): void {
    if (item.sort === 'instance') for (const [inner, each] of item.value) this.#nameTypes(inner, each);
    if (item.sort !== 'type' || item.value.kind !== 'value') return;
    const { type } = item.value;
    if (NAMED_KINDS.has(type.kind) && !this.typeNames.has(type)) this.typeNames.set(type, name);
  }

  #instantiateCore({ module, args }: Extract<Definition, { kind: 'core instance' }>, scope: Scope): CoreInstance {
    if (this.instances.length === INSTANCES_MAX)
      throw unsupportedComponent(`it makes more than ${INSTANCES_MAX} instances`);
    const instance: ModuleInstance = {
      kind: 'module',
      module: scope.get('core module', module),
      args: new Map(args.map(([name, index]) => [name, scope.get('core instance', index)])),
    };
    this.instances.push(instance);
    return instance;
  }

  #instantiate({ component, args }: Extract<Definition, { kind: 'instance' }>, scope: Scope): Exports {
    const closure = scope.get('component', component);
    const given = new Map(args.map(([name, { sort, index }]) => [name, scope.item(sort, index)]));
    return this.run(closure.component, new Scope(closure.scope), (name) => {
      const item = given.get(name);
      if (item === undefined) throw unsupportedComponent(`a component in it is not given its import "${name}"`);
      return item;
    });
  }

  /** An import of the outermost component: the host's. */
  imported(name: string, description: ExternDescription, scope: Scope): Item {
    const from = description.kind === 'instance' ? interfaceKey(name) : ROOT_INTERFACE;
    return importedItem(name, from, description, scope);
  }
}

const UNNAMED = 'resource';

/** Types that WIT knows by name alone. */
const NAMED_KINDS: ReadonlySet<ValueType['kind']> = new Set(['record', 'variant', 'flags', 'enum']);

function importedItem(name: string, from: string, description: ExternDescription, scope: Scope): Item {
  switch (description.kind) {
    case 'func': {
      const type = scope.get('type', description.typeIndex);
      if (type.kind !== 'func') {
        throw unsupportedComponent(
          `it imports "${name}" of "${from}" as ${type.kind === 'unsupported' ? type.what : `a ${type.kind}`}`,
        );
      }
      const func: ImportedFunction = { kind: 'imported', from, name, type: type.type };
      return { sort: 'func', value: func };
    }
    case 'type':
      if (description.equals !== undefined) return scope.item('type', description.equals);
      return { sort: 'type', value: { kind: 'resource', resource: { name, from } } };
    case 'instance': {
      const type = scope.get('type', description.typeIndex);
      if (type.kind !== 'instance') throw unsupportedComponent(`it imports "${name}", whose type is no instance's`);
      return { sort: 'instance', value: importedInstance(from, type.declarations, new Scope(type.scope)) };
    }
    default:
      throw unsupportedComponent(`it imports "${name}", a ${description.kind}: only functions are given to it`);
  }
}

/** An instance of the host: what its type declares. */
function importedInstance(from: string, declarations: readonly Definition[], scope: Scope): Exports {
  const exports = new Map<string, Item>();
  for (const declaration of declarations) {
    if (declaration.kind === 'type') {
      if (declaration.type.kind === 'resource') throw unsupportedComponent('a type defines a resource');
      scope.add({ sort: 'type', value: scope.resolve(declaration.type) });
    } else if (declaration.kind === 'alias outer') {
      scope.add(scope.outer(declaration.depth).item(declaration.sort, declaration.index));
    } else if (declaration.kind === 'alias export') {
      scope.add(exportOf(scope.get('instance', declaration.instance), declaration.name, declaration.sort));
    } else if (declaration.kind === 'export type') {
      const item = importedItem(declaration.name, from, declaration.description, scope);
      exports.set(declaration.name, item);
      scope.add(item);
    } else throw unsupportedComponent(`the type of an instance declares a ${declaration.kind}`);
  }
  return exports;
}

function exportsOf(exports: readonly (readonly [string, { sort: Sort; index: number }])[], scope: Scope): Exports {
  return new Map(exports.map(([name, { sort, index }]) => [name, scope.item(sort, index)]));
}

function exportOf(exports: Exports, name: string, sort: Sort): Item {
  const item = exports.get(name);
  if (item?.sort === sort) return item;
  throw unsupportedComponent(`it refers to the ${sort} "${name}" of an instance that has none`);
}

function coreExports(
  exports: readonly (readonly [string, { sort: Sort; index: number }])[],
  scope: Scope,
): CoreInstance {
  const items = exports.map(([name, { sort, index }]) => [name, scope.get(sort as 'core func', index)] as const); // the items of all core sorts that can be exported are alike
  return { kind: 'exports', items: new Map(items) };
}

function coreExport(instance: CoreInstance, { sort, name }: Extract<Definition, { kind: 'alias core export' }>): Item {
  const coreSort = `core ${sort.replace(/^core /, '')}` as 'core func'; // as above
  if (instance.kind === 'module') return { sort: coreSort, value: { kind: 'export', instance, name } };
  const value = instance.items.get(name);
  if (value === undefined) throw unsupportedComponent(`it refers to "${name}" of a core instance that has none`);
  return { sort: coreSort, value };
}

function resolveOptions({ memory, realloc, postReturn, encoding, unsupported }: CanonOptions, scope: Scope): Options {
  if (unsupported !== undefined) {
    throw unsupportedComponent(`a function of it has the canonical option ${unsupported}, which is not of WASI 0.2`);
  }
  if (encoding !== 'utf8') throw unsupportedComponent(`its texts are encoded as ${encoding}; they must be utf8`);
  const func = (index: number | undefined): CoreItem | undefined =>
    index === undefined ? undefined : scope.get('core func', index);
  return {
    memory: memory === undefined ? undefined : scope.get('core memory', memory),
    realloc: func(realloc),
    postReturn: func(postReturn),
  };
}

function resolveCanon(canon: Canon, scope: Scope): Item {
  const core = (made: CoreFunction): Item => ({ sort: 'core func', value: { kind: 'canon', canon: made } });
  switch (canon.kind) {
    case 'lift': {
      const type = scope.get('type', canon.typeIndex);
      if (type.kind !== 'func') {
        throw unsupportedComponent(
          type.kind === 'unsupported' ? `it exports ${type.what}` : 'it lifts what is no function',
        );
      }
      const options = resolveOptions(canon.options, scope);
      const value = { kind: 'lifted', core: scope.get('core func', canon.coreFunc), type: type.type, options } as const;
      return { sort: 'func', value };
    }
    case 'lower': {
      const func = scope.get('func', canon.func);
      if (func.kind === 'lifted') {
        throw unsupportedComponent('one component in it calls another; only a single component runs as a worker');
      }
      return core({ kind: 'lower', func, options: resolveOptions(canon.options, scope) });
    }
    default:
      return core({ kind: canon.kind, resource: scope.resource(canon.typeIndex) });
  }
}
