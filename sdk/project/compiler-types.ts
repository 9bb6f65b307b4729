/** What is used of the compiler's program: elements and resolved types, as its API has them. Boundary: types only. */

export interface CompilerType {
  readonly isReference: boolean;
  readonly isNullableReference: boolean;
  readonly nonNullableType: CompilerType;
  getClass(): CompilerClass | null;
  toString(): string;
}

/** A piece of a source. */
export interface CompilerNode {
  readonly range: {
    readonly start: number;
    readonly source: {
      readonly normalizedPath: string;
      lineAt(position: number): number;
      /** Of the last position that `lineAt` was asked for. */
      columnAt(): number;
    };
  };
}

export interface CompilerElement {
  readonly kind: number;
  readonly name: string;
  readonly internalName: string;
  readonly parent: CompilerElement;
  /** Where it is declared; none of use for files and properties. */
  readonly declaration: CompilerNode;
  is(flags: number): boolean;
}

export interface CompilerFile extends CompilerElement {
  readonly source: { readonly normalizedPath: string };
  readonly exports: ReadonlyMap<string, CompilerElement> | null;
}

/** A field, getter or setter of a class. */
export interface CompilerProperty extends CompilerElement {
  readonly isField: boolean;
  /** Of a field. */
  readonly fieldDeclaration: CompilerNode | null;
  /** Resolved; null: not yet. */
  readonly instance: { readonly type: CompilerType } | null;
}

export interface CompilerClass extends CompilerElement {
  readonly prototype: CompilerElement;
  readonly typeArguments: readonly CompilerType[] | null;
  /** Instance members by name, with those of base classes. */
  readonly members: ReadonlyMap<string, CompilerElement> | null;
}

export interface CompilerFunctionPrototype extends CompilerElement {
  readonly typeParameterNodes: readonly unknown[] | null;
  readonly functionTypeNode: CompilerNode & {
    readonly parameters: readonly (CompilerNode & { readonly name: { readonly text: string } })[];
  };
}

export interface CompilerFunction {
  readonly signature: {
    readonly parameterTypes: readonly CompilerType[];
    readonly returnType: CompilerType;
    readonly requiredParameters: number;
    readonly hasRest: boolean;
  };
}

export interface CompilerProgram {
  readonly filesByName: ReadonlyMap<string, CompilerFile>;
  readonly resolver: {
    resolveFunction(prototype: CompilerFunctionPrototype, typeArguments: null): CompilerFunction | null;
  };
}
