/** What the definitions of a component come to: core instances in the order in which they are made, and functions without indices. */
import type { Module } from '../wasm/index.ts';
import type { FunctionType, ResourceType, ValueType } from './value-types.ts';

/** An instance of a core module. */
export interface ModuleInstance {
  readonly kind: 'module';
  readonly module: Module;
  readonly args: ReadonlyMap<string, CoreInstance>;
}

/** A bundle of core definitions under names. */
export interface CoreExports {
  readonly kind: 'exports';
  readonly items: ReadonlyMap<string, CoreItem>;
}

export type CoreInstance = ModuleInstance | CoreExports;

/** A core definition: what an instance exports, or a function of the canonical ABI. */
export type CoreItem =
  | { readonly kind: 'export'; readonly instance: ModuleInstance; readonly name: string }
  | { readonly kind: 'canon'; readonly canon: CoreFunction };

/** A core function that the canonical ABI makes. The object is its identity. */
export type CoreFunction =
  | { readonly kind: 'lower'; readonly func: ImportedFunction; readonly options: Options }
  | { readonly kind: 'resource.new' | 'resource.drop' | 'resource.rep'; readonly resource: ResourceType };

export interface Options {
  readonly memory: CoreItem | undefined;
  readonly realloc: CoreItem | undefined;
  readonly postReturn: CoreItem | undefined;
}

/** A function of the host. */
export interface ImportedFunction {
  readonly kind: 'imported';
  /** The interface without the last part of its version, as hosts name it. */
  readonly from: string;
  readonly name: string;
  readonly type: FunctionType;
}

/** A function of the component, for its callers. */
export interface LiftedFunction {
  readonly kind: 'lifted';
  readonly core: CoreItem;
  readonly type: FunctionType;
  readonly options: Options;
}

export interface ComponentExport {
  /** `interface#function`, or the function's name. */
  readonly name: string;
  readonly func: LiftedFunction;
}

export interface ResolvedComponent {
  readonly instances: readonly ModuleInstance[];
  readonly exports: readonly ComponentExport[];
  /** Destructors of resources that the component defines. */
  readonly destructors: ReadonlyMap<ResourceType, CoreItem>;
  /** The names that its world and interfaces give to types. */
  readonly typeNames: ReadonlyMap<ValueType, string>;
}
