/** Changes to function bodies, instruction by instruction. */
import { Code } from '../../../runtime/wasm/code.ts';
import { decodeRows } from '../../../runtime/wasm/code-decode.ts';
import { readValType } from '../../../runtime/wasm/decode-types.ts';
import {
  ByteWriter,
  encodeImmediates,
  type Memory,
  type OpName,
  OPCODES,
  openReader,
  pushRow,
  readU32,
} from '../../../runtime/wasm/index.ts';
import { SHAPE, SHAPES } from '../../../runtime/wasm/opcode-table.ts';
import { codeOf, type Instr } from '../../../runtime/wasm/testing/assemble.ts';
import { codeAround } from '../../../runtime/wasm/testing/sample.ts';
import type { Choices } from '../choices.ts';

/** One instruction: its row number, its bytes, its first two immediates. */
interface Piece {
  readonly op: number;
  readonly bytes: Uint8Array;
  readonly a: number;
  readonly b: number;
  readonly blockKind: number;
}

/** A body taken apart: declarations of locals, instructions without the closing `end`. */
export interface Pieces {
  locals: Uint8Array;
  code: Piece[];
}

/** Rows for a moment: making them anew costs more than most changes. */
const SCRATCH = new Code(new Uint8Array(0));

/** How long a body may become. */
const BODY_MAX_PIECES = 60_000;
const END = Uint8Array.of(0x0b);

/** @throws PluvioError the body does not decode */
export function takeApart(body: Uint8Array, memories: readonly Pick<Memory, 'type'>[]): Pieces {
  const reader = openReader(body);
  for (let runs = readU32(reader); runs > 0; runs--) {
    readU32(reader);
    readValType(reader);
  }
  const locals = body.subarray(0, reader.pos);
  decodeRows(reader, SCRATCH, memories);
  const pieces = Array.from({ length: SCRATCH.length - 1 }, (_, row) => pieceOf(SCRATCH, body, row));
  return { locals, code: pieces };
}

const pieceOf = (code: Code, bytes: Uint8Array, row: number): Piece => ({
  op: code.op[row] ?? 0,
  bytes: bytes.subarray(code.at[row] ?? 0, code.end[row] ?? 0),
  a: code.a[row] ?? 0,
  b: code.b[row] ?? 0,
  blockKind: code.blockKind[row] ?? 0,
});

export function putTogether({ locals, code }: Pieces): Uint8Array {
  const writer = new ByteWriter(1024);
  writer.bytes(locals);
  for (const { bytes } of code) writer.bytes(bytes);
  writer.bytes(END);
  return writer.toBytes();
}

const constants = new Map<readonly Instr[], Piece[]>();

/** The pieces of code out of a table, made once. */
function constant(instrs: readonly Instr[]): readonly Piece[] {
  let pieces = constants.get(instrs);
  if (pieces === undefined) constants.set(instrs, (pieces = made(...instrs)));
  return pieces;
}

/** The pieces of synthetic instructions. */
function made(...instrs: readonly Instr[]): Piece[] {
  const code = codeOf(instrs);
  return Array.from({ length: instrs.length }, (_, row) => {
    const writer = new ByteWriter(16);
    encodeImmediates(writer, code, row);
    return { ...pieceOf(code, code.bytes, row), bytes: writer.toBytes() };
  });
}

/** The instruction with other immediates. */
function withImmediates(piece: Piece, op: number, a: number, b: number): Piece {
  SCRATCH.length = 0;
  pushRow(SCRATCH, op, -1, -1, a, b, piece.blockKind);
  const writer = new ByteWriter(16);
  encodeImmediates(writer, SCRATCH, 0);
  return { ...piece, op, a, b, bytes: writer.toBytes() };
}

const SIMPLE_SHAPES = new Set<number>([
  SHAPE.none,
  SHAPE.index,
  SHAPE.index2,
  SHAPE.i32,
  SHAPE.i64,
  SHAPE.lane,
  SHAPE.memarg,
  SHAPE.blocktype,
  SHAPE.heaptype,
]);

/** Instructions of the same signature and the same shape of immediates, by row number. */
const ALIKE: readonly (readonly number[])[] = OPCODES.map(({ signature }, op) =>
  SIMPLE_SHAPES.has(SHAPES[op] ?? 0) && signature.startsWith('[')
    ? OPCODES.flatMap((other, index) => (other.signature === signature && SHAPES[index] === SHAPES[op] ? [index] : []))
    : [op],
);

/** Code that leaves the stack as it was. */
const NEUTRAL: readonly (readonly Instr[])[] = [
  [['nop']],
  [['i32.const', 7], ['drop']],
  [['block'], ['end']],
  [['loop'], ['end']],
  [['i32.const', 1], ['if'], ['end']],
  [['i32.const', 0], ['if'], ['unreachable'], ['end']],
  [['try'], ['catch_all'], ['end']],
  [['block'], ['try_table', 1, 0, 2, -1, 0], ['end'], ['end']],
  [['i32.const', 0x10000], ['memory.grow', 0], ['drop']],
  [['i32.const', 1], ['memory.grow', 0], ['drop']],
  [
    ['i32.const', 0],
    ['i32.const', 1],
    ['i32.const', 0x10000],
    ['memory.fill', 0],
  ],
  [['i32.const', -1], ['i32.load', 0], ['drop']],
  [['ref.null', -0x10], ['i32.const', 0x10000], ['table.grow', 0], ['drop']],
];

/** Code after which nothing runs. */
const FINAL: readonly (readonly Instr[])[] = [
  [['loop'], ['br', 0], ['end']],
  [['loop'], ['loop'], ['br', 1], ['end'], ['end']],
  [['unreachable']],
  [['return']],
  [['block'], ['br', 0], ['end']],
];

type Change = (pieces: Pieces, choices: Choices, donor: Pieces, funcCount: number) => void;

const at = (code: readonly Piece[], choices: Choices): number => choices.below(code.length + 1);
const someOf = (code: readonly Piece[], choices: Choices): Piece[] => {
  const start = at(code, choices);
  return code.slice(start, start + choices.pick([1, 1, 2, 3, 5, 12, 40]));
};

function insert({ code }: Pieces, index: number, pieces: readonly Piece[]): void {
  if (code.length + pieces.length <= BODY_MAX_PIECES) code.splice(index, 0, ...pieces);
}

/** Wraps a range of instructions in a construct. */
function wrap(pieces: Pieces, choices: Choices, [open, ...close]: readonly Instr[]): void {
  const { code } = pieces;
  const start = at(code, choices);
  const length = choices.below(Math.min(code.length - start, 30) + 1);
  insert(pieces, start + length, made(...close));
  insert(pieces, start, open === undefined ? [] : made(open));
}

const WRAPPERS: readonly (readonly Instr[])[] = [
  [['block'], ['end']],
  [['loop'], ['end']],
  [['try'], ['catch_all'], ['end']],
  [['try'], ['delegate', 0]],
  [['loop'], ['br', 0], ['end']],
];

const LOCAL_TYPES = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x63, 0x64, 0x69, 0x6e] as const;

function declareLocals(pieces: Pieces, choices: Choices): void {
  const writer = new ByteWriter();
  const runs = choices.pick([1, 1, 2, 3, 1000]);
  writer.u32(choices.oneIn(10) ? choices.edge() : runs);
  for (let run = 0; run < runs; run++) {
    writer.u32(choices.edge());
    writer.byte(choices.pick(LOCAL_TYPES));
  }
  pieces.locals = writer.toBytes();
}

function changeImmediate({ code }: Pieces, choices: Choices): void {
  const index = choices.below(code.length);
  const piece = code[index];
  if (piece === undefined || !SIMPLE_SHAPES.has(SHAPES[piece.op] ?? 0)) return;
  const near = (value: number): number => (choices.oneIn(3) ? choices.edge() : value + choices.pick([1, -1, 2, 0]));
  code[index] = withImmediates(piece, piece.op, near(piece.a), choices.oneIn(2) ? near(piece.b) : piece.b);
}

function nestDeeply(pieces: Pieces, choices: Choices): void {
  const depth = choices.pick([10, 100, 500, 1000, 2000, 5000, 15_000]);
  const { code } = pieces;
  if (code.length + 2 * depth > BODY_MAX_PIECES) return;
  const [open] = made(choices.pick<Instr>([['block'], ['loop'], ['try'], ['if']]));
  const [close] = made(['end']);
  if (open === undefined || close === undefined) return;
  const condition = OPCODES[open.op]?.name === 'if' ? made(['i32.const', 1]) : [];
  const opening = Array.from({ length: depth }, () => [...condition, open]).flat();
  const closing = Array.from({ length: depth }, () => close);
  if (choices.oneIn(2)) pieces.code = [...opening, ...code, ...closing];
  else {
    const index = at(code, choices);
    pieces.code = [...code.slice(0, index), ...opening, ...closing, ...code.slice(index)];
  }
}

function repeat(pieces: Pieces, choices: Choices): void {
  const some = choices.oneIn(2) ? someOf(pieces.code, choices) : constant(choices.pick(NEUTRAL));
  const times = choices.pick([2, 3, 20, 400, 2000]);
  if (some.length * times + pieces.code.length > BODY_MAX_PIECES) return;
  insert(pieces, at(pieces.code, choices), Array.from({ length: times }, () => some).flat());
}

function brTable(pieces: Pieces, choices: Choices): void {
  const labels = Array.from({ length: choices.pick([1, 2, 30, 3000]) }, () => choices.below(3));
  insert(pieces, at(pieces.code, choices), made(['i32.const', choices.below(5)], ['br_table', ...labels, 0]));
}

const CHANGES: readonly Change[] = [
  ({ code }, choices) => void code.splice(choices.below(code.length), choices.pick([1, 1, 2, 5])),
  (pieces, choices) => insert(pieces, at(pieces.code, choices), someOf(pieces.code, choices)),
  (pieces, choices, donor) => insert(pieces, at(pieces.code, choices), someOf(donor.code, choices)),
  ({ code }, choices) => {
    const [one, other] = [choices.below(code.length), choices.below(code.length)];
    const [first, second] = [code[one], code[other]];
    if (first === undefined || second === undefined) return;
    code[one] = second;
    code[other] = first;
  },
  ...Array.from({ length: 4 }, (): Change => ({ code }, choices) => {
    const index = choices.below(code.length);
    const piece = code[index];
    if (piece === undefined) return;
    const op = choices.pick(ALIKE[piece.op] ?? [piece.op]);
    if (op !== piece.op) code[index] = withImmediates(piece, op, piece.a, piece.b);
  }),
  changeImmediate,
  changeImmediate,
  ...Array.from(
    { length: 3 },
    (): Change => (pieces, choices) => insert(pieces, at(pieces.code, choices), constant(choices.pick(NEUTRAL))),
  ),
  (pieces, choices) => insert(pieces, at(pieces.code, choices), constant(choices.pick(FINAL))),
  (pieces, choices) => wrap(pieces, choices, choices.pick(WRAPPERS)),
  (pieces, choices) => wrap(pieces, choices, choices.pick(WRAPPERS)),
  (pieces, choices, _, funcCount) => insert(pieces, at(pieces.code, choices), made(['call', choices.index(funcCount)])),
  (pieces, choices) => {
    const name = choices.pick(OPCODES).name as OpName; // the name of a row
    insert(pieces, at(pieces.code, choices), made(...codeAround(name)));
  },
  brTable,
  declareLocals,
];

/** Changes that make bodies long: rare, as they take long. */
const LONG_CHANGES: readonly Change[] = [nestDeeply, repeat];

/** One change to the body. */
export const changeCode: Change = (pieces, choices, donor, funcCount) =>
  choices.pick(choices.oneIn(100) ? LONG_CHANGES : CHANGES)(pieces, choices, donor, funcCount);
