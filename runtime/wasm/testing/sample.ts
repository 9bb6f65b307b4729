/** A module with something in every index space, for tests of single instructions. */
import { BLOCK_KIND } from '../code.ts';
import type { ModuleDraft } from '../encode-module.ts';
import { itemAt } from '../item-at.ts';
import { OP, OPCODES, type OpName } from '../opcode-table.ts';
import {
  ANYREF,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  HEAP,
  I32,
  I64,
  PACKED_I8,
  ref,
  refNull,
  V128,
  type ValType,
} from '../types.ts';
import { bodyOf, exprOf, funcType, type Instr, limits, moduleOf, typesOf } from './assemble.ts';

/** Type indices of the sample. */
export const TYPE = {
  none: 0,
  i32ToI32: 1,
  struct: 2,
  packedStruct: 3,
  array: 4,
  packedArray: 5,
  funcArray: 6,
  tag: 7,
} as const;
/** Memory indices. */
export const MEMORY = { small: 0, large: 1, shared: 2 } as const;
/** Locals of the sample's function, one of each type that can have a default value. */
export const LOCALS: readonly ValType[] = [
  I32,
  I64,
  F32,
  F64,
  V128,
  FUNCREF,
  EXTERNREF,
  ANYREF,
  refNull(HEAP.eq),
  refNull(HEAP.i31),
  refNull(HEAP.array),
  refNull(TYPE.struct),
  refNull(TYPE.packedStruct),
  refNull(TYPE.array),
  refNull(TYPE.packedArray),
  refNull(TYPE.funcArray),
  refNull(TYPE.i32ToI32),
];

/** Puts a value of a type of `LOCALS` on the stack. */
export const push = (type: ValType): Instr => ['local.get', LOCALS.indexOf(type)];

/** The sample with a second function of this code, of type [] -> []. */
export function sample(instrs: readonly Instr[], parts: Partial<ModuleDraft> = {}): Uint8Array {
  const mutable = (storage: ValType) => ({ storage, mutable: true });
  return moduleOf({
    types: typesOf([
      funcType([], []),
      funcType([I32], [I32]),
      { kind: 'struct', fields: [mutable(I32), mutable(F64)] },
      { kind: 'struct', fields: [mutable(PACKED_I8)] },
      { kind: 'array', element: mutable(I32) },
      { kind: 'array', element: mutable(PACKED_I8) },
      { kind: 'array', element: mutable(FUNCREF) },
      funcType([I32], []),
    ]),
    funcs: [
      { typeIndex: TYPE.i32ToI32, body: bodyOf([['local.get', 0]]) },
      { typeIndex: TYPE.none, body: bodyOf(instrs, LOCALS) },
    ],
    tables: [
      { type: { element: FUNCREF, limits: limits(10) } },
      { type: { element: EXTERNREF, limits: limits(10, 20) } },
      { type: { element: FUNCREF, limits: limits(10, 20, { is64: true }) } },
    ],
    memories: [
      { limits: limits(1) },
      { limits: limits(1, 2, { is64: true }) },
      { limits: limits(1, 2, { shared: true }) },
    ],
    globals: [
      { type: { type: I32, mutable: true }, init: exprOf(['i32.const', 7]) },
      { type: { type: FUNCREF, mutable: false }, init: exprOf(['ref.func', 0]) },
    ],
    tags: [{ typeIndex: TYPE.tag }],
    exports: [{ name: 'f', kind: 'func', index: 1 }],
    elements: [
      {
        mode: 'active',
        tableIndex: 0,
        offset: exprOf(['i32.const', 0]),
        type: ref(HEAP.func),
        items: { kind: 'funcs', funcs: [0] },
      },
      {
        mode: 'passive',
        tableIndex: 0,
        type: FUNCREF,
        items: { kind: 'exprs', exprs: [exprOf(['ref.null', HEAP.func])] },
      },
      { mode: 'declarative', tableIndex: 0, type: ref(HEAP.func), items: { kind: 'funcs', funcs: [0, 1] } },
    ],
    datas: [
      { mode: 'active', memoryIndex: 1, offset: exprOf(['i64.const', 0]), content: Uint8Array.of(1, 2) },
      { mode: 'passive', memoryIndex: 0, content: Uint8Array.of(3) },
    ],
    ...parts,
  });
}

const TOKENS: Readonly<Record<string, ValType>> = {
  i32: I32,
  i64: I64,
  f32: F32,
  f64: F64,
  v128: V128,
  addr: I32,
  eqref: refNull(HEAP.eq),
  i31ref: refNull(HEAP.i31),
  arrayref: refNull(HEAP.array),
};

/** Instructions around a row of fixed type: parameters before, results dropped after. */
function aroundFixed(name: OpName, signature: string): Instr[] {
  const [params = '', results = ''] = signature.split(' -> ');
  const instr: Instr = name.includes('atomic') && name !== 'atomic.fence' ? [name, MEMORY.shared] : [name];
  const pushes = params
    .slice(1, -1)
    .split(' ')
    .filter(Boolean)
    .map((token) => push(TOKENS[token] ?? 0));
  return [...pushes, instr, ...(results === '[]' ? [] : [['drop'] as const])];
}

const VALUE = BLOCK_KIND.value;
const EMPTY = BLOCK_KIND.empty;
const END: Instr = ['end'];
const DROP: Instr = ['drop'];
const ZERO: Instr = ['i32.const', 0];
const STRUCT = push(refNull(TYPE.struct));
const PACKED_STRUCT = push(refNull(TYPE.packedStruct));
const ARRAY = push(refNull(TYPE.array));
const PACKED_ARRAY = push(refNull(TYPE.packedArray));
const FUNC_ARRAY = push(refNull(TYPE.funcArray));

/** Valid code around every instruction whose type is not fixed. */
const AROUND: Readonly<Record<string, readonly Instr[]>> = {
  unreachable: [['unreachable']],
  block: [['block', VALUE, I32], ZERO, END, DROP],
  loop: [ZERO, ['loop', BLOCK_KIND.typeIndex, TYPE.i32ToI32], END, DROP],
  if: [ZERO, ['if'], END],
  else: [ZERO, ['if', VALUE, F64], push(F64), ['else'], push(F64), END, DROP],
  end: [['block'], END],
  try: [['try', VALUE, I32], ZERO, ['catch', 0], END, DROP],
  catch: [['try'], ['catch', 0], DROP, END],
  catch_all: [['try'], ['catch_all'], END],
  delegate: [['try'], ['delegate', 0]],
  rethrow: [['try'], ['catch_all'], ['rethrow', 0], END],
  throw: [ZERO, ['throw', 0]],
  throw_ref: [['ref.null', HEAP.exn], ['throw_ref']],
  try_table: [['block', VALUE, I32], ['try_table', EMPTY, 0, 0, 0, 0], END, ZERO, END, DROP],
  br: [['block'], ['br', 0], END],
  br_if: [ZERO, ['br_if', 0]],
  br_table: [['block'], ZERO, ['br_table', 0, 1, 0], END],
  return: [['return']],
  call: [ZERO, ['call', 0], DROP],
  call_indirect: [ZERO, ZERO, ['call_indirect', TYPE.i32ToI32, 0], DROP],
  call_ref: [ZERO, push(refNull(TYPE.i32ToI32)), ['call_ref', TYPE.i32ToI32], DROP],
  return_call: [['return_call', 1]],
  return_call_indirect: [push(I64), ['return_call_indirect', TYPE.none, 2]],
  return_call_ref: [
    ['ref.func', 1],
    ['return_call_ref', TYPE.none],
  ],
  br_on_null: [STRUCT, ['br_on_null', 0], DROP],
  br_on_non_null: [['block', VALUE, ref(TYPE.struct)], STRUCT, ['br_on_non_null', 0], ['unreachable'], END, DROP],
  br_on_cast: [
    ['block', VALUE, ref(TYPE.struct)],
    push(ANYREF),
    ['br_on_cast', 0, 1, HEAP.any, TYPE.struct],
    ['unreachable'],
    END,
    DROP,
  ],
  br_on_cast_fail: [
    ['block', VALUE, ANYREF],
    push(ANYREF),
    ['br_on_cast_fail', 0, 1, HEAP.any, TYPE.struct],
    END,
    DROP,
  ],
  drop: [ZERO, DROP],
  select: [push(F32), push(F32), ZERO, ['select'], DROP],
  'select t': [push(EXTERNREF), push(EXTERNREF), ZERO, ['select t', EXTERNREF], DROP],
  'local.get': [['local.get', 3], DROP],
  'local.set': [ZERO, ['local.set', 0]],
  'local.tee': [ZERO, ['local.tee', 0], DROP],
  'global.get': [['global.get', 1], DROP],
  'global.set': [ZERO, ['global.set', 0]],
  'table.get': [ZERO, ['table.get', 1], DROP],
  'table.set': [ZERO, push(EXTERNREF), ['table.set', 1]],
  'table.init': [ZERO, ZERO, ZERO, ['table.init', 1, 0]],
  'elem.drop': [['elem.drop', 2]],
  'table.copy': [push(I64), ZERO, ZERO, ['table.copy', 2, 0]],
  'table.grow': [push(FUNCREF), push(I64), ['table.grow', 2], DROP],
  'table.size': [['table.size', 0], DROP],
  'table.fill': [ZERO, push(EXTERNREF), ZERO, ['table.fill', 1]],
  'ref.null': [['ref.null', TYPE.struct], DROP],
  'ref.is_null': [push(EXTERNREF), ['ref.is_null'], DROP],
  'ref.func': [['ref.func', 0], DROP],
  'ref.as_non_null': [STRUCT, ['ref.as_non_null'], DROP],
  'struct.new': [ZERO, push(F64), ['struct.new', TYPE.struct], DROP],
  'struct.new_default': [['struct.new_default', TYPE.packedStruct], DROP],
  'struct.get': [STRUCT, ['struct.get', TYPE.struct, 1], DROP],
  'struct.get_s': [PACKED_STRUCT, ['struct.get_s', TYPE.packedStruct, 0], DROP],
  'struct.get_u': [PACKED_STRUCT, ['struct.get_u', TYPE.packedStruct, 0], DROP],
  'struct.set': [STRUCT, push(F64), ['struct.set', TYPE.struct, 1]],
  'array.new': [ZERO, ZERO, ['array.new', TYPE.packedArray], DROP],
  'array.new_default': [ZERO, ['array.new_default', TYPE.array], DROP],
  'array.new_fixed': [ZERO, ZERO, ['array.new_fixed', TYPE.array, 2], DROP],
  'array.new_data': [ZERO, ZERO, ['array.new_data', TYPE.array, 1], DROP],
  'array.new_elem': [ZERO, ZERO, ['array.new_elem', TYPE.funcArray, 1], DROP],
  'array.get': [ARRAY, ZERO, ['array.get', TYPE.array], DROP],
  'array.get_s': [PACKED_ARRAY, ZERO, ['array.get_s', TYPE.packedArray], DROP],
  'array.get_u': [PACKED_ARRAY, ZERO, ['array.get_u', TYPE.packedArray], DROP],
  'array.set': [PACKED_ARRAY, ZERO, ZERO, ['array.set', TYPE.packedArray]],
  'array.fill': [ARRAY, ZERO, ZERO, ZERO, ['array.fill', TYPE.array]],
  'array.copy': [ARRAY, ZERO, ARRAY, ZERO, ZERO, ['array.copy', TYPE.array, TYPE.array]],
  'array.init_data': [ARRAY, ZERO, ZERO, ZERO, ['array.init_data', TYPE.array, 1]],
  'array.init_elem': [FUNC_ARRAY, ZERO, ZERO, ZERO, ['array.init_elem', TYPE.funcArray, 1]],
  'ref.test': [push(ANYREF), ['ref.test', TYPE.struct], DROP],
  'ref.test null': [push(ANYREF), ['ref.test null', HEAP.i31], DROP],
  'ref.cast': [push(ANYREF), ['ref.cast', HEAP.eq], DROP],
  'ref.cast null': [push(FUNCREF), ['ref.cast null', TYPE.none], DROP],
  'any.convert_extern': [push(EXTERNREF), ['any.convert_extern'], DROP],
  'extern.convert_any': [push(ANYREF), ['extern.convert_any'], DROP],
  'memory.init': [push(I64), ZERO, ZERO, ['memory.init', 1, MEMORY.large]],
  'data.drop': [['data.drop', 0]],
  'memory.copy': [push(I64), ZERO, ZERO, ['memory.copy', MEMORY.large, MEMORY.small]],
};

/** Valid code, of type [] -> [] in `sample`, in which the instruction occurs. */
export function codeAround(name: OpName): readonly Instr[] {
  const { signature } = itemAt(OPCODES, OP[name]);
  if (signature.startsWith('[')) return aroundFixed(name, signature);
  const around = AROUND[name];
  if (around === undefined) throw new Error(`no sample code for ${name}`);
  return around;
}
