/** A module whose references tests put where they want: in fields, elements, globals and tables of every hierarchy. */
import {
  ANYREF,
  BLOCK_KIND,
  EXNREF,
  EXTERNREF,
  type FieldType,
  FUNCREF,
  HEAP,
  I32,
  I64,
  PACKED_I8,
  ref,
  refNull,
  type SubType,
  type ValType,
} from '../../runtime/wasm/index.ts';
import {
  bodyOf,
  exprOf,
  funcType,
  type Instr,
  limits,
  moduleOf,
  typesOf,
} from '../../runtime/wasm/testing/assemble.ts';

/** Type indices. */
export const TYPE = {
  /** (i32) -> i32 */
  step: 0,
  /** any, extern, func, exn: all mutable */
  holder: 1,
  /** i32, not mutable; mutable ref null link; ref null link, not mutable */
  link: 2,
  /** elements ref link, not mutable */
  links: 3,
  /** elements i8, mutable */
  bytes: 4,
  /** ref step, ref i31, ref link: mutable and never null */
  strict: 5,
  /** the same as `bytes` */
  bytesAgain: 6,
  /** elements eqref, not mutable */
  constants: 7,
} as const;

/** Function indices. */
const FUNC = { fail: 0, twice: 1, half: 2 } as const;
/** Global indices. */
export const GLOBAL = {
  holder: 0,
  first: 1,
  second: 2,
  strict: 3,
  links: 4,
  exn: 5,
  many: 6,
  bytes: 7,
  step: 8,
} as const;

const mutable = (storage: ValType): FieldType => ({ storage, mutable: true });
const fixed = (storage: ValType): FieldType => ({ storage, mutable: false });

const COMPOSITES: readonly SubType['composite'][] = [
  funcType([I32], [I32]),
  { kind: 'struct', fields: [mutable(ANYREF), mutable(EXTERNREF), mutable(FUNCREF), mutable(EXNREF)] },
  { kind: 'struct', fields: [fixed(I32), mutable(refNull(TYPE.link)), fixed(refNull(TYPE.link))] },
  { kind: 'array', element: fixed(ref(TYPE.link)) },
  { kind: 'array', element: mutable(PACKED_I8) },
  { kind: 'struct', fields: [mutable(ref(TYPE.step)), mutable(ref(HEAP.i31)), mutable(ref(TYPE.link))] },
  { kind: 'array', element: mutable(PACKED_I8) },
  { kind: 'array', element: fixed(refNull(HEAP.eq)) },
];

interface Row {
  readonly name: string;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  readonly locals?: readonly ValType[];
  readonly body: readonly Instr[];
}

const holder: Instr = ['global.get', GLOBAL.holder];

/** Exported functions; each charges no fuel of note, so a worker is idle after it. */
const ROWS: readonly Row[] = [
  {
    name: 'setAny',
    params: [EXTERNREF],
    results: [],
    body: [holder, ['local.get', 0], ['any.convert_extern'], ['struct.set', TYPE.holder, 0]],
  },
  {
    name: 'any',
    params: [],
    results: [EXTERNREF],
    body: [holder, ['struct.get', TYPE.holder, 0], ['extern.convert_any']],
  },
  {
    name: 'setExtern',
    params: [EXTERNREF],
    results: [],
    body: [holder, ['local.get', 0], ['struct.set', TYPE.holder, 1]],
  },
  { name: 'extern', params: [], results: [EXTERNREF], body: [holder, ['struct.get', TYPE.holder, 1]] },
  { name: 'setFunc', params: [FUNCREF], results: [], body: [holder, ['local.get', 0], ['struct.set', TYPE.holder, 2]] },
  { name: 'func', params: [], results: [FUNCREF], body: [holder, ['struct.get', TYPE.holder, 2]] },
  {
    name: 'setTable',
    params: [EXTERNREF],
    results: [],
    body: [
      ['i32.const', 1],
      ['local.get', 0],
      ['table.set', 0],
    ],
  },
  {
    name: 'table',
    params: [],
    results: [EXTERNREF],
    body: [
      ['i32.const', 1],
      ['table.get', 0],
    ],
  },
  // Calls the host and keeps the exception, whatever it is.
  {
    name: 'keepException',
    params: [I32],
    results: [],
    locals: [EXNREF],
    body: [
      ['block', BLOCK_KIND.value, EXNREF],
      ['try_table', BLOCK_KIND.empty, 0, 3, -1, 0],
      ['local.get', 0],
      ['call', FUNC.fail],
      ['drop'],
      ['local.get', 0],
      ['throw', 0],
      ['end'],
      ['unreachable'],
      ['end'],
      ['local.tee', 1],
      ['global.set', GLOBAL.exn],
      holder,
      ['local.get', 1],
      ['struct.set', TYPE.holder, 3],
    ],
  },
  {
    name: 'forgetException',
    params: [],
    results: [],
    body: [
      ['ref.null', HEAP.exn],
      ['global.set', GLOBAL.exn],
      holder,
      ['ref.null', HEAP.exn],
      ['struct.set', TYPE.holder, 3],
    ],
  },
  // What the exception of the holder has in its payload.
  {
    name: 'payload',
    params: [],
    results: [I32],
    body: [
      ['block', BLOCK_KIND.value, I32],
      ['try_table', BLOCK_KIND.empty, 0, 0, 0, 0],
      holder,
      ['struct.get', TYPE.holder, 3],
      ['throw_ref'],
      ['end'],
      ['unreachable'],
      ['end'],
    ],
  },
  {
    name: 'chain',
    params: [],
    results: [],
    body: [
      ['global.get', GLOBAL.first],
      ['i32.const', 7],
      ['ref.null', TYPE.link],
      ['global.get', GLOBAL.second],
      ['struct.new', TYPE.link],
      ['struct.set', TYPE.link, 1],
    ],
  },
  {
    name: 'newBytes',
    params: [I32],
    results: [],
    body: [
      ['i32.const', 3],
      ['local.get', 0],
      ['array.new', TYPE.bytes],
      ['global.set', GLOBAL.bytes],
    ],
  },
  {
    name: 'setStep',
    params: [],
    results: [],
    body: [
      ['ref.func', FUNC.half],
      ['global.set', GLOBAL.step],
    ],
  },
  {
    name: 'step',
    params: [I32],
    results: [I32],
    body: [
      ['local.get', 0],
      ['global.get', GLOBAL.step],
      ['call_ref', TYPE.step],
    ],
  },
  // An immutable array of so many different i31 values, out of a segment.
  {
    name: 'manyDifferent',
    params: [I32],
    results: [],
    body: [
      ['i32.const', 0],
      ['local.get', 0],
      ['array.new_elem', TYPE.constants, 0],
      ['global.set', GLOBAL.many],
    ],
  },
  {
    name: 'manySame',
    params: [I32],
    results: [],
    body: [['i32.const', 5], ['ref.i31'], ['local.get', 0], ['array.new', TYPE.constants], ['global.set', GLOBAL.many]],
  },
  {
    name: 'manyAt',
    params: [I32],
    results: [I32],
    body: [
      ['global.get', GLOBAL.many],
      ['local.get', 0],
      ['array.get', TYPE.constants],
      ['ref.cast', HEAP.i31],
      ['i31.get_s'],
    ],
  },
  { name: 'dummy', params: [I64], results: [I64], body: [['local.get', 0]] },
];

/** Items of the element segment that `manyDifferent` takes. */
export const SEGMENT_ITEMS = 10_001;

export function heapSubject(): Uint8Array {
  const types = typesOf([
    ...COMPOSITES,
    ...ROWS.map(({ params, results }) => funcType(params, results)),
    funcType([I32], []),
  ]);
  types.forEach((type, index) => Object.assign(type, { canonical: index === TYPE.bytesAgain ? TYPE.bytes : index }));
  const firstRow = COMPOSITES.length;
  const global = (type: ValType, isMutable: boolean, ...init: readonly Instr[]) => ({
    type: { type, mutable: isMutable },
    init: exprOf(...init),
  });
  return moduleOf({
    types,
    imports: [{ module: 'env', name: 'fail', desc: { kind: 'func', typeIndex: TYPE.step } }],
    funcs: [
      { typeIndex: TYPE.step, body: bodyOf([['local.get', 0], ['i32.const', 2], ['i32.mul']]) },
      { typeIndex: TYPE.step, body: bodyOf([['local.get', 0], ['i32.const', 2], ['i32.div_s']]) },
      ...ROWS.map(({ body, locals = [] }, at) => ({ typeIndex: firstRow + at, body: bodyOf(body, locals) })),
    ],
    tags: [{ typeIndex: firstRow + ROWS.length }],
    tables: [{ type: { element: EXTERNREF, limits: limits(2) } }],
    globals: [
      global(ref(TYPE.holder), false, ['struct.new_default', TYPE.holder]),
      global(
        ref(TYPE.link),
        false,
        ['i32.const', 1],
        ['ref.null', TYPE.link],
        ['ref.null', TYPE.link],
        ['struct.new', TYPE.link],
      ),
      global(
        ref(TYPE.link),
        false,
        ['i32.const', 2],
        ['ref.null', TYPE.link],
        ['global.get', GLOBAL.first],
        ['struct.new', TYPE.link],
      ),
      global(
        ref(TYPE.strict),
        true,
        ['ref.func', FUNC.twice],
        ['i32.const', -5],
        ['ref.i31'],
        ['global.get', GLOBAL.second],
        ['struct.new', TYPE.strict],
      ),
      global(
        refNull(TYPE.links),
        true,
        ['global.get', GLOBAL.first],
        ['global.get', GLOBAL.second],
        ['array.new_fixed', TYPE.links, 2],
      ),
      global(EXNREF, true, ['ref.null', HEAP.exn]),
      global(refNull(TYPE.constants), true, ['ref.null', TYPE.constants]),
      global(refNull(TYPE.bytes), true, ['ref.null', TYPE.bytes]),
      global(ref(TYPE.step), true, ['ref.func', FUNC.twice]),
    ],
    exports: [
      ...ROWS.map(({ name }, at) => ({ name, kind: 'func' as const, index: 3 + at })),
      { name: 'twice', kind: 'func', index: FUNC.twice },
    ],
    elements: [
      {
        mode: 'passive',
        tableIndex: 0,
        type: refNull(HEAP.eq),
        items: {
          kind: 'exprs',
          exprs: Array.from({ length: SEGMENT_ITEMS }, (_, at) => exprOf(['i32.const', at], ['ref.i31'])),
        },
      },
      {
        mode: 'declarative',
        tableIndex: 0,
        type: ref(HEAP.func),
        items: { kind: 'funcs', funcs: [FUNC.half, FUNC.twice] },
      },
    ],
  });
}

/** A module of one struct type that the other one does not have, and a function that makes one. */
export const foreignSubject = (): Uint8Array =>
  moduleOf({
    types: typesOf([{ kind: 'struct', fields: [fixed(I64), fixed(I64)] }, funcType([], [EXTERNREF])]),
    funcs: [{ typeIndex: 1, body: bodyOf([['struct.new_default', 0], ['extern.convert_any']]) }],
    exports: [{ name: 'make', kind: 'func', index: 0 }],
  });
