/**
 * Decodes a module (core specification 5.5).
 *
 * Boundary: the module's structure; bodies and constant expressions stay byte ranges. What decodes need not be valid: see
 * `validateModule`.
 */
import { itemAt } from './item-at.ts';
import { Code } from './code.ts';
import { decodeRows } from './code-decode.ts';
import { readExportSection, readImportSection } from './decode-externs.ts';
import { readDataSection, readElementSection } from './decode-segments.ts';
import { readGlobalType, readMemoryType, readTableType, readTagType, readTypeSection } from './decode-types.ts';
import type {
  ByteRange,
  ConstExpr,
  CustomSection,
  DataSegment,
  ElementSegment,
  Export,
  Func,
  Global,
  Import,
  Memory,
  Module,
  Table,
  Tag,
} from './module.ts';
import { openReader, readByte, readCount, readName, type Reader, readU32, skipBytes } from './reader.ts';
import type { SubType } from './types.ts';
import { hex, inPath, malformed, overLimit } from './wasm-error.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

/** A module while it is read: the lists of `Module`, still growing. */
interface Draft {
  readonly reader: Reader;
  readonly scratch: Code;
  types: readonly SubType[];
  imports: readonly Import[];
  readonly funcs: Func[];
  readonly funcTypes: number[];
  readonly tables: Table[];
  readonly memories: Memory[];
  readonly globals: Global[];
  readonly tags: Tag[];
  exports: readonly Export[];
  startFunc: number | undefined;
  elements: readonly ElementSegment[];
  datas: readonly DataSegment[];
  dataCount: number | undefined;
  readonly customs: CustomSection[];
  bodies: readonly ByteRange[];
}

interface SectionRow {
  readonly id: number;
  readonly name: string;
  readonly read: (draft: Draft) => void;
}

/** The sections in the order in which they must appear. */
const SECTIONS: readonly SectionRow[] = [
  { id: 1, name: 'type', read: (draft) => void (draft.types = readTypeSection(draft.reader)) },
  { id: 2, name: 'import', read: readImports },
  { id: 3, name: 'function', read: readFuncs },
  { id: 4, name: 'table', read: readTables },
  { id: 5, name: 'memory', read: readMemories },
  { id: 13, name: 'tag', read: readTags },
  { id: 6, name: 'global', read: readGlobals },
  { id: 7, name: 'export', read: (draft) => void (draft.exports = readExportSection(draft.reader)) },
  { id: 8, name: 'start', read: (draft) => void (draft.startFunc = readU32(draft.reader)) },
  { id: 9, name: 'element', read: readElements },
  { id: 12, name: 'data count', read: (draft) => void (draft.dataCount = readU32(draft.reader)) },
  { id: 10, name: 'code', read: readBodies },
  { id: 11, name: 'data', read: readDatas },
];

/** Position in `SECTIONS` by section id. */
const ORDER = new Map(SECTIONS.map((row, position) => [row.id, position]));

/** Ids of the sections in binary order, and the number of the custom section that stands before all others. */
export const SECTION_IDS: readonly number[] = SECTIONS.map((row) => row.id);

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * Decodes a module. The bytes stay the caller's and must not change while the module is in use.
 * @throws PluvioError `MODULE_MALFORMED`, `MODULE_INVALID`, `MODULE_LIMIT`
 */
export function decodeModule(bytes: Uint8Array): Module {
  if (bytes.length < MAGIC.length || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    const found = Array.from(bytes.subarray(0, MAGIC.length), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw malformed(0, `not a WebAssembly module: it starts with "${found}", expected "00 61 73 6d 01 00 00 00"`);
  }
  const draft: Draft = {
    reader: openReader(bytes, MAGIC.length),
    scratch: new Code(bytes, 16),
    types: [],
    imports: [],
    funcs: [],
    funcTypes: [],
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [],
    startFunc: undefined,
    elements: [],
    datas: [],
    dataCount: undefined,
    customs: [],
    bodies: [],
  };
  readSections(draft);
  return finish(draft);
}

function readSections(draft: Draft): void {
  const { reader } = draft;
  const moduleEnd = reader.bytes.length;
  let last = -1;
  while (reader.pos < moduleEnd) {
    const start = reader.pos;
    const id = readByte(reader);
    const size = readU32(reader);
    if (size > moduleEnd - reader.pos) {
      throw malformed(start, `section ${id}: unexpected end: ${size} bytes announced, ${moduleEnd - reader.pos} left`);
    }
    const sectionEnd = reader.pos + size;
    reader.end = sectionEnd;
    if (id === 0) readCustom(draft, last < 0 ? 0 : itemAt(SECTIONS, last).id);
    else {
      const position = ORDER.get(id);
      if (position === undefined) throw malformed(start, `section id ${id} does not exist`);
      const row = itemAt(SECTIONS, position);
      if (position <= last) {
        throw malformed(start, `section ${row.name} must not come after section ${itemAt(SECTIONS, last).name}`);
      }
      last = position;
      inPath(
        () => `section ${row.name}`,
        () => row.read(draft),
      );
      if (reader.pos !== sectionEnd) {
        throw malformed(reader.pos, `section ${row.name} has ${sectionEnd - reader.pos} bytes more than its content`);
      }
    }
    reader.pos = sectionEnd;
    reader.end = moduleEnd;
  }
}

function readCustom(draft: Draft, after: number): void {
  const { reader } = draft;
  inPath(
    () => 'custom section',
    () => {
      const name = readName(reader);
      draft.customs.push({ name, content: { start: reader.pos, end: reader.end }, after });
    },
  );
}

function readImports(draft: Draft): void {
  draft.imports = readImportSection(draft.reader);
  for (const { desc } of draft.imports) {
    if (desc.kind === 'func') draft.funcs.push({ typeIndex: desc.typeIndex, body: undefined });
    else if (desc.kind === 'table') draft.tables.push({ type: desc.type, imported: true, init: undefined });
    else if (desc.kind === 'memory') draft.memories.push({ type: desc.type, imported: true });
    else if (desc.kind === 'global') draft.globals.push({ type: desc.type, imported: true, init: undefined });
    else draft.tags.push({ type: desc.type, imported: true });
  }
}

/** Reads the `count` items of a section whose index space has `present` entries already. */
function readItems(draft: Draft, what: 'tables' | 'memories' | 'globals' | 'tags', read: () => void): void {
  const count = readCount(draft.reader, what);
  const total = draft[what].length + count;
  if (total > WASM_LIMITS[what]) throw overLimit(what, total, WASM_LIMITS[what]);
  for (let index = 0; index < count; index++) inPath(() => `${what}[${draft[what].length}]`, read);
}

function readFuncs(draft: Draft): void {
  const count = readCount(draft.reader, 'functions');
  const total = draft.funcs.length + count;
  if (total > WASM_LIMITS.funcs) throw overLimit('functions', total, WASM_LIMITS.funcs);
  for (let index = 0; index < count; index++) draft.funcTypes.push(readU32(draft.reader));
}

/** First byte of a table with an initial value. */
export const TABLE_WITH_INIT = 0x40;

function readTables(draft: Draft): void {
  const { reader } = draft;
  readItems(draft, 'tables', () => {
    const hasInit = reader.pos < reader.end && reader.bytes[reader.pos] === TABLE_WITH_INIT;
    if (hasInit) {
      reader.pos++;
      const reserved = readByte(reader);
      if (reserved !== 0) throw malformed(reader.pos - 1, `reserved byte ${hex(reserved)} must be 0x0`);
    }
    const type = readTableType(reader);
    draft.tables.push({ type, imported: false, init: hasInit ? readExpr(draft) : undefined });
  });
}

function readMemories(draft: Draft): void {
  readItems(draft, 'memories', () => draft.memories.push({ type: readMemoryType(draft.reader), imported: false }));
}

function readTags(draft: Draft): void {
  readItems(draft, 'tags', () => draft.tags.push({ type: readTagType(draft.reader), imported: false }));
}

function readGlobals(draft: Draft): void {
  readItems(draft, 'globals', () => {
    const type = readGlobalType(draft.reader);
    draft.globals.push({ type, imported: false, init: readExpr(draft) });
  });
}

function readElements(draft: Draft): void {
  draft.elements = readElementSection(draft.reader, () => readExpr(draft));
}

function readDatas(draft: Draft): void {
  draft.datas = readDataSection(draft.reader, () => readExpr(draft));
}

function readBodies(draft: Draft): void {
  const { reader } = draft;
  const count = readCount(reader, 'bodies');
  const bodies: ByteRange[] = [];
  for (let index = 0; index < count; index++) {
    const size = readU32(reader);
    if (size > WASM_LIMITS.functionBytes) {
      throw overLimit(`bytes of function ${draft.funcs.length + index}`, size, WASM_LIMITS.functionBytes);
    }
    const start = skipBytes(reader, size, `the body of function ${draft.funcs.length + index}`);
    bodies.push({ start, end: start + size });
  }
  draft.bodies = bodies;
}

function readExpr(draft: Draft): ConstExpr {
  const start = draft.reader.pos;
  decodeRows(draft.reader, draft.scratch, draft.memories);
  return { start, end: draft.reader.pos };
}

function finish(draft: Draft): Module {
  const { reader, imports, funcs, funcTypes, bodies, datas, dataCount } = draft;
  const end = reader.bytes.length;
  if (funcTypes.length !== bodies.length) {
    throw malformed(end, `section function declares ${funcTypes.length} functions, section code has ${bodies.length}`);
  }
  if (dataCount !== undefined && dataCount !== datas.length) {
    throw malformed(end, `section data count announces ${dataCount} segments, section data has ${datas.length}`);
  }
  const importedFuncs = funcs.length;
  bodies.forEach((body, index) => funcs.push({ typeIndex: funcTypes[index] ?? 0, body }));
  const imported = (kind: string): number => imports.reduce((sum, { desc }) => sum + (desc.kind === kind ? 1 : 0), 0);
  return {
    bytes: reader.bytes,
    types: draft.types,
    imports,
    funcs,
    tables: draft.tables,
    memories: draft.memories,
    globals: draft.globals,
    tags: draft.tags,
    exports: draft.exports,
    startFunc: draft.startFunc,
    elements: draft.elements,
    datas,
    hasDataCount: dataCount !== undefined,
    customs: draft.customs,
    importedFuncs,
    importedTables: imported('table'),
    importedMemories: imported('memory'),
    importedGlobals: imported('global'),
    importedTags: imported('tag'),
  };
}
