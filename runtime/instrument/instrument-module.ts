/**
 * Instruments a module: the bytes that the engine instantiates in place of the original.
 *
 * Boundary: Program in, bytes out. Deterministic: the same module, mode and INSTRUMENTER_VERSION give the same bytes.
 *
 * Invariants (beside those of abi.ts):
 * 1. Functions: the guest's imports, the engine's imports, the guest's functions, a *shim* per import, helpers. The guest calls and
 *    refers to shims in place of imports: a shim's frame is the host call in progress, with the arguments as its values.
 * 2. No active segment and no start function is left: `init` and the engine do what they did, when a worker is made and never
 *    when one is restored.
 * 3. Every guest export and everything that a continuation may name is exported under a name of abi.ts; nothing else is.
 */
import {
  BLOCK_KIND,
  type ByteRange,
  ByteWriter,
  decodeExpr,
  draftOf,
  encodeImmediates,
  encodeInstr,
  encodeModule,
  type ElementDraft,
  type Export,
  FUNCREF,
  type FuncDraft,
  type GlobalDraft,
  I32,
  type Import,
  isRef,
  type MemoryType,
  OP,
  refNull,
  type TableDraft,
  type ValType,
  writeBlockType,
} from '../wasm/index.ts';
import { HEAP } from '../wasm/index.ts';
import { ENGINE, ENGINE_FUNCS, EXPORTS, IMPORTS, type RefKind, SAVE, UNWIND } from './abi.ts';
import { decodeBranchHints, encodeBranchHints, type FunctionHints } from './branch-hints.ts';
import { Assembler } from './helpers.ts';
import { ModuleTarget } from './module-target.ts';
import { FunctionPlan, savedType } from './plan.ts';
import type { Program } from './program.ts';
import { savedBytes } from './record.ts';
import { Rewriter } from './rewriter.ts';
import type { HelperKey } from './target.ts';

const DATA_COUNT_SECTION = 12;
const REF_HEAPS: Readonly<Record<RefKind, number>> = {
  func: HEAP.func,
  extern: HEAP.extern,
  any: HEAP.any,
  exn: HEAP.exn,
};

class MainTarget extends ModuleTarget {
  readonly ownsSegments = true;
  readonly resumeTable = -1;
  readonly fuelGlobal: number;
  readonly depthGlobal: number;
  readonly saveMemory: number;
  readonly stopTag: number;
  readonly foreignTag: number;
  readonly definedBase: number;
  readonly shimBase: number;
  protected readonly helperBase: number;
  /** Globals that note dropped segments, in order of their making. */
  readonly dropped: string[] = [];
  readonly #droppedAt = new Map<string, number>();
  readonly refTables: RefKind[] = [];

  constructor(program: Program) {
    super(program);
    const { module } = program;
    this.definedBase = module.importedFuncs + ENGINE_FUNCS.length;
    this.shimBase = module.funcs.length + ENGINE_FUNCS.length;
    this.helperBase = this.shimBase + module.importedFuncs;
    this.fuelGlobal = module.globals.length;
    this.depthGlobal = module.globals.length + 1;
    this.saveMemory = module.memories.length;
    this.stopTag = module.importedTags;
    this.foreignTag = module.importedTags + 1;
  }

  func(index: number): number {
    const { importedFuncs } = this.program.module;
    return index < importedFuncs ? this.shimBase + index : index + ENGINE_FUNCS.length;
  }

  global(index: number): number {
    return index;
  }

  tag(index: number): number {
    return index < this.program.module.importedTags ? index : index + 2;
  }

  loopContinuation(): number {
    return -1;
  }

  engineFunc(name: (typeof ENGINE_FUNCS)[number]): number {
    return this.program.module.importedFuncs + ENGINE_FUNCS.indexOf(name);
  }

  refTable(kind: RefKind): number {
    if (!this.refTables.includes(kind)) this.refTables.push(kind);
    return this.program.module.tables.length + this.refTables.indexOf(kind);
  }

  protected importedHelper(): undefined {
    return undefined;
  }

  protected droppedGlobal(kind: 'data' | 'elem', index: number): number {
    const name = droppedName(kind, index);
    const position = this.#droppedAt.get(name) ?? this.dropped.push(name) - 1;
    this.#droppedAt.set(name, position);
    return this.depthGlobal + 1 + position;
  }
}

/** Export name of the global that says whether an instruction dropped a segment. */
export const droppedName = (kind: 'data' | 'elem', index: number): string => `d${kind}${index}`;

export interface InstrumentOptions {
  /** Called with every function's plan; valid during the call. */
  readonly onPlan?: (plan: FunctionPlan) => void;
}

/**
 * Instruments a program's module. Validates every body on the way.
 * @throws PluvioError `MODULE_MALFORMED`, `MODULE_INVALID`
 */
export function instrumentModule(program: Program, options: InstrumentOptions = {}): Uint8Array {
  const { module } = program;
  const target = new MainTarget(program);
  const rewriter = new Rewriter();
  const plan = new FunctionPlan(program);
  const guestHints = decodeBranchHints(module);
  const funcs: FuncDraft[] = [];
  const hints: FunctionHints[] = [];
  for (let func = module.importedFuncs; func < module.funcs.length; func++) {
    plan.analyse(func);
    options.onPlan?.(plan);
    const own = guestHints.get(func);
    const body = rewriter.rewrite(plan, target, own === undefined ? {} : { guestHints: own });
    funcs.push({ typeIndex: module.funcs[func]?.typeIndex ?? 0, body: body.bytes });
    hints.push({ func: target.func(func), hints: body.hints });
  }
  for (let func = 0; func < module.importedFuncs; func++) funcs.push(shim(target, func));
  const elements = elementDrafts(target);
  const service = serviceFunctions(target, elements.length);
  const serviceBase = target.shimBase + module.importedFuncs + target.helpers.length;
  funcs.push(...target.helpers, ...service.map(({ draft }) => draft));

  const draft = draftOf(module);
  draft.types = target.types;
  draft.imports = importsOf(target);
  draft.funcs = funcs;
  draft.tables = tablesOf(target);
  draft.memories = [];
  draft.globals = globalsOf(target);
  draft.exports = exportsOf(
    target,
    service.map(({ name }, index) => ({ name, kind: 'func', index: serviceBase + index })),
  );
  draft.startFunc = undefined;
  draft.elements = elements;
  draft.elements.push({
    mode: 'passive',
    tableIndex: 0,
    type: FUNCREF,
    items: { kind: 'funcs', funcs: allFuncs(target) },
  });
  draft.datas = draft.datas.map(({ content }) => ({ mode: 'passive', memoryIndex: 0, content }));
  draft.hasDataCount = draft.datas.length > 0;
  const section = encodeBranchHints(hints, DATA_COUNT_SECTION);
  draft.customs = section === undefined ? [] : [section];
  return encodeModule(draft);
}

/** All functions of the original index space, in its order. */
const allFuncs = (target: MainTarget): number[] =>
  Array.from({ length: target.program.module.funcs.length }, (_, index) => target.func(index));

/** The function that stands between the guest and an import. */
function shim(target: MainTarget, func: number): FuncDraft {
  const { program } = target;
  const { params, results } = program.funcType(func);
  const types = params.map((type) => savedType(program, type));
  const save = target.helper(`save:${types.join(',')}`);
  const code = new Assembler();
  const block = (op: 'try' | 'try_table' | 'block', kinds: readonly ValType[]): void => {
    code.op(op);
    const [first] = kinds;
    if (first === undefined) writeBlockType(code.out, BLOCK_KIND.empty, 0);
    else if (kinds.length === 1) writeBlockType(code.out, BLOCK_KIND.value, first);
    else writeBlockType(code.out, BLOCK_KIND.typeIndex, target.funcType([], kinds));
  };
  const call = (): void => {
    params.forEach((_type, index) => code.op('local.get', index));
    code.op('call', func);
  };
  const saveCall = (): void => {
    code.const32(program.facts.siteBase[func] ?? 0);
    params.forEach((_type, index) => code.op('local.get', index));
    code.op('call', save);
  };
  const depth = params.length;
  code.op('global.get', target.depthGlobal).op('local.set', depth);
  if (program.mode === 'flag') {
    call();
    code.op('global.get', target.fuelGlobal).const32(UNWIND).op('i32.eq').open('if');
    saveCall();
    code.op('end');
  } else if (target.handlers === 'legacy') {
    block('try', results);
    call();
    code.op('catch', target.stopTag);
    saveCall();
    code.op('rethrow', 0).op('end');
  } else {
    block('block', results);
    block('block', []);
    block('try_table', results);
    code.out.bytes(Uint8Array.of(1, 0));
    code.out.u32(target.stopTag);
    code.out.u32(0);
    call();
    code.op('end').op('br', 1).op('end');
    saveCall();
    code.op('throw', target.stopTag).op('end');
  }
  // An activation inside the host function may have ended by an exception that the host caught.
  code.op('local.get', depth).op('global.set', target.depthGlobal);
  return { typeIndex: program.module.funcs[func]?.typeIndex ?? 0, body: code.body([I32]) };
}

/** A constant expression with function indices as they are now; without its `end` if `open`. */
function constExpr(target: MainTarget, range: ByteRange, open: boolean): Uint8Array {
  const { module } = target.program;
  const code = decodeExpr(module, range);
  const out = new ByteWriter(16);
  const last = code.length - (open ? 1 : 0);
  for (let row = 0; row < last; row++) {
    if (code.op[row] === OP['ref.func']) {
      code.a[row] = target.func(code.a[row] ?? 0);
      encodeImmediates(out, code, row);
    } else encodeInstr(out, code, row);
  }
  return out.toBytes();
}

function elementDrafts(target: MainTarget): ElementDraft[] {
  return target.program.module.elements.map(({ mode, type, items }) => ({
    mode: mode === 'declarative' ? 'declarative' : 'passive',
    tableIndex: 0,
    type,
    items:
      items.kind === 'funcs'
        ? { kind: 'funcs', funcs: items.funcs.map((func) => target.func(func)) }
        : { kind: 'exprs', exprs: items.exprs.map((expr) => constExpr(target, expr, false)) },
  }));
}

/** Functions for the engine: init, func, saveGlobals, loadGlobals. `allFuncs`: index of the segment of all functions. */
function serviceFunctions(target: MainTarget, allFuncsSegment: number): { name: string; draft: FuncDraft }[] {
  const { program } = target;
  const scratch = target.refTable('func');
  const getter = new Assembler().const32(0).op('local.get', 0).const32(1).op('table.init', allFuncsSegment, scratch);
  getter.const32(0).op('table.get', scratch);
  const globals = transferGlobals(target);
  const make = (name: string, params: readonly ValType[], results: readonly ValType[], body: Uint8Array) => ({
    name,
    draft: { typeIndex: target.funcType(params, results), body },
  });
  const list = [
    make(EXPORTS.init, [], [], initBody(target)),
    make(EXPORTS.func, [I32], [FUNCREF], getter.body()),
    make(EXPORTS.saveGlobals, [], [], globals.save),
    make(EXPORTS.loadGlobals, [], [], globals.load),
  ];
  for (const [index] of program.module.datas.entries()) target.helper(`dropData:${index}`);
  for (const [index] of program.module.elements.entries()) target.helper(`dropElem:${index}`);
  return list;
}

/** What the active segments do at instantiation (core specification 4.5.4), elements first. */
function initBody(target: MainTarget): Uint8Array {
  const { module } = target.program;
  const code = new Assembler();
  module.elements.forEach((segment, index) => {
    if (segment.mode === 'passive') return;
    if (segment.mode === 'active' && segment.offset !== undefined) {
      code.out.bytes(constExpr(target, segment.offset, true));
      const count = segment.items.kind === 'funcs' ? segment.items.funcs.length : segment.items.exprs.length;
      code.const32(0).const32(count).op('table.init', index, segment.tableIndex);
    }
    code.op('elem.drop', index);
  });
  module.datas.forEach((segment, index) => {
    if (segment.mode !== 'active' || segment.offset === undefined) return;
    code.out.bytes(constExpr(target, segment.offset, true));
    code.const32(0).const32(segment.content.end - segment.content.start);
    code.op('memory.init', index, segment.memoryIndex).op('data.drop', index);
  });
  return code.body();
}

/** Globals that a snapshot holds: mutable, defined by the module, of a type that has bits. */
export function savedGlobals(
  program: Program,
): { readonly index: number; readonly type: ValType; readonly offset: number }[] {
  let offset: number = SAVE.records;
  return program.module.globals.flatMap((global, index) => {
    if (global.imported || !global.type.mutable || isRef(global.type.type)) return [];
    const entry = { index, type: global.type.type, offset };
    offset += savedBytes(global.type.type);
    return [entry];
  });
}

const GLOBAL_STORES = {
  0x7f: 'i32.store',
  0x7e: 'i64.store',
  0x7d: 'f32.store',
  0x7c: 'f64.store',
  0x7b: 'v128.store',
} as const;
const GLOBAL_LOADS = {
  0x7f: 'i32.load',
  0x7e: 'i64.load',
  0x7d: 'f32.load',
  0x7c: 'f64.load',
  0x7b: 'v128.load',
} as const;

function transferGlobals(target: MainTarget): { save: Uint8Array; load: Uint8Array } {
  const save = new Assembler();
  const load = new Assembler();
  for (const { index, type, offset } of savedGlobals(target.program)) {
    const known = type as keyof typeof GLOBAL_STORES; // savedGlobals gives numbers and vectors
    save.const32(0).op('global.get', index).access(GLOBAL_STORES[known], target.saveMemory, offset);
    load.const32(0).access(GLOBAL_LOADS[known], target.saveMemory, offset).op('global.set', index);
  }
  return { save: save.body(), load: load.body() };
}

function importsOf(target: MainTarget): Import[] {
  const { module } = target.program;
  const imports: Import[] = module.imports.map(({ desc }, index) => ({
    module: IMPORTS.guest,
    name: String(index),
    desc,
  }));
  const func = (name: string, params: ValType[]): Import => ({
    module: IMPORTS.engine,
    name,
    desc: { kind: 'func', typeIndex: target.funcType(params, [I32]) },
  });
  imports.push(...ENGINE_FUNCS.map((name) => func(ENGINE[name], [I32, I32])));
  const tag = (name: string, params: ValType[]): Import => ({
    module: IMPORTS.engine,
    name,
    desc: { kind: 'tag', type: { typeIndex: target.funcType(params, []) } },
  });
  imports.push(tag(ENGINE.stop, []), tag(ENGINE.foreign, [refNull(HEAP.extern)]));
  module.memories.forEach((memory, index) => {
    if (!memory.imported) imports.push(memoryImport(index, memory.type));
  });
  imports.push(saveMemoryImport());
  return imports;
}

export const memoryImport = (index: number, type: MemoryType): Import => ({
  module: IMPORTS.memory,
  name: String(index),
  desc: { kind: 'memory', type },
});

export const saveMemoryImport = (): Import => ({
  module: IMPORTS.engine,
  name: ENGINE.save,
  desc: { kind: 'memory', type: { limits: { min: 1n, max: undefined, shared: false, is64: false } } },
});

export const refTableType = (kind: RefKind) => ({
  element: refNull(REF_HEAPS[kind]),
  limits: { min: 1n, max: undefined, shared: false, is64: false },
});

function tablesOf(target: MainTarget): TableDraft[] {
  const { module } = target.program;
  const own = module.tables
    .slice(module.importedTables)
    .map(({ type, init }) => ({ type, init: init && constExpr(target, init, false) }));
  return [...own, ...target.refTables.map((kind) => ({ type: refTableType(kind) }))];
}

function globalsOf(target: MainTarget): GlobalDraft[] {
  const { module } = target.program;
  const own = module.globals
    .slice(module.importedGlobals)
    .map(({ type, init }) => ({ type, init: init === undefined ? new Uint8Array() : constExpr(target, init, false) }));
  const counter = (): GlobalDraft => ({ type: { type: I32, mutable: true }, init: Uint8Array.of(0x41, 0, 0x0b) });
  return [...own, counter(), counter(), ...target.dropped.map(counter)];
}

function exportsOf(target: MainTarget, services: readonly Export[]): Export[] {
  const { module } = target.program;
  const moved = ({ kind, index }: Export): number =>
    kind === 'func' ? target.func(index) : kind === 'tag' ? target.tag(index) : index;
  const shared: Export[] = [
    { name: EXPORTS.fuel, kind: 'global', index: target.fuelGlobal },
    { name: EXPORTS.depth, kind: 'global', index: target.depthGlobal },
    ...module.globals.map((_, index): Export => ({ name: EXPORTS.global(index), kind: 'global', index })),
    ...module.tables.map((_, index): Export => ({ name: EXPORTS.table(index), kind: 'table', index })),
    ...module.tags.map((_, index): Export => ({ name: EXPORTS.tag(index), kind: 'tag', index: target.tag(index) })),
    ...target.refTables.map((kind): Export => ({
      name: EXPORTS.refs(kind),
      kind: 'table',
      index: target.refTable(kind),
    })),
    ...target.dropped.map((name, index): Export => ({ name, kind: 'global', index: target.depthGlobal + 1 + index })),
  ];
  const helpers = [...target.ownHelpers()].filter(([key]) => isSharedHelper(key));
  return [
    ...module.exports.map((entry, index): Export => ({
      name: EXPORTS.guest(index),
      kind: entry.kind,
      index: moved(entry),
    })),
    ...shared,
    ...helpers.map(([key, index]): Export => ({ name: EXPORTS.helper(key), kind: 'func', index })),
    ...services,
  ];
}

/** Helpers that must run in the module that owns the segments. */
export const isSharedHelper = (key: HelperKey): boolean => /^(dropData|dropElem|segment):/.test(key);
