/** Typing of control instructions (core specification 3.4.1 to 3.4.4, legacy exceptions included). */
import { blockParamTypes, blockResultTypes, funcTypeAt } from './block-types.ts';
import { BLOCK_KIND } from './code.ts';
import { OP } from './opcode-table.ts';
import { isHeapSubtype, isSubtype, refDifference } from './subtype.ts';
import { typesText, typeText } from './type-text.ts';
import type { Typer } from './typer.ts';
import { EXNREF, type FuncType, HEAP, heapOf, I32, isNullable, ref, refNull, type ValType } from './types.ts';

/** Types one row. */
export type Rule = (typer: Typer, row: number) => void;

const OP_IF = OP.if;
const OP_LOOP = OP.loop;
const OP_CATCH = OP.catch;

function enterBlock(typer: Typer, row: number): void {
  const { context, code } = typer;
  const kind = code.blockKind[row];
  if (kind === BLOCK_KIND.typeIndex) calleeType(typer, code.a[row] ?? 0, row);
  else if (kind === BLOCK_KIND.value) typer.checkType(code.a[row] ?? 0, row);
  typer.enter(row, blockParamTypes(context, code, row), blockResultTypes(context, code, row), code.op[row] === OP_LOOP);
}

/** The function type of that index. */
function calleeType(typer: Typer, typeIndex: number, row: number): FuncType {
  const type = funcTypeAt(typer.context.types, typeIndex);
  if (type !== undefined) return type;
  typer.checkIndex(typeIndex, typer.context.types.length, 'type', row);
  throw typer.error(row, `type ${typeIndex} must be a function type`);
}

function funcType(typer: Typer, row: number): FuncType {
  const { context, code } = typer;
  const func = context.funcs[code.a[row] ?? 0];
  if (func !== undefined) return calleeType(typer, func.typeIndex, row);
  throw typer.error(row, `function ${code.a[row]} does not exist, there are ${context.funcs.length}`);
}

/** The callee's type of call_indirect; pops the table index. */
function indirectType(typer: Typer, row: number): FuncType {
  const { context, code } = typer;
  const tableIndex = code.b[row] ?? 0;
  const table = context.tables[tableIndex];
  if (table === undefined)
    throw typer.error(row, `table ${tableIndex} does not exist, there are ${context.tables.length}`);
  const { element, limits } = table.type;
  if (!isSubtype(context, element, refNull(HEAP.func))) {
    throw typer.error(row, `table ${tableIndex} must hold functions, it holds ${typeText(element)}`);
  }
  const type = calleeType(typer, code.a[row] ?? 0, row);
  typer.popAddress(limits.is64, row);
  return type;
}

/** The callee's type of call_ref; pops the reference. */
function refType(typer: Typer, row: number): FuncType {
  const type = calleeType(typer, typer.code.a[row] ?? 0, row);
  typer.pop(refNull(typer.code.a[row] ?? 0), row);
  return type;
}

const callRule =
  (calleeOf: (typer: Typer, row: number) => FuncType): Rule =>
  (typer, row) => {
    const { params, results } = calleeOf(typer, row);
    typer.popAll(params, row);
    typer.pushAll(results, row);
  };

const tailCallRule =
  (calleeOf: (typer: Typer, row: number) => FuncType): Rule =>
  (typer, row) => {
    const { params, results } = calleeOf(typer, row);
    if (!matchAll(typer, results, typer.results)) {
      throw typer.error(
        row,
        `callee gives ${typesText(results)}, the function must return ${typesText(typer.results)}`,
      );
    }
    typer.popAll(params, row);
    typer.becomeUnreachable();
  };

const matchAll = (typer: Typer, found: readonly ValType[], expected: readonly ValType[]): boolean =>
  found.length === expected.length &&
  found.every((type, index) => isSubtype(typer.context, type, expected[index] ?? 0));

function endBlock(typer: Typer, row: number): void {
  typer.closeArm(row);
  const frame = typer.frame();
  const lacksElse = frame.row >= 0 && typer.code.op[frame.row] === OP_IF && typer.code.next[frame.row] === row;
  if (lacksElse && !matchAll(typer, frame.params, frame.results)) {
    throw typer.error(
      row,
      `an if without else must have equal parameters and results, found ${typesText(frame.params)} and ${typesText(frame.results)}`,
    );
  }
  typer.leave(row);
}

function startElse(typer: Typer, row: number): void {
  typer.closeArm(row);
  typer.startArm(typer.frame().entry);
}

function startCatch(typer: Typer, row: number): void {
  const params = typer.code.op[row] === OP_CATCH ? tagParams(typer, typer.code.a[row] ?? 0, row) : [];
  typer.closeArm(row);
  typer.startArm(typer.frame().base);
  typer.frame().catching = true;
  typer.pushAll(params, row);
}

function endDelegate(typer: Typer, row: number): void {
  typer.closeArm(row);
  const label = typer.code.a[row] ?? 0;
  if (label >= typer.depth - 1) {
    throw typer.error(row, `label ${label} does not exist, ${typer.depth - 1} are in scope`);
  }
  typer.leave(row);
}

function tagParams(typer: Typer, tagIndex: number, row: number): readonly ValType[] {
  const tag = typer.context.tags[tagIndex];
  if (tag === undefined)
    throw typer.error(row, `tag ${tagIndex} does not exist, there are ${typer.context.tags.length}`);
  return calleeType(typer, tag.type.typeIndex, row).params;
}

function rethrow(typer: Typer, row: number): void {
  const label = typer.code.a[row] ?? 0;
  if (!typer.labelFrame(label, row).catching) throw typer.error(row, `label ${label} must be that of an open catch`);
  typer.becomeUnreachable();
}

/** Clause kinds of try_table. */
const CLAUSE = { catch: 0, catchRef: 1, catchAll: 2, catchAllRef: 3 } as const;
const INTS_PER_CLAUSE = 3;

function tryTable(typer: Typer, row: number): void {
  const { aux } = typer.code;
  const start = typer.code.b[row] ?? 0;
  for (let clause = 0; clause < (aux[start] ?? 0); clause++) {
    const at = start + 1 + clause * INTS_PER_CLAUSE;
    const kind = aux[at] ?? 0;
    const caught: ValType[] = kind < CLAUSE.catchAll ? [...tagParams(typer, aux[at + 1] ?? 0, row)] : [];
    if (kind === CLAUSE.catchRef || kind === CLAUSE.catchAllRef) caught.push(ref(HEAP.exn));
    const expected = typer.labelTypes(aux[at + 2] ?? 0, row);
    if (!matchAll(typer, caught, expected)) {
      throw typer.error(
        row,
        `catch clause ${clause} gives ${typesText(caught)}, its label takes ${typesText(expected)}`,
      );
    }
  }
  enterBlock(typer, row);
}

function brTable(typer: Typer, row: number): void {
  const { aux } = typer.code;
  const start = typer.code.a[row] ?? 0;
  const count = aux[start] ?? 0;
  typer.pop(I32, row);
  const defaults = typer.labelTypes(aux[start + 1 + count] ?? 0, row);
  let checked: readonly ValType[] = defaults;
  for (let index = 0; index < count; index++) {
    const types = typer.labelTypes(aux[start + 1 + index] ?? 0, row);
    if (types === checked) continue;
    if (types.length !== defaults.length) {
      throw typer.error(row, `labels take ${typesText(types)} and ${typesText(defaults)}: expected the same number`);
    }
    const { top } = typer;
    typer.popAll(types, row);
    typer.top = top;
    checked = types;
  }
  typer.popAll(defaults, row);
  typer.becomeUnreachable();
}

/** The types that a label takes, less the reference on top that a br_on_… passes. */
function withoutLast(typer: Typer, types: readonly ValType[], row: number): readonly ValType[] {
  if (types.length === 0) throw typer.error(row, 'the label must take a reference, it takes nothing');
  return types.slice(0, -1);
}

function brOnNull(typer: Typer, row: number): void {
  const types = typer.labelTypes(typer.code.a[row] ?? 0, row);
  const found = typer.popRef(row);
  typer.retype(types, row);
  typer.push(ref(heapOf(found)), row);
}

function brOnNonNull(typer: Typer, row: number): void {
  const types = typer.labelTypes(typer.code.a[row] ?? 0, row);
  const rest = withoutLast(typer, types, row);
  const expected = types[rest.length] ?? 0;
  const found = ref(heapOf(typer.popRef(row)));
  if (!isSubtype(typer.context, found, expected)) {
    throw typer.error(row, `the label takes ${typeText(expected)}, found ${typeText(found)}`);
  }
  typer.retype(rest, row);
}

const refOf = (nullable: boolean, heap: number): ValType => (nullable ? refNull(heap) : ref(heap));

const brOnCast =
  (branchesOnFail: boolean): Rule =>
  (typer, row) => {
    const { code, context } = typer;
    const at = code.b[row] ?? 0;
    const flags = code.aux[at] ?? 0;
    const [fromHeap, toHeap] = [code.aux[at + 1] ?? 0, code.aux[at + 2] ?? 0];
    typer.checkHeap(fromHeap, row);
    typer.checkHeap(toHeap, row);
    const from = refOf((flags & 1) !== 0, fromHeap);
    const to = refOf((flags & 2) !== 0, toHeap);
    if (!isHeapSubtype(context, toHeap, fromHeap) || (isNullable(to) && !isNullable(from))) {
      throw typer.error(row, `${typeText(to)} must be a subtype of ${typeText(from)}`);
    }
    const types = typer.labelTypes(code.a[row] ?? 0, row);
    const rest = withoutLast(typer, types, row);
    const expected = types[rest.length] ?? 0;
    const branch = branchesOnFail ? refDifference(from, to) : to;
    if (!isSubtype(context, branch, expected)) {
      throw typer.error(row, `the label takes ${typeText(expected)}, found ${typeText(branch)}`);
    }
    typer.pop(from, row);
    typer.retype(rest, row);
    typer.push(branchesOnFail ? to : refDifference(from, to), row);
  };

export const CONTROL_RULES = {
  unreachable: (typer) => typer.becomeUnreachable(),
  block: enterBlock,
  loop: enterBlock,
  if: (typer, row) => {
    typer.pop(I32, row);
    enterBlock(typer, row);
  },
  else: startElse,
  end: endBlock,
  try: enterBlock,
  catch: startCatch,
  catch_all: startCatch,
  delegate: endDelegate,
  rethrow,
  throw: (typer, row) => {
    typer.popAll(tagParams(typer, typer.code.a[row] ?? 0, row), row);
    typer.becomeUnreachable();
  },
  throw_ref: (typer, row) => {
    typer.pop(EXNREF, row);
    typer.becomeUnreachable();
  },
  try_table: tryTable,
  br: (typer, row) => {
    typer.popAll(typer.labelTypes(typer.code.a[row] ?? 0, row), row);
    typer.becomeUnreachable();
  },
  br_if: (typer, row) => {
    typer.pop(I32, row);
    typer.retype(typer.labelTypes(typer.code.a[row] ?? 0, row), row);
  },
  br_table: brTable,
  br_on_null: brOnNull,
  br_on_non_null: brOnNonNull,
  br_on_cast: brOnCast(false),
  br_on_cast_fail: brOnCast(true),
  return: (typer, row) => {
    typer.popAll(typer.results, row);
    typer.becomeUnreachable();
  },
  call: callRule(funcType),
  call_indirect: callRule(indirectType),
  call_ref: callRule(refType),
  return_call: tailCallRule(funcType),
  return_call_indirect: tailCallRule(indirectType),
  return_call_ref: tailCallRule(refType),
} as const satisfies Readonly<Record<string, Rule>>;
