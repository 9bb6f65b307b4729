/** The index spaces of a component, or of a type of one, while its definitions are read in order. */
import { unsupportedComponent } from './component-error.ts';
import type { Component, Definition, Sort, TypeDefinition, TypeRef } from './definitions.ts';
import type { CoreInstance, CoreItem, ImportedFunction, LiftedFunction } from './resolved.ts';
import {
  functionFault,
  type FunctionType,
  type Primitive,
  PRIMITIVES,
  type ResourceType,
  typeFault,
  type ValueType,
} from './value-types.ts';
import type { Module } from '../wasm/index.ts';

export type ComponentFunction = ImportedFunction | LiftedFunction;

export type ResolvedType =
  | { readonly kind: 'value'; readonly type: ValueType }
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'resource'; readonly resource: ResourceType }
  | { readonly kind: 'instance' | 'component'; readonly declarations: readonly Definition[]; readonly scope: Scope }
  | { readonly kind: 'unsupported'; readonly what: string };

export type Exports = ReadonlyMap<string, Item>;

/** A component with the scope that its outer aliases look into. */
export interface ComponentClosure {
  readonly component: Component;
  readonly scope: Scope;
}

interface Items {
  func: ComponentFunction;
  value: never;
  type: ResolvedType;
  component: ComponentClosure;
  instance: Exports;
  'core func': CoreItem;
  'core table': CoreItem;
  'core memory': CoreItem;
  'core global': CoreItem;
  'core tag': CoreItem;
  'core type': undefined;
  'core module': Module;
  'core instance': CoreInstance;
}

/** Something of a sort, as it is passed on. */
export type Item = { readonly [Each in Sort]: { readonly sort: Each; readonly value: Items[Each] } }[Sort];

const PRIMITIVE_TYPES = new Map<string, ValueType>(PRIMITIVES.map((kind: Primitive) => [kind, { kind }]));

export class Scope {
  readonly parent: Scope | undefined;
  readonly #spaces = new Map<Sort, Item[]>();

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  add(item: Item): void {
    const space = this.#spaces.get(item.sort);
    if (space === undefined) this.#spaces.set(item.sort, [item]);
    else space.push(item);
  }

  item(sort: Sort, index: number): Item {
    const found = this.#spaces.get(sort)?.[index];
    if (found === undefined)
      throw unsupportedComponent(`it refers to ${sort} ${index}, which it does not define before`);
    return found;
  }

  get<Wanted extends Sort>(sort: Wanted, index: number): Items[Wanted] {
    return this.item(sort, index).value as Items[Wanted]; // the space of that sort
  }

  /** The scope so many levels out. */
  outer(depth: number): Scope {
    let scope: Scope | undefined = this;
    for (let left = depth; left > 0 && scope !== undefined; left--) scope = scope.parent;
    if (scope === undefined) throw unsupportedComponent(`it looks ${depth} levels out, where nothing is`);
    return scope;
  }

  valueType(of: TypeRef): ValueType {
    if (typeof of === 'string') {
      const primitive = PRIMITIVE_TYPES.get(of);
      if (primitive === undefined) throw unsupportedComponent(`it uses the type ${of}, which is not of WASI 0.2`);
      return primitive;
    }
    const type = this.get('type', of);
    if (type.kind === 'value') return type.type;
    throw unsupportedComponent(
      type.kind === 'unsupported' ? `it uses ${type.what}` : `it uses a ${type.kind} as the type of a value`,
    );
  }

  #optional(of: TypeRef | undefined): ValueType | undefined {
    return of === undefined ? undefined : this.valueType(of);
  }

  resource(index: number): ResourceType {
    const type = this.get('type', index);
    if (type.kind === 'resource') return type.resource;
    throw unsupportedComponent(`type ${index} is used as a resource and is none`);
  }

  /** The type that a definition means here. A resource is made by who reads the definition. */
  resolve(definition: Exclude<TypeDefinition, { kind: 'resource' }>): ResolvedType {
    switch (definition.kind) {
      case 'func':
        return this.#resolveFunction(definition);
      case 'instance':
      case 'component':
        return { kind: definition.kind, declarations: definition.declarations, scope: this };
      case 'unsupported':
        return definition;
      default:
        return this.#resolveValue(definition);
    }
  }

  #resolveFunction({ params, result, isAsync }: Extract<TypeDefinition, { kind: 'func' }>): ResolvedType {
    if (isAsync) return { kind: 'unsupported', what: 'an asynchronous function (WASI 0.3)' };
    const types = params.map(([name, type]) => [name, this.valueType(type)] as const);
    const type: FunctionType = { params: types, result: this.#optional(result) };
    refuse(functionFault(type));
    return { kind: 'func', type };
  }

  #resolveValue(
    definition: Exclude<TypeDefinition, { kind: 'resource' | 'func' | 'instance' | 'component' | 'unsupported' }>,
  ): ResolvedType {
    const value = (type: ValueType): ResolvedType => {
      refuse(typeFault(type));
      return { kind: 'value', type };
    };
    switch (definition.kind) {
      case 'value':
        return value(this.valueType(definition.type));
      case 'record':
        return value({
          kind: 'record',
          fields: definition.fields.map(([name, type]) => [name, this.valueType(type)] as const),
        });
      case 'variant':
        return value({
          kind: 'variant',
          cases: definition.cases.map(([name, type]) => [name, this.#optional(type)] as const),
        });
      case 'list':
        return value({ kind: 'list', element: this.valueType(definition.element) });
      case 'tuple':
        return value({ kind: 'tuple', types: definition.types.map((type) => this.valueType(type)) });
      case 'flags':
        if (definition.labels.length > 32) return { kind: 'unsupported', what: 'a set of more than 32 flags' };
        return value({ kind: 'flags', labels: definition.labels });
      case 'enum':
        return value({ kind: 'enum', labels: definition.labels });
      case 'option':
        return value({ kind: 'option', some: this.valueType(definition.some) });
      case 'result':
        return value({ kind: 'result', ok: this.#optional(definition.ok), err: this.#optional(definition.err) });
      default:
        return value({ kind: definition.kind, resource: this.resource(definition.index) });
    }
  }
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw unsupportedComponent(fault);
}
