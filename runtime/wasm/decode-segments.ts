/** Element and data segments (core specification 5.5.12 and 5.5.14). */
import { readRefType } from './decode-types.ts';
import type { ConstExpr, DataSegment, ElementSegment } from './module.ts';
import { readByte, readCount, type Reader, readU32, skipBytes } from './reader.ts';
import { FUNCREF, HEAP, ref } from './types.ts';
import { inPath, malformed, overLimit } from './wasm-error.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

/** Moves over a constant expression. */
export type ReadExpr = (reader: Reader) => ConstExpr;

/** Bits of an element segment's flags. */
export const ELEMENT_FLAGS = { notActive: 1, explicit: 2, exprs: 4 } as const;

/** The type of a segment of function indices. */
export const FUNCS_TYPE = ref(HEAP.func);

function readElementKind(reader: Reader): number {
  const kind = readByte(reader);
  if (kind !== 0) throw malformed(reader.pos - 1, `element kind ${kind} must be 0`);
  return FUNCS_TYPE;
}

function readItems(reader: Reader, asExprs: boolean, readExpr: ReadExpr): ElementSegment['items'] {
  const count = readCount(reader, 'elements');
  if (count > WASM_LIMITS.segmentItems) throw overLimit('elements of a segment', count, WASM_LIMITS.segmentItems);
  if (asExprs) {
    const exprs: ConstExpr[] = [];
    for (let index = 0; index < count; index++) exprs.push(readExpr(reader));
    return { kind: 'exprs', exprs };
  }
  const funcs: number[] = [];
  for (let index = 0; index < count; index++) funcs.push(readU32(reader));
  return { kind: 'funcs', funcs };
}

function readElement(reader: Reader, readExpr: ReadExpr): ElementSegment {
  const start = reader.pos;
  const flags = readU32(reader);
  if (flags > 7) throw malformed(start, `element segment flags ${flags} are unknown`);
  const asExprs = (flags & ELEMENT_FLAGS.exprs) !== 0;
  const explicit = (flags & ELEMENT_FLAGS.explicit) !== 0;
  const active = (flags & ELEMENT_FLAGS.notActive) === 0;
  const tableIndex = active && explicit ? readU32(reader) : 0;
  const offset = active ? readExpr(reader) : undefined;
  let type = asExprs ? FUNCREF : FUNCS_TYPE;
  if (!active || explicit) type = asExprs ? readRefType(reader) : readElementKind(reader);
  const mode = active ? 'active' : explicit ? 'declarative' : 'passive';
  return { mode, tableIndex, offset, type, items: readItems(reader, asExprs, readExpr) };
}

export function readElementSection(reader: Reader, readExpr: ReadExpr): readonly ElementSegment[] {
  const count = readCount(reader, 'element segments');
  const elements: ElementSegment[] = [];
  for (let index = 0; index < count; index++) {
    elements.push(
      inPath(
        () => `elem[${index}]`,
        () => readElement(reader, readExpr),
      ),
    );
  }
  return elements;
}

function readData(reader: Reader, readExpr: ReadExpr): DataSegment {
  const start = reader.pos;
  const flags = readU32(reader);
  if (flags > 2) throw malformed(start, `data segment flags ${flags} are unknown`);
  const memoryIndex = flags === 2 ? readU32(reader) : 0;
  const offset = flags === 1 ? undefined : readExpr(reader);
  const size = readU32(reader);
  const from = skipBytes(reader, size, 'the content of a data segment');
  return { mode: flags === 1 ? 'passive' : 'active', memoryIndex, offset, content: { start: from, end: from + size } };
}

export function readDataSection(reader: Reader, readExpr: ReadExpr): readonly DataSegment[] {
  const count = readCount(reader, 'data segments');
  if (count > WASM_LIMITS.datas) throw overLimit('data segments', count, WASM_LIMITS.datas);
  const datas: DataSegment[] = [];
  for (let index = 0; index < count; index++) {
    datas.push(
      inPath(
        () => `data[${index}]`,
        () => readData(reader, readExpr),
      ),
    );
  }
  return datas;
}
