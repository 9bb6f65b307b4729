/**
 * Values: constants, variables, operations, memory and table reads, calls.
 *
 * Invariants:
 * 1. Bits of a NaN that an engine may choose never get further: after each operation that may make a NaN it is made canonical, as
 *    tiers of one engine differ there.
 * 2. Most operands that would trap are kept in range, so that programs get far; some are not.
 */
import {
  ANYREF,
  EXNREF,
  F32,
  F64,
  I32,
  I64,
  isRef,
  type OpName,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { elementRead, fieldRead, reference, referenceConstant, referenceProperty } from './aggregates.ts';
import { callFor } from './calls.ts';
import type { FunctionBuilder } from './function-builder.ts';
import { type Instruction, loads, nanShape, operations, stores } from './instruction-tables.ts';
import { GLOBAL, TABLE_SLOTS } from './outline.ts';
import type { Random, Weighted } from './random.ts';

type Produce = (f: FunctionBuilder, type: ValType) => void;

const CHOICES: readonly Weighted<Produce>[] = [
  [4, leaf],
  [6, operation],
  [3, (f, type) => callFor(f, type)],
  [2, (f, type) => f.construct([], [type])],
  [1, constructWithParams],
  [1, choose],
  [1, branchIf],
  [1, tee],
];

/** Adds code that leaves one value of the type. */
export function value(f: FunctionBuilder, type: ValType): void {
  if (f.spent) return leaf(f, type);
  f.deeper(() => f.random.weighted(CHOICES)(f, type));
}

function leaf(f: FunctionBuilder, type: ValType): void {
  const local = f.readable(type);
  if (local !== undefined && f.random.below(5) < 3) return f.emit('local.get', local);
  const global = f.random.below(3) === 0 ? globalOf(f, type) : undefined;
  if (global !== undefined) return f.emit('global.get', global);
  constant(f, type);
}

/** A global that gives the type. */
export function globalOf(f: FunctionBuilder, type: ValType): number | undefined {
  const fitting = f.outline.globals.flatMap((global, index) => (f.types.isSubtype(global.type, type) ? [index] : []));
  return fitting.length === 0 ? undefined : f.random.pick(fitting);
}

const INTS = [0, 1, -1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 65535, 65536];
const EXTREMES = [0x7fff_ffff, -0x8000_0000, 0x5555_5555, -0x1234_5678];

const int32 = (random: Random): number =>
  random.weighted([
    [6, random.pick(INTS)],
    [1, random.pick(EXTREMES)],
    [2, random.next() | 0],
  ]);
const int64 = (random: Random): bigint =>
  random.weighted([
    [6, BigInt(random.pick(INTS))],
    [1, random.pick([0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n, 0xffff_ffffn])],
    [2, BigInt.asIntN(64, (BigInt(random.next()) << 32n) | BigInt(random.next()))],
  ]);
/** Bits: small numbers, zeros, infinities, NaNs with a payload, anything that is no NaN. */
const float32 = (random: Random): number =>
  random.weighted([
    [6, 0x3f80_0000 + random.below(64) * 0x8000],
    [1, random.pick([0, 0x8000_0000, 0x7f80_0000, 0xff80_0000, 1])],
    [1, random.pick([0x7fc0_0000, 0x7fa0_0001, 0xffc1_2345])],
    [1, random.next() & 0xbfff_ffff],
  ]);
const float64 = (random: Random): bigint =>
  (BigInt(
    float32(random) & 0xff80_0000
      ? random.pick([0x3ff0_0000, 0x4008_0000, 0x7ff8_0000, 0xc059_1000, 0x7ff4_0000, 0x8000_0000])
      : 0,
  ) <<
    32n) |
  BigInt(random.chance(3) ? random.next() : 0);

export function constant(f: FunctionBuilder, type: ValType): void {
  const { random } = f;
  switch (type) {
    case I32:
      return f.emit('i32.const', int32(random));
    case I64:
      return f.emit('i64.const', int64(random));
    case F32:
      return f.emit('f32.const', float32(random));
    case F64:
      return f.emit('f64.const', float64(random));
    case V128:
      return f.emit('v128.const', random.bytes(16));
    default:
      return referenceConstant(f, type);
  }
}

/** Adds an integer constant and an operation, for 32 or 64 bits. */
export function withConstant(f: FunctionBuilder, is64: boolean, operator: 'and' | 'or' | 'add', value: number): void {
  if (is64) {
    f.emit('i64.const', BigInt(value));
    f.emit(`i64.${operator}`);
  } else {
    f.emit('i32.const', value);
    f.emit(`i32.${operator}`);
  }
}

/** A number that is at most `mask`, now and then anything. */
export function bounded(f: FunctionBuilder, is64: boolean, mask: number, wildOneIn = 50): void {
  f.push(is64 ? I64 : I32);
  if (!f.chance(wildOneIn)) withConstant(f, is64, 'and', mask);
}

function operation(f: FunctionBuilder, type: ValType): void {
  if (isRef(type)) return reference(f, type);
  const { features, memories } = f.outline;
  if (features.gc && f.chance(6)) {
    if (type === I32) return referenceProperty(f);
    if (fieldRead(f, type) || elementRead(f, type)) return;
  }
  const special = SPECIAL.get(type);
  if (special !== undefined && f.chance(6)) return special(f);
  if (memories.length > 0 && f.chance(features.atomics ? 2 : 5)) {
    const rows = loads(features, type);
    if (rows.length > 0) return access(f, f.random.pick(rows));
  }
  const rows = operations(features, type);
  // Integer arithmetic of its own width is what programs do most; without a bias vector operations drown it.
  const own = f.chance(2) ? rows.filter(({ params }) => params.every((param) => param === type)) : rows;
  operate(f, f.random.pick(own.length > 0 ? own : rows));
}

const DIVIDES = /\.(?:div|rem)_[su]$/;
const TRUNCATES = /^i(?:32|64)\.trunc_(?<from>f32|f64)_/;

function operate(f: FunctionBuilder, row: Instruction): void {
  const safe = !f.chance(12);
  const from = TRUNCATES.exec(row.name)?.groups?.['from'];
  if (from !== undefined && safe) {
    bounded(f, false, 0xffff, 1 << 30);
    f.emit(from === 'f32' ? 'f32.convert_i32_u' : 'f64.convert_i32_u');
  } else f.pushAll(row.params);
  if (DIVIDES.test(row.name) && safe) withConstant(f, row.result === I64, 'or', 1);
  if (row.lanes > 0) f.emit(row.name, f.random.below(row.lanes));
  else if (row.name === 'i8x16.shuffle')
    f.emit(
      row.name,
      f.random.bytes(16).map((lane) => lane & 31),
    );
  else f.emit(row.name);
  const shape = nanShape(row.name);
  if (shape !== undefined) f.emit('call', f.services.canonical(shape));
}

/** A memory access of any kind: address, operands, instruction. */
export function access(f: FunctionBuilder, row: Instruction): void {
  const memory = f.random.below(f.outline.memories.length);
  const is64 = f.outline.memories[memory]?.limits.is64 === true;
  const aligned = row.exactAlign && !f.chance(60);
  bounded(f, is64, aligned ? 0xff0 : 0xfff, 80);
  f.pushAll(row.params);
  const align = row.exactAlign ? row.naturalAlign : f.random.below(row.naturalAlign + 1);
  const offset = f.chance(4) ? BigInt(f.random.below(8) * (aligned ? row.accessBytes : 3)) : 0n;
  const memarg = { align, memory, offset: f.chance(200) ? 0xffff_fff0n : offset };
  if (row.lanes > 0) f.emit(row.name, memarg, f.random.below(row.lanes));
  else f.emit(row.name, memarg);
}

/** A store of any type. */
export function store(f: FunctionBuilder): void {
  if (f.outline.memories.length > 0) access(f, f.random.pick(stores(f.outline.features, 0)));
}

/** A memory, with its address type. */
export function pickMemory(f: FunctionBuilder): { readonly memory: number; readonly is64: boolean } | undefined {
  const { memories } = f.outline;
  if (memories.length === 0) return undefined;
  const memory = f.random.below(memories.length);
  return { memory, is64: memories[memory]?.limits.is64 === true };
}

function memorySize(f: FunctionBuilder, is64: boolean): void {
  const fitting = f.outline.memories.flatMap(({ limits }, index) => (limits.is64 === is64 ? [index] : []));
  if (fitting.length === 0) return constant(f, is64 ? I64 : I32);
  const memory = f.random.pick(fitting);
  if (f.chance(2)) return f.emit('memory.size', memory);
  bounded(f, is64, 1);
  f.emit('memory.grow', memory);
}

function tableSize(f: FunctionBuilder, is64: boolean): void {
  const fitting = f.outline.tables.flatMap(({ limits }, index) => (limits.is64 === is64 ? [index] : []));
  if (fitting.length === 0) return constant(f, is64 ? I64 : I32);
  const table = f.random.pick(fitting);
  if (f.chance(2)) return f.emit('table.size', table);
  f.push(f.outline.tables[table]?.element ?? EXNREF);
  bounded(f, is64, 1);
  f.emit('table.grow', table);
}

/** A read of a table whose elements fit, or nothing. */
export function tableGet(f: FunctionBuilder, type: ValType): boolean {
  const fitting = f.outline.tables.flatMap(({ element }, index) => (f.types.isSubtype(element, type) ? [index] : []));
  if (fitting.length === 0) return false;
  const table = f.random.pick(fitting);
  bounded(f, f.outline.tables[table]?.limits.is64 === true, TABLE_SLOTS - 1);
  f.emit('table.get', table);
  return true;
}

/** Atomic accesses that the table leaves out: a wait traps where the memory is not shared, and never lasts. */
function atomicWait(f: FunctionBuilder): void {
  const picked = pickMemory(f);
  if (!f.outline.features.atomics || picked === undefined) return constant(f, I32);
  const { memory, is64 } = picked;
  const shared = f.outline.memories[memory]?.limits.shared === true;
  bounded(f, is64, 0xff0, 80);
  const name: OpName =
    shared || f.chance(15) ? f.random.pick(['memory.atomic.wait32', 'memory.atomic.wait64']) : 'memory.atomic.notify';
  f.push(name === 'memory.atomic.wait64' ? I64 : I32);
  if (name !== 'memory.atomic.notify') f.emit('i64.const', 0n);
  f.emit(name, { align: name === 'memory.atomic.wait64' ? 3 : 2, memory, offset: 0n });
}

/** Results of instructions whose type is not fixed. */
const SPECIAL: ReadonlyMap<ValType, (f: FunctionBuilder) => void> = new Map([
  [
    I32,
    (f: FunctionBuilder) =>
      f.random.weighted<(f: FunctionBuilder) => void>([
        [2, (g) => memorySize(g, false)],
        [2, (g) => tableSize(g, false)],
        [f.outline.features.atomics ? 3 : 0, atomicWait],
        [f.outline.features.references ? 3 : 0, isNull],
      ])(f),
  ],
  [I64, (f: FunctionBuilder) => (f.chance(2) ? memorySize(f, true) : tableSize(f, true))],
]);

function isNull(f: FunctionBuilder): void {
  const refs = f.outline.valueTypes.flatMap(([, type]) => (isRef(type) ? [type] : []));
  f.push(f.random.pick(refs));
  f.emit('ref.is_null');
}

function choose(f: FunctionBuilder, type: ValType): void {
  f.push(type);
  f.push(type);
  f.push(I32);
  if (isRef(type) || f.chance(3)) f.emit('select t', [type]);
  else f.emit('select');
}

function tee(f: FunctionBuilder, type: ValType): void {
  const local = f.writable(type);
  f.push(type);
  // Of a wider local the value would not be of the type any more.
  if (local !== undefined && f.typeOfLocal(local) === type) f.emit('local.tee', local);
}

function constructWithParams(f: FunctionBuilder, type: ValType): void {
  const params = f.typeList(2);
  f.pushAll(params);
  f.construct(params, [type]);
}

/** A branch that may be taken with values; without one, the wanted value after them. */
function branchIf(f: FunctionBuilder, type: ValType): void {
  const depth = f.random.pick(f.targets());
  const { types } = f.label(depth);
  f.pushAll(types);
  f.push(I32);
  f.emit('br_if', depth);
  const last = types[types.length - 1];
  if (types.length === 1 && last === type) return;
  for (let count = types.length; count > 0; count--) consume(f, types[count - 1] ?? I32);
  f.push(type);
}

// --- taking values ---

/** Takes a value off the stack: into a variable, or into the checksum; rarely it is lost. */
export function consume(f: FunctionBuilder, type: ValType): void {
  const local = f.writable(type);
  if (local !== undefined && f.random.below(4) > 0) return f.emit('local.set', local);
  const globals = f.outline.globals.flatMap((global, index) =>
    global.mutable && index >= GLOBAL.first && f.types.isSubtype(type, global.type) ? [index] : [],
  );
  if (globals.length > 0 && f.random.below(3) > 0) return f.emit('global.set', f.random.pick(globals));
  if (f.chance(12)) return f.emit('drop');
  toChecksum(f, type);
}

export function consumeAll(f: FunctionBuilder, types: readonly ValType[]): void {
  for (const type of [...types].reverse()) consume(f, type);
}

const TO_I64: ReadonlyMap<ValType, readonly OpName[]> = new Map<ValType, readonly OpName[]>([
  [I32, ['i64.extend_i32_s']],
  [I64, []],
  [F32, ['i32.reinterpret_f32', 'i64.extend_i32_u']],
  [F64, ['i64.reinterpret_f64']],
]);
const CHECKSUM_FACTOR = 0x0000_0100_0000_01b3n;

/** Folds the value on the stack into the checksum. */
export function toChecksum(f: FunctionBuilder, type: ValType): void {
  if (type === V128) {
    const whole = f.reserve(V128);
    f.emit('local.tee', whole);
    f.emit('i64x2.extract_lane', 0);
    mixIn(f);
    f.emit('local.get', whole);
    f.emit('i64x2.extract_lane', 1);
  } else if (!isRef(type)) for (const name of TO_I64.get(type) ?? []) f.emit(name);
  else if (f.types.isSubtype(type, ANYREF) && f.own.kind !== 'leaf') {
    f.emit('i32.const', 3);
    f.emit('call', f.services.digest());
  } else {
    f.emit('ref.is_null');
    f.emit('i64.extend_i32_u');
  }
  mixIn(f);
}

function mixIn(f: FunctionBuilder): void {
  f.emit('global.get', GLOBAL.checksum);
  f.emit('i64.xor');
  f.emit('i64.const', CHECKSUM_FACTOR);
  f.emit('i64.mul');
  f.emit('global.set', GLOBAL.checksum);
}
