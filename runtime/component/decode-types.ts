/** Types of a component (Component Model, Binary.md, "Type Definitions"). */
import { readByte, type Reader, readS33, readU32 } from '../wasm/index.ts';
import { malformedComponent } from './component-error.ts';
import { namesOf, readAlias, readItems } from './decode-component.ts';
import type { Definition, ExternDescription, TypeDefinition, TypeRef } from './definitions.ts';
import { checkDistinctNames, readExportName, readImportName } from './extern-names.ts';
import { checkDistinct, readLabel } from './labels.ts';
import type { Primitive } from './value-types.ts';

/** Primitive types by their signed code. */
const PRIMITIVE_OF_CODE: Readonly<Record<number, Primitive>> = {
  [-0x01]: 'bool',
  [-0x02]: 's8',
  [-0x03]: 'u8',
  [-0x04]: 's16',
  [-0x05]: 'u16',
  [-0x06]: 's32',
  [-0x07]: 'u32',
  [-0x08]: 's64',
  [-0x09]: 'u64',
  [-0x0a]: 'f32',
  [-0x0b]: 'f64',
  [-0x0c]: 'char',
  [-0x0d]: 'string',
};

/** Types of instances and components within each other. */
const NESTING_MAX = 100;

const ERROR_CONTEXT = 'error-context';

function primitiveOf(code: number, at: number): string {
  const primitive = PRIMITIVE_OF_CODE[code] ?? (code === -0x1c ? ERROR_CONTEXT : undefined);
  if (primitive === undefined) throw malformedComponent(at, `the type code ${code} is unknown`);
  return primitive;
}

function readTypeRef(reader: Reader): TypeRef {
  const at = reader.pos;
  const code = readS33(reader);
  return code >= 0 ? code : primitiveOf(code, at);
}

function readOptional<Item>(reader: Reader, read: (reader: Reader) => Item): Item | undefined {
  const at = reader.pos;
  const there = readByte(reader);
  if (there > 1) throw malformedComponent(at, 'what may be left out is neither there nor absent');
  return there === 1 ? read(reader) : undefined;
}

const readLabelled = (reader: Reader): readonly [string, TypeRef] => [readLabel(reader), readTypeRef(reader)];

/** Items that have labels, which are distinct. */
function readDistinct<Item>(
  reader: Reader,
  what: string,
  read: (reader: Reader) => Item,
  labelOf: (item: Item) => string,
): Item[] {
  const at = reader.pos;
  const items = readItems(reader, what, read);
  checkDistinct(items.map(labelOf), at);
  return items;
}

const firstOf = ([label]: readonly [string, unknown]): string => label;
const itself = (label: string): string => label;

function readCase(reader: Reader): readonly [string, TypeRef | undefined] {
  const name = readLabel(reader);
  const type = readOptional(reader, readTypeRef);
  const at = reader.pos;
  if (readByte(reader) !== 0) throw malformedComponent(at, 'a case of a variant refines another one');
  return [name, type];
}

function readFunction(reader: Reader, isAsync: boolean): TypeDefinition {
  const params = readDistinct(reader, 'parameters', readLabelled, firstOf);
  const at = reader.pos;
  const form = readByte(reader);
  if (form === 0x00) return { kind: 'func', params, result: readTypeRef(reader), isAsync };
  if (form !== 0x01 || readByte(reader) !== 0x00) throw malformedComponent(at, 'the results of a function');
  return { kind: 'func', params, result: undefined, isAsync };
}

function readDeclaration(reader: Reader, depth: number): Definition {
  const at = reader.pos;
  const code = readByte(reader);
  switch (code) {
    case 0x01:
      return { kind: 'type', type: readType(reader, depth) };
    case 0x02:
      return readAlias(reader);
    case 0x03:
      return { kind: 'import', name: readImportName(reader), description: readExternDescription(reader) };
    case 0x04:
      return { kind: 'export type', name: readExportName(reader), description: readExternDescription(reader) };
    default:
      throw malformedComponent(at, `the declaration ${code} is not supported`);
  }
}

/** What a type of an instance or component declares. */
function readDeclarations(reader: Reader, depth: number): Definition[] {
  const at = reader.pos;
  if (depth === NESTING_MAX) throw malformedComponent(at, `types are nested more than ${NESTING_MAX} deep`);
  const declarations = readItems(reader, 'declarations', () => readDeclaration(reader, depth + 1));
  for (const kind of ['import', 'export type'] as const) checkDistinctNames(namesOf(declarations, kind), at);
  return declarations;
}

const unsupported = (what: string): TypeDefinition => ({ kind: 'unsupported', what });

/** Type constructors by their code. */
const CONSTRUCTORS: Readonly<Record<number, (reader: Reader, depth: number) => TypeDefinition>> = {
  0x72: (reader) => ({ kind: 'record', fields: readDistinct(reader, 'fields', readLabelled, firstOf) }),
  0x71: (reader) => ({ kind: 'variant', cases: readDistinct(reader, 'cases', readCase, firstOf) }),
  0x70: (reader) => ({ kind: 'list', element: readTypeRef(reader) }),
  0x6f: (reader) => ({ kind: 'tuple', types: readItems(reader, 'types', readTypeRef) }),
  0x6e: (reader) => ({ kind: 'flags', labels: readDistinct(reader, 'labels', readLabel, itself) }),
  0x6d: (reader) => ({ kind: 'enum', labels: readDistinct(reader, 'labels', readLabel, itself) }),
  0x6b: (reader) => ({ kind: 'option', some: readTypeRef(reader) }),
  0x6a: (reader) => ({
    kind: 'result',
    ok: readOptional(reader, readTypeRef),
    err: readOptional(reader, readTypeRef),
  }),
  0x69: (reader) => ({ kind: 'own', index: readU32(reader) }),
  0x68: (reader) => ({ kind: 'borrow', index: readU32(reader) }),
  0x67: (reader) => {
    readTypeRef(reader);
    readU32(reader);
    return unsupported('a list of fixed length');
  },
  0x66: (reader) => {
    readOptional(reader, readTypeRef);
    return unsupported('a stream (WASI 0.3)');
  },
  0x65: (reader) => {
    readOptional(reader, readTypeRef);
    return unsupported('a future (WASI 0.3)');
  },
  0x43: (reader) => readFunction(reader, true),
  0x42: (reader, depth) => ({ kind: 'instance', declarations: readDeclarations(reader, depth) }),
  0x41: (reader, depth) => ({ kind: 'component', declarations: readDeclarations(reader, depth) }),
  0x40: (reader) => readFunction(reader, false),
  0x3f: (reader) => {
    const at = reader.pos;
    if (readByte(reader) !== 0x7f) throw malformedComponent(at, 'a resource is not represented by an i32');
    return { kind: 'resource', destructor: readOptional(reader, readU32) };
  },
};

/** @param depth How many types it is within. */
export function readType(reader: Reader, depth = 0): TypeDefinition {
  const at = reader.pos;
  const code = readByte(reader);
  const read = CONSTRUCTORS[code];
  return read === undefined ? { kind: 'value', type: primitiveOf(code - 0x80, at) } : read(reader, depth);
}

export function readExternDescription(reader: Reader): ExternDescription {
  const at = reader.pos;
  const code = readByte(reader);
  switch (code) {
    case 0x00:
      readByte(reader);
      return { kind: 'core module', typeIndex: readU32(reader) };
    case 0x01:
      return { kind: 'func', typeIndex: readU32(reader) };
    case 0x03: {
      const bound = readByte(reader);
      if (bound > 1) throw malformedComponent(at, 'the bound of a type is unknown');
      return { kind: 'type', equals: bound === 0 ? readU32(reader) : undefined };
    }
    case 0x04:
      return { kind: 'component', typeIndex: readU32(reader) };
    case 0x05:
      return { kind: 'instance', typeIndex: readU32(reader) };
    default:
      throw malformedComponent(at, `the description ${code} of an import or export is not supported`);
  }
}
