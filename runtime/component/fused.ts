/** What a component is fused to: one core module, and what its imports and exports mean. */
import type { ImportedFunction } from './resolved.ts';
import type { FunctionType, ResourceType, ValueType } from './value-types.ts';

/** Where the canonical ABI reads and writes. */
export interface FusedOptions {
  /** Index of the memory in the core module; undefined: none is needed. */
  readonly memory: number | undefined;
  /** Name of the export that allocates. */
  readonly realloc: string | undefined;
}

/** What stands behind a function that the core module imports. */
export type FusedImport = { readonly module: string; readonly name: string } & (
  | { readonly kind: 'lower'; readonly func: ImportedFunction; readonly options: FusedOptions }
  /** `resource.end` is `resource.drop` of a resource with a destructor: gives the representation as i64, or -1 if there is nothing to end. */
  | { readonly kind: `resource.${'new' | 'drop' | 'end' | 'rep'}`; readonly resource: ResourceType }
  /** Gives the arguments of the call of an export, flat. */
  | { readonly kind: 'args'; readonly export: FusedExport }
  /** Takes the flat result of an export: it returns, and all that is left to do is to clean up. */
  | { readonly kind: 'result'; readonly export: FusedExport }
  /** The command has failed. */
  | { readonly kind: 'failed' }
);

/** A function of the component. The core export of that name takes and gives nothing: the host does, by `args` and `result`. */
export interface FusedExport {
  /** `interface#function`, the interface without the last part of WASI's version; or the function's name. */
  readonly name: string;
  readonly type: FunctionType;
  readonly options: FusedOptions;
}

export interface FusedComponent {
  /** The core module. The same component gives the same bytes. */
  readonly bytes: Uint8Array;
  /** How it was fused: `FUSION_VERSION`, or an earlier one that gives the same module. */
  readonly version: number;
  readonly imports: readonly FusedImport[];
  readonly exports: readonly FusedExport[];
  /** The names that its world and interfaces give to types. */
  readonly typeNames: ReadonlyMap<ValueType, string>;
}
