/** Functions that a program gets where they are used: canonical NaNs, and the digest of what a reference leads to. */
import {
  ANYREF,
  F32,
  F64,
  HEAP,
  heapOf,
  I32,
  I64,
  isRef,
  type OpName,
  PACKED_I16,
  PACKED_I8,
  ref,
  refNull,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { unpacked } from './aggregates.ts';
import { type Coverage, EMPTY_BLOCK, type Immediate } from './emitter.ts';
import { FunctionBuilder, type Grammar, type Services } from './function-builder.ts';
import { type FuncOutline, GLOBAL, type Outline } from './outline.ts';
import { Random } from './random.ts';

/** A service as a function of the module. */
export interface ServiceFunc {
  readonly own: FuncOutline;
  readonly body: Uint8Array;
}

type NanShape = 'f32' | 'f64' | 'f32x4' | 'f64x2';

const quiet32 = Uint8Array.of(0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f);
const quiet64 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f);

interface NanRow {
  readonly type: ValType;
  readonly constant: readonly [OpName, Immediate];
  readonly isEqual: OpName;
  readonly choose: OpName;
}

/** How a value that is no NaN is told, and what stands for one that is. */
const NANS: Readonly<Record<NanShape, NanRow>> = {
  f32: { type: F32, constant: ['f32.const', 0x7fc0_0000], isEqual: 'f32.eq', choose: 'select' },
  f64: { type: F64, constant: ['f64.const', 0x7ff8_0000_0000_0000n], isEqual: 'f64.eq', choose: 'select' },
  f32x4: { type: V128, constant: ['v128.const', quiet32], isEqual: 'f32x4.eq', choose: 'v128.bitselect' },
  f64x2: { type: V128, constant: ['v128.const', quiet64], isEqual: 'f64x2.eq', choose: 'v128.bitselect' },
};

const NO_GRAMMAR: Grammar = { value: () => undefined, statement: () => undefined, construct: () => undefined };

/** Hands out function indices behind the program's own functions, and writes the bodies. */
export class ServiceFuncs implements Services {
  readonly #outline: Outline;
  readonly #coverage: Coverage | undefined;
  readonly #known = new Map<NanShape | 'digest', ServiceFunc>();

  constructor(outline: Outline, coverage: Coverage | undefined) {
    this.#outline = outline;
    this.#coverage = coverage;
  }

  get funcs(): readonly ServiceFunc[] {
    return [...this.#known.values()];
  }

  canonical(shape: NanShape): number {
    const { type } = NANS[shape];
    return this.#indexOf(shape, [type], [type], (f) => writeCanonical(f, NANS[shape]));
  }

  digest(): number {
    return this.#indexOf('digest', [ANYREF, I32], [I64], writeDigest);
  }

  #indexOf(
    key: NanShape | 'digest',
    params: readonly ValType[],
    results: readonly ValType[],
    write: (f: FunctionBuilder) => void,
  ): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known.own.index;
    const index = this.#outline.funcs.length + this.#known.size;
    const typeIndex = this.#outline.types.func(params, results);
    const own: FuncOutline = { index, typeIndex, params, results, kind: 'full' };
    const f = new FunctionBuilder(this.#outline, new Random(0), own, this, NO_GRAMMAR, 0, this.#coverage);
    this.#known.set(key, { own, body: new Uint8Array(0) }); // its index, for a body that calls itself
    write(f);
    this.#known.set(key, { own, body: f.finish() });
    return index;
  }
}

function writeCanonical(f: FunctionBuilder, { constant, isEqual, choose }: NanRow): void {
  f.emit('local.get', 0);
  f.emit(...constant);
  f.emit('local.get', 0);
  f.emit('local.get', 0);
  f.emit(isEqual);
  f.emit(choose);
}

// --- the digest of a reference: (ref null any, depth) -> i64 ---

const DIGEST_FACTOR = 0x9e37_79b9_7f4a_7c15n;
/** Elements of an array that are looked at. */
const ELEMENTS_MAX = 4;

/** One number for a reference: of its type, its numbers and, `depth` levels down, the objects that it refers to. */
function writeDigest(f: FunctionBuilder): void {
  const sum = f.reserve(I64);
  const at = f.reserve(I32);
  returnIf(f, () => {
    f.emit('local.get', 0);
    f.emit('ref.is_null');
  });
  returnIf(f, () => {
    f.emit('local.get', 1);
    f.emit('i32.eqz');
  });
  returnIf(f, () => {
    f.emit('global.get', GLOBAL.steps);
    f.emit('i32.eqz');
  });
  f.emit('global.get', GLOBAL.steps);
  f.emit('i32.const', 1);
  f.emit('i32.sub');
  f.emit('global.set', GLOBAL.steps);
  ifIs(f, HEAP.i31, (held) => {
    f.emit('local.get', held);
    f.emit('i31.get_s');
    f.emit('i64.extend_i32_s');
    f.emit('return');
  });
  // The most derived types first: each is tested before the types above it.
  for (const type of [...f.types.structs].reverse()) ifIs(f, type, (held) => digestStruct(f, type, held, sum));
  for (const type of f.types.arrays) ifIs(f, type, (held) => digestArray(f, type, held, sum, at));
  f.emit('i64.const', 99n);
}

function returnIf(f: FunctionBuilder, condition: () => void): void {
  condition();
  f.emit('if', EMPTY_BLOCK);
  f.emit('i64.const', 7n);
  f.emit('return');
  f.emit('end');
}

function ifIs(f: FunctionBuilder, heap: number, then: (held: number) => void): void {
  const held = f.reserve(refNull(heap));
  f.emit('local.get', 0);
  f.emit('ref.test', heap);
  f.emit('if', EMPTY_BLOCK);
  f.emit('local.get', 0);
  f.emit('ref.cast', heap);
  f.emit('local.set', held);
  then(held);
  f.emit('end');
}

function digestStruct(f: FunctionBuilder, type: number, held: number, sum: number): void {
  f.emit('i64.const', BigInt(type));
  f.emit('local.set', sum);
  f.types.structAt(type).fields.forEach(({ storage }, field) => {
    f.emit('local.get', sum);
    f.emit('local.get', held);
    f.emit(storage === PACKED_I8 || storage === PACKED_I16 ? 'struct.get_s' : 'struct.get', type, field);
    takeIn(f, storage, sum);
  });
  f.emit('local.get', sum);
  f.emit('return');
}

function digestArray(f: FunctionBuilder, type: number, held: number, sum: number, at: number): void {
  const { storage } = f.types.arrayAt(type).element;
  f.emit('local.get', held);
  f.emit('array.len');
  f.emit('i64.extend_i32_u');
  f.emit('local.set', sum);
  f.emit('i32.const', 0);
  f.emit('local.set', at);
  f.emit('block', EMPTY_BLOCK);
  f.emit('loop', EMPTY_BLOCK);
  f.emit('local.get', at);
  f.emit('local.get', held);
  f.emit('array.len');
  f.emit('i32.ge_u');
  f.emit('br_if', 1);
  f.emit('local.get', sum);
  f.emit('local.get', held);
  f.emit('local.get', at);
  f.emit(storage === PACKED_I8 || storage === PACKED_I16 ? 'array.get_u' : 'array.get', type);
  takeIn(f, storage, sum);
  f.emit('local.get', at);
  f.emit('i32.const', 1);
  f.emit('i32.add');
  f.emit('local.tee', at);
  f.emit('i32.const', ELEMENTS_MAX);
  f.emit('i32.lt_u');
  f.emit('br_if', 0);
  f.emit('end');
  f.emit('end');
  f.emit('local.get', sum);
  f.emit('return');
}

const AS_I64: ReadonlyMap<ValType, readonly OpName[]> = new Map<ValType, readonly OpName[]>([
  [I32, ['i64.extend_i32_s']],
  [I64, []],
  [F32, ['i32.reinterpret_f32', 'i64.extend_i32_u']],
  [F64, ['i64.reinterpret_f64']],
]);

/** Takes the sum and a field's value off the stack and puts both into the sum. */
function takeIn(f: FunctionBuilder, storage: ValType, sum: number): void {
  const type = unpacked(storage);
  if (type === V128) f.emit('i64x2.extract_lane', 1);
  else if (isRef(type) && f.types.isSubtype(ref(heapOf(type)), ANYREF)) {
    f.emit('local.get', 1);
    f.emit('i32.const', 1);
    f.emit('i32.sub');
    f.emit('call', f.own.index);
  } else if (isRef(type)) {
    f.emit('ref.is_null');
    f.emit('i64.extend_i32_u');
  } else for (const name of AS_I64.get(type) ?? []) f.emit(name);
  f.emit('i64.xor');
  f.emit('i64.const', DIGEST_FACTOR);
  f.emit('i64.mul');
  f.emit('local.set', sum);
}
