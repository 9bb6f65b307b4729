/** Shapes that compilers make: counted loops, interpreter loops, deep nests of blocks. */
import { I32, I64, type OpName, type ValType } from '../../../runtime/wasm/index.ts';
import { step } from './constructs.ts';
import { EMPTY_BLOCK } from './emitter.ts';
import type { FunctionBuilder } from './function-builder.ts';
import { constant, toChecksum } from './values.ts';

interface Counter {
  readonly local: number;
  readonly is64: boolean;
  readonly stride: number;
  /** Where the counter ends. */
  readonly bound: number;
  /** The local that holds the bound; undefined: a constant. */
  readonly boundLocal: number | undefined;
  readonly test: 'lt_s' | 'lt_u' | 'ne' | 'le_s';
}

const TURNS_MAX = 5;
const LONG_TURNS_MAX = 40;

/** A loop that counts in a local, up or down, with its test at the end or at the head. */
export function countedLoop(f: FunctionBuilder): void {
  if (f.counting > 1) return;
  const down = f.chance(4);
  f.counting++;
  if (down) countDown(f);
  else countUp(f);
  f.counting--;
}

/** Few turns where turns multiply. */
function turns(f: FunctionBuilder): number {
  if (f.counting > 1) return f.random.between(1, 3);
  return f.chance(15) ? f.random.between(8, LONG_TURNS_MAX) : f.random.between(1, TURNS_MAX);
}

function emitConstant(f: FunctionBuilder, is64: boolean, value: number): void {
  if (is64) f.emit('i64.const', BigInt(value));
  else f.emit('i32.const', value);
}

const named = (is64: boolean, operation: string): OpName => `${is64 ? 'i64' : 'i32'}.${operation}` as OpName; // both widths have them

/** A body of a counted loop: small, as it is repeated. */
function body(f: FunctionBuilder, counter: number, is64: boolean): void {
  if (f.chance(2)) {
    f.emit('local.get', counter);
    toChecksum(f, is64 ? I64 : I32);
  }
  f.statements(f.counting > 1 ? 2 : 3);
}

function countUp(f: FunctionBuilder): void {
  const is64 = f.chance(4);
  const type = is64 ? I64 : I32;
  const local = f.reserve(type);
  const stride = f.random.pick([1, 1, 1, 2, 3, 4]);
  const test = f.random.pick(['lt_s', 'lt_u', 'ne', 'le_s'] as const);
  const counter: Counter = {
    local,
    is64,
    stride,
    bound: stride * turns(f),
    boundLocal: f.chance(3) ? f.reserve(type) : undefined,
    test,
  };
  if (counter.boundLocal !== undefined) {
    emitConstant(f, is64, counter.bound);
    f.emit('local.set', counter.boundLocal);
  }
  emitConstant(f, is64, 0);
  f.emit('local.set', local);
  const carried = f.chance(3) ? [f.randomType()] : [];
  f.pushAll(carried);
  f.emit('loop', f.types.block(carried, carried));
  f.inside({ types: carried, kind: 'counted' }, () => {
    if (f.chance(4)) headGuard(f, counter, carried);
    body(f, local, is64);
    if (f.chance(5)) continueSometimes(f, counter, carried);
    for (const each of carried) replace(f, each);
    advance(f, counter);
    f.emit('br_if', 0);
  });
  f.emit('end');
  for (const each of carried) toChecksum(f, each);
}

/** Takes the carried value up and puts another in its place. */
function replace(f: FunctionBuilder, type: ValType): void {
  toChecksum(f, type);
  f.push(type);
}

/** Adds the stride and tests. */
function advance(f: FunctionBuilder, { local, is64, stride, bound, boundLocal, test }: Counter): void {
  f.emit('local.get', local);
  emitConstant(f, is64, stride);
  f.emit(named(is64, 'add'));
  f.emit('local.tee', local);
  if (boundLocal === undefined) emitConstant(f, is64, bound);
  else f.emit('local.get', boundLocal);
  f.emit(named(is64, test));
}

/** A test at the head that never leaves: compilers leave such behind. */
function headGuard(f: FunctionBuilder, { local, is64, bound }: Counter, carried: readonly ValType[]): void {
  f.emit('local.get', local);
  emitConstant(f, is64, bound * 2);
  f.emit(named(is64, 'gt_u'));
  f.emit('if', f.types.block([], []));
  if (carried.length === 0 && f.chance(2)) f.emit('br', 1);
  f.emit('end');
}

/** Around again from the middle. */
function continueSometimes(f: FunctionBuilder, counter: Counter, carried: readonly ValType[]): void {
  f.push(I32);
  f.emit('if', f.types.block([], []));
  f.inside({ types: [], kind: 'plain' }, () => {
    if (counter.test === 'ne') return; // two ways to advance could step over the bound
    for (const type of carried) f.push(type);
    advance(f, counter);
    f.emit('br_if', 1);
    carried.forEach(() => f.emit('drop'));
  });
  f.emit('end');
}

/** block (loop (br_if out on zero) body (decrement) (br loop)). */
function countDown(f: FunctionBuilder): void {
  const local = f.reserve(I32);
  f.emit('i32.const', turns(f));
  f.emit('local.set', local);
  f.emit('block', EMPTY_BLOCK);
  f.inside({ types: [], kind: 'plain' }, () => {
    f.emit('loop', EMPTY_BLOCK);
    f.inside({ types: [], kind: 'counted' }, () => {
      f.emit('local.get', local);
      f.emit('i32.eqz');
      f.emit('br_if', 1);
      body(f, local, false);
      f.emit('local.get', local);
      const adds = f.chance(2);
      f.emit('i32.const', adds ? -1 : 1);
      f.emit(adds ? 'i32.add' : 'i32.sub');
      f.emit('local.set', local);
      f.emit('br', 0);
    });
    f.emit('end');
  });
  f.emit('end');
}

const CASES_MAX = 6;

/** An interpreter: a loop around a switch over a state that the cases set. */
export function dispatchLoop(f: FunctionBuilder): void {
  if (f.counting > 0) return;
  const state = f.reserve(I32);
  const cases = f.random.between(2, f.chance(10) ? 20 : CASES_MAX);
  constant(f, I32);
  f.emit('local.set', state);
  f.emit('block', EMPTY_BLOCK);
  f.labels.push({ types: [], kind: 'plain' });
  f.emit('loop', EMPTY_BLOCK);
  f.labels.push({ types: [], kind: 'plain' });
  step(f);
  for (let each = 0; each < cases; each++) {
    f.emit('block', EMPTY_BLOCK);
    f.labels.push({ types: [], kind: 'plain' });
  }
  f.emit('local.get', state);
  f.emit('i32.const', cases);
  f.emit('i32.rem_u');
  f.emit(
    'br_table',
    f.random.list(cases + 1, (each) => (each === cases ? cases + 1 : f.random.below(cases + 1))),
  );
  for (let each = 0; each < cases; each++) {
    f.labels.pop();
    f.emit('end');
    f.statements(3);
    f.push(I32);
    f.emit('local.set', state);
    if (!f.chance(3)) f.emit('br', cases - 1 - each);
  }
  f.labels.pop();
  f.emit('end');
  f.labels.pop();
  f.emit('end');
}

const NEST_MAX = 250;

/** Hundreds of blocks around a switch that leaves any number of them, with little between their ends. */
export function deepNest(f: FunctionBuilder): void {
  const depth = f.random.between(30, NEST_MAX);
  const inner: OpName[] = ['block', 'block', 'block', f.own.kind === 'leaf' ? 'block' : 'loop'];
  const openers = f.random.list(depth, () => f.random.pick(inner));
  openers.forEach((opener) => {
    f.emit(opener, EMPTY_BLOCK);
    f.labels.push({ types: [], kind: opener === 'loop' ? 'counted' : 'plain' });
  });
  const out = f.targets(({ types }) => types.length === 0).filter((label) => label < depth);
  if (out.length > 0) {
    f.push(I32);
    f.emit(
      'br_table',
      f.random.list(f.random.between(1, 60), () => f.random.pick(out)),
    );
  }
  openers.forEach((_, at) => {
    f.labels.pop();
    f.emit('end');
    if (at % 16 === 0) f.statements(2);
  });
}
