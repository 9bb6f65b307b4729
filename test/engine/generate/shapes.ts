/** What every generated program has: types, functions to import, index spaces; and the module around the bodies. */
import {
  type ElementDraft,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  HEAP,
  I32,
  I64,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import {
  bodyOf,
  exprOf,
  funcType,
  type Instr,
  limits,
  moduleOf,
  typesOf,
} from '../../../runtime/wasm/testing/assemble.ts';

export const TYPES: readonly ValType[] = [I32, I64, F32, F64, V128, FUNCREF, EXTERNREF];
/** Types that cross the JavaScript interface with all their bits that matter. */
export const PLAIN_TYPES: readonly ValType[] = [I32, I64, F32, F64];

/** Host functions; all are pure. `later` answers at once on the bare engine and by a promise elsewhere; `fail` throws at times. */
export const HOST_FUNCS = [
  { name: 'tick', type: funcType([I32], [I32]) },
  { name: 'wide', type: funcType([I64, F64], [I64]) },
  { name: 'later', type: funcType([I32], [I32]) },
  { name: 'fail', type: funcType([I32], [I32]) },
] as const;

/** Global indices. `steps` bounds the run of every program. */
export const GLOBAL = { steps: 0, first: 1 } as const;
export const GLOBAL_TYPES: readonly ValType[] = [I32, I32, I64, F32, F64, V128, FUNCREF];

export const TABLE_SLOTS = 8;

/** Hands out type indices. */
export class TypeSection {
  readonly types: FuncType[] = [];

  index(params: readonly ValType[], results: readonly ValType[]): number {
    const same = (a: readonly ValType[], b: readonly ValType[]): boolean =>
      a.length === b.length && a.every((type, at) => type === b[at]);
    const known = this.types.findIndex((type) => same(type.params, params) && same(type.results, results));
    if (known >= 0) return known;
    return this.types.push(funcType(params, results)) - 1;
  }
}

/** A function of the guest as it was generated. */
export interface GeneratedFunc {
  readonly type: FuncType;
  readonly locals: readonly ValType[];
  readonly code: readonly Instr[];
}

export interface GeneratedParts {
  readonly types: TypeSection;
  readonly tags: readonly FuncType[];
  readonly funcs: readonly GeneratedFunc[];
  readonly steps: number;
  readonly exportsTable: boolean;
}

const DEFAULTS: ReadonlyMap<ValType, Instr> = new Map<ValType, Instr>([
  [I32, ['i32.const', 0]],
  [I64, ['i64.const', 0]],
  [F32, ['f32.const', 0]],
  [F64, ['f64.const', 0, 0]],
  [V128, ['v128.const', 0, 0]],
  [FUNCREF, ['ref.null', HEAP.func]],
  [EXTERNREF, ['ref.null', HEAP.extern]],
]);

/** Pushes a value of the type that needs nothing. */
export const defaultOf = (type: ValType): Instr => DEFAULTS.get(type) ?? ['unreachable'];

function elements(parts: GeneratedParts): ElementDraft[] {
  const all = parts.funcs.map((_, index) => HOST_FUNCS.length + index);
  const common = { tableIndex: 0, type: FUNCREF } as const;
  return [
    {
      ...common,
      mode: 'active',
      offset: exprOf(['i32.const', 0]),
      items: { kind: 'funcs', funcs: all.slice(0, TABLE_SLOTS - 1) },
    },
    {
      ...common,
      mode: 'passive',
      items: { kind: 'exprs', exprs: [exprOf(['ref.func', HOST_FUNCS.length]), exprOf(['ref.null', HEAP.func])] },
    },
    { ...common, mode: 'declarative', items: { kind: 'funcs', funcs: all } },
  ];
}

/** The module's bytes. Function `run` is the first of the guest's; memory, globals and functions are exported for comparison. */
export function generatedModule(parts: GeneratedParts): Uint8Array {
  const { types, funcs } = parts;
  const typeIndex = ({ params, results }: FuncType): number => types.index(params, results);
  const global = (type: ValType, at: number) => ({
    type: { type, mutable: true },
    init: exprOf(at === GLOBAL.steps ? ['i32.const', parts.steps] : defaultOf(type)),
  });
  const draft = {
    imports: HOST_FUNCS.map(({ name, type }) => ({
      module: 'env',
      name,
      desc: { kind: 'func' as const, typeIndex: typeIndex(type) },
    })),
    funcs: funcs.map(({ type, locals, code }) => ({ typeIndex: typeIndex(type), body: bodyOf(code, locals) })),
    tables: [{ type: { element: FUNCREF, limits: limits(TABLE_SLOTS, 12) } }],
    memories: [{ limits: limits(1, 4) }],
    globals: GLOBAL_TYPES.map(global),
    tags: parts.tags.map((type) => ({ typeIndex: typeIndex(type) })),
    exports: [
      { name: 'run', kind: 'func' as const, index: HOST_FUNCS.length },
      { name: 'memory', kind: 'memory' as const, index: 0 },
      ...(parts.exportsTable ? [{ name: 'table', kind: 'table' as const, index: 0 }] : []),
      ...funcs.map((_, index) => ({ name: `f${index}`, kind: 'func' as const, index: HOST_FUNCS.length + index })),
      ...GLOBAL_TYPES.map((_, index) => ({ name: `g${index}`, kind: 'global' as const, index })),
    ],
    elements: elements(parts),
    datas: [
      {
        mode: 'active' as const,
        memoryIndex: 0,
        offset: exprOf(['i32.const', 16]),
        content: Uint8Array.of(1, 2, 3, 250),
      },
      { mode: 'passive' as const, memoryIndex: 0, content: Uint8Array.of(9, 8, 7, 6, 5) },
    ],
  };
  return moduleOf({ ...draft, types: typesOf(types.types) });
}
