/**
 * Decodes a component (Component Model, Binary.md).
 *
 * Boundary: the structure; core modules stay bytes, types are in decode-types.ts. What decodes need not be valid.
 */
import { openReader, readByte, readCount, readName, type Reader, readU32, skipBytes } from '../wasm/index.ts';
import { malformedComponent } from './component-error.ts';
import { readCanon } from './decode-canon.ts';
import { readExternDescription, readType } from './decode-types.ts';
import { checkDistinctNames, readExportName, readImportName } from './extern-names.ts';
import { type Component, CORE_SORTS, type Definition, type Sort, type SortIndex, SORTS } from './definitions.ts';

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
/** Components within components. */
const NESTING_MAX = 16;

/** Whether the bytes begin as a component does. */
export const isComponent = (bytes: Uint8Array): boolean => PREAMBLE.every((byte, index) => bytes[index] === byte);

/** The names of all definitions of a kind. */
export const namesOf = (definitions: readonly Definition[], kind: 'import' | 'export' | 'export type'): string[] =>
  definitions.flatMap((each) => (each.kind === kind ? [each.name] : []));

/** Items of a section, `count` of which follow. */
export const readItems = <Item>(reader: Reader, what: string, read: (reader: Reader) => Item): Item[] => {
  const items: Item[] = [];
  for (let left = readCount(reader, what); left > 0; left--) items.push(read(reader));
  return items;
};

export function readSort(reader: Reader): Sort {
  const at = reader.pos;
  const code = readByte(reader);
  if (code === 0x00) {
    const core = CORE_SORTS[readByte(reader)];
    if (core !== undefined) return `core ${core}`;
  }
  const sort = SORTS[code];
  if (sort === undefined) throw malformedComponent(at, 'a sort is unknown');
  return sort;
}

const readSortIndex = (reader: Reader): SortIndex => ({ sort: readSort(reader), index: readU32(reader) });

function readCoreSortIndex(reader: Reader): SortIndex {
  const at = reader.pos;
  const core = CORE_SORTS[readByte(reader)];
  if (core === undefined) throw malformedComponent(at, 'a core sort is unknown');
  return { sort: `core ${core}`, index: readU32(reader) };
}

function readCoreInstance(reader: Reader): Definition {
  const at = reader.pos;
  const form = readByte(reader);
  if (form === 0x00) {
    const module = readU32(reader);
    const args = readItems(reader, 'arguments', () => {
      const name = readName(reader);
      const { sort, index } = readCoreSortIndex(reader);
      if (sort !== 'core instance') throw malformedComponent(reader.pos, 'a core module is given what is no instance');
      return [name, index] as const;
    });
    return { kind: 'core instance', module, args };
  }
  if (form !== 0x01) throw malformedComponent(at, `the form ${form} of a core instance is unknown`);
  const exports = readItems(reader, 'exports', () => [readName(reader), readCoreSortIndex(reader)] as const);
  return { kind: 'core exports', exports };
}

function readInstance(reader: Reader): Definition {
  const at = reader.pos;
  const form = readByte(reader);
  if (form === 0x00) {
    const component = readU32(reader);
    const args = readItems(reader, 'arguments', () => [readName(reader), readSortIndex(reader)] as const);
    return { kind: 'instance', component, args };
  }
  if (form !== 0x01) throw malformedComponent(at, `the form ${form} of an instance is unknown`);
  const exports = readItems(reader, 'exports', () => [readExportName(reader), readSortIndex(reader)] as const);
  checkDistinctNames(
    exports.map(([name]) => name),
    at,
  );
  return { kind: 'exports', exports };
}

export function readAlias(reader: Reader): Definition {
  const sort = readSort(reader);
  const at = reader.pos;
  const form = readByte(reader);
  if (form === 0x00) return { kind: 'alias export', sort, instance: readU32(reader), name: readName(reader) };
  if (form === 0x01) return { kind: 'alias core export', sort, instance: readU32(reader), name: readName(reader) };
  if (form === 0x02) return { kind: 'alias outer', sort, depth: readU32(reader), index: readU32(reader) };
  throw malformedComponent(at, `the form ${form} of an alias is unknown`);
}

function readExport(reader: Reader): Definition {
  const name = readExportName(reader);
  const item = readSortIndex(reader);
  const at = reader.pos;
  const hasDescription = readByte(reader);
  if (hasDescription > 1) throw malformedComponent(at, 'the description of an export is neither there nor absent');
  if (hasDescription === 1) readExternDescription(reader); // what it narrows is of no matter here
  return { kind: 'export', name, item };
}

const readImport = (reader: Reader): Definition => ({
  kind: 'import',
  name: readImportName(reader),
  description: readExternDescription(reader),
});

/** Sections that are lists, by id: how an item is read. */
const LISTS: Readonly<Record<number, (reader: Reader) => Definition>> = {
  2: readCoreInstance,
  5: readInstance,
  6: readAlias,
  7: (reader) => ({ kind: 'type', type: readType(reader) }),
  8: (reader) => ({ kind: 'canon', canon: readCanon(reader) }),
  10: readImport,
  11: readExport,
};

const SECTION = { custom: 0, coreModule: 1, coreType: 3, component: 4, start: 9, value: 12 } as const;

/**
 * Decodes a component. The bytes stay the caller's and must not change while the result is in use.
 * @throws PluvioError `COMPONENT_MALFORMED`; `MODULE_MALFORMED` of what is malformed in the way of any WebAssembly
 */
export function decodeComponent(bytes: Uint8Array): Component {
  return readComponent(openReader(bytes), 0);
}

function readComponent(reader: Reader, depth: number): Component {
  const { bytes, end } = reader;
  const at = skipBytes(reader, PREAMBLE.length, 'the preamble of a component');
  if (!isComponent(bytes.subarray(at))) throw malformedComponent(at, 'this is no component');
  if (depth > NESTING_MAX) throw malformedComponent(at, `components are nested more than ${NESTING_MAX} deep`);
  const definitions: Definition[] = [];
  while (reader.pos < end) {
    const id = readByte(reader);
    const sizeBytes = readU32(reader);
    const start = skipBytes(reader, sizeBytes, `section ${id}`);
    const section = openReader(bytes, start, start + sizeBytes);
    for (const definition of readSection(section, id, depth)) definitions.push(definition);
  }
  for (const kind of ['import', 'export'] as const) checkDistinctNames(namesOf(definitions, kind), at);
  return { definitions };
}

function readSection(section: Reader, id: number, depth: number): Definition[] {
  const { bytes, pos: start, end } = section;
  switch (id) {
    case SECTION.custom:
      return [];
    case SECTION.coreModule:
      return [{ kind: 'core module', bytes: bytes.subarray(start, end) }];
    case SECTION.component:
      return [{ kind: 'component', component: readComponent(section, depth + 1) }];
    case SECTION.coreType: // only modules that are passed around have types that matter, and none are
      return Array.from({ length: readCount(section, 'core types') }, () => ({ kind: 'core type' }));
    default: {
      const read = LISTS[id];
      if (read === undefined) {
        const what = id === SECTION.start || id === SECTION.value ? 'start values' : `section id ${id}`;
        throw malformedComponent(start, `${what} are not supported`);
      }
      const definitions = readItems(section, 'definitions', read);
      if (section.pos !== end) throw malformedComponent(section.pos, `section ${id} has more than its content`);
      return definitions;
    }
  }
}
