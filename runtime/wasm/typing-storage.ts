/** Typing of parametric, variable, table and memory instructions (core specification 3.4.5 to 3.4.10). */
import { isSubtype } from './subtype.ts';
import { typeText } from './type-text.ts';
import type { Typer } from './typer.ts';
import type { Rule } from './typing-control.ts';
import { BOTTOM, type GlobalType, I32, I64, isRef, type MemoryType, type TableType, type ValType } from './types.ts';

function localType(typer: Typer, row: number): ValType {
  const local = typer.code.a[row] ?? 0;
  if (local >= typer.localCount) typer.checkIndex(local, typer.localCount, 'local', row);
  return typer.locals[local] ?? 0;
}

function select(typer: Typer, row: number): void {
  typer.pop(I32, row);
  const second = typer.popAny(row);
  const first = typer.popAny(row);
  for (const type of [first, second]) {
    if (isRef(type)) throw typer.error(row, `expected numbers or vectors, found ${typeText(type)}`);
  }
  if (first !== second && first !== BOTTOM && second !== BOTTOM) {
    throw typer.error(row, `expected two values of one type, found ${typeText(first)} and ${typeText(second)}`);
  }
  typer.push(first === BOTTOM ? second : first, row);
}

function selectTyped(typer: Typer, row: number): void {
  const { aux } = typer.code;
  const start = typer.code.a[row] ?? 0;
  if (aux[start] !== 1) throw typer.error(row, `expected one type, found ${aux[start]}`);
  const type = aux[start + 1] ?? 0;
  typer.checkType(type, row);
  typer.pop(I32, row);
  typer.pop(type, row);
  typer.pop(type, row);
  typer.push(type, row);
}

function globalType(typer: Typer, row: number): GlobalType {
  const global = typer.context.globals[typer.code.a[row] ?? 0];
  if (global !== undefined) return global.type;
  throw typer.error(row, `global ${typer.code.a[row]} does not exist, there are ${typer.context.globals.length}`);
}

function tableType(typer: Typer, index: number, row: number): TableType {
  const table = typer.context.tables[index];
  if (table !== undefined) return table.type;
  throw typer.error(row, `table ${index} does not exist, there are ${typer.context.tables.length}`);
}

function memoryType(typer: Typer, index: number, row: number): MemoryType {
  const memory = typer.context.memories[index];
  if (memory !== undefined) return memory.type;
  throw typer.error(row, `memory ${index} does not exist, there are ${typer.context.memories.length}`);
}

/** Checks the index of a data segment; data indices need the data count section. */
export function checkData(typer: Typer, index: number, row: number): void {
  const { dataCount } = typer.context;
  if (dataCount === undefined) throw typer.malformed(row, 'the module must have a data count section');
  typer.checkIndex(index, dataCount, 'data segment', row);
}

/** The type of an element segment. */
export function elementType(typer: Typer, index: number, row: number): ValType {
  const element = typer.context.elements[index];
  if (element !== undefined) return element.type;
  throw typer.error(row, `element segment ${index} does not exist, there are ${typer.context.elements.length}`);
}

function requireSubtype(typer: Typer, found: ValType, expected: ValType, row: number): void {
  if (isSubtype(typer.context, found, expected)) return;
  throw typer.error(row, `expected ${typeText(expected)}, found ${typeText(found)}`);
}

/** Pops what table.copy and memory.copy take: destination, source, length. */
function popCopy(typer: Typer, to64: boolean, from64: boolean, row: number): void {
  typer.popAddress(to64 && from64, row);
  typer.popAddress(from64, row);
  typer.popAddress(to64, row);
}

/** Pops what table.init and memory.init take: destination, source, length. */
function popInit(typer: Typer, is64: boolean, row: number): void {
  typer.pop(I32, row);
  typer.pop(I32, row);
  typer.popAddress(is64, row);
}

const addressType = (is64: boolean): ValType => (is64 ? I64 : I32);

function tableCopy(typer: Typer, row: number): void {
  const to = tableType(typer, typer.code.a[row] ?? 0, row);
  const from = tableType(typer, typer.code.b[row] ?? 0, row);
  requireSubtype(typer, from.element, to.element, row);
  popCopy(typer, to.limits.is64, from.limits.is64, row);
}

export const STORAGE_RULES = {
  drop: (typer, row) => void typer.popAny(row),
  select,
  'select t': selectTyped,
  'local.get': (typer, row) => {
    const type = localType(typer, row);
    if (typer.tracksInit && typer.isInitialized[typer.code.a[row] ?? 0] === 0) {
      throw typer.error(row, `local ${typer.code.a[row]} of type ${typeText(type)} must be set before it is read`);
    }
    typer.push(type, row);
  },
  'local.set': (typer, row) => {
    typer.pop(localType(typer, row), row);
    if (typer.tracksInit) typer.setInitialized(typer.code.a[row] ?? 0);
  },
  'local.tee': (typer, row) => {
    const type = localType(typer, row);
    typer.pop(type, row);
    typer.push(type, row);
    if (typer.tracksInit) typer.setInitialized(typer.code.a[row] ?? 0);
  },
  'global.get': (typer, row) => typer.push(globalType(typer, row).type, row),
  'global.set': (typer, row) => {
    const { type, mutable } = globalType(typer, row);
    if (!mutable) throw typer.error(row, `global ${typer.code.a[row]} is immutable`);
    typer.pop(type, row);
  },
  'table.get': (typer, row) => {
    const { element, limits } = tableType(typer, typer.code.a[row] ?? 0, row);
    typer.popAddress(limits.is64, row);
    typer.push(element, row);
  },
  'table.set': (typer, row) => {
    const { element, limits } = tableType(typer, typer.code.a[row] ?? 0, row);
    typer.pop(element, row);
    typer.popAddress(limits.is64, row);
  },
  'table.size': (typer, row) => typer.push(addressType(tableType(typer, typer.code.a[row] ?? 0, row).limits.is64), row),
  'table.grow': (typer, row) => {
    const { element, limits } = tableType(typer, typer.code.a[row] ?? 0, row);
    typer.popAddress(limits.is64, row);
    typer.pop(element, row);
    typer.push(addressType(limits.is64), row);
  },
  'table.fill': (typer, row) => {
    const { element, limits } = tableType(typer, typer.code.a[row] ?? 0, row);
    typer.popAddress(limits.is64, row);
    typer.pop(element, row);
    typer.popAddress(limits.is64, row);
  },
  'table.copy': tableCopy,
  'table.init': (typer, row) => {
    const { element, limits } = tableType(typer, typer.code.b[row] ?? 0, row);
    requireSubtype(typer, elementType(typer, typer.code.a[row] ?? 0, row), element, row);
    popInit(typer, limits.is64, row);
  },
  'elem.drop': (typer, row) => void elementType(typer, typer.code.a[row] ?? 0, row),
  'memory.copy': (typer, row) => {
    const to = memoryType(typer, typer.code.a[row] ?? 0, row);
    const from = memoryType(typer, typer.code.b[row] ?? 0, row);
    popCopy(typer, to.limits.is64, from.limits.is64, row);
  },
  'memory.init': (typer, row) => {
    checkData(typer, typer.code.a[row] ?? 0, row);
    popInit(typer, memoryType(typer, typer.code.b[row] ?? 0, row).limits.is64, row);
  },
  'data.drop': (typer, row) => checkData(typer, typer.code.a[row] ?? 0, row),
} as const satisfies Readonly<Record<string, Rule>>;
