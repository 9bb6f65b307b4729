/** Types and the type section (core specification 5.3 and 5.5.4). */
import { canonicalTypes } from './canonical-types.ts';
import { readByte, readCount, type Reader, readS33, readU32, readU64 } from './reader.ts';
import { PACKED_I16, PACKED_I8, ref, refNull } from './types.ts';
import type {
  CompositeType,
  FieldType,
  GlobalType,
  HeapType,
  Limits,
  MemoryType,
  SubType,
  TableType,
  TagType,
  ValType,
} from './types.ts';
import { hex, inPath, malformed, overLimit } from './wasm-error.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

/** Codes of the type constructors (5.3.6 to 5.3.9). */
const CODE = { func: 0x60, struct: 0x5f, array: 0x5e, sub: 0x50, subFinal: 0x4f, rec: 0x4e } as const;

/** Whether a byte is the one-byte code of a number or vector type. */
export const isNumberCode = (byte: number): boolean => byte >= 0x7b && byte <= 0x7f;
/** Whether a byte is the one-byte code of an abstract heap type. */
export const isAbstractHeapCode = (byte: number): boolean => byte >= 0x69 && byte <= 0x74;

export function readHeapType(reader: Reader): HeapType {
  const start = reader.pos;
  const heap = readS33(reader);
  if (heap < 0 && !(reader.pos - start === 1 && isAbstractHeapCode(heap + 0x80))) {
    throw malformed(start, `heap type ${heap} does not exist`);
  }
  if (heap >= WASM_LIMITS.types) throw malformed(start, `heap type: type index ${heap} is too large`);
  return heap;
}

/** Reads a value type whose first byte has been read already. */
export function readValTypeAfter(reader: Reader, byte: number): ValType {
  if (isNumberCode(byte)) return byte;
  if (isAbstractHeapCode(byte)) return refNull(byte - 0x80);
  if (byte === 0x63) return refNull(readHeapType(reader));
  if (byte === 0x64) return ref(readHeapType(reader));
  throw malformed(reader.pos - 1, `value type ${hex(byte)} does not exist`);
}

export const readValType = (reader: Reader): ValType => readValTypeAfter(reader, readByte(reader));

export function readRefType(reader: Reader): ValType {
  const start = reader.pos;
  const type = readValType(reader);
  if (isNumberCode(type)) throw malformed(start, 'expected a reference type');
  return type;
}

export function readMutability(reader: Reader): boolean {
  const byte = readByte(reader);
  if (byte > 1) throw malformed(reader.pos - 1, `mutability ${hex(byte)} must be 0x0 or 0x1`);
  return byte === 1;
}

const LIMIT_FLAGS = { hasMax: 1, shared: 2, is64: 4 } as const;

export function readLimits(reader: Reader): Limits {
  const flags = readByte(reader);
  if (flags > 7) throw malformed(reader.pos - 1, `limits flags ${hex(flags)} are unknown`);
  const is64 = (flags & LIMIT_FLAGS.is64) !== 0;
  const min = readU64(reader); // whatever the address type: what is out of its range is not malformed but invalid
  const max = (flags & LIMIT_FLAGS.hasMax) !== 0 ? readU64(reader) : undefined;
  return { min, max, shared: (flags & LIMIT_FLAGS.shared) !== 0, is64 };
}

export function readTableType(reader: Reader): TableType {
  const element = readRefType(reader);
  return { element, limits: readLimits(reader) };
}

export const readMemoryType = (reader: Reader): MemoryType => ({ limits: readLimits(reader) });

export function readGlobalType(reader: Reader): GlobalType {
  const type = readValType(reader);
  return { type, mutable: readMutability(reader) };
}

export function readTagType(reader: Reader): TagType {
  const attribute = readByte(reader);
  if (attribute !== 0) throw malformed(reader.pos - 1, `tag attribute ${hex(attribute)} must be 0x0`);
  return { typeIndex: readU32(reader) };
}

/** The same empty list for every type without parameters or results. */
const NO_TYPES: readonly ValType[] = [];

function readResultType(reader: Reader, what: 'params' | 'results'): readonly ValType[] {
  const count = readCount(reader, what);
  if (count > WASM_LIMITS[what]) throw overLimit(what, count, WASM_LIMITS[what]);
  if (count === 0) return NO_TYPES;
  const types: ValType[] = [];
  for (let index = 0; index < count; index++) types.push(readValType(reader));
  return types;
}

function readFieldType(reader: Reader): FieldType {
  const byte = readByte(reader);
  const storage = byte === PACKED_I8 || byte === PACKED_I16 ? byte : readValTypeAfter(reader, byte);
  return { storage, mutable: readMutability(reader) };
}

function readCompositeType(reader: Reader, code: number): CompositeType {
  if (code === CODE.func) {
    const params = readResultType(reader, 'params');
    return { kind: 'func', params, results: readResultType(reader, 'results') };
  }
  if (code === CODE.array) return { kind: 'array', element: readFieldType(reader) };
  if (code !== CODE.struct) throw malformed(reader.pos - 1, `type constructor ${hex(code)} does not exist`);
  const count = readCount(reader, 'fields');
  if (count > WASM_LIMITS.structFields) throw overLimit('struct fields', count, WASM_LIMITS.structFields);
  const fields: FieldType[] = [];
  for (let index = 0; index < count; index++) fields.push(readFieldType(reader));
  return { kind: 'struct', fields };
}

const NO_SUPERS: readonly number[] = [];

function readSubType(reader: Reader, code: number, recGroup: number): SubType {
  let supers = NO_SUPERS;
  let final = true;
  let constructor = code;
  if (code === CODE.sub || code === CODE.subFinal) {
    final = code === CODE.subFinal;
    const count = readCount(reader, 'supertypes');
    if (count > 0) supers = Array.from({ length: count }, () => readU32(reader));
    constructor = readByte(reader);
  }
  return { composite: readCompositeType(reader, constructor), final, supers, recGroup, canonical: -1 };
}

/** The type section's content: all types, with their canonical indices. */
export function readTypeSection(reader: Reader): readonly SubType[] {
  const groupCount = readCount(reader, 'types');
  const types: SubType[] = [];
  for (let group = 0; group < groupCount; group++) {
    inPath(
      () => `type group[${group}]`,
      () => {
        const code = readByte(reader);
        const members = code === CODE.rec ? readCount(reader, 'types of a group') : 1;
        for (let member = 0; member < members; member++) {
          types.push(readSubType(reader, code === CODE.rec ? readByte(reader) : code, group));
        }
      },
    );
    if (types.length > WASM_LIMITS.types) throw overLimit('types', types.length, WASM_LIMITS.types);
  }
  return canonicalTypes(types);
}
