/**
 * Writes rows of code as bytes (core specification 5.4), the inverse of `code-decode.ts`.
 *
 * A row with bytes is copied as it is; a synthetic row (`at` -1) is written from its immediates. What an immediate cannot hold
 * has a convention for synthetic rows:
 * - memory access: natural alignment, memory `a`, offset `b` as an unsigned number; a lane access: offset 0, lane `b`;
 * - i64.const: the 32-bit integer `a`, sign-extended;
 * - f32.const: raw bits `a`; f64.const: raw bits `a` (low half) and `b` (high half);
 * - v128.const and i8x16.shuffle: `a` is the aux offset of four integers, the 16 bytes in little-endian order.
 */
import { itemAt } from './item-at.ts';
import type { Code } from './code.ts';
import { writeBlockType, writeHeapType, writeValType } from './encode-types.ts';
import { NATURAL_ALIGN, OPCODES, SHAPE, SHAPES } from './opcode-table.ts';
import type { ByteWriter } from './writer.ts';

/** Writes the rows `[from, to)`; runs of neighbouring bytes are copied as one. */
export function encodeCode(writer: ByteWriter, code: Code, from = 0, to: number = code.length): void {
  for (let row = from; row < to;) {
    if ((code.at[row] ?? 0) < 0) {
      encodeImmediates(writer, code, row++);
      continue;
    }
    const first = row++;
    while (row < to && code.at[row] === code.end[row - 1]) row++;
    writer.range(code.bytes, code.at[first] ?? 0, code.end[row - 1] ?? 0);
  }
}

/** Writes one row: its bytes, or for a synthetic row its immediates. */
export function encodeInstr(writer: ByteWriter, code: Code, row: number): void {
  if ((code.at[row] ?? 0) >= 0) writer.range(code.bytes, code.at[row] ?? 0, code.end[row] ?? 0);
  else encodeImmediates(writer, code, row);
}

/** Writes an opcode by its row number. */
export function writeOpcode(writer: ByteWriter, op: number): void {
  const { prefix, code } = itemAt(OPCODES, op);
  if (prefix === 0) return writer.byte(code);
  writer.byte(prefix);
  writer.u32(code);
}

/** Writes a row from its opcode and immediates, whatever its bytes are. */
export function encodeImmediates(writer: ByteWriter, code: Code, row: number): void {
  const op = code.op[row] ?? 0;
  const a = code.a[row] ?? 0;
  const b = code.b[row] ?? 0;
  writeOpcode(writer, op);
  switch (SHAPES[op]) {
    case SHAPE.none:
      return;
    case SHAPE.index:
      return writer.u32(a);
    case SHAPE.index2:
      writer.u32(a);
      return writer.u32(b);
    case SHAPE.memarg:
      return writeMemarg(writer, op, a, b);
    case SHAPE.memargLane:
      writeMemarg(writer, op, a, 0);
      return writer.byte(b);
    case SHAPE.lane:
      return writer.byte(a);
    case SHAPE.i32:
      return writer.s32(a);
    case SHAPE.i64:
      return writer.s64(BigInt(a));
    case SHAPE.f32:
      return writer.f32bits(a);
    case SHAPE.f64:
      writer.f32bits(a);
      return writer.f32bits(b);
    case SHAPE.bytes16:
    case SHAPE.lanes16:
      for (let index = 0; index < 4; index++) writer.f32bits(code.aux[a + index] ?? 0);
      return;
    case SHAPE.heaptype:
      return writeHeapType(writer, a);
    case SHAPE.blocktype:
      return writeBlockType(writer, code.blockKind[row] ?? 0, a);
    default:
      return writeListImmediates(writer, code, row, op);
  }
}

/** Bit of the alignment field that announces a memory index. */
const HAS_MEMORY_INDEX = 0x40;

function writeMemarg(writer: ByteWriter, op: number, memory: number, offset: number): void {
  writer.byte((NATURAL_ALIGN[op] ?? 0) | (memory === 0 ? 0 : HAS_MEMORY_INDEX));
  if (memory !== 0) writer.u32(memory);
  writer.u32(offset);
}

/** Immediates that are lists in `aux`. */
function writeListImmediates(writer: ByteWriter, code: Code, row: number, op: number): void {
  const { aux } = code;
  const a = code.a[row] ?? 0;
  const b = code.b[row] ?? 0;
  switch (SHAPES[op]) {
    case SHAPE.brTable:
      for (let index = 0; index <= (aux[a] ?? 0) + 1; index++) writer.u32(aux[a + index] ?? 0);
      return;
    case SHAPE.tryTable:
      writeBlockType(writer, code.blockKind[row] ?? 0, a);
      writer.u32(aux[b] ?? 0);
      for (let at = b + 1; at < b + 1 + (aux[b] ?? 0) * 3; at += 3) {
        writer.byte(aux[at] ?? 0);
        if ((aux[at + 1] ?? 0) >= 0) writer.u32(aux[at + 1] ?? 0);
        writer.u32(aux[at + 2] ?? 0);
      }
      return;
    case SHAPE.valtypes:
      writer.u32(aux[a] ?? 0);
      for (let index = 1; index <= (aux[a] ?? 0); index++) writeValType(writer, aux[a + index] ?? 0);
      return;
    default:
      writer.byte(aux[b] ?? 0);
      writer.u32(a);
      writeHeapType(writer, aux[b + 1] ?? 0);
      writeHeapType(writer, aux[b + 2] ?? 0);
  }
}

/** Writes the locals vector of a body: what follows the first `paramCount` types, as runs of equal types. */
export function writeLocals(
  writer: ByteWriter,
  types: ArrayLike<number>,
  paramCount: number,
  count = types.length,
): void {
  let runs = 0;
  for (let index = paramCount; index < count; index++) {
    if (index === paramCount || types[index] !== types[index - 1]) runs++;
  }
  writer.u32(runs);
  for (let start = paramCount, end = paramCount; start < count; start = end) {
    while (end < count && types[end] === types[start]) end++;
    writer.u32(end - start);
    writeValType(writer, types[start] ?? 0);
  }
}

export { writeBlockType, writeHeapType, writeValType };
