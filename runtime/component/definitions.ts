/**
 * A decoded component (Component Model, Binary.md): its definitions in order, with the indices of its index spaces.
 *
 * Boundary: data only. What they come to is resolve.ts.
 */

/** Sorts of core definitions, by their binary code. */
export const CORE_SORTS: Readonly<Record<number, CoreSort>> = {
  0x00: 'func',
  0x01: 'table',
  0x02: 'memory',
  0x03: 'global',
  0x04: 'tag',
  0x10: 'type',
  0x11: 'module',
  0x12: 'instance',
};
export type CoreSort = 'func' | 'table' | 'memory' | 'global' | 'tag' | 'type' | 'module' | 'instance';

/** Sorts of definitions, by their binary code; 0x00 is a core sort. */
export const SORTS: Readonly<Record<number, Exclude<Sort, `core ${CoreSort}`>>> = {
  0x01: 'func',
  0x02: 'value',
  0x03: 'type',
  0x04: 'component',
  0x05: 'instance',
};
export type Sort = 'func' | 'value' | 'type' | 'component' | 'instance' | `core ${CoreSort}`;

export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}

/** A value type as it is written: a primitive, or the index of a type. */
export type TypeRef = string | number;

export type TypeDefinition =
  | { readonly kind: 'value'; readonly type: TypeRef }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, TypeRef])[] }
  | { readonly kind: 'variant'; readonly cases: readonly (readonly [string, TypeRef | undefined])[] }
  | { readonly kind: 'list'; readonly element: TypeRef }
  | { readonly kind: 'tuple'; readonly types: readonly TypeRef[] }
  | { readonly kind: 'flags' | 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'option'; readonly some: TypeRef }
  | { readonly kind: 'result'; readonly ok: TypeRef | undefined; readonly err: TypeRef | undefined }
  | { readonly kind: 'own' | 'borrow'; readonly index: number }
  /** A type that WASI 0.2 has not: it is refused when something uses it. */
  | { readonly kind: 'unsupported'; readonly what: string }
  | {
      readonly kind: 'func';
      readonly params: readonly (readonly [string, TypeRef])[];
      readonly result: TypeRef | undefined;
      readonly isAsync: boolean;
    }
  | { readonly kind: 'resource'; readonly destructor: number | undefined }
  | { readonly kind: 'instance' | 'component'; readonly declarations: readonly Definition[] };

export type ExternDescription =
  | { readonly kind: 'core module' | 'func' | 'component' | 'instance'; readonly typeIndex: number }
  | { readonly kind: 'type'; readonly equals: number | undefined }
  | { readonly kind: 'value' };

export interface CanonOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  /** An option that WASI 0.2 has not. */
  readonly unsupported: string | undefined;
}

export type Canon =
  | { readonly kind: 'lift'; readonly coreFunc: number; readonly typeIndex: number; readonly options: CanonOptions }
  | { readonly kind: 'lower'; readonly func: number; readonly options: CanonOptions }
  | { readonly kind: 'resource.new' | 'resource.drop' | 'resource.rep'; readonly typeIndex: number };

export type Definition =
  | { readonly kind: 'core module'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'core instance';
      readonly module: number;
      readonly args: readonly (readonly [name: string, instance: number])[];
    }
  | { readonly kind: 'core exports'; readonly exports: readonly (readonly [name: string, item: SortIndex])[] }
  | { readonly kind: 'core type' }
  | { readonly kind: 'component'; readonly component: Component }
  | {
      readonly kind: 'instance';
      readonly component: number;
      readonly args: readonly (readonly [name: string, item: SortIndex])[];
    }
  | { readonly kind: 'exports'; readonly exports: readonly (readonly [name: string, item: SortIndex])[] }
  | { readonly kind: 'alias export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: 'alias core export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: 'alias outer'; readonly sort: Sort; readonly depth: number; readonly index: number }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'canon'; readonly canon: Canon }
  | { readonly kind: 'import'; readonly name: string; readonly description: ExternDescription }
  | { readonly kind: 'export'; readonly name: string; readonly item: SortIndex }
  /** In the type of an instance or component. */
  | { readonly kind: 'export type'; readonly name: string; readonly description: ExternDescription };

export interface Component {
  readonly definitions: readonly Definition[];
}
