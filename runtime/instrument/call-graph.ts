/**
 * Who calls whom, and what follows from it for every function of a module.
 *
 * Boundary: reads bodies once, in order; keeps a few numbers per function.
 *
 * Invariants:
 * 1. Nodes are the functions and one node per function type: an indirect call is an edge to its type, a function whose address is
 *    taken an edge from its type. So the graph stays linear in the size of the module.
 * 2. A function is *plain* if it cannot reach a safepoint: no loop, no recursion, no import, no indirect call, nothing whose
 *    cost depends on a size, and at most PLAIN_COST_MAX fuel in one call. Plain functions are left as they are; callers pay for
 *    them.
 * 3. Site numbers: function f has the numbers from siteBase[f]; first its entry, then each `loop` and call instruction in binary
 *    order, whether or not code can be stopped there. An import has one: its entry.
 */
import { PluvioError } from '../errors/index.ts';
import {
  BLOCK_KIND,
  type Code,
  decodeExpr,
  decodeFunction,
  type FunctionBody,
  HEAP,
  heapOf,
  isRef,
  type Module,
  OP,
  OPCODES,
  type ValType,
} from '../wasm/index.ts';
import { INSTRUCTION_FUEL } from './fuel-costs.ts';
import { cutCycles, type Graph, hasEdge, leadsToMarked, stronglyConnected } from './graph.ts';

/** More than this and a function charges for itself. */
export const PLAIN_COST_MAX = 256;
/** The same for a function that may be called indirectly, where the caller cannot know it. */
export const PLAIN_INDIRECT_COST_MAX = 32;

export interface FunctionFacts {
  readonly siteBase: Int32Array;
  /** 1: can reach a safepoint. */
  readonly mayYield: Uint8Array;
  /** 1: lies on a cycle of the call graph. */
  readonly recursive: Uint8Array;
  /** 1: checks fuel and depth at its entry. Every cycle of the call graph has such a function. */
  readonly entryChecked: Uint8Array;
  /** 1: lies on a cycle or can call, over whatever ways, a function that does; an import can, as the host may call back. */
  readonly reachesCycle: Uint8Array;
  /** Fuel that a caller pays for a call of a plain function; 0 for the others. */
  readonly plainCost: Int32Array;
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
  const addressTaken = takenAddresses(module);
  const nodes = funcs + module.types.length;
  const start = new Int32Array(nodes + 1);
  const edges = new Edges();
  const typeNode = (typeIndex: number): number => funcs + (module.types[typeIndex]?.canonical ?? typeIndex);
  let body: FunctionBody | undefined;
  let usesTryTable = false;
  let usesTry = false;
  let changesTables = false;

  for (let func = 0; func < funcs; func++) {
    start[func] = edges.length;
    let sites = 1;
    if (func < module.importedFuncs) busy[func] = 1;
    else {
      body = decodeFunction(module, func, body);
      const { op, a, length } = body.code;
      let cost = 0;
      for (let row = 0; row < length; row++) {
        const code = op[row] ?? 0;
        cost += INSTRUCTION_FUEL[code] ?? 1;
        if (SCANNED[code] === 0) continue;
        sites += SITE_OPS[code] ?? 0;
        if (NAMES_TYPE[code] === 1) usesTryTable ||= namesException(body.code, row);
        if (code === OP.call || code === OP.return_call) edges.push(inRange(a[row] ?? 0, funcs, 'function', func));
        else if (
          code === OP.call_indirect ||
          code === OP.return_call_indirect ||
          code === OP.call_ref ||
          code === OP.return_call_ref
        ) {
          edges.push(typeNode(inRange(a[row] ?? 0, module.types.length, 'type', func)));
          busy[func] = 1;
        } else if (code === OP.loop || SIZED_OPS[code] === 1) {
          busy[func] = 1;
          changesTables ||= TABLE_WRITES[code] === 1;
        } else if (code === OP.try_table || code === OP.throw_ref) usesTryTable = true;
        else if (code === OP.try) usesTry = true;
        else if (TABLE_WRITES[code] === 1) changesTables = true;
        else if (code === OP['ref.func']) addressTaken[inRange(a[row] ?? 0, funcs, 'function', func)] = 1;
      }
      ownCost[func] = cost;
      for (let local = body.paramCount; local < body.localCount; local++) {
        usesTryTable ||= isException(body.locals[local] ?? 0);
      }
    }
    siteBase[func + 1] = (siteBase[func] ?? 0) + sites;
  }
  addTypeEdges(module, addressTaken, start, edges);
  start[nodes] = edges.length;

  const plainCost = new Int32Array(funcs);
  const mayYield = new Uint8Array(nodes);
  const recursive = new Uint8Array(funcs);
  const reachesCycle = new Uint8Array(nodes);
  const graph: Graph = { nodes, start, to: edges.to };
  for (const component of stronglyConnected(graph)) {
    const first = component[0] ?? 0;
    const cyclic = component.length > 1 || hasEdge(graph, first, first);
    const isImport = first < module.importedFuncs;
    const reaches = cyclic || isImport || component.some((node) => leadsToMarked(graph, node, reachesCycle));
    for (const node of component) {
      reachesCycle[node] = reaches ? 1 : 0;
      if (node >= funcs) {
        mayYield[node] = 1;
        continue;
      }
      let cost = ownCost[node] ?? 0;
      let yields = cyclic || busy[node] === 1;
      for (let edge = start[node] ?? 0; edge < (start[node + 1] ?? 0); edge++) {
        const callee = edges.to[edge] ?? 0;
        if (mayYield[callee] === 1) yields = true;
        else cost += plainCost[callee] ?? 0;
      }
      if (cost > (addressTaken[node] === 1 ? PLAIN_INDIRECT_COST_MAX : PLAIN_COST_MAX)) yields = true;
      mayYield[node] = yields ? 1 : 0;
      recursive[node] = cyclic ? 1 : 0;
      plainCost[node] = yields ? 0 : cost;
    }
  }
  return {
    siteBase,
    mayYield: mayYield.slice(0, funcs),
    recursive,
    entryChecked: checkedEntries(graph, recursive, addressTaken),
    reachesCycle: reachesCycle.slice(0, funcs),
    plainCost,
    addressTaken,
    usesTryTable: usesTryTable || (!usesTry && declaresException(module)),
    changesTables,
  };
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
  // A host may have put exported functions into a table that it shares; into one that is only exported nobody can.
  const open = module.tables.some((table) => table.imported);
  if (open) for (const entry of module.exports) if (entry.kind === 'func') taken[entry.index] = 1;
  return taken;
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

/**
 * Functions that check at their entry: those on a cycle that are called indirectly, and enough of the others that no cycle of direct
 * calls is without one.
 */
function checkedEntries(graph: Graph, recursive: Uint8Array, addressTaken: Uint8Array): Uint8Array {
  const checked = new Uint8Array(graph.nodes);
  for (let func = 0; func < recursive.length; func++) {
    if (recursive[func] === 1 && addressTaken[func] === 1) checked[func] = 1;
  }
  // An indirect call leads to checked functions alone, so its type needs no walk.
  checked.fill(1, recursive.length);
  cutCycles(graph, checked);
  return checked.slice(0, recursive.length);
}
