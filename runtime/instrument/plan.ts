/**
 * What the rewriter has to know about one function: where it can be stopped, and what each of these places must keep.
 *
 * Boundary: reads a function's code and typing; emits nothing. A plan is made anew for every function of a module while it is
 * instrumented (buffers are reused), and kept for the functions that frames of a captured stack belong to.
 *
 * Invariants:
 * 1. Locals are numbered: the original locals; then the *slots*. A stack slot holds the operand-stack value of one (height, type); it
 *    is written where the value is produced, if the value lies under the arguments of some site. Two values of equal height are
 *    never live at once, so one local per (height, type) is enough.
 * 2. The *layout* lists the locals and slots that are live at some site of the function. Every record of the function, also one
 *    that a continuation of it writes, has the values of the layout in its order; what is not live at the record's site is
 *    arbitrary.
 * 3. The plan of a continuation has the slots, layout, site numbers and charges of the plan of the original function (`origin`).
 */
import { assert } from '../errors/index.ts';
import {
  blockParamTypes,
  type Code,
  decodeFunction,
  EXNREF,
  type FunctionBody,
  HEAP,
  heapOf,
  I32,
  I64,
  isRef,
  OP,
  refNull,
  typeFunction,
  type Typing,
  type ValType,
} from '../wasm/index.ts';
import { BitTable } from './bits.ts';
import { isSiteOp } from './call-graph.ts';
import { findCaptures } from './caught.ts';
import { FLOW, FLOWS } from './control-ops.ts';
import { computeCharges } from './fuel-costs.ts';
import { stackBytes } from './frame-bytes.ts';
import { KillFinder } from './kills.ts';
import { Liveness } from './liveness.ts';
import { prefersLocalFuel } from './local-fuel.ts';
import type { Program } from './program.ts';

export type SiteKind = 'entry' | 'loop' | 'call';

/** A local that the original function does not have. */
export type Slot =
  | { readonly kind: 'stack'; readonly height: number; readonly type: ValType }
  /** Which exception the handler of the legacy `try` at `row` holds: tag index + 1. */
  | { readonly kind: 'caughtTag'; readonly row: number; readonly type: ValType }
  | {
      readonly kind: 'caughtValue';
      readonly row: number;
      readonly tag: number;
      readonly position: number;
      readonly type: ValType;
    };

const liveness = new Liveness();
const killFinder = new KillFinder();
/** More locals and slots than any function has. */
const LOCALS_MAX = 2 ** 23;
const NO_KILLS: ReadonlyMap<number, readonly number[]> = new Map();
const NO_CAPTURES: ReadonlySet<number> = new Set();

/** A frame of fewer values has room for all of them; forgetting takes bytes, and small functions are inlined by their size. */
const FORGETFUL_LAYOUT_MIN = 16;

export class FunctionPlan {
  readonly program: Program;
  func = -1;
  /** The original function's plan, if this plans a continuation. */
  origin: FunctionPlan | undefined;
  body: FunctionBody | undefined;
  typing: Typing | undefined;
  localCount = 0;
  paramCount = 0;
  results: readonly ValType[] = [];

  /** Number of the site at a row (an index into the site arrays), or -1. Site 0 is the entry, if `hasEntrySite`. */
  siteOfRow: Int32Array = new Int32Array(256);
  siteRow: Int32Array = new Int32Array(64);
  /** Site number in the module. */
  siteId: Int32Array = new Int32Array(64);
  siteCount = 0;
  readonly siteLive = new BitTable();

  slots: Slot[] = [];
  #slotIndex = new Map<number, number>();
  nodeSlot: Int32Array = new Int32Array(256);
  /** 1: a value that this row produces is kept in a slot. */
  rowSpills: Uint8Array = new Uint8Array(256);
  /** Legacy `try` rows whose handlers rethrow what they caught. */
  captures: ReadonlySet<number> = new Set();

  layout: number[] = [];
  #isLaidOut: Uint8Array = new Uint8Array(64);
  /** By rows of sites: locals and slots that are forgotten there. */
  kills: ReadonlyMap<number, readonly number[]> = NO_KILLS;

  /** What an activation counts against the limit of the stack: an estimate of the bytes that it and those before it that do not count take. */
  stackBytes = 0;

  charges: Int32Array = new Int32Array(256);
  entryCharge = 0;

  hasEntrySite = false;
  hasLoops = false;
  /** Fuel is better kept in a local. */
  prefersLocalFuel = false;
  hasCallSites = false;
  hasTry = false;

  constructor(program: Program) {
    this.program = program;
  }

  get code(): Code {
    assert(this.body !== undefined, 'plan without a body');
    return this.body.code;
  }

  get types(): Typing {
    assert(this.typing !== undefined, 'plan without a typing');
    return this.typing;
  }

  /** Type of a local or slot. */
  typeOf(local: number): ValType {
    if (local < this.localCount) return this.body?.locals[local] ?? I32;
    return this.slots[local - this.localCount]?.type ?? I32;
  }

  /** Plans an original function. Overwrites what the plan held before. */
  analyse(func: number): this {
    const { module, context } = this.program;
    this.func = func;
    this.body = decodeFunction(module, func, this.body);
    this.localCount = this.body.localCount;
    this.paramCount = this.body.paramCount;
    this.results = this.program.funcType(func).results;
    this.typing = typeFunction(
      context,
      this.body.code,
      this.body.locals,
      this.localCount,
      this.paramCount,
      this.results,
      { funcIndex: func },
      this.typing,
    );
    this.#resetSlots();
    this.#reserve(this.code.length);
    if (this.program.facts.usesFuel[func] === 0) return this.#leavePlain();
    this.captures = findCaptures(this.code);
    this.#findSites();
    this.#addCaughtSlots();
    this.#markSpills();
    this.siteLive.reset(this.localCount, this.siteCount + 1);
    liveness.run(this.code, this.localCount, this.siteOfRow, this.siteLive);
    if (this.hasEntrySite) for (let local = 0; local < this.paramCount; local++) this.siteLive.add(0, local);
    this.#layOut();
    this.stackBytes = stackBytes(this) + (this.program.facts.chainBytes[func] ?? 0);
    this.#findKills((row) => this.siteOfRow[row] ?? -1, this);
    this.entryCharge = computeCharges(this.code, this.program.facts, this.charges);
    return this;
  }

  /** A function that neither can be stopped nor leads to a charge keeps nothing. */
  #leavePlain(): this {
    this.captures = NO_CAPTURES;
    this.kills = NO_KILLS;
    this.siteOfRow.fill(-1, 0, this.code.length);
    this.siteCount = 0;
    this.layout = [];
    this.hasEntrySite = this.hasLoops = this.prefersLocalFuel = this.hasCallSites = this.hasTry = false;
    this.entryCharge = 0;
    this.stackBytes = 0;
    return this;
  }

  /** Plans the code of a continuation; this plan's program must have the types that the code was built with. */
  analyseContinuation(origin: FunctionPlan, code: Code, originRow: Int32Array): this {
    this.origin = origin;
    this.func = origin.func;
    this.localCount = origin.localCount;
    this.paramCount = origin.paramCount;
    this.results = origin.results;
    this.slots = [...origin.slots]; // copies: writing may add slots, and must not depend on what was written before
    this.#slotIndex = new Map(origin.#slotIndex);
    this.captures = origin.captures;
    this.layout = origin.layout;
    this.stackBytes = origin.stackBytes;
    const count = this.localCount + this.slots.length;
    const locals = Int32Array.from({ length: count }, (_, local) => origin.typeOf(local));
    this.body = { code, locals, localCount: count, paramCount: count };
    this.typing = typeFunction(this.program.context, code, locals, count, count, this.results, {
      trackInit: false,
      funcIndex: this.func,
    });
    this.#reserve(code.length);
    this.siteCount = 0;
    for (let row = 0; row < code.length; row++) {
      const op = code.op[row] ?? 0;
      this.siteOfRow[row] = -1;
      if (op === OP.try || op === OP.try_table) this.hasTry = true;
      if (!isSiteOp(op) || (this.types.top[row] ?? -2) === -2) continue;
      const from = originRow[row] ?? -1;
      const site = from < 0 ? -1 : (origin.siteOfRow[from] ?? -1);
      if (op === OP.loop) {
        this.hasLoops = true;
        this.prefersLocalFuel = origin.prefersLocalFuel;
        this.charges[row] = origin.charges[from] ?? 1;
      }
      if (site < 0) continue;
      if (op !== OP.loop) this.hasCallSites = true;
      this.#addSite(row, origin.siteId[site] ?? 0);
    }
    this.#markSpills();
    this.#findKills((row) => origin.siteOfRow[originRow[row] ?? -1] ?? -1, origin);
    return this;
  }

  /** Whether a local or slot is in the layout, and of a type that a constant can take the place of. */
  canForget(local: number): boolean {
    return this.#isLaidOut[local] === 1;
  }

  /** @param siteOf The site of a row, as the plan that knows what is live numbers it. */
  #findKills(siteOf: (row: number) => number, known: FunctionPlan): void {
    this.kills = NO_KILLS;
    if (this.hasTry || this.layout.length < FORGETFUL_LAYOUT_MIN) return;
    const width = this.localCount + this.slots.length;
    if (this.#isLaidOut.length < width) this.#isLaidOut = new Uint8Array(width * 2);
    this.#isLaidOut.fill(0, 0, width);
    for (const local of this.layout) {
      const type = this.typeOf(local);
      if (type === I32 || type === I64) this.#isLaidOut[local] = 1;
    }
    this.kills = killFinder.find(this, width, (row, bits, set) => known.#addLive(siteOf(row), bits, set));
  }

  #addLive(site: number, bits: BitTable, set: number): void {
    const { words, data } = this.siteLive;
    for (let word = 0; word < words; word++) {
      const at = set * bits.words + word;
      bits.data[at] = (bits.data[at] ?? 0) | (data[site * words + word] ?? 0);
    }
    const { nodeBelow } = this.types;
    for (let node = this.siteTop(site); node >= 0; node = nodeBelow[node] ?? -1) {
      bits.add(set, this.localCount + (this.nodeSlot[node] ?? -1));
    }
  }

  /** What is live at a site, as locals and slots: locals first, then the operand stack, then caught exceptions. */
  siteValues(site: number): number[] {
    return [...this.siteLive.members(site), ...this.siteStack(site), ...this.#caughtAround(site)];
  }

  /** What the continuation of a loop header takes beside the loop's own parameters. */
  loopValues(loop: number): number[] {
    const origin = this.origin ?? this;
    const site = origin.siteOfRow[loop] ?? -1;
    const params = new Set(origin.loopParams(loop));
    return origin.siteValues(site).filter((local) => !params.has(local));
  }

  /** Slots that hold the parameters of a loop, bottom first. */
  loopParams(loop: number): number[] {
    const count = blockParamTypes(this.program.context, this.code, loop).length;
    const stack = this.siteStack(this.siteOfRow[loop] ?? -1);
    return stack.slice(stack.length - count);
  }

  /** The capturing `try` rows in whose handlers a site lies, outermost first. */
  caughtRows(site: number): number[] {
    const row = this.siteRow[site] ?? -1;
    const { match, next } = this.code;
    return [...this.captures]
      .filter((opener) => opener < row && row < (match[opener] ?? 0) && (next[opener] ?? 0) < row)
      .sort((x, y) => x - y);
  }

  /** Slots of the exceptions that are held by the legacy handlers around a site. */
  #caughtAround(site: number): number[] {
    if (this.captures.size === 0) return [];
    return this.caughtRows(site).flatMap((row) => {
      const { tag, values } = this.caughtSlots(row);
      return [tag, ...[...values.values()].flat()];
    });
  }

  #resetSlots(): void {
    this.slots = [];
    this.#slotIndex = new Map();
  }

  #reserve(rows: number): void {
    if (this.siteOfRow.length < rows) {
      const size = rows * 2;
      this.siteOfRow = new Int32Array(size);
      this.rowSpills = new Uint8Array(size);
      this.charges = new Int32Array(size);
      this.siteRow = new Int32Array(size);
      this.siteId = new Int32Array(size);
    }
    const nodes = this.types.nodeCount;
    if (this.nodeSlot.length < nodes) this.nodeSlot = new Int32Array(nodes * 2);
    this.nodeSlot.fill(-1, 0, nodes);
    this.rowSpills.fill(0, 0, rows);
  }

  #addSite(row: number, id: number): void {
    this.siteRow[this.siteCount] = row;
    this.siteId[this.siteCount] = id;
    if (row >= 0) this.siteOfRow[row] = this.siteCount;
    this.siteCount++;
  }

  #findSites(): void {
    const { code, program } = this;
    const { op, length } = code;
    const { top } = this.types;
    const base = program.facts.siteBase[this.func] ?? 0;
    this.siteCount = 0;
    this.hasLoops = this.prefersLocalFuel = this.hasCallSites = this.hasTry = false;
    this.hasEntrySite = program.facts.entryChecked[this.func] === 1;
    if (this.hasEntrySite) this.#addSite(-1, base);
    let ordinal = 1;
    const flows = FLOWS;
    this.siteOfRow.fill(-1, 0, length);
    for (let row = 0; row < length; row++) {
      const flow = flows[op[row] ?? 0];
      if (flow === FLOW.try || flow === FLOW.tryTable) this.hasTry = true;
      if (flow !== FLOW.call && flow !== FLOW.loop) continue;
      const id = base + ordinal++;
      if ((top[row] ?? -2) === -2) continue;
      if (flow === FLOW.loop) this.hasLoops = true;
      else if (!program.mayYieldCall(code, row)) continue;
      else this.hasCallSites = true;
      this.#addSite(row, id);
    }
    this.prefersLocalFuel = this.hasLoops && prefersLocalFuel(program, code);
  }

  /** The site of an id, or -1. */
  siteWithId(id: number): number {
    for (let site = 0; site < this.siteCount; site++) if (this.siteId[site] === id) return site;
    return -1;
  }

  siteKind(site: number): SiteKind {
    const row = this.siteRow[site] ?? -1;
    if (row < 0) return 'entry';
    return this.code.op[row] === OP.loop ? 'loop' : 'call';
  }

  /** Byte offset of a site in the original function body; 0 for the entry. */
  sitePc(site: number): number {
    const row = this.siteRow[site] ?? -1;
    return row < 0 ? 0 : (this.code.at[row] ?? 0) - this.program.bodyStart(this.func);
  }

  /** The site at a byte offset of the function body, or -1. */
  siteAtPc(pc: number): number {
    for (let site = 0; site < this.siteCount; site++) if (this.sitePc(site) === pc) return site;
    return -1;
  }

  /** Node on top of what a site keeps of the operand stack; -1: nothing. */
  siteTop(site: number): number {
    const row = this.siteRow[site] ?? -1;
    if (row < 0) return -1;
    const { top, nodeBelow } = this.types;
    if (this.code.op[row] === OP.loop) return top[row + 1] ?? -1;
    let node = top[row] ?? -1;
    for (let args = this.program.operandCount(this.code, row); args > 0; args--) node = nodeBelow[node] ?? -1;
    return node;
  }

  /** Locals (slots) that hold the operand stack of a site, bottom first. */
  siteStack(site: number): number[] {
    const stack: number[] = [];
    const { nodeBelow } = this.types;
    for (let node = this.siteTop(site); node >= 0; node = nodeBelow[node] ?? -1) {
      stack.push(this.localCount + (this.nodeSlot[node] ?? -1));
    }
    return stack.reverse();
  }

  /** The slot of a (height, type), made if need be. */
  #slotFor(height: number, type: ValType): number {
    const key = height * 0x1_0000_0000 + (type >>> 0);
    let slot = this.#slotIndex.get(key);
    if (slot === undefined) {
      slot = this.slots.length;
      this.slots.push({ kind: 'stack', height, type });
      this.#slotIndex.set(key, slot);
    }
    return slot;
  }

  /** The slot of an operand-stack value, made if need be; one made now is in no layout. */
  slotOfNode(node: number): number {
    const { nodeHeight, nodeType } = this.types;
    const known = this.nodeSlot[node] ?? -1;
    return known >= 0 ? known : this.#slotFor(nodeHeight[node] ?? 0, nodeType[node] ?? I32);
  }

  #addCaughtSlots(): void {
    if (this.captures.size === 0) return;
    for (const row of [...this.captures].sort((x, y) => x - y)) {
      this.slots.push({ kind: 'caughtTag', row, type: I32 });
      for (const tag of this.program.catchableTags()) {
        tag.params.forEach((type, position) => {
          this.slots.push({ kind: 'caughtValue', row, tag: tag.index, position, type });
        });
      }
    }
  }

  /** Slots that hold what the legacy `try` at a row of the original caught. */
  caughtSlots(row: number): { readonly tag: number; readonly values: ReadonlyMap<number, number[]> } {
    let tag = -1;
    const values = new Map<number, number[]>();
    this.slots.forEach((slot, index) => {
      if (slot.kind === 'stack' || slot.row !== row) return;
      if (slot.kind === 'caughtTag') tag = this.localCount + index;
      else values.set(slot.tag, [...(values.get(slot.tag) ?? []), this.localCount + index]);
    });
    return { tag, values };
  }

  #markSpills(): void {
    const { nodeBelow, nodeHeight, nodeType, nodeProducer } = this.types;
    for (let site = 0; site < this.siteCount; site++) {
      for (let node = this.siteTop(site); node >= 0; node = nodeBelow[node] ?? -1) {
        if ((this.nodeSlot[node] ?? -1) >= 0) break; // then so have all below it
        this.nodeSlot[node] = this.#slotFor(nodeHeight[node] ?? 0, nodeType[node] ?? I32);
        const producer = nodeProducer[node] ?? -1;
        if (producer >= 0) this.rowSpills[producer] = 1;
      }
    }
  }

  #layOut(): void {
    const all = this.siteCount; // one set more than there are sites
    for (let site = 0; site < this.siteCount; site++) this.siteLive.merge(all, site);
    this.layout = this.siteLive.members(all);
    for (let slot = 0; slot < this.slots.length; slot++) this.layout.push(this.localCount + slot);
    // By type, so that functions share the code that saves as many values of the same types.
    // Sorted as numbers: the place of the local in the lower half of the digits.
    const { layout } = this;
    const keys = new Float64Array(layout.length);
    let isMixed = false;
    for (let at = 0; at < keys.length; at++) {
      const local = layout[at] ?? 0;
      const type = savedType(this.program, this.typeOf(local));
      keys[at] = type * LOCALS_MAX + local;
      isMixed ||= type * LOCALS_MAX > (keys[0] ?? 0) || (type + 1) * LOCALS_MAX <= (keys[0] ?? 0);
    }
    if (!isMixed) return;
    keys.sort();
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? 0;
      layout[at] = key - Math.floor(key / LOCALS_MAX) * LOCALS_MAX;
    }
  }
}

/** The type under which a reference is saved: the top of its hierarchy. */
export function savedType(program: Program, type: ValType): ValType {
  if (!isRef(type)) return type;
  const heap = heapOf(type);
  const abstract = heap >= 0 ? program.heapTop(heap) : topOf(heap);
  return abstract === HEAP.exn ? EXNREF : refNull(abstract);
}

/** The top of an abstract heap type's hierarchy. */
export function topOf(heap: number): number {
  switch (heap) {
    case HEAP.func:
    case HEAP.nofunc:
      return HEAP.func;
    case HEAP.extern:
    case HEAP.noextern:
      return HEAP.extern;
    case HEAP.exn:
    case HEAP.noexn:
      return HEAP.exn;
    default:
      return HEAP.any;
  }
}
