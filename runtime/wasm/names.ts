/** The name section (core specification, appendix "Name Section"). Names are hints: what is malformed in it is ignored. */
import type { Module } from './module.ts';
import { openReader, readByte, readCount, readName, type Reader, readU32 } from './reader.ts';

export type NameMap = Map<number, string>;
/** Names inside an entry: locals of a function, labels of a function, fields of a type. */
export type IndirectNameMap = Map<number, NameMap>;

export interface ModuleNames {
  module?: string;
  readonly funcs: NameMap;
  readonly locals: IndirectNameMap;
  readonly labels: IndirectNameMap;
  readonly types: NameMap;
  readonly tables: NameMap;
  readonly memories: NameMap;
  readonly globals: NameMap;
  readonly elements: NameMap;
  readonly datas: NameMap;
  readonly fields: IndirectNameMap;
  readonly tags: NameMap;
}

const noNames = (): ModuleNames => ({
  funcs: new Map(),
  locals: new Map(),
  labels: new Map(),
  types: new Map(),
  tables: new Map(),
  memories: new Map(),
  globals: new Map(),
  elements: new Map(),
  datas: new Map(),
  fields: new Map(),
  tags: new Map(),
});

function readNameMap(reader: Reader, into: NameMap): void {
  const count = readCount(reader, 'names');
  for (let entry = 0; entry < count; entry++) {
    const index = readU32(reader);
    into.set(index, readName(reader));
  }
}

function readIndirectNameMap(reader: Reader, into: IndirectNameMap): void {
  const count = readCount(reader, 'names');
  for (let entry = 0; entry < count; entry++) {
    const names: NameMap = new Map();
    into.set(readU32(reader), names);
    readNameMap(reader, names);
  }
}

/** Readers of the subsections by id. */
const SUBSECTIONS: Readonly<Record<number, (reader: Reader, names: ModuleNames) => void>> = {
  0: (reader, names) => void (names.module = readName(reader)),
  1: (reader, names) => readNameMap(reader, names.funcs),
  2: (reader, names) => readIndirectNameMap(reader, names.locals),
  3: (reader, names) => readIndirectNameMap(reader, names.labels),
  4: (reader, names) => readNameMap(reader, names.types),
  5: (reader, names) => readNameMap(reader, names.tables),
  6: (reader, names) => readNameMap(reader, names.memories),
  7: (reader, names) => readNameMap(reader, names.globals),
  8: (reader, names) => readNameMap(reader, names.elements),
  9: (reader, names) => readNameMap(reader, names.datas),
  10: (reader, names) => readIndirectNameMap(reader, names.fields),
  11: (reader, names) => readNameMap(reader, names.tags),
};

/** The names in a module. A malformed subsection gives the names up to the fault. */
export function decodeNames(module: Module): ModuleNames {
  const names = noNames();
  const custom = module.customs.find(({ name }) => name === 'name');
  if (custom === undefined) return names;
  const reader = openReader(module.bytes, custom.content.start, custom.content.end);
  try {
    while (reader.pos < custom.content.end) {
      const id = readByte(reader);
      const end = readCount(reader, 'bytes') + reader.pos;
      SUBSECTIONS[id]?.({ bytes: reader.bytes, pos: reader.pos, end }, names);
      reader.pos = end;
    }
  } catch {
    // Hints only: the module is fine without them.
  }
  return names;
}
