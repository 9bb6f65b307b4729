/** Builds modules for tests from rows of instructions, through the synthetic rows of `Code`. */
import { BLOCK_EMPTY, BLOCK_KIND, Code } from '../code.ts';
import { encodeCode, writeLocals } from '../code-encode.ts';
import { pushAux, pushRow } from '../code-rows.ts';
import { encodeModule, type ModuleDraft } from '../encode-module.ts';
import { OP, type OpName, SHAPE, SHAPES } from '../opcode-table.ts';
import type { FuncType, Limits, SubType, ValType } from '../types.ts';
import { ByteWriter } from '../writer.ts';

/**
 * An instruction with its immediates as integers. Block types: none (empty), or kind (`BLOCK_KIND`) and value. Lists:
 * br_table [label…, default]; try_table [kind, value, then per clause kind, tag or -1, label]; select t [type…];
 * br_on_cast [label, flags, from, to].
 */
export type Instr = readonly [name: OpName, ...immediates: number[]];

/** Code of synthetic rows; a closing `end` is added. */
export function codeOf(instrs: readonly Instr[]): Code {
  const code = new Code(new Uint8Array(0));
  for (const [name, ...ints] of instrs) pushInstr(code, OP[name], ints);
  pushRow(code, OP.end);
  return code;
}

function pushInstr(code: Code, op: number, ints: readonly number[]): void {
  const [a = 0, b = 0] = ints;
  switch (SHAPES[op]) {
    case SHAPE.blocktype:
      return void pushBlock(code, op, ints, 0);
    case SHAPE.tryTable: {
      const clauses = ints.slice(2);
      return void pushBlock(code, op, ints, pushAux(code, [clauses.length / 3, ...clauses]));
    }
    case SHAPE.brTable:
      return void pushRow(code, op, -1, -1, pushAux(code, [ints.length - 1, ...ints]));
    case SHAPE.valtypes:
      return void pushRow(code, op, -1, -1, pushAux(code, [ints.length, ...ints]));
    case SHAPE.brOnCast:
      return void pushRow(code, op, -1, -1, a, pushAux(code, ints.slice(1)));
    case SHAPE.bytes16:
    case SHAPE.lanes16:
      return void pushRow(code, op, -1, -1, pushAux(code, [a, b, 0, 0]));
    default:
      return void pushRow(code, op, -1, -1, a, b);
  }
}

function pushBlock(code: Code, op: number, [kind, value]: readonly number[], b: number): void {
  if (kind === undefined || value === undefined) {
    pushRow(code, op, -1, -1, BLOCK_EMPTY, b, BLOCK_KIND.empty);
  } else pushRow(code, op, -1, -1, value, b, kind);
}

/** The bytes of a body: locals and code. */
export function bodyOf(instrs: readonly Instr[], locals: readonly ValType[] = []): Uint8Array {
  const writer = new ByteWriter();
  writeLocals(writer, locals, 0);
  encodeCode(writer, codeOf(instrs));
  return writer.toBytes();
}

/** The bytes of a constant expression. */
export function exprOf(...instrs: readonly Instr[]): Uint8Array {
  const writer = new ByteWriter();
  encodeCode(writer, codeOf(instrs));
  return writer.toBytes();
}

export const funcType = (params: readonly ValType[], results: readonly ValType[]): FuncType => ({
  kind: 'func',
  params,
  results,
});

/** A list of final types, each in a group of its own. */
export const typesOf = (composites: readonly SubType['composite'][]): SubType[] =>
  composites.map((composite, index) => ({ composite, final: true, supers: [], recGroup: index, canonical: index }));

export const limits = (min: number, max?: number, flags: Partial<Limits> = {}): Limits => ({
  min: BigInt(min),
  max: max === undefined ? undefined : BigInt(max),
  shared: false,
  is64: false,
  ...flags,
});

/** A module from the parts that matter. */
export function moduleOf(parts: Partial<ModuleDraft>): Uint8Array {
  return encodeModule({
    types: [],
    imports: [],
    funcs: [],
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [],
    elements: [],
    datas: [],
    customs: [],
    ...parts,
  });
}
