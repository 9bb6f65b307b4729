/**
 * A decoded module: the module structure of the WebAssembly core specification, chapter 2.5, as plain data.
 *
 * Boundary: data only. Index spaces are those of the specification: imports first, then definitions. Function bodies stay
 * byte ranges of `bytes` until `decodeCode` reads one.
 */
import type { GlobalType, MemoryType, SubType, TableType, TagType } from './types.ts';

export type ExternKind = 'func' | 'table' | 'memory' | 'global' | 'tag';

export type ImportDesc =
  | { readonly kind: 'func'; readonly typeIndex: number }
  | { readonly kind: 'table'; readonly type: TableType }
  | { readonly kind: 'memory'; readonly type: MemoryType }
  | { readonly kind: 'global'; readonly type: GlobalType }
  | { readonly kind: 'tag'; readonly type: TagType };

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly desc: ImportDesc;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}

/** A half-open range of absolute byte offsets in the module. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A constant expression: its bytes, including the closing `end`. */
export type ConstExpr = ByteRange;

export interface Func {
  readonly typeIndex: number;
  /** The body (locals and code) in `bytes`; undefined for an import. A pc is relative to `body.start`. */
  readonly body: ByteRange | undefined;
}

export interface Table {
  readonly type: TableType;
  readonly imported: boolean;
  /** Initial value of every slot; undefined: null. */
  readonly init: ConstExpr | undefined;
}

export interface Memory {
  readonly type: MemoryType;
  readonly imported: boolean;
}

export interface Global {
  readonly type: GlobalType;
  readonly imported: boolean;
  readonly init: ConstExpr | undefined;
}

export interface Tag {
  readonly type: TagType;
  readonly imported: boolean;
}

export type SegmentMode = 'active' | 'passive' | 'declarative';

export interface ElementSegment {
  readonly mode: SegmentMode;
  readonly tableIndex: number;
  /** Where an active segment goes. */
  readonly offset: ConstExpr | undefined;
  /** A reference type. */
  readonly type: number;
  /** Either function indices or expressions, as the binary has them. */
  readonly items:
    | { readonly kind: 'funcs'; readonly funcs: readonly number[] }
    | { readonly kind: 'exprs'; readonly exprs: readonly ConstExpr[] };
}

export interface DataSegment {
  readonly mode: 'active' | 'passive';
  readonly memoryIndex: number;
  readonly offset: ConstExpr | undefined;
  /** The bytes, as a range of the module. */
  readonly content: ByteRange;
}

export interface CustomSection {
  readonly name: string;
  readonly content: ByteRange;
  /** Id of the section before it in the binary; 0: it comes first. */
  readonly after: number;
}

export interface Module {
  readonly bytes: Uint8Array;
  readonly types: readonly SubType[];
  readonly imports: readonly Import[];
  readonly funcs: readonly Func[];
  readonly tables: readonly Table[];
  readonly memories: readonly Memory[];
  readonly globals: readonly Global[];
  readonly tags: readonly Tag[];
  readonly exports: readonly Export[];
  readonly startFunc: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly datas: readonly DataSegment[];
  readonly hasDataCount: boolean;
  readonly customs: readonly CustomSection[];
  readonly importedFuncs: number;
  readonly importedTables: number;
  readonly importedMemories: number;
  readonly importedGlobals: number;
  readonly importedTags: number;
}
