/**
 * Globals, tables and dropped segments of an instance, as a snapshot has them and back.
 *
 * Boundary: reads and writes an instance that does not run.
 */
import { PluvioError } from '../errors/index.ts';
import { droppedName, EXPORTS, hierarchyOf, SAVE, savedGlobals } from '../instrument/index.ts';
import {
  decodeExpr,
  F32,
  F64,
  FUNCREF,
  HEAP,
  heapOf,
  I32,
  I64,
  isNullable,
  isRef,
  OP,
  typeText,
  V128,
  type ValType,
} from '../wasm/index.ts';
import type { HeapWalk } from './heap-walk.ts';
import type { ModuleInstance } from './instance.ts';
import type { ResolvedLimits } from './limits.ts';
import { fixedOffset } from './memory-image.ts';
import type { RestoredReferences } from './restored-references.ts';
import type { InstanceState, RefValue, TableState, Value } from './snapshot.ts';

/** Whether null is all that a place of the type can hold; JavaScript may not even read it there. */
const holdsOnlyNull = (type: ValType): boolean => BOTTOMS.has(heapOf(type));

const BOTTOMS: ReadonlySet<number> = new Set([HEAP.none, HEAP.nofunc, HEAP.noextern, HEAP.noexn]);

/** Passive segments that an instruction has dropped. */
export function droppedSegments(instance: ModuleInstance, kind: 'data' | 'elem'): number[] {
  const { datas, elements } = instance.module.module;
  const segments: readonly { readonly mode: string }[] = kind === 'data' ? datas : elements;
  return segments.flatMap(({ mode }, index) => {
    const global = instance.exports[droppedName(kind, index)] as WebAssembly.Global; // made by the instrumenter
    return mode === 'passive' && global.value !== 0 ? [index] : [];
  });
}

export function captureGlobals(instance: ModuleInstance, references: HeapWalk): (Value | undefined)[] {
  const { program, module } = instance.module;
  const values: (Value | undefined)[] = module.globals.map(() => undefined);
  instance.thread.reserve(SAVE.records + 16 * module.globals.length);
  instance.service(EXPORTS.saveGlobals)();
  const view = instance.thread.saveView();
  for (const { index, type, offset } of savedGlobals(program)) values[index] = readBits(view, offset, type);
  module.globals.forEach((global, index) => {
    const { type, mutable } = global.type;
    if (!isRef(type) || global.imported) return;
    const kind = hierarchyOf(program, type);
    if (!mutable && ((kind !== 'any' && kind !== 'extern') || holdsOnlyNull(type))) return;
    const where = `global ${index}`;
    if (holdsOnlyNull(type)) values[index] = null;
    else if (kind === 'exn') values[index] = references.encodeException(EXPORTS.global(index), undefined, where);
    else if (mutable) values[index] = references.encode(instance.global(index).value, kind, where);
    else values[index] = references.encodeObject(instance.global(index).value, where);
  });
  return values;
}

function readBits(view: DataView, at: number, type: ValType): Value {
  if (type === I32) return view.getInt32(at, true);
  if (type === I64) return view.getBigInt64(at, true);
  if (type === F32) return view.getUint32(at, true);
  if (type === F64) return view.getBigUint64(at, true);
  return new Uint8Array(view.buffer.slice(at, at + 16));
}

/** In a table's image: what active segments put there is not known without running their expressions, so it counts as changed. */
const UNKNOWN_FUNC = -1;

/** The functions that active segments put into a table of that length, by slot; none: null. */
function tableImage(instance: ModuleInstance, table: number, length: number): Map<number, number> {
  const { module } = instance.module;
  const image = new Map<number, number>();
  for (const segment of module.elements) {
    if (segment.mode !== 'active' || segment.tableIndex !== table || segment.offset === undefined) continue;
    const start = fixedOffset(module, segment.offset);
    if (start === undefined) {
      for (let slot = 0; slot < length; slot++) image.set(slot, UNKNOWN_FUNC);
      continue;
    }
    if (segment.items.kind === 'funcs') segment.items.funcs.forEach((func, at) => image.set(start + at, func));
    else {
      segment.items.exprs.forEach((expr, at) => {
        const item = decodeExpr(module, expr);
        if (item.op[0] === OP['ref.func']) image.set(start + at, item.a[0] ?? 0);
        else if (item.op[0] === OP['ref.null']) image.delete(start + at);
        else image.set(start + at, UNKNOWN_FUNC);
      });
    }
  }
  return image;
}

export function captureTable(instance: ModuleInstance, index: number, references: HeapWalk): TableState {
  const { module, program } = instance.module;
  const table = instance.table(index);
  const length = Number(table.length);
  const declared = module.tables[index];
  const element = declared?.type.element ?? FUNCREF;
  if (holdsOnlyNull(element)) return { length, runs: [] };
  const kind = hierarchyOf(program, element);
  const visible =
    declared?.imported === true || module.exports.some((entry) => entry.kind === 'table' && entry.index === index);
  const holdsObjects = kind === 'any' || kind === 'extern';
  if (!program.facts.changesTables && !visible && !holdsObjects) return { length, runs: [] };
  const image = tableImage(instance, index, length);
  const at = (slot: number): number => (declared?.type.limits.is64 === true ? BigInt(slot) : slot) as number; // bigint for i64 addresses
  const runs: { offset: number; values: RefValue[] }[] = [];
  for (let slot = 0; slot < length; slot++) {
    const where = `table ${index}, element ${slot}`;
    const value =
      kind === 'exn'
        ? references.encodeException(EXPORTS.table(index), slot, where)
        : references.encode(table.get(at(slot)), kind, where);
    const same =
      value === null
        ? !image.has(slot) && declared?.init === undefined
        : value.kind === 'func' && image.get(slot) === value.index;
    if (same) continue;
    const last = runs[runs.length - 1];
    if (last !== undefined && last.offset + last.values.length === slot) last.values.push(value);
    else runs.push({ offset: slot, values: [value] });
  }
  return { length, runs };
}

export function restoreTables(
  instance: ModuleInstance,
  state: InstanceState,
  references: RestoredReferences,
  limits: ResolvedLimits,
): void {
  const { tables } = instance.module.module;
  const mismatch = (message: string): PluvioError => new PluvioError('SNAPSHOT_MISMATCH', message);
  if (state.tables.length !== tables.length) {
    throw mismatch(`instances[0].tables has ${state.tables.length} tables; the module has ${tables.length}`);
  }
  const total = state.tables.reduce((sum, { length }) => sum + length, 0);
  if (total > Math.max(limits.tableElements, instance.tableElements)) {
    throw mismatch(`instances[0].tables need ${total} elements; limit tableElements is ${limits.tableElements}`);
  }
  state.tables.forEach(({ length, runs }, index) => {
    const field = `instances[0].tables[${index}]`;
    const table = instance.table(index);
    const type = tables[index]?.type;
    if (type === undefined) return;
    const missing = length - Number(table.length);
    const { max, is64 } = type.limits;
    if (missing < 0 || (max !== undefined && BigInt(length) > max)) {
      throw mismatch(
        `${field}.length is ${length}; the module allows ${String(type.limits.min)} to ${String(max ?? 'any')}`,
      );
    }
    const at = (slot: number): number => (is64 ? BigInt(slot) : slot) as number; // bigint for i64 addresses
    const isExn = hierarchyOf(instance.module.program, type.element) === 'exn';
    if (missing > 0)
      growTable(table, at(missing), type.element, () => {
        // What fills the room is replaced by the runs: they have all elements that differ from the initial image.
        const last = runs.at(-1);
        return references.decode(last?.values.at(-1) ?? null, type.element, `${field}.runs`);
      });
    runs.forEach(({ offset, values }, run) => {
      values.forEach((value, step) => {
        const slot = offset + step;
        const path = `${field}.runs[${run}].values[${step}]`;
        if (slot >= length) throw mismatch(`${path} lies at element ${slot}; the table has ${length}`);
        if (holdsOnlyNull(type.element)) references.decode(value, type.element, path);
        else if (isExn) references.putException(EXPORTS.table(index), slot, value, type.element, path);
        else table.set(at(slot), references.decode(value, type.element, path));
      });
    });
  });
}

function growTable(table: WebAssembly.Table, by: number, element: ValType, filler: () => unknown): void {
  if (!isNullable(element)) table.grow(by, filler());
  else if (heapOf(element) === HEAP.exn || heapOf(element) === HEAP.noexn) table.grow(by);
  else table.grow(by, null);
}

export function restoreGlobals(instance: ModuleInstance, state: InstanceState, references: RestoredReferences): void {
  const { module, program } = instance.module;
  const mismatch = (field: string, expected: string): PluvioError =>
    new PluvioError('SNAPSHOT_MISMATCH', `${field} does not hold ${expected}`, { field });
  if (state.globals.length !== module.globals.length) {
    throw mismatch('instances[0].globals', `${module.globals.length} values`);
  }
  instance.thread.reserve(SAVE.records + 16 * module.globals.length);
  const view = instance.thread.saveView();
  for (const { index, type, offset } of savedGlobals(program)) {
    const value = state.globals[index];
    const wrong = (): PluvioError => mismatch(`instances[0].globals[${index}]`, `a value of ${typeText(type)}`);
    if (type === V128) {
      if (!(value instanceof Uint8Array) || value.length !== 16) throw wrong();
      new Uint8Array(view.buffer).set(value, offset);
    } else if (type === I32 || type === F32) {
      if (typeof value !== 'number' || !Number.isInteger(value) || (type === I32 ? value | 0 : value >>> 0) !== value)
        throw wrong();
      view.setUint32(offset, value >>> 0, true);
    } else {
      if (typeof value !== 'bigint' || (type === I64 ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) !== value)
        throw wrong();
      view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    }
  }
  instance.service(EXPORTS.loadGlobals)();
  module.globals.forEach((global, index) => {
    const { type, mutable } = global.type;
    if (!isRef(type) || !mutable || global.imported) return;
    const field = `instances[0].globals[${index}]`;
    const value = state.globals[index];
    if (holdsOnlyNull(type)) references.decode(value, type, field);
    else if (hierarchyOf(program, type) === 'exn') {
      references.putException(EXPORTS.global(index), undefined, value, type, field);
    } else instance.global(index).value = references.decode(value, type, field);
  });
}

export function restoreDropped(instance: ModuleInstance, state: InstanceState): void {
  const { datas, elements } = instance.module.module;
  const drop = (
    kind: 'data' | 'elem',
    field: string,
    list: readonly number[],
    segments: readonly { readonly mode: string }[],
  ): void => {
    for (const index of list) {
      if (segments[index]?.mode !== 'passive') {
        throw new PluvioError(
          'SNAPSHOT_MISMATCH',
          `${field} names segment ${index}; the module has no passive segment of that index`,
          { field },
        );
      }
      instance.service(EXPORTS.helper(kind === 'data' ? `dropData:${index}` : `dropElem:${index}`))();
    }
  };
  drop('data', 'instances[0].droppedDatas', state.droppedDatas, datas);
  drop('elem', 'instances[0].droppedElements', state.droppedElements, elements);
}
