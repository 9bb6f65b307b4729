/**
 * Decodes function bodies and constant expressions into rows (core specification 5.4 and 5.5.13).
 *
 * Boundary: checks everything that can be checked without types: opcodes, immediates, nesting, alignment, lanes, memory
 * offsets. Indices and labels are checked by `typeFunction`.
 */
import { itemAt } from './item-at.ts';
import { BLOCK_EMPTY, BLOCK_KIND, Code } from './code.ts';
import { linkRow, Nesting, growRows, pushAuxInt } from './code-rows.ts';
import { isAbstractHeapCode, isNumberCode, readHeapType, readValType } from './decode-types.ts';
import type { ByteRange, Memory, Module } from './module.ts';
import {
  EXACT_ALIGN,
  LANE_COUNT,
  NATURAL_ALIGN,
  OPCODES,
  PREFIX_BASE,
  ROW_OF_CODE,
  SHAPE,
  SHAPES,
  STRUCTURES,
  rowOfCode,
} from './opcode-table.ts';
import {
  openReader,
  readByte,
  readCount,
  type Reader,
  readS32,
  readS33,
  readU32,
  readU64,
  skipBytes,
  skipS64,
} from './reader.ts';
import { hex, invalid, malformed, overLimit } from './wasm-error.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

export interface FunctionBody {
  code: Code;
  /** Types of parameters and locals, parameters first; may be longer than `localCount`. */
  locals: Int32Array;
  localCount: number;
  paramCount: number;
}

const TABLES = [ROW_OF_CODE, SHAPES, STRUCTURES] as const;

/** What a body refers to while it is decoded. */
type Memories = readonly Pick<Memory, 'type'>[];

const nesting = new Nesting();

/**
 * Decodes rows until the `end` that closes the body or expression. What most instructions have, immediates of one or two bytes, is
 * read here, with the position in a local: everything else goes through the reader.
 * @throws PluvioError `MODULE_MALFORMED`, `MODULE_INVALID`, `MODULE_LIMIT`
 */
export function decodeRows(reader: Reader, code: Code, memories: Memories): void {
  const { bytes, end: limit } = reader;
  const [rowOf, shapes, structures] = TABLES; // engines read what is imported anew each time
  const hasMemory = memories.length > 0;
  code.auxLength = 0;
  nesting.depth = 0;
  let { op: ops, at: starts, end: ends, a: firsts, b: seconds, blockKind: kinds, match, next } = code;
  let pos = reader.pos;
  for (let row = 0; ; row++) {
    const start = pos;
    if (start >= limit) throw malformed(start, 'unexpected end: the code has no closing end');
    if (row === ops.length) {
      growRows(code);
      ({ op: ops, at: starts, end: ends, a: firsts, b: seconds, blockKind: kinds, match, next } = code);
    }
    const byte = bytes[pos++] ?? 0;
    let op = rowOf[byte] ?? 0;
    if (op < 0) {
      reader.pos = pos;
      op = decodePrefixed(reader, byte, start);
      pos = reader.pos;
    }
    ops[row] = op;
    starts[row] = start;
    firsts[row] = seconds[row] = kinds[row] = 0;
    match[row] = next[row] = -1;
    const shape = shapes[op] ?? 0;
    if (shape !== 0 /* none */) {
      const first = pos < limit ? (bytes[pos] ?? 0) : 0x80;
      const second = pos + 1 < limit ? (bytes[pos + 1] ?? 0) : 0x80;
      if (shape === 1 /* index */ && first < 0x80) {
        firsts[row] = first;
        pos += 1;
      } else if (shape === 2 /* memarg */ && second < 0x80 && hasMemory && isPlainAlign(op, first)) pos += 2;
      else if (shape === 3 /* i32 */ && first < 0x80) {
        firsts[row] = (first << 25) >> 25;
        pos += 1;
      } else if (shape === 1 && second < 0x80) {
        firsts[row] = (first & 0x7f) | (second << 7);
        pos += 2;
      } else if (shape === 3 && second < 0x80) {
        firsts[row] = (((first & 0x7f) | (second << 7)) << 18) >> 18;
        pos += 2;
      } else {
        reader.pos = pos;
        readImmediates(reader, code, row, op, shape, memories);
        pos = reader.pos;
      }
    }
    ends[row] = pos;
    if (structures[op] !== 0 /* none */ && linkRow(code, row, nesting)) {
      code.length = row + 1;
      reader.pos = pos;
      return;
    }
  }
}

/** Whether a byte is an alignment that the instruction may have, of an access to memory 0. */
const isPlainAlign = (op: number, align: number): boolean =>
  align === NATURAL_ALIGN[op] || (align < (NATURAL_ALIGN[op] ?? 0) && EXACT_ALIGN[op] === 0);

function decodePrefixed(reader: Reader, prefix: number, start: number): number {
  if (prefix === 0 || (PREFIX_BASE[prefix] ?? 0) <= 0) throw malformed(start, `opcode ${hex(prefix)} does not exist`);
  const code = readU32(reader);
  const op = rowOfCode(prefix, code);
  if (op < 0) throw malformed(start, `opcode ${hex(prefix)} ${hex(code)} does not exist`);
  return op;
}

/** An index or count. None that is valid needs the sign bit, so it fits into the Int32Arrays of `Code`. */
function readIndex(reader: Reader): number {
  const start = reader.pos;
  const index = readU32(reader);
  if (index > 0x7fff_ffff) throw invalid(start, `index ${index} does not exist`);
  return index;
}

/** Bit of the alignment field that announces a memory index. */
const HAS_MEMORY_INDEX = 0x40;

function readMemarg(reader: Reader, code: Code, row: number, op: number, memories: Memories): void {
  const start = reader.pos;
  let align = readU32(reader);
  let memory = 0;
  if (align >= HAS_MEMORY_INDEX) {
    if (align >= 2 * HAS_MEMORY_INDEX) throw malformed(start, `memory access flags ${hex(align)} are unknown`);
    align -= HAS_MEMORY_INDEX;
    memory = readIndex(reader);
    code.a[row] = memory;
  }
  const natural = NATURAL_ALIGN[op] ?? 0;
  if (align > natural || (align < natural && EXACT_ALIGN[op] === 1)) {
    throw invalid(start, `${itemAt(OPCODES, op).name}: alignment 2**${align}, natural alignment is 2**${natural}`);
  }
  const { bytes } = reader;
  if (reader.pos < reader.end && (bytes[reader.pos] ?? 0) < 0x80) reader.pos++;
  else readLongOffset(reader, memories[memory]);
  if (memory >= memories.length) {
    throw invalid(start, `${itemAt(OPCODES, op).name}: memory ${memory} does not exist, there are ${memories.length}`);
  }
}

function readLongOffset(reader: Reader, memory: Memories[number] | undefined): void {
  const start = reader.pos;
  const { bytes } = reader;
  // Up to 21 bits, whose size needs no check.
  for (let pos = start + 1; pos < reader.end && pos < start + 3; pos++) {
    if ((bytes[pos] ?? 0) < 0x80) {
      reader.pos = pos + 1;
      return;
    }
  }
  const offset = readU64(reader);
  if (offset > 0xffff_ffffn && memory?.type.limits.is64 !== true) {
    throw invalid(start, `offset ${offset} is beyond the addresses of the memory, which have 32 bits`);
  }
}

function readImmediates(reader: Reader, code: Code, row: number, op: number, shape: number, memories: Memories): void {
  switch (shape) {
    case SHAPE.index:
      code.a[row] = readIndex(reader);
      return;
    case SHAPE.i32:
      code.a[row] = readS32(reader);
      return;
    case SHAPE.memarg:
      return readMemarg(reader, code, row, op, memories);
    case SHAPE.blocktype:
      return readBlockType(reader, code, row);
    case SHAPE.index2:
      code.a[row] = readIndex(reader);
      code.b[row] = readIndex(reader);
      return;
    case SHAPE.i64:
      return skipS64(reader);
    case SHAPE.f32:
      return void skipBytes(reader, 4, 'an f32');
    case SHAPE.f64:
      return void skipBytes(reader, 8, 'an f64');
    case SHAPE.bytes16:
      return void skipBytes(reader, 16, 'a v128');
    case SHAPE.lane:
      code.a[row] = readLane(reader, LANE_COUNT[op] ?? 0);
      return;
    case SHAPE.lanes16:
      for (let index = 0; index < 16; index++) readLane(reader, 32);
      return;
    case SHAPE.memargLane:
      readMemarg(reader, code, row, op, memories);
      code.b[row] = readLane(reader, LANE_COUNT[op] ?? 0);
      return;
    case SHAPE.brTable:
      return readBrTable(reader, code, row);
    case SHAPE.tryTable:
      readBlockType(reader, code, row);
      return readTryTable(reader, code, row);
    case SHAPE.valtypes:
      return readValTypes(reader, code, row);
    case SHAPE.heaptype:
      code.a[row] = readHeapType(reader);
      return;
    default:
      return readBrOnCast(reader, code, row);
  }
}

function readLane(reader: Reader, count: number): number {
  const lane = readByte(reader);
  if (lane >= count) throw invalid(reader.pos - 1, `lane ${lane} must be less than ${count}`);
  return lane;
}

function readBlockType(reader: Reader, code: Code, row: number): void {
  const start = reader.pos;
  const byte = start < reader.end ? (reader.bytes[start] ?? 0) : 0x80;
  if (byte === 0x40) {
    reader.pos++;
    code.a[row] = BLOCK_EMPTY;
    code.blockKind[row] = BLOCK_KIND.empty;
  } else if (isNumberCode(byte) || isAbstractHeapCode(byte) || byte === 0x63 || byte === 0x64) {
    code.a[row] = readValType(reader);
    code.blockKind[row] = BLOCK_KIND.value;
  } else {
    const index = readS33(reader);
    if (index < 0 || index >= WASM_LIMITS.types) throw malformed(start, `block type ${index} does not exist`);
    code.a[row] = index;
    code.blockKind[row] = BLOCK_KIND.typeIndex;
  }
}

function readBrTable(reader: Reader, code: Code, row: number): void {
  const count = readCount(reader, 'labels');
  if (count > WASM_LIMITS.brTableTargets) throw overLimit('br_table targets', count, WASM_LIMITS.brTableTargets);
  code.a[row] = code.auxLength;
  pushAuxInt(code, count);
  for (let index = 0; index <= count; index++) pushAuxInt(code, readIndex(reader));
}

/** Catch kinds with a tag are below this one. */
const CATCH_ALL = 2;

function readTryTable(reader: Reader, code: Code, row: number): void {
  const count = readCount(reader, 'catch clauses');
  if (count > WASM_LIMITS.tryTableClauses) throw overLimit('catch clauses', count, WASM_LIMITS.tryTableClauses);
  code.b[row] = code.auxLength;
  pushAuxInt(code, count);
  for (let index = 0; index < count; index++) {
    const kind = readByte(reader);
    if (kind > 3) throw malformed(reader.pos - 1, `catch clause ${hex(kind)} does not exist`);
    pushAuxInt(code, kind);
    pushAuxInt(code, kind < CATCH_ALL ? readIndex(reader) : -1);
    pushAuxInt(code, readIndex(reader));
  }
}

function readValTypes(reader: Reader, code: Code, row: number): void {
  const count = readCount(reader, 'types');
  code.a[row] = code.auxLength;
  pushAuxInt(code, count);
  for (let index = 0; index < count; index++) pushAuxInt(code, readValType(reader));
}

function readBrOnCast(reader: Reader, code: Code, row: number): void {
  const flags = readByte(reader);
  if (flags > 3) throw malformed(reader.pos - 1, `cast flags ${hex(flags)} are unknown`);
  code.a[row] = readIndex(reader);
  code.b[row] = code.auxLength;
  pushAuxInt(code, flags);
  pushAuxInt(code, readHeapType(reader));
  pushAuxInt(code, readHeapType(reader));
}

/**
 * Decodes the body of a defined function.
 * @param into A body whose buffers are used again, if it is of the same module.
 * @throws PluvioError `MODULE_MALFORMED`, `MODULE_INVALID`, `MODULE_LIMIT`; `INTERNAL` for an import
 */
export function decodeFunction(module: Module, funcIndex: number, into?: FunctionBody): FunctionBody {
  const func = module.funcs[funcIndex];
  if (func?.body === undefined) throw new RangeError(`function ${funcIndex} has no body`);
  const { start, end } = func.body;
  const composite = module.types[func.typeIndex]?.composite;
  if (composite?.kind !== 'func') throw invalid(start, `type ${func.typeIndex} of the function is not a function type`);
  const body = into ?? { code: new Code(module.bytes, 64), locals: new Int32Array(64), localCount: 0, paramCount: 0 };
  if (body.code.bytes !== module.bytes) body.code = new Code(module.bytes, 64);
  const { params } = composite;
  reserveLocals(body, params.length);
  for (let index = 0; index < params.length; index++) body.locals[index] = params[index] ?? 0;
  body.paramCount = params.length;
  body.localCount = params.length;
  const reader = openReader(module.bytes, start, end);
  readLocals(reader, body);
  decodeRows(reader, body.code, module.memories);
  if (reader.pos !== end) throw malformed(reader.pos, `the body goes on after its end, up to ${hex(end)}`);
  return body;
}

function reserveLocals(body: FunctionBody, count: number): void {
  if (count <= body.locals.length) return;
  const grown = new Int32Array(Math.max(count, body.locals.length * 2));
  grown.set(body.locals);
  body.locals = grown;
}

function readLocals(reader: Reader, body: FunctionBody): void {
  const runs = readCount(reader, 'runs of locals');
  for (let run = 0; run < runs; run++) {
    const count = readU32(reader);
    const total = body.localCount + count;
    if (total > WASM_LIMITS.locals) throw overLimit('locals', total, WASM_LIMITS.locals);
    const type = readValType(reader);
    reserveLocals(body, total);
    body.locals.fill(type, body.localCount, total);
    body.localCount = total;
  }
}

/** Decodes a constant expression. */
export function decodeExpr(module: Pick<Module, 'bytes' | 'memories'>, range: ByteRange, into?: Code): Code {
  const code = into?.bytes === module.bytes ? into : new Code(module.bytes, 8);
  const reader = openReader(module.bytes, range.start, range.end);
  decodeRows(reader, code, module.memories);
  if (reader.pos !== range.end) throw malformed(reader.pos, 'the expression goes on after its end');
  return code;
}
