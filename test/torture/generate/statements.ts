/** Statements: writes, bulk instructions, ways out of constructs. */
import { FUNCREF, I32, isRef, refNull } from '../../../runtime/wasm/index.ts';
import { objectStatement } from './aggregates.ts';
import { callStatement, tailCall } from './calls.ts';
import { deadCode } from './dead-code.ts';
import type { FunctionBuilder } from './function-builder.ts';
import { throwSomething } from './handlers.ts';
import { countedLoop, deepNest, dispatchLoop } from './loops.ts';
import { TABLE_SLOTS } from './outline.ts';
import type { Weighted } from './random.ts';
import { DATA_SEGMENT, DROPPED_DATA, ELEMENT_SEGMENT } from './segments.ts';
import { bounded, consume, consumeAll, pickMemory, store, toChecksum } from './values.ts';

type Statement = (f: FunctionBuilder) => void;

const PLAIN: readonly Weighted<Statement>[] = [
  [1, (f) => f.emit('nop')],
  [5, assign],
  [4, checksum],
  [4, store],
  [1, bulkMemory],
  [1, tableStatement],
  [5, constructStatement],
  [3, leaveSometimes],
  [2, branchTable],
  [1, nullBranch],
];
const WITH_CALLS: readonly Weighted<Statement>[] = [...PLAIN, [5, callStatement], [4, countedLoop], [1, dispatchLoop]];
const WITH_OBJECTS: readonly Weighted<Statement>[] = [...WITH_CALLS, [4, objectStatement]];

/** Adds a statement. */
export function statement(f: FunctionBuilder): void {
  const choices = f.own.kind === 'leaf' ? PLAIN : f.outline.features.gc ? WITH_OBJECTS : WITH_CALLS;
  f.deeper(() => {
    if (f.chance(150)) deepNest(f);
    else f.random.weighted(choices)(f);
  });
}

function assign(f: FunctionBuilder): void {
  const type = f.randomType();
  f.push(type);
  consume(f, type);
}

function checksum(f: FunctionBuilder): void {
  const type = f.randomType();
  f.push(type);
  toChecksum(f, type);
}

function constructStatement(f: FunctionBuilder): void {
  const params = f.typeList(2);
  const results = f.typeList(2);
  f.pushAll(params);
  f.construct(params, results);
  consumeAll(f, results);
}

// --- bulk instructions ---

function bulkMemory(f: FunctionBuilder): void {
  const to = pickMemory(f);
  const segment = f.chance(3) ? DATA_SEGMENT : DROPPED_DATA;
  if (to === undefined || f.chance(4)) {
    if (f.outline.features.atomics && f.chance(2)) return f.emit('atomic.fence', 0);
    return f.emit('data.drop', f.chance(8) ? DATA_SEGMENT : DROPPED_DATA);
  }
  const from = pickMemory(f) ?? to;
  bounded(f, to.is64, 0xfff);
  switch (f.random.below(3)) {
    case 0:
      f.push(I32);
      bounded(f, to.is64, 0xff);
      return f.emit('memory.fill', to.memory);
    case 1:
      bounded(f, from.is64, 0xfff);
      bounded(f, to.is64 && from.is64, 0xff);
      return f.emit('memory.copy', to.memory, from.memory);
    default:
      bounded(f, false, 7);
      bounded(f, false, f.chance(2) ? 0 : 31);
      return f.emit('memory.init', segment, to.memory);
  }
}

function tableStatement(f: FunctionBuilder): void {
  const { tables } = f.outline;
  // The first table is mostly left as it is, so that calls through it arrive.
  const table = tables.length > 1 && !f.chance(6) ? 1 + f.random.below(tables.length - 1) : 0;
  const found = tables[table];
  if (found === undefined) return;
  const { element, limits } = found;
  const at = (): void => bounded(f, limits.is64, TABLE_SLOTS - 1);
  const few = (is64 = limits.is64): void => bounded(f, is64, 1);
  const sources = tables.flatMap((other, index) => (f.types.isSubtype(other.element, element) ? [index] : []));
  switch (f.random.below(5)) {
    case 0:
      at();
      f.push(element);
      few();
      return f.emit('table.fill', table);
    case 1: {
      const source = f.random.pick(sources);
      const is64 = tables[source]?.limits.is64 === true;
      at();
      bounded(f, is64, TABLE_SLOTS - 1);
      few(is64 && limits.is64);
      return f.emit('table.copy', table, source);
    }
    case 2:
      if (element !== FUNCREF) return;
      at();
      bounded(f, false, 3);
      few(false);
      return f.emit('table.init', f.random.pick([ELEMENT_SEGMENT.expressions, ELEMENT_SEGMENT.functions]), table);
    case 3:
      if (f.chance(3)) return f.emit('elem.drop', f.random.pick(passiveElements(f)));
      return;
    default:
      at();
      f.push(element);
      f.emit('table.set', table);
  }
}

const passiveElements = (f: FunctionBuilder): number[] =>
  f.outline.features.gc && f.chance(4)
    ? [ELEMENT_SEGMENT.i31]
    : [ELEMENT_SEGMENT.expressions, ELEMENT_SEGMENT.functions, ELEMENT_SEGMENT.declarative];

// --- ways out ---

/** Out of several constructs at once: to labels that take the same as the chosen one. */
function branchTable(f: FunctionBuilder): void {
  const target = f.random.pick(f.targets());
  const { types } = f.label(target);
  const fitting = f.targets(
    (label) => label.types.length === types.length && label.types.every((type, at) => type === types[at]),
  );
  f.emit('block', f.types.block([], []));
  f.inside({ types: [], kind: 'plain' }, () => {
    f.push(I32);
    f.emit('br_if', 0);
    f.pushAll(types);
    f.push(I32);
    const count = f.chance(12) ? f.random.below(100) : f.random.below(5);
    f.emit('br_table', [...f.random.list(count, () => f.random.pick(fitting) + 1), target + 1]);
    if (f.chance(4)) deadCode(f);
  });
  f.emit('end');
}

/** A branch on a reference that is null, or not. */
function nullBranch(f: FunctionBuilder): void {
  if (!f.outline.features.references) return;
  const refs = f.outline.valueTypes.flatMap(([, type]) => (isRef(type) ? [type] : []));
  const type = f.random.pick(refs);
  const heap = type >> 8;
  const toValue = f.targets(({ types }) => {
    const last = types[types.length - 1];
    return last !== undefined && isRef(last) && f.types.isSubtype((heap << 8) | 0x64, last);
  });
  if (toValue.length > 0 && f.chance(2)) {
    const depth = f.random.pick(toValue);
    const below = f.label(depth).types.slice(0, -1);
    f.pushAll(below);
    f.push(refNull(heap));
    f.emit('br_on_non_null', depth);
    return consumeAll(f, below);
  }
  const depth = f.random.pick(f.targets());
  const { types } = f.label(depth);
  f.pushAll(types);
  f.push(refNull(heap));
  f.emit('br_on_null', depth);
  consume(f, (heap << 8) | 0x64);
  consumeAll(f, types);
}

/** Each tells whether what follows it cannot be reached. */
const WAYS_OUT: readonly Weighted<(f: FunctionBuilder) => boolean>[] = [
  [4, branch],
  [2, leave],
  [4, throwSomething],
  [3, tailCall],
  [1, trap],
];

/** A way out behind a condition; code that cannot be reached follows now and then. */
function leaveSometimes(f: FunctionBuilder): void {
  f.push(I32);
  if (f.chance(2)) {
    f.emit('i32.const', f.random.between(1, 3));
    f.emit('i32.and');
    f.emit('i32.eqz');
  }
  f.emit('if', f.types.block([], []));
  f.inside({ types: [], kind: 'plain' }, () => {
    if (f.random.weighted(WAYS_OUT)(f) && f.chance(3)) deadCode(f);
  });
  f.emit('end');
}

function branch(f: FunctionBuilder): boolean {
  const depth = f.random.pick(f.targets());
  f.pushAll(f.label(depth).types);
  f.emit('br', depth);
  return true;
}

function leave(f: FunctionBuilder): boolean {
  f.pushAll(f.own.results);
  f.emit('return');
  return true;
}

function trap(f: FunctionBuilder): boolean {
  if (!f.chance(10)) return false;
  f.emit('unreachable');
  return true;
}

/** What ends a body: the results, by a tail call or a return at times. */
export function lastStatement(f: FunctionBuilder): void {
  if (f.chance(6) && tailCall(f)) {
    if (f.chance(3)) deadCode(f);
    return;
  }
  f.pushAll(f.own.results);
  if (!f.chance(8)) return;
  f.emit('return');
  if (f.chance(2)) deadCode(f);
}
