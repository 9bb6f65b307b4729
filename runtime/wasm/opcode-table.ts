/**
 * The opcode table: one row per instruction; decoder, encoder, validator and rewriter are derived from it.
 *
 * Boundary: data and dense tables derived at load. A row's number is its position in `OPCODES`; it is stable within one
 * process only.
 */
import { ATOMIC_ROWS } from './opcode-rows-atomic.ts';
import { CONTROL_ROWS } from './opcode-rows-control.ts';
import { NUMERIC_ROWS } from './opcode-rows-numeric.ts';
import { VECTOR_ROWS } from './opcode-rows-vector.ts';
import type { ImmediateKind, OpcodeRow, RowSource } from './opcode-row.ts';

type AnyRow =
  | (typeof CONTROL_ROWS)[number]
  | (typeof NUMERIC_ROWS)[number]
  | (typeof VECTOR_ROWS)[number]
  | (typeof ATOMIC_ROWS)[number];

/** The name of an instruction. */
export type OpName = AnyRow[0];

/** The name of a typing rule: the signature of every instruction whose type is not fixed. */
export type RuleName = Exclude<AnyRow[4], `[${string}`>;

const SOURCES: readonly RowSource[] = [...CONTROL_ROWS, ...NUMERIC_ROWS, ...VECTOR_ROWS, ...ATOMIC_ROWS];

/** One row per instruction. */
export const OPCODES: readonly OpcodeRow[] = SOURCES.map(
  ([name, prefix, code, immediates, signature, accessBytes = 0]) => ({
    name,
    prefix,
    code,
    immediates: immediates === '' ? [] : (immediates.split(' ') as ImmediateKind[]), // the row files hold kinds only
    signature,
    accessBytes,
  }),
);

/** Row number by name. */
export const OP = Object.freeze(Object.fromEntries(OPCODES.map((row, index) => [row.name, index]))) as Readonly<
  Record<OpName, number> // the rows that OpName is derived from
>;

/** Codes per prefix in `ROW_OF_CODE`. */
const CODES_PER_PREFIX = 512;
const PREFIXES = [0, 0xfb, 0xfc, 0xfd, 0xfe];

/** Start of a prefix's codes in `ROW_OF_CODE` by prefix byte; -1: not a prefix. */
export const PREFIX_BASE: Int32Array = new Int32Array(256).fill(-1);
/** Row number by `PREFIX_BASE[prefix] + code`; -1: no such instruction. */
export const ROW_OF_CODE: Int16Array = new Int16Array(PREFIXES.length * CODES_PER_PREFIX).fill(-1);
PREFIXES.forEach((prefix, index) => (PREFIX_BASE[prefix] = index * CODES_PER_PREFIX));
OPCODES.forEach((row, index) => (ROW_OF_CODE[(PREFIX_BASE[row.prefix] ?? 0) + row.code] = index));

/** Row number of an opcode, or -1. */
export function rowOfCode(prefix: number, code: number): number {
  const base = PREFIX_BASE[prefix] ?? -1;
  return base < 0 || code >= CODES_PER_PREFIX ? -1 : (ROW_OF_CODE[base + code] ?? 0);
}

/** Immediates that mean the same in every function of a module and in a module with more types, functions, tags or globals. */
const PLAIN_KINDS = new Set<ImmediateKind>([
  'labelidx',
  'localidx',
  'memidx',
  'memarg',
  'lane',
  'lanes16',
  'br_table',
  'i32',
  'i64',
  'f32',
  'f64',
  'v128',
]);

/** 1: the instruction's bytes may be copied into another function unchanged. */
export const PLAIN_OPS: Uint8Array = Uint8Array.from(OPCODES, (row) =>
  row.immediates.every((kind) => PLAIN_KINDS.has(kind)) ? 1 : 0,
);

/** How the immediates of an instruction are laid out, as one number for the decoder's dispatch. */
export const SHAPE = {
  none: 0,
  index: 1,
  memarg: 2,
  i32: 3,
  blocktype: 4,
  index2: 5,
  i64: 6,
  f32: 7,
  f64: 8,
  brTable: 9,
  lane: 10,
  memargLane: 11,
  bytes16: 12,
  lanes16: 13,
  tryTable: 14,
  valtypes: 15,
  heaptype: 16,
  brOnCast: 17,
} as const;

const SHAPE_OF_TEXT: Readonly<Record<string, number>> = {
  '': SHAPE.none,
  index: SHAPE.index,
  'index index': SHAPE.index2,
  memarg: SHAPE.memarg,
  'memarg lane': SHAPE.memargLane,
  lane: SHAPE.lane,
  lanes16: SHAPE.lanes16,
  v128: SHAPE.bytes16,
  i32: SHAPE.i32,
  i64: SHAPE.i64,
  f32: SHAPE.f32,
  f64: SHAPE.f64,
  blocktype: SHAPE.blocktype,
  'blocktype try_table': SHAPE.tryTable,
  br_table: SHAPE.brTable,
  valtypes: SHAPE.valtypes,
  heaptype: SHAPE.heaptype,
  'castflags index heaptype heaptype': SHAPE.brOnCast,
};

/** `SHAPE` by row. */
export const SHAPES: Uint8Array = Uint8Array.from(OPCODES, (row) => {
  const text = row.immediates.map((kind) => (kind.endsWith('idx') || kind === 'u32' ? 'index' : kind)).join(' ');
  const shape = SHAPE_OF_TEXT[text];
  if (shape === undefined) throw new TypeError(`opcode table: no shape for the immediates of ${row.name}`);
  return shape;
});

/** Part that an instruction plays in the nesting of a body. */
export const STRUCTURE = { none: 0, opener: 1, else: 2, catch: 3, catchAll: 4, delegate: 5, end: 6 } as const;

const STRUCTURE_OF_NAME: Readonly<Record<string, number>> = {
  block: STRUCTURE.opener,
  loop: STRUCTURE.opener,
  if: STRUCTURE.opener,
  try: STRUCTURE.opener,
  try_table: STRUCTURE.opener,
  else: STRUCTURE.else,
  catch: STRUCTURE.catch,
  catch_all: STRUCTURE.catchAll,
  delegate: STRUCTURE.delegate,
  end: STRUCTURE.end,
};

/** `STRUCTURE` by row. */
export const STRUCTURES: Uint8Array = Uint8Array.from(OPCODES, (row) => STRUCTURE_OF_NAME[row.name] ?? STRUCTURE.none);

/** log2 of the natural alignment of a memory access by row. */
export const NATURAL_ALIGN: Uint8Array = Uint8Array.from(OPCODES, (row) => Math.log2(Math.max(1, row.accessBytes)));

/** 1: an atomic access, whose alignment must be exactly the natural one. */
export const EXACT_ALIGN: Uint8Array = Uint8Array.from(OPCODES, (row) =>
  row.prefix === 0xfe && row.accessBytes > 0 ? 1 : 0,
);

/** Number of lanes that a lane immediate selects from, by row. */
export const LANE_COUNT: Uint8Array = Uint8Array.from(OPCODES, (row) => {
  if (!row.immediates.includes('lane')) return 0;
  if (row.accessBytes > 0) return 16 / row.accessBytes;
  return Number(/x(\d+)\./.exec(row.name)?.[1] ?? 1);
});
