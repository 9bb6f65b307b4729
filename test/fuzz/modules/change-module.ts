/** Changes to the parts of a module, as `ModuleDraft` has them: what is written afterwards is well-formed, mostly. */
import { PluvioError } from '../../../runtime/errors/index.ts';
import {
  type CompositeType,
  EXTERNREF,
  FUNCREF,
  type FuncType,
  HEAP,
  I32,
  I64,
  type ImportDesc,
  type Limits,
  type ModuleDraft,
  ref,
  refNull,
  type SubType,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { exprOf, funcType, type Instr } from '../../../runtime/wasm/testing/assemble.ts';
import type { Choices } from '../choices.ts';
import { changeBytes } from '../change-bytes.ts';
import { changeCode, type Pieces, putTogether, takeApart } from './change-code.ts';

type Change = (draft: ModuleDraft, choices: Choices, donor: ModuleDraft) => void;

const VALUE_TYPES: readonly ValType[] = [
  ...[I32, I32, I64, 0x7d, 0x7c, V128, FUNCREF, EXTERNREF],
  ...Object.values(HEAP).map(refNull),
  ...[ref(HEAP.func), ref(HEAP.i31), refNull(0), ref(0), refNull(1), ref(3)],
];
const NAMES = [
  '',
  'run',
  '_start',
  '_initialize',
  'memory',
  'env',
  '__proto__',
  'constructor',
  'é\u0000',
  '@1',
  'tick',
];
const COUNTS = [0, 1, 2, 3, 10, 100, 1000, 1001, 10_000, 10_001] as const;

/** How many items of a list are added at once at most, so that cases stay short. */
const ITEMS_MAX = 3000;

const some = <T>(choices: Choices, make: () => T): T[] =>
  Array.from({ length: choices.oneIn(100) ? choices.pick(COUNTS) : choices.below(4) }, make);

/** Removes, doubles, moves or replaces an item. */
function changeList<T>(list: T[], choices: Choices, make: () => T): void {
  const index = choices.below(list.length + 1);
  const item = list[index];
  switch (choices.below(6)) {
    case 0:
      list.splice(index, 1);
      return;
    case 1:
      list.splice(choices.below(list.length + 1), 0, item ?? make());
      return;
    case 2:
      list.reverse();
      return;
    case 3:
      list.push(
        ...Array.from(
          { length: Math.min(ITEMS_MAX, choices.pick([1, 1, 2, choices.oneIn(20) ? 1000 : 5])) },
          () => item ?? make(),
        ),
      );
      return;
    default:
      if (index < list.length) list[index] = make();
      else list.push(make());
  }
}

const valType = (choices: Choices): ValType => choices.pick(VALUE_TYPES);
const pages = (choices: Choices): bigint =>
  choices.oneIn(12)
    ? choices.bits64() >> BigInt(choices.below(64))
    : BigInt(choices.pick([0, 1, 1, 2, 63, 64, 65, 65_536, 65_537]));
const limitsOf = (choices: Choices): Limits => ({
  min: pages(choices),
  max: choices.oneIn(2) ? undefined : pages(choices),
  shared: choices.oneIn(8),
  is64: choices.oneIn(5),
});

function composite(choices: Choices): CompositeType {
  const storage = (): { storage: ValType; mutable: boolean } => ({
    storage: choices.oneIn(6) ? choices.pick([0x78, 0x77]) : valType(choices),
    mutable: choices.oneIn(2),
  });
  if (choices.oneIn(3)) return { kind: 'struct', fields: some(choices, storage) };
  if (choices.oneIn(3)) return { kind: 'array', element: storage() };
  return funcType(
    some(choices, () => valType(choices)),
    some(choices, () => valType(choices)),
  );
}

function subType(draft: ModuleDraft, choices: Choices): SubType {
  const last = draft.types.at(-1);
  return {
    composite: composite(choices),
    final: choices.oneIn(2),
    supers: choices.oneIn(4) ? [choices.index(draft.types.length)] : [],
    recGroup: (last?.recGroup ?? 0) + (choices.oneIn(3) ? 0 : 1),
    canonical: 0,
  };
}

/** A constant expression, right or wrong. */
function expression(draft: ModuleDraft, choices: Choices): Uint8Array {
  const instrs = choices.pick<readonly Instr[]>([
    [['i32.const', choices.edge()]],
    [['i64.const', choices.edge()]],
    [['ref.null', choices.pick(Object.values(HEAP))]],
    [['ref.func', choices.index(draft.funcs.length)]],
    [['global.get', choices.index(draft.globals.length)]],
    [['i32.const', choices.edge()], ['i32.const', choices.edge()], ['i32.mul']],
    [['i32.const', 1], ['ref.i31']],
    [['struct.new_default', choices.index(draft.types.length)]],
    [
      ['i32.const', choices.pick([0, 3, 1000])],
      ['array.new_default', choices.index(draft.types.length)],
    ],
    [],
    [['nop']],
    [['i32.const', 0], ['drop']],
  ]);
  const bytes = exprOf(...instrs);
  return choices.oneIn(20) ? changeBytes(bytes, choices) : bytes;
}

function importDesc(draft: ModuleDraft, choices: Choices): ImportDesc {
  switch (choices.below(6)) {
    case 0:
      return { kind: 'table', type: { element: valType(choices), limits: limitsOf(choices) } };
    case 1:
      return { kind: 'memory', type: { limits: limitsOf(choices) } };
    case 2:
      return { kind: 'global', type: { type: valType(choices), mutable: choices.oneIn(2) } };
    case 3:
      return { kind: 'tag', type: { typeIndex: choices.index(draft.types.length) } };
    default:
      return { kind: 'func', typeIndex: choices.index(draft.types.length) };
  }
}

/** Names of sections that somebody reads. */
const CUSTOM_NAMES = [
  'name',
  'metadata.code.branch_hint',
  'dylink.0',
  'target_features',
  'producers',
  '',
  'x',
] as const;

function changeSignature(draft: ModuleDraft, choices: Choices): void {
  const index = choices.below(draft.types.length);
  const type = draft.types[index];
  if (type?.composite.kind !== 'func') return;
  const { params, results } = type.composite;
  const changed: { params: ValType[]; results: ValType[] } = { params: [...params], results: [...results] };
  changeList(choices.oneIn(2) ? changed.params : changed.results, choices, () => valType(choices));
  draft.types[index] = { ...type, composite: { ...changed, kind: 'func' } satisfies FuncType };
}

/** Changes one body in a few places. */
function changeBody(draft: ModuleDraft, choices: Choices, donor: ModuleDraft): void {
  const func = draft.funcs[choices.below(draft.funcs.length)];
  if (func === undefined) return;
  const memories = memoriesOf(draft);
  try {
    const pieces = takeApart(func.body, memories);
    const other = donor.funcs[choices.below(donor.funcs.length)];
    const foreign: Pieces = other === undefined ? pieces : takeApart(other.body, memoriesOf(donor));
    for (let count = 1 + choices.below(3); count > 0; count--) {
      changeCode(pieces, choices, foreign, draft.funcs.length + draft.imports.length);
    }
    func.body = putTogether(pieces);
  } catch (error) {
    if (!(error instanceof PluvioError)) throw error;
    func.body = changeBytes(func.body, choices); // a body that an earlier change broke
  }
}

const memoriesOf = ({ imports, memories }: ModuleDraft) => [
  ...imports.flatMap(({ desc }) => (desc.kind === 'memory' ? [{ type: desc.type }] : [])),
  ...memories.map((type) => ({ type })),
];

const CHANGES: readonly Change[] = [
  ...Array.from({ length: 12 }, (): Change => changeBody),
  (draft, choices) => changeList(draft.types, choices, () => subType(draft, choices)),
  changeSignature,
  (draft, choices) => {
    const index = choices.below(draft.types.length);
    const type = draft.types[index];
    if (type !== undefined)
      draft.types[index] = { ...type, recGroup: choices.oneIn(2) ? 0 : type.recGroup, final: !type.final };
  },
  (draft, choices) =>
    changeList(draft.imports, choices, () => ({
      module: choices.pick(NAMES),
      name: choices.pick(NAMES),
      desc: importDesc(draft, choices),
    })),
  (draft, choices) => {
    const func = draft.funcs[choices.below(draft.funcs.length)];
    if (func !== undefined) func.typeIndex = choices.index(draft.types.length);
  },
  (draft, choices, donor) => {
    const func = donor.funcs[choices.below(donor.funcs.length)];
    changeList(draft.funcs, choices, () => ({
      typeIndex: choices.index(draft.types.length),
      body: func?.body ?? Uint8Array.of(0, 0x0b),
    }));
  },
  (draft, choices) => {
    const func = draft.funcs[choices.below(draft.funcs.length)];
    if (func !== undefined) func.body = changeBytes(func.body, choices);
  },
  (draft, choices) =>
    changeList(draft.tables, choices, () => ({
      type: { element: valType(choices), limits: limitsOf(choices) },
      ...(choices.oneIn(3) ? { init: expression(draft, choices) } : {}),
    })),
  (draft, choices) => changeList(draft.memories, choices, () => ({ limits: limitsOf(choices) })),
  (draft, choices) =>
    changeList(draft.globals, choices, () => ({
      type: { type: valType(choices), mutable: choices.oneIn(2) },
      init: expression(draft, choices),
    })),
  (draft, choices) => changeList(draft.tags, choices, () => ({ typeIndex: choices.index(draft.types.length) })),
  (draft, choices) =>
    changeList(draft.exports, choices, () => ({
      name: choices.pick(NAMES),
      kind: choices.pick(['func', 'table', 'memory', 'global', 'tag'] as const),
      index: choices.index(draft.funcs.length),
    })),
  (draft, choices) => (draft.startFunc = choices.oneIn(3) ? undefined : choices.index(draft.funcs.length)),
  (draft, choices) =>
    changeList(draft.elements, choices, () => ({
      mode: choices.pick(['active', 'passive', 'declarative'] as const),
      tableIndex: choices.index(draft.tables.length),
      offset: expression(draft, choices),
      type: choices.oneIn(3) ? valType(choices) : FUNCREF,
      items: choices.oneIn(2)
        ? { kind: 'funcs' as const, funcs: some(choices, () => choices.index(draft.funcs.length)) }
        : { kind: 'exprs' as const, exprs: some(choices, () => expression(draft, choices)) },
    })),
  (draft, choices) =>
    changeList(draft.datas, choices, () => ({
      mode: choices.pick(['active', 'passive'] as const),
      memoryIndex: choices.index(draft.memories.length),
      offset: expression(draft, choices),
      content: choices.bytes(choices.pick([0, 1, 30, 5000])),
    })),
  (draft, choices) => {
    const data = draft.datas[choices.below(draft.datas.length)];
    if (data !== undefined) data.offset = expression(draft, choices);
  },
  (draft) => (draft.hasDataCount = draft.hasDataCount !== true),
  (draft, choices) =>
    changeList(draft.customs, choices, () => ({
      name: choices.pick(CUSTOM_NAMES),
      content: choices.bytes(choices.pick([0, 1, 10, 300])),
      after: choices.below(14),
    })),
  (draft, choices) => {
    const custom = draft.customs[choices.below(draft.customs.length)];
    if (custom !== undefined) custom.content = changeBytes(custom.content, choices);
  },
];

/** Changes one part of the module, in place; `donor` is where foreign parts come from. */
export const changeModule: Change = (draft, choices, donor) => choices.pick(CHANGES)(draft, choices, donor);
