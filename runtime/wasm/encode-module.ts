/**
 * Writes a module (core specification 5.5), the inverse of `decode-module.ts`.
 *
 * Boundary: takes a `ModuleDraft`, in which code and contents are byte views, so that what is not changed is copied once, from
 * the original module into the result. Does not validate.
 */
import { EXTERN_KINDS } from './decode-externs.ts';
import { SECTION_IDS, TABLE_WITH_INIT } from './decode-module.ts';
import { ELEMENT_FLAGS } from './decode-segments.ts';
import {
  writeGlobalType,
  writeMemoryType,
  writeTableType,
  writeTagType,
  writeTypes,
  writeValType,
} from './encode-types.ts';
import type { ByteRange, Export, Import, Module, SegmentMode } from './module.ts';
import { FUNCREF, type GlobalType, type MemoryType, type SubType, type TableType, type TagType } from './types.ts';
import { ByteWriter } from './writer.ts';

export interface FuncDraft {
  typeIndex: number;
  /** Locals and code, without the size in front. */
  body: Uint8Array;
}

export interface TableDraft {
  type: TableType;
  init?: Uint8Array | undefined;
}

export interface GlobalDraft {
  type: GlobalType;
  init: Uint8Array;
}

export interface ElementDraft {
  mode: SegmentMode;
  tableIndex: number;
  offset?: Uint8Array | undefined;
  type: number;
  items:
    | { readonly kind: 'funcs'; readonly funcs: readonly number[] }
    | { readonly kind: 'exprs'; readonly exprs: readonly Uint8Array[] };
}

export interface DataDraft {
  mode: 'active' | 'passive';
  memoryIndex: number;
  offset?: Uint8Array | undefined;
  content: Uint8Array;
}

export interface CustomDraft {
  name: string;
  content: Uint8Array;
  /** Id of the section that it follows; 0: it comes first. */
  after: number;
}

/**
 * A module to be written: like `Module`, with definitions only (no imports) in the index spaces, and bytes for ranges.
 * The lists may be changed before `encodeModule`.
 */
export interface ModuleDraft {
  types: SubType[];
  imports: Import[];
  funcs: FuncDraft[];
  tables: TableDraft[];
  memories: MemoryType[];
  globals: GlobalDraft[];
  tags: TagType[];
  exports: Export[];
  startFunc?: number | undefined;
  elements: ElementDraft[];
  datas: DataDraft[];
  /** Whether to announce the number of data segments, as bodies with data instructions need it. Default: if there are any. */
  hasDataCount?: boolean;
  customs: CustomDraft[];
}

/** The draft of a module as it is. Its bytes are views of the module's. */
export function draftOf(module: Module): ModuleDraft {
  const view = ({ start, end }: ByteRange): Uint8Array => module.bytes.subarray(start, end);
  const viewOf = (range: ByteRange | undefined): Uint8Array | undefined => range && view(range);
  const none = new Uint8Array(0);
  return {
    types: [...module.types],
    imports: [...module.imports],
    funcs: module.funcs
      .slice(module.importedFuncs)
      .map(({ typeIndex, body }) => ({ typeIndex, body: viewOf(body) ?? none })),
    tables: module.tables.slice(module.importedTables).map(({ type, init }) => ({ type, init: viewOf(init) })),
    memories: module.memories.slice(module.importedMemories).map(({ type }) => type),
    globals: module.globals
      .slice(module.importedGlobals)
      .map(({ type, init }) => ({ type, init: viewOf(init) ?? none })),
    tags: module.tags.slice(module.importedTags).map(({ type }) => type),
    exports: [...module.exports],
    startFunc: module.startFunc,
    elements: module.elements.map(({ mode, tableIndex, offset, type, items }) => ({
      mode,
      tableIndex,
      offset: viewOf(offset),
      type,
      items: items.kind === 'funcs' ? items : { kind: 'exprs', exprs: items.exprs.map(view) },
    })),
    datas: module.datas.map(({ mode, memoryIndex, offset, content }) => ({
      mode,
      memoryIndex,
      offset: viewOf(offset),
      content: view(content),
    })),
    hasDataCount: module.hasDataCount,
    customs: module.customs.map(({ name, content, after }) => ({ name, content: view(content), after })),
  };
}

/** Bytes per item that sections take at least; the writer grows beyond it. */
const ESTIMATE_BYTES = 16;

function estimateBytes(draft: ModuleDraft): number {
  let size = 1024 + ESTIMATE_BYTES * (draft.types.length + draft.imports.length * 2 + draft.exports.length * 2);
  for (const { body } of draft.funcs) size += body.length + ESTIMATE_BYTES / 2;
  for (const { content } of draft.datas) size += content.length + ESTIMATE_BYTES;
  for (const { content } of draft.customs) size += content.length + ESTIMATE_BYTES;
  return size;
}

/** The module's bytes. */
export function encodeModule(draft: ModuleDraft): Uint8Array {
  const writer = new ByteWriter(estimateBytes(draft));
  writer.bytes(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));
  writeCustoms(writer, draft, 0);
  for (const id of SECTION_IDS) {
    const write = SECTION_WRITERS[id];
    if (write !== undefined) write(writer, draft);
    writeCustoms(writer, draft, id);
  }
  return writer.toBytes();
}

function writeCustoms(writer: ByteWriter, draft: ModuleDraft, after: number): void {
  for (const custom of draft.customs) {
    if (custom.after !== after) continue;
    writer.byte(0);
    writer.sized((section) => {
      section.name(custom.name);
      section.bytes(custom.content);
    });
  }
}

/** Writes a section that is a list, unless the list is empty. */
function writeList<T>(writer: ByteWriter, id: number, items: readonly T[], write: (item: T) => void): void {
  if (items.length === 0) return;
  writer.byte(id);
  writer.sized((section) => {
    section.u32(items.length);
    for (const item of items) write(item);
  });
}

function writeImport(writer: ByteWriter, { module, name, desc }: Import): void {
  writer.name(module);
  writer.name(name);
  writer.byte(EXTERN_KINDS.indexOf(desc.kind));
  if (desc.kind === 'func') writer.u32(desc.typeIndex);
  else if (desc.kind === 'table') writeTableType(writer, desc.type);
  else if (desc.kind === 'memory') writeMemoryType(writer, desc.type);
  else if (desc.kind === 'global') writeGlobalType(writer, desc.type);
  else writeTagType(writer, desc.type);
}

function writeTable(writer: ByteWriter, { type, init }: TableDraft): void {
  if (init !== undefined) {
    writer.byte(TABLE_WITH_INIT);
    writer.byte(0);
  }
  writeTableType(writer, type);
  if (init !== undefined) writer.bytes(init);
}

function writeElement(writer: ByteWriter, { mode, tableIndex, offset, type, items }: ElementDraft): void {
  const asExprs = items.kind === 'exprs';
  const implicit = mode === 'active' && tableIndex === 0 && (!asExprs || type === FUNCREF);
  const flags =
    (mode === 'active' ? 0 : ELEMENT_FLAGS.notActive) |
    (mode === 'declarative' || (mode === 'active' && !implicit) ? ELEMENT_FLAGS.explicit : 0) |
    (asExprs ? ELEMENT_FLAGS.exprs : 0);
  writer.byte(flags);
  if (mode === 'active') {
    if (!implicit) writer.u32(tableIndex);
    writer.bytes(offset ?? new Uint8Array(0));
  }
  if (!implicit) {
    if (asExprs) writeValType(writer, type);
    else writer.byte(0);
  }
  if (items.kind === 'exprs') {
    writer.u32(items.exprs.length);
    for (const expr of items.exprs) writer.bytes(expr);
  } else {
    writer.u32(items.funcs.length);
    for (const func of items.funcs) writer.u32(func);
  }
}

function writeData(writer: ByteWriter, { mode, memoryIndex, offset, content }: DataDraft): void {
  writer.byte(mode === 'passive' ? 1 : memoryIndex === 0 ? 0 : 2);
  if (mode === 'active') {
    if (memoryIndex !== 0) writer.u32(memoryIndex);
    writer.bytes(offset ?? new Uint8Array(0));
  }
  writer.u32(content.length);
  writer.bytes(content);
}

/** Writes a section that is one number. */
function writeNumber(writer: ByteWriter, id: number, value: number): void {
  writer.byte(id);
  writer.sized((section) => section.u32(value));
}

const SECTION_WRITERS: Readonly<Record<number, (writer: ByteWriter, draft: ModuleDraft) => void>> = {
  1: (writer, { types }) => {
    if (types.length === 0) return;
    writer.byte(1);
    writer.sized((section) => writeTypes(section, types));
  },
  2: (writer, { imports }) => writeList(writer, 2, imports, (item) => writeImport(writer, item)),
  3: (writer, { funcs }) => writeList(writer, 3, funcs, ({ typeIndex }) => writer.u32(typeIndex)),
  4: (writer, { tables }) => writeList(writer, 4, tables, (table) => writeTable(writer, table)),
  5: (writer, { memories }) => writeList(writer, 5, memories, (type) => writeMemoryType(writer, type)),
  13: (writer, { tags }) => writeList(writer, 13, tags, (type) => writeTagType(writer, type)),
  6: (writer, { globals }) =>
    writeList(writer, 6, globals, ({ type, init }) => {
      writeGlobalType(writer, type);
      writer.bytes(init);
    }),
  7: (writer, { exports }) =>
    writeList(writer, 7, exports, ({ name, kind, index }) => {
      writer.name(name);
      writer.byte(EXTERN_KINDS.indexOf(kind));
      writer.u32(index);
    }),
  8: (writer, { startFunc }) => {
    if (startFunc !== undefined) writeNumber(writer, 8, startFunc);
  },
  9: (writer, { elements }) => writeList(writer, 9, elements, (element) => writeElement(writer, element)),
  12: (writer, { hasDataCount, datas }) => {
    if (hasDataCount ?? datas.length > 0) writeNumber(writer, 12, datas.length);
  },
  10: (writer, { funcs }) =>
    writeList(writer, 10, funcs, ({ body }) => {
      writer.u32(body.length);
      writer.bytes(body);
    }),
  11: (writer, { datas }) => writeList(writer, 11, datas, (data) => writeData(writer, data)),
};
