/**
 * Smaller forms of one function body: ranges of instructions replaced by drops and constants, constructs taken away around their inside.
 *
 * Boundary: gives candidates; whether one still is valid and still fails is the caller's to try.
 *
 * Invariants:
 * 1. A range is balanced: every construct that begins in it ends in it. The validator's record of the operand stack says what stands
 *    before and behind it: values that only the range's beginning has are dropped, those that only its end has become constants.
 */
import {
  ByteWriter,
  type Code,
  decodeFunction,
  type FunctionBody,
  encodeInstr,
  funcTypeAt,
  heapOf,
  HEAP,
  I32,
  I64,
  F32,
  F64,
  isNullable,
  isRef,
  type Module,
  OP,
  OPCODES,
  type Typing,
  typeFunction,
  V128,
  type ValType,
  writeLocals,
  contextOf,
} from '../../runtime/wasm/index.ts';
import { STRUCTURE, STRUCTURES } from '../../runtime/wasm/opcode-table.ts';
import { UNREACHABLE_TOP } from '../../runtime/wasm/typing-record.ts';
import { Emitter } from './generate/emitter.ts';

/** A function's body with its typing. */
export interface TypedBody {
  readonly body: FunctionBody;
  readonly typing: Typing;
  readonly results: readonly ValType[];
  /** Nesting before each row, and at the end. */
  readonly depths: readonly number[];
}

export function typedBody(module: Module, func: number): TypedBody {
  const body = decodeFunction(module, func);
  const results = funcTypeAt(module.types, module.funcs[func]?.typeIndex ?? 0)?.results ?? [];
  const { code, locals, localCount, paramCount } = body;
  const typing = typeFunction(contextOf(module), code, locals, localCount, paramCount, results);
  const depths = [0];
  for (let row = 0; row < code.length; row++) {
    const structure = STRUCTURES[code.op[row] ?? 0];
    const last = depths[row] ?? 0;
    const closes = structure === STRUCTURE.end || structure === STRUCTURE.delegate;
    depths.push(structure === STRUCTURE.opener ? last + 1 : closes ? last - 1 : last);
  }
  return { body, typing, results, depths };
}

/** Adds an instruction that gives a value of the type; false: there is none that needs nothing. */
export function pushConstant(emitter: Emitter, type: ValType): boolean {
  switch (type) {
    case I32:
      emitter.emit('i32.const', 0);
      return true;
    case I64:
      emitter.emit('i64.const', 0n);
      return true;
    case F32:
      emitter.emit('f32.const', 0);
      return true;
    case F64:
      emitter.emit('f64.const', 0n);
      return true;
    case V128:
      emitter.emit('v128.const', new Uint8Array(16));
      return true;
    default:
      return pushReference(emitter, type);
  }
}

const I31_HEAPS: readonly number[] = [HEAP.i31, HEAP.eq, HEAP.any];

function pushReference(emitter: Emitter, type: ValType): boolean {
  if (!isRef(type)) return false;
  if (isNullable(type)) {
    emitter.emit('ref.null', heapOf(type));
    return true;
  }
  if (!I31_HEAPS.includes(heapOf(type))) return false;
  emitter.emit('i32.const', 0);
  emitter.emit('ref.i31');
  return true;
}

/** The body with `replacement` in place of the rows from `from` to before `to`. */
function spliced({ body }: TypedBody, from: number, to: number, replacement: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writeLocals(writer, body.locals, body.paramCount, body.localCount);
  for (let row = 0; row < from; row++) encodeInstr(writer, body.code, row);
  writer.bytes(replacement);
  for (let row = to; row < body.code.length; row++) encodeInstr(writer, body.code, row);
  return writer.toBytes();
}

/** Operands before a row, bottom first; undefined: the row cannot be reached. */
function operands({ typing }: TypedBody, row: number): number[] | undefined {
  let node = typing.top[row] ?? -1;
  if (node === UNREACHABLE_TOP) return undefined;
  const nodes: number[] = [];
  for (; node >= 0; node = typing.nodeBelow[node] ?? -1) nodes.unshift(node);
  return nodes;
}

/** The body without the rows from `from` to before `to`; undefined: they are not balanced, or a value cannot be made. */
export function withoutRows(typed: TypedBody, from: number, to: number): Uint8Array | undefined {
  const { depths, typing } = typed;
  const depth = depths[from];
  if (depths[to] !== depth) return undefined;
  for (let row = from; row < to; row++) if ((depths[row] ?? 0) < (depth ?? 0)) return undefined;
  const { code } = typed.body;
  for (let row = from; row < to; row++) {
    const structure = STRUCTURES[code.op[row] ?? 0] ?? 0;
    const clause = structure === STRUCTURE.else || structure === STRUCTURE.catch || structure === STRUCTURE.catchAll;
    if (clause && depths[row] === depth) return undefined;
  }
  const emitter = new Emitter();
  const before = operands(typed, from);
  const after = operands(typed, to);
  if (before === undefined) return spliced(typed, from, to, emitter.writer.toBytes());
  if (after === undefined) {
    emitter.emit('unreachable');
    return spliced(typed, from, to, emitter.writer.toBytes());
  }
  let common = 0;
  while (common < before.length && before[common] === after[common]) common++;
  for (let dropped = before.length; dropped > common; dropped--) emitter.emit('drop');
  for (const node of after.slice(common)) if (!pushConstant(emitter, typing.nodeType[node] ?? 0)) return undefined;
  return spliced(typed, from, to, emitter.writer.toBytes());
}

/** A body that gives constants, or traps where it cannot. */
export function emptyBody(typed: TypedBody): Uint8Array {
  const emitter = new Emitter();
  const gives = typed.results.every((type) => pushConstant(emitter, type));
  const writer = new ByteWriter();
  writer.u32(0);
  if (gives) writer.bytes(emitter.writer.view());
  else writer.byte(OPCODES[OP.unreachable]?.code ?? 0);
  writer.byte(OPCODES[OP.end]?.code ?? 0);
  return writer.toBytes();
}

/** The body without its locals that no instruction names, at the end of the list. */
export function withoutLastLocals({ body }: TypedBody): Uint8Array | undefined {
  let used = body.paramCount;
  for (let row = 0; row < body.code.length; row++) {
    const names = OPCODES[body.code.op[row] ?? 0]?.immediates[0] === 'localidx';
    if (names) used = Math.max(used, (body.code.a[row] ?? 0) + 1);
  }
  if (used === body.localCount) return undefined;
  const writer = new ByteWriter();
  writeLocals(writer, body.locals, body.paramCount, used);
  for (let row = 0; row < body.code.length; row++) encodeInstr(writer, body.code, row);
  return writer.toBytes();
}

/** The body with the construct of that row opened up: its inside in its place; undefined: something branches to it. */
export function unwrapped({ body, depths }: TypedBody, opener: number): Uint8Array | undefined {
  const { code } = body;
  const op = code.op[opener];
  const last = code.match[opener] ?? -1;
  if ((op !== OP.block && op !== OP.loop) || last < 0) return undefined;
  const writer = new ByteWriter();
  writeLocals(writer, body.locals, body.paramCount, body.localCount);
  for (let row = 0; row < code.length; row++) {
    if (row === opener || row === last) continue;
    const own = (depths[row] ?? 0) - (depths[opener] ?? 0) - 1;
    if (row < opener || row > last || !namesLabels(code, row)) encodeInstr(writer, code, row);
    else if (!writeShifted(writer, code, row, own)) return undefined;
  }
  return writer.toBytes();
}

const LABELS = new Set([OP.br, OP.br_if, OP.br_table]);
const WITH_LABELS = new Set(
  OPCODES.flatMap(({ immediates }, op) =>
    immediates.some((kind) => kind === 'labelidx' || kind === 'br_table' || kind === 'try_table') ? [op] : [],
  ),
);
const namesLabels = (code: Code, row: number): boolean => WITH_LABELS.has(code.op[row] ?? 0);

/** Writes a branch with the labels beyond `own` one less; false: it goes to `own`, or is of a kind that is left alone. */
function writeShifted(writer: ByteWriter, code: Code, row: number, own: number): boolean {
  const op = code.op[row] ?? 0;
  if (!LABELS.has(op)) return false;
  const a = code.a[row] ?? 0;
  const labels = op === OP.br_table ? Array.from(code.aux.subarray(a + 1, a + 2 + (code.aux[a] ?? 0))) : [a];
  if (labels.includes(own)) return false;
  const shifted = labels.map((label) => (label > own ? label - 1 : label));
  const emitter = new Emitter();
  if (op === OP.br_table) emitter.emit('br_table', shifted);
  else emitter.emit(op === OP.br ? 'br' : 'br_if', shifted[0] ?? 0);
  writer.bytes(emitter.writer.view());
  return true;
}

/** The body with an i32 constant made 0 or halved; undefined: the row is none, or is 0. */
export function withSmallerConstant(typed: TypedBody, row: number): Uint8Array | undefined {
  const { code } = typed.body;
  const value = code.a[row] ?? 0;
  if (code.op[row] !== OP['i32.const'] || value === 0) return undefined;
  const emitter = new Emitter();
  emitter.emit('i32.const', Math.trunc(value / 2));
  return spliced(typed, row, row + 1, emitter.writer.toBytes());
}
