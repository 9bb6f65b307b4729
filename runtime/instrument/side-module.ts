/**
 * Modules that hold continuations: one per place where a worker was found stopped.
 *
 * Boundary: a plan and a site in, bytes and a list of what to import out. Deterministic, so a side module can be cached by module,
 * mode, version and site.
 *
 * Invariants:
 * 1. Export `c`, of type [] -> results of the function, reads the frame's values from the record that SAVE.resume points to,
 *    points it to the next inner record, and goes on from the site.
 * 2. Export `h`, for the site of a loop, has as parameters the loop's parameters, then `loopValues`; it goes on from the loop's
 *    header and is what other continuations of the function call at a back-edge.
 * 3. Everything of the instance that is continued is imported by the names of abi.ts; memories, tables and tags with the indices
 *    that they have there.
 */
import {
  ByteWriter,
  type CustomDraft,
  encodeModule,
  type FuncDraft,
  I32,
  type Import,
  isDefaultable,
  isRef,
  OP,
  type ValType,
} from '../wasm/index.ts';
import { heapOf, refNull, writeOpcode } from '../wasm/index.ts';
import { ENGINE, ENGINE_FUNCS, EXPORTS, IMPORTS, RECORD, type RefKind, SAVE } from './abi.ts';
import { encodeBranchHints } from './branch-hints.ts';
import { ContinuationBuilder } from './continuation.ts';
import { Assembler, writeLoad } from './helpers.ts';
import { leafCallees } from './leaf-callees.ts';
import { isSharedHelper, memoryImport, refTableType, saveMemoryImport } from './instrument-module.ts';
import { ModuleTarget } from './module-target.ts';
import { FunctionPlan } from './plan.ts';
import { ContinuationTypes, type Program } from './program.ts';
import { importRecordLayout, recordLayout, refKind, type RecordField } from './record.ts';
import { SEGMENT_OPS, writeSaveArg } from './rewrite-instr.ts';
import { loosen, Rewriter } from './rewriter.ts';
import type { HelperKey } from './target.ts';

/** Import modules of a side module beside those of abi.ts. */
export const SIDE_IMPORTS = {
  /** Exports of the instrumented instance. */
  main: 'x',
  /** Functions of the instance by original index. */
  func: 'f',
  /** Export `h` of the side module of a loop, by site number. */
  loop: 'l',
} as const;

export interface SideModule {
  readonly bytes: Uint8Array;
  /** Functions that it imports from the instance, by original index. */
  readonly funcs: readonly number[];
  /** Sites of loops whose `h` it imports. */
  readonly loops: readonly number[];
  readonly imports: readonly { readonly module: string; readonly name: string }[];
}

class SideTarget extends ModuleTarget {
  readonly ownsSegments = false;
  readonly imports: Import[] = [];
  readonly stopTag: number;
  readonly foreignTag: number;
  readonly saveMemory: number;
  readonly resumeTable: number;
  #funcCount = 0;
  #globalCount = 0;
  #tableCount = 0;
  readonly #funcs = new Map<number, number>();
  readonly #loops = new Map<number, number>();
  /** Functions that are copied into this module: where each is, by original index. */
  readonly #copies = new Map<number, number>();
  readonly #globals = new Map<number, number>();
  readonly #shared = new Map<HelperKey, number>();
  readonly #refs = new Map<RefKind, number>();
  readonly #engine: number;
  readonly fuelGlobal: number;
  readonly depthGlobal: number;
  #helperBase = -1;

  constructor(program: Program) {
    super(program);
    const { module } = program;
    module.memories.forEach((memory, index) => this.imports.push(memoryImport(index, memory.type)));
    this.imports.push(saveMemoryImport());
    this.saveMemory = module.memories.length;
    module.tables.forEach((table, index) => {
      this.#import(SIDE_IMPORTS.main, EXPORTS.table(index), { kind: 'table', type: table.type });
      this.#tableCount++;
    });
    const limits = { min: 1n, max: undefined, shared: false, is64: false };
    this.#import(IMPORTS.engine, ENGINE.resume, { kind: 'table', type: { element: refNull(-0x10), limits } });
    this.resumeTable = this.#tableCount++;
    const tag = (from: string, name: string, params: readonly ValType[]): void =>
      this.#import(from, name, { kind: 'tag', type: { typeIndex: this.funcType(params, []) } });
    module.tags.forEach((entry, index) => {
      this.#import(SIDE_IMPORTS.main, EXPORTS.tag(index), { kind: 'tag', type: entry.type });
    });
    this.stopTag = module.tags.length;
    this.foreignTag = module.tags.length + 1;
    tag(IMPORTS.engine, ENGINE.stop, []);
    tag(IMPORTS.engine, ENGINE.foreign, [refNull(-0x11)]);
    this.fuelGlobal = this.#importGlobal(EXPORTS.fuel, { type: I32, mutable: true });
    this.depthGlobal = this.#importGlobal(EXPORTS.depth, { type: I32, mutable: true });
    this.#engine = this.#funcCount;
    for (const name of ENGINE_FUNCS) this.#importFunc(IMPORTS.engine, name, this.funcType([I32, I32], [I32]));
  }

  #import(module: string, name: string, desc: Import['desc']): void {
    this.imports.push({ module, name, desc });
  }

  #importFunc(module: string, name: string, typeIndex: number): number {
    this.#import(module, name, { kind: 'func', typeIndex });
    return this.#funcCount++;
  }

  #importGlobal(name: string, type: { type: ValType; mutable: boolean }): number {
    this.#import(SIDE_IMPORTS.main, name, { kind: 'global', type });
    return this.#globalCount++;
  }

  /** Imports everything that the code names. To be called before anything is written. */
  prepare(code: FunctionPlan['code'], loops: readonly number[], plan: FunctionPlan): void {
    const { module } = this.program;
    for (let row = 0; row < code.length; row++) {
      const op = code.op[row] ?? 0;
      const a = code.a[row] ?? 0;
      if (op === OP.call || op === OP.return_call || op === OP['ref.func']) {
        const isCopied = op !== OP['ref.func'] && this.#copies.has(a);
        if (a < module.funcs.length && !isCopied) this.needFunc(a);
      } else if (op === OP['global.get'] || op === OP['global.set']) this.#needGlobal(a);
      else if (op === OP['data.drop']) this.#needHelper(`dropData:${a}`, [], []);
      else if (op === OP['elem.drop']) this.#needHelper(`dropElem:${a}`, [], []);
      else if (SEGMENT_OPS.has(op)) this.#needSegment(op, a, code.b[row] ?? 0);
    }
    for (const loop of loops) {
      const origin = plan.origin ?? plan;
      const site = origin.siteOfRow[loop] ?? -1;
      const type = this.funcType(loopParamTypes(origin, loop), plan.results);
      this.#loops.set(loop, this.#importFunc(SIDE_IMPORTS.loop, String(origin.siteId[site] ?? 0), type));
    }
  }

  needFunc(index: number): number {
    let known = this.#funcs.get(index);
    if (known === undefined) {
      known = this.#importFunc(SIDE_IMPORTS.func, String(index), this.program.module.funcs[index]?.typeIndex ?? 0);
      this.#funcs.set(index, known);
    }
    return known;
  }

  #needGlobal(index: number): void {
    if (this.#globals.has(index)) return;
    const type = this.program.module.globals[index]?.type ?? { type: I32, mutable: true };
    this.#globals.set(index, this.#importGlobal(EXPORTS.global(index), type));
  }

  #needHelper(key: HelperKey, params: readonly ValType[], results: readonly ValType[]): void {
    if (this.#shared.has(key)) return;
    this.#shared.set(key, this.#importFunc(SIDE_IMPORTS.main, EXPORTS.helper(key), this.funcType(params, results)));
  }

  #needSegment(op: number, a: number, b: number): void {
    const { params, results } = this.segmentType(op, a, b);
    this.#needHelper(`segment:${op}:${a}:${b}`, params, results);
  }

  /** Imports the tables of saved references that these fields need. */
  needRefs(fields: readonly RecordField[]): void {
    for (const { type } of fields) {
      if (!isRef(type) || this.#refs.has(refKind(type))) continue;
      const kind = refKind(type);
      this.#import(SIDE_IMPORTS.main, EXPORTS.refs(kind), { kind: 'table', type: refTableType(kind) });
      this.#refs.set(kind, this.#tableCount++);
    }
  }

  /** Says which functions will be copied into this module. To be called before `prepare`. */
  planCopies(funcs: readonly number[]): void {
    for (const func of funcs) this.#copies.set(func, -1);
  }

  /**
   * Fixes where functions of this module's own begin: `count` of them, then the copies, then helpers. No function may be imported
   * after it.
   */
  defineFunctions(count: number): number {
    let next = this.#funcCount + count;
    for (const func of this.#copies.keys()) this.#copies.set(func, next++);
    this.#helperBase = next;
    return this.#funcCount;
  }

  override callee(index: number): number {
    return this.#copies.get(index) ?? this.func(index);
  }

  get importedFuncs(): readonly number[] {
    return [...this.#funcs.keys()];
  }

  protected get helperBase(): number {
    return this.#helperBase;
  }

  func(index: number): number {
    return this.#funcs.get(index) ?? -1;
  }

  global(index: number): number {
    return this.#globals.get(index) ?? -1;
  }

  tag(index: number): number {
    return index;
  }

  loopContinuation(row: number): number {
    return this.#loops.get(row) ?? -1;
  }

  engineFunc(name: (typeof ENGINE_FUNCS)[number]): number {
    return this.#engine + ENGINE_FUNCS.indexOf(name);
  }

  refTable(kind: RefKind): number {
    return this.#refs.get(kind) ?? -1;
  }

  protected importedHelper(key: HelperKey): number | undefined {
    return isSharedHelper(key) ? this.#shared.get(key) : undefined;
  }

  protected droppedGlobal(): number {
    return -1;
  }

  encode(
    own: readonly FuncDraft[],
    hints: readonly { func: number; hints: readonly number[] }[],
    names: readonly string[],
    owners: readonly number[],
    site: number,
  ): Uint8Array {
    const first = this.#helperBase - own.length;
    const section = encodeBranchHints(hints, 12);
    return encodeModule({
      types: this.types, // the encoder takes the list as its own
      imports: this.imports,
      funcs: [...own, ...this.helpers],
      tables: [],
      memories: [],
      globals: [],
      tags: [],
      exports: names.map((name, index) => ({ name, kind: 'func', index: first + index })),
      elements: declared(this.importedFuncs.map((func) => this.func(func))),
      datas: [],
      hasDataCount: false,
      customs: [...(section === undefined ? [] : [section]), ownerNames(first, owners, site)],
    });
  }
}

/** The name section: each function is named after the guest's function that it stands for and this module's site, for stack traces. */
function ownerNames(first: number, owners: readonly number[], site: number): CustomDraft {
  const out = new ByteWriter(64);
  out.byte(1); // function names
  out.sized((names) => {
    names.u32(owners.length);
    owners.forEach((owner, index) => {
      names.u32(first + index);
      names.name(`@${owner}:${site}`);
    });
  });
  return { name: 'name', content: out.toBytes(), after: 11 };
}

/** A segment that allows `ref.func` of these functions. */
const declared = (funcs: readonly number[]) =>
  funcs.length === 0
    ? []
    : [{ mode: 'declarative' as const, tableIndex: 0, type: refNull(-0x10), items: { kind: 'funcs' as const, funcs } }];

/** Types of the parameters of a loop's `h`. */
function loopParamTypes(origin: FunctionPlan, loop: number): ValType[] {
  return [...origin.loopParams(loop), ...origin.loopValues(loop)].map((local) => loosen(origin.typeOf(local)));
}

/** The side module of an entry: of a function of the guest, or of a host call in progress. */
export function entrySideModule(program: Program, func: number, plan: FunctionPlan | undefined): SideModule {
  const target = new SideTarget(program);
  const layout = plan === undefined ? importRecordLayout(program, func) : recordLayout(plan);
  const { params, results } = program.funcType(func);
  target.needFunc(func);
  target.needRefs(layout.fields);
  target.defineFunctions(1);
  const code = new Assembler();
  const fields = new Map(layout.fields.map((field) => [field.local, field]));
  code.const32(0).access('i32.load', target.saveMemory, SAVE.resume).op('local.set', 0);
  params.forEach((type, index) => {
    const field = fields.get(index);
    if (field !== undefined) load(target, code, 0, field, type);
  });
  code.op('return_call', target.func(func));
  const own = [{ typeIndex: target.funcType([], results), body: code.body([I32]) }];
  return finish(target, target.encode(own, [], ['c'], [func], program.facts.siteBase[func] ?? 0), []);
}

/** The side module of a `call` or `loop` site of a planned function. */
export function siteSideModule(program: Program, plan: FunctionPlan, site: number): SideModule {
  const types = new ContinuationTypes(program);
  const built = new ContinuationBuilder(plan, types, site).build(site);
  const extended = types.program();
  const next = new FunctionPlan(extended).analyseContinuation(plan, built.code, built.originRow);
  const target = new SideTarget(program);
  const layout = recordLayout(plan);
  const isLoop = plan.siteKind(site) === 'loop';
  const live = new Set(plan.siteValues(site));
  const fields = layout.fields.filter((field) => live.has(field.local));
  const copies = leafCallees(program, next.code);
  target.planCopies(copies.map(({ func }) => func));
  target.prepare(next.code, built.loops, next);
  for (const copy of copies) target.prepare(copy.code, [], copy);
  target.needRefs(layout.fields);
  const first = target.defineFunctions(isLoop ? 2 : 1);
  const rewriter = new Rewriter();
  const row = plan.siteRow[site] ?? 0;
  const params = isLoop ? [...plan.loopParams(row), ...plan.loopValues(row)] : [];
  const body = rewriter.rewrite(next, target, {
    originRow: built.originRow,
    start: {
      params: params.length,
      writeLoads: (r) => (isLoop ? copyParams(r, params) : loadFrame(r, target, fields, plan)),
    },
  });
  const results = target.funcType([], plan.results);
  const own: FuncDraft[] = [];
  if (isLoop) {
    own.push({ typeIndex: results, body: loopEntry(target, plan, params, fields, first + 1) });
    own.push({ typeIndex: target.funcType(loopParamTypes(plan, row), plan.results), body: body.bytes });
  } else own.push({ typeIndex: results, body: body.bytes });
  const hints = [{ func: first + own.length - 1, hints: body.hints }];
  for (const copy of copies) {
    const { bytes } = rewriter.rewrite(copy, target);
    own.push({ typeIndex: program.module.funcs[copy.func]?.typeIndex ?? 0, body: bytes });
  }
  const owners = [...own.slice(copies.length).map(() => plan.func), ...copies.map(({ func }) => func)];
  const loops = built.loops.map((loop) => plan.siteId[plan.siteOfRow[loop] ?? 0] ?? 0);
  const names = isLoop ? ['c', 'h'] : ['c'];
  return finish(target, target.encode(own, hints, names, owners, plan.siteId[site] ?? 0), loops);
}

const finish = (target: SideTarget, bytes: Uint8Array, loops: readonly number[]): SideModule => ({
  bytes,
  funcs: target.importedFuncs,
  loops,
  imports: target.imports.map(({ module, name }) => ({ module, name })),
});

/** Parameters into the locals that the body knows. */
function copyParams(r: Rewriter, params: readonly number[]): void {
  params.forEach((local, index) => {
    r.getLocal(index);
    r.setLocal(r.local(local));
  });
}

/** Values of the record into locals; then on to the next inner frame's record. */
function loadFrame(r: Rewriter, target: SideTarget, fields: readonly RecordField[], plan: FunctionPlan): void {
  const { record } = r.extras;
  r.const32(0);
  r.out.byte(0x28);
  writeSaveArg(r, SAVE.resume);
  r.setLocal(record);
  for (const field of fields) {
    const code = new Assembler();
    load(target, code, record, field, loosen(plan.typeOf(field.local)));
    r.out.bytes(code.out.toBytes());
    r.setLocal(r.local(field.local));
  }
  r.getLocal(record);
  r.out.byte(0x28);
  writeSaveArg(r, RECORD.inner);
  r.setLocal(record);
  r.const32(0);
  r.getLocal(record);
  r.out.byte(0x36);
  writeSaveArg(r, SAVE.resume);
}

/** `c` of a loop: loads what `h` takes and calls it. */
function loopEntry(
  target: SideTarget,
  plan: FunctionPlan,
  params: readonly number[],
  fields: readonly RecordField[],
  holder: number,
): Uint8Array {
  const code = new Assembler();
  const byLocal = new Map(fields.map((field) => [field.local, field]));
  code.const32(0).access('i32.load', target.saveMemory, SAVE.resume).op('local.set', 0);
  for (const local of params) {
    const field = byLocal.get(local);
    if (field !== undefined) load(target, code, 0, field, loosen(plan.typeOf(local)));
  }
  code.op('return_call', holder);
  return code.body([I32]);
}

/** Pushes a saved value with the type that its local has. */
function load(target: SideTarget, code: Assembler, record: number, field: RecordField, type: ValType): void {
  writeLoad(target, code, record, field.offset, field.type);
  if (!isRef(type) || loosen(type) === field.type) {
    if (isRef(type) && !isDefaultable(type)) code.op('ref.as_non_null');
    return;
  }
  writeOpcode(code.out, isDefaultable(type) ? OP['ref.cast null'] : OP['ref.cast']);
  code.out.s32(heapOf(type));
}
