/**
 * Who calls whom, and what follows from it for every function of a module.
 *
 * Boundary: reads bodies once, in order; keeps a few numbers per function.
 *
 * Invariants:
 * 1. Nodes are the functions and one node per function type: an indirect call is an edge to its type, a function whose address is
 *    taken an edge from its type. So the graph stays linear in the size of the module.
 * 2. A function *yields* if it can reach a safepoint: a loop, a function that is cut (cycles.ts), an import. A function *charges* at
 *    its entry if it is cut, or costs more than PAID_COST_MAX in one call without loops; otherwise its callers pay for it.
 * 3. A function that neither yields nor leads to a charge is *plain*: it is left as it is.
 * 4. Site numbers: function f has the numbers from siteBase[f]; first its entry, then each `loop` and call instruction in binary
 *    order, whether or not code can be stopped there. An import has one: its entry.
 */
import { PluvioError } from '../errors/index.ts';
import {
  BLOCK_KIND,
  type Code,
  decodeExpr,
  decodeFunction,
  type FunctionBody,
  type FuncType,
  funcTypeAt,
  HEAP,
  heapOf,
  isRef,
  type Module,
  OP,
  OPCODES,
  type ValType,
} from '../wasm/index.ts';
import { BodyScan } from './body-scan.ts';
import { roughStackBytes } from './frame-bytes.ts';
import { INSTRUCTION_FUEL } from './fuel-costs.ts';
import { findCycles } from './cycles.ts';
import type { Graph } from './graph.ts';

/** More than this and a function charges for itself. */
export const PAID_COST_MAX = 256;
/** The same for a function that may be called indirectly, where the caller cannot know it. */
export const PAID_INDIRECT_COST_MAX = 32;

export interface FunctionFacts {
  readonly siteBase: Int32Array;
  /** 1: can reach a safepoint. */
  readonly mayYield: Uint8Array;
  /** 1: charges fuel, or can lead to something that does: the fuel before a call is not the fuel after it. */
  readonly usesFuel: Uint8Array;
  /** The same two of the functions that an indirect call can reach, by canonical type index. */
  readonly typeYields: Uint8Array;
  readonly typeUsesFuel: Uint8Array;
  /** 1: charges at its entry. */
  readonly charges: Uint8Array;
  /** 1: checks fuel and depth at its entry. Every cycle of the call graph has such a function. */
  readonly entryChecked: Uint8Array;
  /** 1: takes its activation and `chainBytes` off the depth that is left. */
  readonly countsDepth: Uint8Array;
  /** Bytes of stack between a function that counts and the one that counts before it. */
  readonly chainBytes: Int32Array;
  /** 1: counts or can call, over whatever ways, a function that does; an import can, as the host may call back. */
  readonly reachesDepth: Uint8Array;
  /** Fuel that a caller pays for a call of a function that does not charge; 0 for the others. */
  readonly paidCost: Int32Array;
  /** 1: has a body whose declarations mention it in ref.func, an element segment or a global. */
  readonly addressTaken: Uint8Array;
  /** Some body has the `try_table` encoding of exceptions, or may name an exception type: engines refuse both beside the legacy one. */
  readonly usesTryTable: boolean;
  /** Some body changes a table. */
  readonly changesTables: boolean;
}

/** Whether the cost of an instruction depends on a size. */
export const isSizedOp = (op: number): boolean => SIZED_OPS[op] === 1;

/** Whether a row has a site number of its own. */
export const isSiteOp = (op: number): boolean => SITE_OPS[op] === 1;

const SITE_OPS = new Uint8Array(1024);
for (const op of [OP.loop, OP.call, OP.call_indirect, OP.call_ref]) SITE_OPS[op] = 1;

const SIZED_OPS = new Uint8Array(1024);
for (const op of [
  OP['memory.fill'],
  OP['memory.copy'],
  OP['memory.init'],
  OP['table.fill'],
  OP['table.copy'],
  OP['table.init'],
  OP['array.new'],
  OP['array.new_default'],
  OP['array.new_data'],
  OP['array.new_elem'],
  OP['array.fill'],
  OP['array.copy'],
  OP['array.init_data'],
  OP['array.init_elem'],
]) {
  SIZED_OPS[op] = 1;
}

const TABLE_WRITES = new Uint8Array(1024);
for (const op of [OP['table.set'], OP['table.grow'], OP['table.fill'], OP['table.copy'], OP['table.init']])
  TABLE_WRITES[op] = 1;

/** 1: may name a type other than by its index. */
const NAMES_TYPE = new Uint8Array(1024);
for (const op of [OP.block, OP.loop, OP.if, OP['select t'], OP['ref.null']]) NAMES_TYPE[op] = 1;

/** 1: the call graph, or what else is found out about a module, depends on the instruction. */
const SCANNED: Uint8Array = Uint8Array.from(OPCODES, ({ name }, op) =>
  SITE_OPS[op] === 1 ||
  SIZED_OPS[op] === 1 ||
  TABLE_WRITES[op] === 1 ||
  NAMES_TYPE[op] === 1 ||
  ['return_call', 'return_call_indirect', 'return_call_ref', 'try', 'try_table', 'throw_ref', 'ref.func'].includes(name)
    ? 1
    : 0,
);

/** Growing lists of edges by source, in order of the source. */
class Edges {
  to: Int32Array = new Int32Array(1024);
  length = 0;
  push(node: number): void {
    if (this.length === this.to.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.to);
      this.to = grown;
    }
    this.to[this.length++] = node;
  }
}

const isExceptionHeap = (heap: number): boolean => heap === HEAP.exn || heap === HEAP.noexn;
const isException = (type: ValType): boolean => isRef(type) && isExceptionHeap(heapOf(type));

/** Whether a row of `NAMES_TYPE` names an exception type itself. */
function namesException({ op, a, blockKind, aux }: Code, row: number): boolean {
  const immediate = a[row] ?? 0;
  if (op[row] === OP['ref.null']) return isExceptionHeap(immediate);
  if (op[row] === OP['select t']) return isException(aux[immediate + 1] ?? 0);
  return blockKind[row] === BLOCK_KIND.value && isException(immediate);
}

/** Whether values of exception types can come from a definition: instrumented bodies may name the types of values. */
function declaresException({ types, globals, tables }: Module): boolean {
  const named = types.some(({ composite }) => {
    if (composite.kind === 'func') return [...composite.params, ...composite.results].some(isException);
    const fields = composite.kind === 'struct' ? composite.fields : [composite.element];
    return fields.some(({ storage }) => isException(storage));
  });
  return (
    named || globals.some(({ type }) => isException(type.type)) || tables.some(({ type }) => isException(type.element))
  );
}

/** Reads all bodies and derives the facts. */
export function analyseCalls(module: Module): FunctionFacts {
  const funcs = module.funcs.length;
  const siteBase = new Int32Array(funcs + 1);
  const ownCost = new Float64Array(funcs);
  const busy = new Uint8Array(funcs); // reaches a safepoint by itself
  const charging = new Uint8Array(funcs); // charges fuel other than at its entry
  const rows = new Int32Array(funcs);
  const frameBytes = new Int32Array(funcs);
  const addressTaken = takenAddresses(module);
  const nodes = funcs + module.types.length;
  const start = new Int32Array(nodes + 1);
  const edges = new Edges();
  const typeNode = (typeIndex: number): number => funcs + (module.types[typeIndex]?.canonical ?? typeIndex);
  let body: FunctionBody | undefined;
  let usesTryTable = false;
  let usesTry = false;
  let changesTables = false;
  let sites = 0;
  const scan = new BodyScan();
  /** Notes what an instruction of a body says about the module; `index` is its first immediate. */
  const note = (func: number, code: number, index: number): void => {
    sites += SITE_OPS[code] ?? 0;
    if (code === OP.call || code === OP.return_call) edges.push(inRange(index, funcs, 'function', func));
    else if (
      code === OP.call_indirect ||
      code === OP.return_call_indirect ||
      code === OP.call_ref ||
      code === OP.return_call_ref
    ) {
      edges.push(typeNode(inRange(index, module.types.length, 'type', func)));
    } else if (code === OP.loop) busy[func] = 1;
    else if (SIZED_OPS[code] === 1) {
      charging[func] = 1;
      changesTables ||= TABLE_WRITES[code] === 1;
    } else if (code === OP.try_table || code === OP.throw_ref) usesTryTable = true;
    else if (code === OP.try) usesTry = true;
    else if (TABLE_WRITES[code] === 1) changesTables = true;
    else if (code === OP['ref.func']) addressTaken[inRange(index, funcs, 'function', func)] = 1;
  };
  const read = (func: number, size: { rows: number; cost: number; values: number }): void => {
    ownCost[func] = size.cost;
    rows[func] = size.rows;
    frameBytes[func] = roughStackBytes(size.values, size.rows);
  };

  for (let func = 0; func < funcs; func++) {
    start[func] = edges.length;
    sites = 1;
    const { typeIndex, body: range } = module.funcs[func] ?? { typeIndex: -1, body: undefined };
    const type = funcTypeAt(module.types, typeIndex);
    if (range === undefined) busy[func] = 1;
    else if (type !== undefined && scan.scan(module.bytes, range.start, range.end)) {
      const { noted } = scan;
      for (let at = 0; at < scan.notedCount * 2; at += 2) note(func, noted[at] ?? 0, noted[at + 1] ?? 0);
      read(func, { rows: scan.rows, cost: scan.cost, values: type.params.length + scan.locals });
    } else {
      body = decodeFunction(module, func, body);
      const { op, a, length, match } = body.code;
      let cost = 0;
      let loopEnd = -1;
      for (let row = 0; row < length; row++) {
        const code = op[row] ?? 0;
        if (row > loopEnd) cost += INSTRUCTION_FUEL[code] ?? 1;
        if (SCANNED[code] === 0) continue;
        if (NAMES_TYPE[code] === 1) usesTryTable ||= namesException(body.code, row);
        if (code === OP.loop) loopEnd = Math.max(loopEnd, match[row] ?? row);
        note(func, code, a[row] ?? 0);
      }
      read(func, { rows: length, cost, values: body.localCount });
      for (let local = body.paramCount; local < body.localCount; local++) {
        usesTryTable ||= isException(body.locals[local] ?? 0);
      }
    }
    siteBase[func + 1] = (siteBase[func] ?? 0) + sites;
  }
  addTypeEdges(module, addressTaken, start, edges);
  start[nodes] = edges.length;

  const graph: Graph = { nodes, start, to: edges.to };
  const cycles = findCycles(graph, { functions: funcs, rows, frameBytes });
  const open = isOpen(module);
  const facts: NodeFacts = {
    yields: new Uint8Array(nodes),
    usesFuel: new Uint8Array(nodes),
    reachesDepth: new Uint8Array(nodes),
    charges: new Uint8Array(funcs),
    paidCost: new Int32Array(funcs),
  };
  cycles.cut.forEach((isCut, node) => {
    if (isCut === 1) facts.yields[node] = facts.usesFuel[node] = facts.reachesDepth[node] = 1;
  });
  for (const node of cycles.order) {
    const isBusy = node < funcs ? busy[node] === 1 || cycles.cut[node] === 1 : open;
    const isImport = node < module.importedFuncs;
    const reachesDepth = isImport || (node >= funcs && open) || cycles.counts[node] === 1;
    derive(graph, facts, node, { yields: isBusy, usesFuel: isBusy || charging[node] === 1, reachesDepth });
    if (node >= funcs || isImport) continue;
    let cost = ownCost[node] ?? 0;
    for (let edge = start[node] ?? 0; edge < (start[node + 1] ?? 0); edge++) {
      cost += facts.paidCost[edges.to[edge] ?? 0] ?? 0;
    }
    const mostPaid = addressTaken[node] === 1 ? PAID_INDIRECT_COST_MAX : PAID_COST_MAX;
    if (cycles.cut[node] === 1 || cost > mostPaid) facts.charges[node] = facts.usesFuel[node] = 1;
    else facts.paidCost[node] = cost;
  }
  return {
    siteBase,
    mayYield: facts.yields.slice(0, funcs),
    usesFuel: facts.usesFuel.slice(0, funcs),
    typeYields: facts.yields.slice(funcs),
    typeUsesFuel: facts.usesFuel.slice(funcs),
    charges: facts.charges,
    entryChecked: cycles.cut.slice(0, funcs),
    countsDepth: cycles.counts.slice(0, funcs),
    chainBytes: cycles.chainBytes.slice(0, funcs),
    reachesDepth: facts.reachesDepth.slice(0, funcs),
    paidCost: facts.paidCost,
    addressTaken,
    usesTryTable: usesTryTable || (!usesTry && declaresException(module)),
    changesTables,
  };
}

/** What is found out about functions and types on a walk from callees to callers. */
interface NodeFacts {
  readonly yields: Uint8Array;
  readonly usesFuel: Uint8Array;
  readonly reachesDepth: Uint8Array;
  readonly charges: Uint8Array;
  readonly paidCost: Int32Array;
}

/** What a node does by itself, or leads to. Functions that are cut are not known yet when others lead to them: they do all of it. */
function derive(
  { start, to }: Graph,
  facts: NodeFacts,
  node: number,
  own: { readonly yields: boolean; readonly usesFuel: boolean; readonly reachesDepth: boolean },
): void {
  let { yields, usesFuel, reachesDepth } = own;
  for (let edge = start[node] ?? 0; edge < (start[node + 1] ?? 0); edge++) {
    const callee = to[edge] ?? 0;
    yields ||= facts.yields[callee] === 1;
    usesFuel ||= facts.usesFuel[callee] === 1;
    reachesDepth ||= facts.reachesDepth[callee] === 1;
  }
  facts.yields[node] = yields ? 1 : 0;
  facts.usesFuel[node] = usesFuel ? 1 : 0;
  facts.reachesDepth[node] = reachesDepth ? 1 : 0;
}

/** Bodies are read here before they are validated. */
function inRange(index: number, count: number, what: string, func: number): number {
  if (index < count) return index;
  throw new PluvioError(
    'MODULE_INVALID',
    `function[${func}]: ${what} ${index} does not exist; the module has ${count}`,
  );
}

/** Functions that can be called through a table or a reference, as far as declarations say. */
function takenAddresses(module: Module): Uint8Array {
  const taken = new Uint8Array(module.funcs.length);
  const fromExpr = (range: { start: number; end: number } | undefined): void => {
    if (range === undefined) return;
    const code = decodeExpr(module, range);
    for (let row = 0; row < code.length; row++) if (code.op[row] === OP['ref.func']) taken[code.a[row] ?? 0] = 1;
  };
  for (const segment of module.elements) {
    if (segment.items.kind === 'funcs') for (const func of segment.items.funcs) taken[func] = 1;
    else segment.items.exprs.forEach(fromExpr);
  }
  for (const global of module.globals) fromExpr(global.init);
  for (const table of module.tables) fromExpr(table.init);
  if (isOpen(module)) for (const entry of module.exports) if (entry.kind === 'func') taken[entry.index] = 1;
  return taken;
}

/**
 * Whether references to functions can come from outside: the module's own exported ones, or others. A host may have put them into a
 * table that it shares; into one that is only exported nobody can.
 */
function isOpen(module: Module): boolean {
  const holds = (type: ValType): boolean =>
    isRef(type) && heapOf(type) !== HEAP.extern && heapOf(type) !== HEAP.noextern;
  const signature = (func: number): FuncType | undefined => {
    const composite = module.types[module.funcs[func]?.typeIndex ?? -1]?.composite;
    return composite?.kind === 'func' ? composite : undefined;
  };
  return (
    module.tables.some(({ imported }) => imported) ||
    module.globals.some(({ imported, type }) => imported && holds(type.type)) ||
    module.exports.some(({ kind, index }) => kind === 'func' && signature(index)?.params.some(holds) === true) ||
    module.funcs.some((_, func) => func < module.importedFuncs && signature(func)?.results.some(holds) === true)
  );
}

/** Edges from function types to the functions that an indirect call of the type can reach, and to their subtypes. */
function addTypeEdges(module: Module, addressTaken: Uint8Array, start: Int32Array, edges: Edges): void {
  const funcs = module.funcs.length;
  const byType = new Map<number, number[]>();
  const add = (type: number, node: number): void => {
    const list = byType.get(type);
    if (list === undefined) byType.set(type, [node]);
    else list.push(node);
  };
  module.funcs.forEach((func, index) => {
    if (addressTaken[index] === 1) add(module.types[func.typeIndex]?.canonical ?? func.typeIndex, index);
  });
  module.types.forEach((type, index) => {
    if (type.canonical !== index) return;
    for (const parent of type.supers) add(module.types[parent]?.canonical ?? parent, funcs + index);
  });
  module.types.forEach((_type, index) => {
    start[funcs + index] = edges.length;
    for (const node of byType.get(index) ?? []) edges.push(node);
  });
}
