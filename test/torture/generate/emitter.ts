/**
 * Writes instructions as bytes, with every immediate that the binary format allows, and notes which instructions occur.
 *
 * Boundary: knows the opcode table; nothing of what makes code valid.
 */
import {
  BLOCK_KIND,
  ByteWriter,
  OP,
  OPCODES,
  type ImmediateKind,
  type OpName,
  type ValType,
  writeBlockType,
  writeHeapType,
  writeOpcode,
  writeValType,
} from '../../../runtime/wasm/index.ts';

export interface MemArg {
  /** log2 of the alignment. */
  readonly align: number;
  readonly memory: number;
  readonly offset: bigint;
}

export interface BlockType {
  /** Of `BLOCK_KIND`. */
  readonly kind: number;
  readonly value: number;
}

/** A clause of `try_table`: kind 0 catch, 1 catch_ref, 2 catch_all, 3 catch_all_ref; the tag is left out where there is none. */
export interface Clause {
  readonly kind: number;
  readonly tag?: number;
  readonly label: number;
}

/**
 * An immediate, by kind: i64 and the bits of an f64 as bigint; the bits of an f32, i32, indices, lanes, heap types as number; v128 and
 * lanes16 as 16 bytes; br_table as its labels, the default last.
 */
export type Immediate = number | bigint | Uint8Array | readonly number[] | MemArg | BlockType | readonly Clause[];

export const EMPTY_BLOCK: BlockType = { kind: BLOCK_KIND.empty, value: 0 };

/** Instructions that were written into code that can be reached, by row of the opcode table. */
export type Coverage = Uint32Array;
export const newCoverage = (): Coverage => new Uint32Array(OPCODES.length);

export class Emitter {
  readonly writer: ByteWriter = new ByteWriter(512);
  /** Whether what is written now can be reached. */
  live = true;
  count = 0;
  readonly #coverage: Coverage | undefined;

  constructor(coverage?: Coverage) {
    this.#coverage = coverage;
  }

  emit(name: OpName, ...immediates: readonly Immediate[]): void {
    const op = OP[name];
    this.count++;
    if (this.live && this.#coverage !== undefined) this.#coverage[op] = (this.#coverage[op] ?? 0) + 1;
    writeOpcode(this.writer, op);
    const kinds = OPCODES[op]?.immediates ?? [];
    kinds.forEach((kind, at) => WRITERS[kind](this.writer, immediates[at] as never)); // as the row's kinds ask
  }
}

const index = (writer: ByteWriter, value: number): void => writer.u32(value);
const byte = (writer: ByteWriter, value: number): void => writer.byte(value);
const sixteen = (writer: ByteWriter, value: Uint8Array): void => writer.bytes(value);
const HAS_MEMORY_INDEX = 0x40;

const WRITERS: Readonly<Record<ImmediateKind, (writer: ByteWriter, value: never) => void>> = {
  labelidx: index,
  funcidx: index,
  typeidx: index,
  tableidx: index,
  memidx: index,
  globalidx: index,
  localidx: index,
  dataidx: index,
  elemidx: index,
  tagidx: index,
  fieldidx: index,
  u32: index,
  lane: byte,
  castflags: byte,
  v128: sixteen,
  lanes16: sixteen,
  i32: (writer, value: number) => writer.s32(value),
  i64: (writer, value: bigint) => writer.s64(value),
  f32: (writer, value: number) => writer.f32bits(value),
  f64: (writer, value: bigint) => writer.f64bits(value),
  heaptype: (writer, value: number) => writeHeapType(writer, value),
  blocktype: (writer, { kind, value }: BlockType) => writeBlockType(writer, kind, value),
  memarg: (writer, { align, memory, offset }: MemArg) => {
    writer.byte(align | (memory === 0 ? 0 : HAS_MEMORY_INDEX));
    if (memory !== 0) writer.u32(memory);
    writer.u64(offset);
  },
  br_table: (writer, labels: readonly number[]) => {
    writer.u32(labels.length - 1);
    for (const label of labels) writer.u32(label);
  },
  try_table: (writer, clauses: readonly Clause[]) => {
    writer.u32(clauses.length);
    for (const { kind, tag, label } of clauses) {
      writer.byte(kind);
      if (tag !== undefined) writer.u32(tag);
      writer.u32(label);
    }
  },
  valtypes: (writer, types: readonly ValType[]) => {
    writer.u32(types.length);
    for (const type of types) writeValType(writer, type);
  },
};

/** A constant expression: instructions and the closing `end`. */
export function constantExpr(...instrs: readonly (readonly [OpName, ...Immediate[]])[]): Uint8Array {
  const emitter = new Emitter();
  for (const [name, ...immediates] of instrs) emitter.emit(name, ...immediates);
  emitter.emit('end');
  return emitter.writer.toBytes();
}
