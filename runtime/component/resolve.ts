/**
 * What a component comes to: runs its definitions, instantiates nested components, and gives core instances and functions without indices.
 *
 * Boundary: nothing is executed; core modules are decoded. What of the component model does not run here is refused with its name.
 *
 * Invariants:
 * 1. Every definition adds to exactly one index space of its scope, in order; so does every import and every export.
 * 2. A resource is one object, however often it is aliased or passed on.
 * 3. What is done is limited by `DEFINITIONS_MAX`, however small the component is.
 */
import { decodeModule, type Module } from '../wasm/index.ts';
import { unsupportedComponent } from './component-error.ts';
import type {
  Canon,
  CanonOptions,
  Component,
  Definition,
  ExternDescription,
  Sort,
  TypeDefinition,
} from './definitions.ts';
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
import { type Exports, type Item, type ResolvedType, Scope } from './scope.ts';
import type { ResourceType, ValueType } from './value-types.ts';

/** Core instances that a component may make, and the bytes of their modules together: each has its own copy of the code. */
const INSTANCES_MAX = 256;
const INSTANCES_MAX_BYTES = 2 ** 27;
/** What is run, with all that it is made of: components within a component can be instantiated again and again. */
const DEFINITIONS_MAX = 1_000_000;
/** Components that are instantiated within each other, or types of instances. */
const DEPTH_MAX = 100;

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
  return { instances, exports: resolver.lifted(exports), destructors, typeNames };
}

type GiveImport = (name: string, description: ExternDescription, scope: Scope) => Item;

class Resolver {
  readonly instances: ModuleInstance[] = [];
  readonly destructors = new Map<ResourceType, CoreItem>();
  readonly typeNames = new Map<ValueType, string>();
  readonly #modules = new Map<Uint8Array, Module>();
  /** Instances whose types have names. */
  readonly #named = new Set<Exports>();
  #resources = 0;
  #instanceBytes = 0;
  #definitions = 0;
  #depth = 0;

  /** What is within what is being done. */
  #within<Value>(what: string, work: () => Value): Value {
    if (++this.#depth > DEPTH_MAX) throw unsupportedComponent(`it has ${what}, more than ${DEPTH_MAX} deep`);
    const value = work();
    this.#depth--;
    return value;
  }

  /** So many more definitions, or parts of one, are run. */
  #count(more: number): void {
    this.#definitions += more;
    if (this.#definitions > DEFINITIONS_MAX) {
      throw unsupportedComponent(`its definitions come to more than ${DEFINITIONS_MAX}`);
    }
  }

  /** Runs the definitions of a component in a scope of its own; gives its exports. */
  run({ definitions }: Component, scope: Scope, give: GiveImport): Exports {
    const exports = new Map<string, Item>();
    for (const definition of definitions) {
      this.#count(partsOfDefinition(definition));
      this.#define(definition, scope, exports, give);
    }
    return exports;
  }

  /** The functions of the component that it exports, in instances or on their own. */
  lifted(exports: Exports): ComponentExport[] {
    const found: ComponentExport[] = [];
    const add = (name: string, item: Item): void => {
      if (item.sort === 'func' && item.value.kind === 'lifted') found.push({ name, func: item.value });
    };
    for (const [name, item] of exports) {
      add(name, item);
      if (item.sort !== 'instance') continue;
      this.#count(item.value.size);
      for (const [inner, each] of item.value) add(`${interfaceKey(name)}#${inner}`, each);
    }
    return found;
  }

  #module(bytes: Uint8Array): Module {
    const known = this.#modules.get(bytes);
    if (known !== undefined) return known;
    const module = decodeModule(bytes.slice());
    this.#modules.set(bytes, module);
    return module;
  }

  #define(definition: Definition, scope: Scope, exports: Map<string, Item>, give: GiveImport): void {
    switch (definition.kind) {
      case 'core module':
        return scope.add({ sort: 'core module', value: this.#module(definition.bytes) });
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
    if (item.sort === 'instance' && !this.#named.has(item.value)) {
      this.#named.add(item.value);
      for (const [inner, each] of item.value) this.#nameType(inner, each);
    } else this.#nameType(name, item);
  }

  #nameType(name: string, item: Item): void {
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
    this.#instanceBytes += instance.module.bytes.length;
    if (this.#instanceBytes > INSTANCES_MAX_BYTES) {
      throw unsupportedComponent(`its instances have more than ${INSTANCES_MAX_BYTES} bytes of modules together`);
    }
    this.instances.push(instance);
    return instance;
  }

  #instantiate({ component, args }: Extract<Definition, { kind: 'instance' }>, scope: Scope): Exports {
    const closure = scope.get('component', component);
    const given = new Map(args.map(([name, { sort, index }]) => [name, scope.item(sort, index)]));
    const give = (name: string): Item => {
      const item = given.get(name);
      if (item === undefined) throw unsupportedComponent(`a component in it is not given its import "${name}"`);
      return item;
    };
    return this.#within('components within components', () =>
      this.run(closure.component, new Scope(closure.scope), give),
    );
  }

  /** An import of the outermost component: the host's. */
  imported(name: string, description: ExternDescription, scope: Scope): Item {
    const from = description.kind === 'instance' ? interfaceKey(name) : ROOT_INTERFACE;
    return this.#importedItem(name, from, description, scope);
  }

  #importedItem(name: string, from: string, description: ExternDescription, scope: Scope): Item {
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
        return {
          sort: 'instance',
          value: this.#within('types of instances within each other', () =>
            this.#importedInstance(from, type.declarations, new Scope(type.scope)),
          ),
        };
      }
      default:
        throw unsupportedComponent(`it imports "${name}", a ${description.kind}: only functions are given to it`);
    }
  }

  /** An instance of the host: what its type declares. */
  #importedInstance(from: string, declarations: readonly Definition[], scope: Scope): Exports {
    const exports = new Map<string, Item>();
    for (const declaration of declarations) this.#count(partsOfDefinition(declaration));
    for (const declaration of declarations) {
      if (declaration.kind === 'type') {
        if (declaration.type.kind === 'resource') throw unsupportedComponent('a type defines a resource');
        scope.add({ sort: 'type', value: scope.resolve(declaration.type) });
      } else if (declaration.kind === 'alias outer') {
        scope.add(scope.outer(declaration.depth).item(declaration.sort, declaration.index));
      } else if (declaration.kind === 'alias export') {
        scope.add(exportOf(scope.get('instance', declaration.instance), declaration.name, declaration.sort));
      } else if (declaration.kind === 'export type') {
        const item = this.#importedItem(declaration.name, from, declaration.description, scope);
        exports.set(declaration.name, item);
        scope.add(item);
      } else throw unsupportedComponent(`the type of an instance declares a ${declaration.kind}`);
    }
    return exports;
  }
}

const UNNAMED = 'resource';

/** Types that WIT knows by name alone. */
const NAMED_KINDS: ReadonlySet<ValueType['kind']> = new Set(['record', 'variant', 'flags', 'enum']);

/** A definition and the items that it is made of. */
function partsOfDefinition(definition: Definition): number {
  switch (definition.kind) {
    case 'core instance':
    case 'instance':
      return 1 + definition.args.length;
    case 'core exports':
    case 'exports':
      return 1 + definition.exports.length;
    case 'type':
      return 1 + partsOfType(definition.type);
    default:
      return 1;
  }
}

/** Declarations count when they are run. */
function partsOfType(type: TypeDefinition): number {
  if ('fields' in type) return type.fields.length;
  if ('cases' in type) return type.cases.length;
  if ('types' in type) return type.types.length;
  if ('labels' in type) return type.labels.length;
  return 'params' in type ? type.params.length : 0;
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
