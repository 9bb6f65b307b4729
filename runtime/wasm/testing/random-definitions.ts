/** Random modules whose interest is outside of bodies: types, imports, limits, constant expressions, segments. */
import type { ExternKind, ImportDesc } from '../module.ts';
import type { OpName } from '../opcode-table.ts';
import {
  type CompositeType,
  EXTERNREF,
  F64,
  type FieldType,
  FUNCREF,
  HEAP,
  I32,
  I64,
  type Limits,
  PACKED_I8,
  ref,
  refNull,
  type SubType,
  type ValType,
} from '../types.ts';
import { bodyOf, exprOf, funcType, type Instr, moduleOf } from './assemble.ts';
import { Tape } from './differential.ts';

const ABSTRACT = Object.values(HEAP);

/** A value type; references name types below `typeCount`, rarely the first that does not exist. */
function valType(tape: Tape, typeCount: number): ValType {
  switch (tape.below(6)) {
    case 0:
      return tape.pick([I32, I64, F64]);
    case 1:
      return refNull(tape.pick(ABSTRACT));
    case 2:
      return ref(tape.pick(ABSTRACT));
    default: {
      const heap = tape.below(60) === 0 ? typeCount : tape.below(Math.max(1, typeCount));
      return tape.below(2) === 0 ? ref(heap) : refNull(heap);
    }
  }
}

function field(tape: Tape, typeCount: number): FieldType {
  const storage = tape.below(6) === 0 ? PACKED_I8 : valType(tape, typeCount);
  return { storage, mutable: tape.below(2) === 0 };
}

function composite(tape: Tape, typeCount: number): CompositeType {
  const list = <T>(item: () => T): T[] => Array.from({ length: tape.below(3) }, item);
  switch (tape.below(3)) {
    case 0:
      return funcType(
        list(() => valType(tape, typeCount)),
        list(() => valType(tape, typeCount)),
      );
    case 1:
      return { kind: 'struct', fields: list(() => field(tape, typeCount)) };
    default:
      return { kind: 'array', element: field(tape, typeCount) };
  }
}

/** The composite of a type that is likely a subtype of the given one. */
function refined(tape: Tape, type: CompositeType, typeCount: number): CompositeType {
  if (tape.below(8) === 0) return composite(tape, typeCount);
  if (type.kind !== 'struct' || tape.below(2) === 0) return type;
  return { kind: 'struct', fields: [...type.fields, field(tape, typeCount)] };
}

/** A list of types in small recursion groups, with many repetitions so that equal types occur. */
export function randomTypes(tape: Tape): SubType[] {
  const types: SubType[] = [];
  const groups = 1 + tape.below(5);
  for (let group = 0; group < groups; group++) {
    const size = 1 + tape.below(2);
    const end = types.length + size;
    for (let member = 0; member < size; member++) {
      const canonical = types.length;
      const base = types.length === 0 ? undefined : tape.below(types.length);
      const superType = base !== undefined && tape.below(2) === 0 ? types[base] : undefined;
      const supers = superType === undefined || base === undefined ? [] : [base];
      const shape =
        superType !== undefined
          ? refined(tape, superType.composite, end)
          : base !== undefined && tape.below(3) === 0
            ? (types[base]?.composite ?? composite(tape, end))
            : composite(tape, end);
      types.push({ composite: shape, final: tape.below(3) === 0, supers, recGroup: group, canonical });
    }
  }
  return types;
}

/** A module whose functions pass values of one type where another is expected: it validates if the first matches the second. */
export function typesModuleFrom(numbers: readonly number[]): Uint8Array {
  const tape = new Tape(numbers);
  const types = randomTypes(tape);
  const count = types.length;
  const heap = tape.below(count);
  const from = ref(heap);
  const to = tape.pick([
    ref(heap),
    refNull(types[heap]?.supers[0] ?? heap),
    ref(tape.below(count)),
    valType(tape, count),
  ]);
  const recGroup = count + 1;
  const added: SubType = { composite: funcType([from], [to]), final: true, supers: [], recGroup, canonical: count };
  return moduleOf({ types: [...types, added], funcs: [{ typeIndex: count, body: bodyOf([['local.get', 0]]) }] });
}

const CONST_OPS: readonly OpName[] = [
  'i32.add',
  'i32.sub',
  'i64.mul',
  'ref.i31',
  'extern.convert_any',
  'any.convert_extern',
];

function constExpr(tape: Tape): Uint8Array {
  const instrs: Instr[] = [];
  const leaf = (): Instr => {
    const leaves: readonly Instr[] = [
      ['i32.const', 1],
      ['i64.const', 1],
      ['f64.const', 0],
      ['ref.null', tape.pick(ABSTRACT)],
      ['ref.func', tape.below(3)],
      ['global.get', tape.below(4)],
      ['struct.new_default', 1],
    ];
    return tape.pick(leaves);
  };
  for (let count = 1 + tape.below(2); count > 0; count--) instrs.push(leaf());
  if (tape.below(2) === 0) instrs.push([tape.pick(CONST_OPS)]);
  if (tape.below(20) === 0) instrs.push(['nop']);
  return exprOf(...instrs);
}

/** A constant expression of the type, mostly. */
function constOf(tape: Tape, type: ValType): Uint8Array {
  if (tape.below(12) === 0) return constExpr(tape);
  if (type === I32) return exprOf(['i32.const', 1], ['i32.const', 2], ['i32.add']);
  if (type === I64) return exprOf(['i64.const', 1]);
  if (type === F64) return exprOf(['f64.const', 0]);
  return exprOf(['ref.null', type >> 8]);
}

function randomLimits(tape: Tape): Limits {
  const min = tape.pick([0n, 1n, 1n, 1n, 2n, 2n, 2n, 65536n, 65537n]);
  const max = tape.pick([undefined, undefined, undefined, 2n, 2n, 3n, 65536n, 65537n, 0xffff_ffffn]);
  return { min, max, shared: tape.below(20) === 0, is64: tape.below(6) === 0 };
}

const KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global', 'tag'];
const SMALL_TYPES: readonly ValType[] = [
  I32,
  I64,
  F64,
  FUNCREF,
  EXTERNREF,
  ref(HEAP.func),
  refNull(1),
  refNull(HEAP.i31),
];

function importDesc(tape: Tape): ImportDesc {
  const kind = tape.pick(KINDS);
  if (kind === 'func') return { kind, typeIndex: tape.below(3) };
  if (kind === 'table') return { kind, type: { element: tape.pick([FUNCREF, EXTERNREF]), limits: randomLimits(tape) } };
  if (kind === 'memory') return { kind, type: { limits: randomLimits(tape) } };
  if (kind === 'tag') return { kind, type: { typeIndex: tape.below(3) } };
  return { kind, type: { type: tape.pick(SMALL_TYPES), mutable: tape.below(3) === 0 } };
}

/** A module with random definitions. */
export function definitionsModuleFrom(numbers: readonly number[]): Uint8Array {
  const tape = new Tape(numbers);
  const list = <T>(bound: number, item: () => T): T[] => Array.from({ length: tape.below(bound) }, item);
  const refType = (): ValType => tape.pick([FUNCREF, FUNCREF, EXTERNREF, ref(HEAP.func), refNull(1)]);
  return moduleOf({
    types: [
      { composite: funcType([], []), final: true, supers: [], recGroup: 0, canonical: 0 },
      { composite: { kind: 'struct', fields: [] }, final: true, supers: [], recGroup: 1, canonical: 1 },
      { composite: funcType([I32], [I32]), final: true, supers: [], recGroup: 2, canonical: 2 },
    ],
    imports: list(2, () => ({ module: 'm', name: 'n', desc: importDesc(tape) })),
    funcs: [
      { typeIndex: 0, body: bodyOf([]) },
      { typeIndex: 2, body: bodyOf([['local.get', 0]]) },
    ],
    tables: list(3, () => {
      const element = refType();
      return {
        type: { element, limits: randomLimits(tape) },
        init: tape.below(2) ? constOf(tape, element) : undefined,
      };
    }),
    memories: list(2, () => ({ limits: randomLimits(tape) })),
    tags: list(2, () => ({ typeIndex: tape.pick([0, 0, 0, 0, 1, 2]) })),
    globals: list(3, () => {
      const type = tape.pick(SMALL_TYPES);
      return { type: { type, mutable: tape.below(2) === 0 }, init: constOf(tape, type) };
    }),
    exports: list(2, () => ({
      name: tape.pick(['a', 'b', 'c']),
      kind: tape.pick(['func', ...KINDS]),
      index: tape.below(2),
    })),
    startFunc: tape.pick([undefined, undefined, undefined, undefined, 0, 0, 1, 2]),
    elements: list(2, () => {
      const type = refType();
      const asExprs = tape.below(2) === 0;
      return {
        mode: tape.pick(['active', 'passive', 'declarative'] as const),
        tableIndex: tape.below(5) === 0 ? 1 : 0,
        offset: constOf(tape, I32),
        type: asExprs ? type : ref(HEAP.func),
        items: asExprs
          ? { kind: 'exprs', exprs: list(2, () => constOf(tape, type)) }
          : { kind: 'funcs', funcs: list(2, () => tape.below(3)) },
      };
    }),
    datas: list(2, () => ({
      mode: tape.pick(['active', 'passive'] as const),
      memoryIndex: tape.below(5) === 0 ? 1 : 0,
      offset: constOf(tape, I32),
      content: Uint8Array.of(1),
    })),
  });
}
